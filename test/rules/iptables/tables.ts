/**
 * Reads the table tests of fixtures/rules/iptables/{generic,matches,targets}/NAME.t:
 *   RULE ; ok | fail [; as iptables-save prints it: absent, as written; ` | ` between several rules]
 *   : [ip|ip6] [table NAME] [chain NAME]      for the rows below it
 *   > COMMAND                                 what the real tool needs first, for the rows below it (`ipset create …`)
 *   ? COMMAND                                 only where this succeeds can the kernel judge the rows below it
 * A rule that jumps to a chain names one of CHAINS.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { IpFamily } from '../../../src/rules/iptables/extension.ts'

const FOLDER = new URL('../../../fixtures/rules/iptables/', import.meta.url)

/** User chains that every table has in these tests. */
export const CHAINS = ['allowed', 'log-drop']

export interface Row {
  rule: string
  family: IpFamily
  table: string
  chain: string
  before: string[]
  /** Absent: every kernel that has the extension can judge. */
  needs: string | undefined
  ok: boolean
  expected: string
  /** Several where iptables makes several rules of one line. */
  printed: string[]
}

export function readTables(): { kind: string; name: string; rows: Row[] }[] {
  return ['generic', 'matches', 'targets'].flatMap((kind) =>
    readdirSync(new URL(`${kind}/`, FOLDER))
      .sort()
      .map((file) => ({
        kind,
        name: file.replace(/\.t$/, ''),
        rows: readRows(readFileSync(new URL(`${kind}/${file}`, FOLDER), 'utf8')),
      })),
  )
}

function readRows(text: string): Row[] {
  const rows: Row[] = []
  const before: string[] = []
  let needs: string | undefined
  let family: IpFamily = 'ip'
  let table = 'filter'
  let chain = 'FORWARD'
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('>')) {
      before.push(line.slice(1).trim())
      continue
    }
    if (line.startsWith('?')) {
      needs = line.slice(1).trim()
      continue
    }
    if (line.startsWith(':')) {
      family = /\bip6\b/.test(line) ? 'ip6' : 'ip'
      table = /\btable (\S+)/.exec(line)?.[1] ?? 'filter'
      chain = /\bchain (\S+)/.exec(line)?.[1] ?? 'FORWARD'
      continue
    }
    const [rule = '', expected = '', printed = rule] = line.split(' ; ').map((part) => part.trim())
    if (expected !== 'ok' && expected !== 'fail') throw new Error(`neither ok nor fail: ${line}`)
    rows.push({
      rule,
      family,
      table,
      chain,
      before: [...before],
      needs,
      ok: expected === 'ok',
      expected,
      printed: printed.split(' | '),
    })
  }
  return rows
}
