/**
 * The real iptables-legacy and the kernel against every row of fixtures/rules/iptables: they accept or refuse as the row
 * says, and iptables-save prints what the row says. An extension that this kernel lacks (the tool says so when it
 * meets one) is not judged, and told.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { CHAINS, type Row, readTables } from '../rules/iptables/tables.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const reason = whyNot('iptables-legacy', 'ip6tables-legacy', 'ipset')
if (reason) console.warn(`iptables' own judgement is skipped: ${reason}`)

const notJudged = new Map<string, number>()
afterAll(() => {
  const named = [...notJudged].map(([name, rows]) => `${name} (${rows} rows)`)
  if (named.length > 0) console.warn(`not judged, for lack of: ${named.join(', ')}`)
})

describe.skipIf(reason)('iptables-legacy', () => {
  describe.each(readTables())('$kind/$name', ({ rows }) => {
    const answers = reason ? [] : ask(rows)
    it.for(rows.map((row, i) => ({ ...row, i })))('$family: $rule → $expected', ({ ok, printed, i }, context) => {
      const { missing, message, saved } = answers[i]!
      if (missing) {
        notJudged.set(missing, (notJudged.get(missing) ?? 0) + 1)
        context.skip(`not here: ${missing}`)
      }
      if (ok) expect(saved, message).toEqual(printed)
      else expect(saved).toBeUndefined()
    })
  })
})

interface Answer {
  /** What iptables-save prints behind `-A CHAIN`; absent: refused. */
  saved?: string[]
  message: string
  /** The extension that this kernel lacks, or the command that should have succeeded. */
  missing?: string
}

/** All rows in one namespace, each in an otherwise empty table. */
function ask(rows: readonly Row[]): Answer[] {
  const script: string[] = []
  const begun = new Set<string>()
  rows.forEach(({ rule, family, table, chain, before, needs }, i) => {
    const tool = family === 'ip' ? 'iptables-legacy' : 'ip6tables-legacy'
    for (const command of before) if (!begun.has(command)) script.push(command)
    for (const command of before) begun.add(command)
    script.push(
      `echo '@ROW ${i}'`,
      ...(needs ? [`${needs} >/dev/null || echo '@NEEDS ${needs}'`] : []),
      `if ${tool}-restore --counters <<'@END'`,
      `*${table}`,
      ...CHAINS.map((name) => `:${name} -`),
      `-A ${chain} ${rule}`,
      'COMMIT',
      '@END',
      `then ${tool}-save -t ${table}`,
      // what one row leaves behind is nothing to the next
      `${tool} -t ${table} -F; fi`,
    )
  })
  const answers: Answer[] = []
  for (const part of runInNamespace(script.join('\n'))
    .split(/^@ROW /m)
    .slice(1)) {
    const lines = part.split('\n')
    const missing = (/Extension (\S+) revision \d+ not supported, missing kernel module/.exec(part) ??
      /^@NEEDS (.*)$/m.exec(part))?.[1]
    const answer: Answer = { message: part, ...(missing ? { missing } : {}) }
    if (lines.includes('COMMIT'))
      answer.saved = lines.filter((line) => line.startsWith('-A ')).map((line) => line.replace(/^-A \S+ ?/, ''))
    answers[Number(lines[0])] = answer
  }
  return answers
}
