/**
 * The real iptables-legacy and the kernel against every row of fixtures/rules/iptables: they accept or refuse as the row
 * says, and iptables-save prints what the row says. An extension that this kernel lacks (the tool says so when it
 * meets one) is not judged, and told.
 */
import { describe, expect, it } from 'vitest'
import { type Row, readTables } from '../rules/iptables/tables.ts'
import { whyNot } from './namespaces.ts'
import { askAbout, restore, skipLacking, toolOf } from './rows.ts'

const reason = whyNot('iptables-legacy', 'ip6tables-legacy', 'ipset')
if (reason) console.warn(`iptables' own judgement is skipped: ${reason}`)

describe.skipIf(reason)('iptables-legacy', () => {
  describe.each(readTables())('$kind/$name', ({ rows }) => {
    const answers = reason ? [] : askAbout(rows, saveAlone)
    skipLacking(answers)
    const judged = rows.map((row, i) => ({ ...row, i })).filter(({ i }) => !answers[i]?.missing)
    it.each(judged)('$family: $rule → $expected', ({ ok, printed, i }) => {
      const { output } = answers[i]!
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
