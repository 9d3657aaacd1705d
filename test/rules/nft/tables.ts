/**
 * Reads the table tests of fixtures/rules/nft/statements/NAME.t:
 *   RULE ; ok [; as nft list prints it: absent, as written]
 *   RULE ; fail                          nft and nfwhy refuse it
 *   RULE ; newer                         nfwhy reads it; nft 1.0.6 or a kernel without some module does not
 *   : FAMILY TYPE HOOK PRIORITY          the chain that the rows are in: c of table t
 *   > COMMAND                            what else must be there
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { RuleFamily } from '../../../src/model/ruleset.ts'

const FOLDER = new URL('../../../fixtures/rules/nft/statements/', import.meta.url)

export interface Row {
  rule: string
  state: 'ok' | 'fail' | 'newer'
  expected: string
}

export interface StatementTable {
  name: string
  family: RuleFamily
  /** Commands that make what the rows need. */
  around: string
  rows: Row[]
}

export function readStatementTables(): StatementTable[] {
  return readdirSync(FOLDER)
    .sort()
    .map((file) => readTable(file.replace(/\.t$/, ''), readFileSync(new URL(file, FOLDER), 'utf8')))
}

function readTable(name: string, text: string): StatementTable {
  const table: StatementTable = { name, family: 'inet', around: '', rows: [] }
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith(': ')) {
      const [family = 'inet', type, hook, priority] = line.slice(2).split(' ')
      table.family = family as RuleFamily
      const device = family === 'netdev' ? ' device lo' : ''
      table.around = `add table ${family} t\nadd chain ${family} t c { type ${type} hook ${hook}${device} priority ${priority}; }`
    } else if (line.startsWith('> ')) table.around += `\n${line.slice(2)}`
    else {
      const [rule = '', state = '', expected = rule] = line.split(' ; ')
      if (state !== 'ok' && state !== 'fail' && state !== 'newer') throw new Error(`${name}: ${line}`)
      table.rows.push({ rule, state, expected })
    }
  }
  return table
}
