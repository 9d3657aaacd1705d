/** Asks the real iptables-legacy about rows of fixtures/rules/iptables, many in one namespace. */
import { it } from 'vitest'
import { CHAINS, type Row } from '../rules/iptables/tables.ts'
import { runInNamespace } from './namespaces.ts'

export const toolOf = ({ family }: Row): string => (family === 'ip' ? 'iptables-legacy' : 'ip6tables-legacy')

/** A command that makes these the only rules of the row's table; each is `-A CHAIN …`. */
export const restore = (row: Row, rules: readonly string[]): string =>
  [
    `${toolOf(row)}-restore <<'@END'`,
    `*${row.table}`,
    ...CHAINS.map((name) => `:${name} -`),
    ...rules,
    'COMMIT',
    '@END',
  ].join('\n')

export interface Answer {
  output: string
  /** The extension that this kernel lacks, or the command that should have succeeded. */
  missing?: string
}

/** What `script` prints for each row, standard error too; the row's own commands come first. */
export function askAbout(rows: readonly Row[], script: (row: Row) => string): Answer[] {
  const lines: string[] = []
  const begun = new Set<string>()
  rows.forEach((row, i) => {
    for (const command of row.before) if (!begun.has(command)) lines.push(command)
    for (const command of row.before) begun.add(command)
    lines.push(`echo '@ROW ${i}'`)
    if (row.needs) lines.push(`${row.needs} >/dev/null || echo '@NEEDS ${row.needs}'`)
    lines.push(script(row))
  })
  const parts =
    rows.length > 0
      ? runInNamespace(lines.join('\n'))
          .split(/^@ROW \d+\n/m)
          .slice(1)
      : []
  return parts.map((output) => {
    const lacking = /Extension (\S+) revision \d+ not supported, missing kernel module/.exec(output)
    const missing = (lacking ?? /^@NEEDS (.*)$/m.exec(output))?.[1]
    return { output, ...(missing ? { missing } : {}) }
  })
}

/** Names what could not be asked, once each: it counts as skipped, and nobody can mend it on this machine. */
export function skipLacking(answers: readonly Answer[]): void {
  const rows = new Map<string, number>()
  for (const { missing } of answers) if (missing) rows.set(missing, (rows.get(missing) ?? 0) + 1)
  for (const [missing, count] of rows) it.skip(`not judged: this kernel lacks ${missing} (${count} rows)`)
}
