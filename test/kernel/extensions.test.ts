/**
 * The real iptables-legacy and the kernel against every row of fixtures/rules/iptables: they accept or refuse as the row
 * says, and iptables-save prints what the row says. An extension that this kernel lacks (the tool says so when it
 * meets one) is not judged, and told.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { type Row, readTables } from '../rules/iptables/tables.ts'
import { whyNot } from './namespaces.ts'
import { askAbout, restore, toolOf } from './rows.ts'

const reason = whyNot('iptables-legacy', 'ip6tables-legacy', 'ipset')
if (reason) console.warn(`iptables' own judgement is skipped: ${reason}`)

const notJudged = new Map<string, number>()
afterAll(() => {
  const named = [...notJudged].map(([name, rows]) => `${name} (${rows} rows)`)
  if (named.length > 0) console.warn(`not judged, for lack of: ${named.join(', ')}`)
})

describe.skipIf(reason)('iptables-legacy', () => {
  describe.each(readTables())('$kind/$name', ({ rows }) => {
    const answers = reason ? [] : askAbout(rows, saveAlone)
    it.for(rows.map((row, i) => ({ ...row, i })))('$family: $rule → $expected', ({ ok, printed, i }, context) => {
      const { missing, output } = answers[i]!
      if (missing) {
        notJudged.set(missing, (notJudged.get(missing) ?? 0) + 1)
        context.skip(`not here: ${missing}`)
      }
      if (ok) expect(savedRules(output), output).toEqual(printed)
      else expect(savedRules(output)).toBeUndefined()
    })
  })
})

/** Prints the table with this rule alone in it; nothing where the rule is refused. */
function saveAlone(row: Row): string {
  const added = restore(row, [`-A ${row.chain} ${row.rule}`])
  // what one row leaves behind is nothing to the next
  return `if ${added}\nthen ${toolOf(row)}-save -t ${row.table}; ${toolOf(row)} -t ${row.table} -F; fi`
}

/** What stands behind `-A CHAIN`; undefined where nothing was saved. */
function savedRules(output: string): string[] | undefined {
  const lines = output.split('\n')
  if (!lines.includes('COMMIT')) return undefined
  return lines.filter((line) => line.startsWith('-A ')).map((line) => line.replace(/^-A \S+ ?/, ''))
}
