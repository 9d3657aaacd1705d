/** Which tables of a file belong together, and of which family they are. */
import type { Report } from '../../model/diagnostic.ts'
import { familyByAddresses, familyByWords, tableOf } from './iptables-evidence.ts'
import { type Header, type Line, readCommand } from './iptables-lines.ts'
import type { Section, SourceLine } from './iptables-sections.ts'

/** One host, one family, one backend. */
export interface Dump {
  family: 'ip' | 'ip6'
  familyKnown: boolean
  header?: Header
  sections: Section[]
}

/**
 * Puts tables together: a new ruleset begins with another family or backend, and where a table comes a second time
 * (iptables-restore would replace the first one with it).
 */
export function groupSections(sections: readonly Section[], report: Report): Dump[] {
  const dumps: Dump[] = []
  let names = new Set<string>()
  for (const section of sections) {
    const { header, number } = section
    if (header?.foreign) {
      report('not-iptables', `this table is from ${header.tool}, not from iptables-save`, number)
      continue
    }
    const table = nameTable(section, report)
    const family = sectionFamily(section, report)
    let dump = dumps.at(-1)
    const other = dump && isOther(dump, family, header)
    if (dump && !other && names.has(table) && !isLater(dump, header))
      report('repeated-table', `table ${table} appears again: a second ruleset starts here`, number)
    if (!dump || other || names.has(table)) {
      dump = { family: family ?? 'ip', familyKnown: family !== undefined, sections: [], ...(header ? { header } : {}) }
      dumps.push(dump)
      names = new Set()
    } else if (family) Object.assign(dump, { family, familyKnown: true })
    names.add(table)
    dump.sections.push(section)
  }
  for (const dump of dumps) if (!dump.familyKnown) guessFamily(dump)
  return dumps
}

/** The same machine's rules of another moment: `iptables-save >> rules.log`. */
const isLater = ({ header: before }: Dump, header: Header | undefined): boolean =>
  header?.date !== undefined && before?.date !== undefined && header.date !== before.date

function isOther(dump: Dump, family: Dump['family'] | undefined, header: Header | undefined): boolean {
  const backend = dump.header?.backend
  return (
    (dump.familyKnown && family !== undefined && dump.family !== family) ||
    (backend !== undefined && header?.backend !== undefined && backend !== header.backend)
  )
}

function sectionFamily({ header, lines, number }: Section, report: Report): Dump['family'] | undefined {
  const seen = familyByAddresses(texts(lines))
  if (header?.family && seen && header.family !== seen)
    report(
      'family-conflict',
      `the header says that ${header.tool} printed these rules, but their addresses are ${seen}`,
      number,
    )
  return seen ?? header?.family
}

function guessFamily(dump: Dump): void {
  const family = dump.sections.map(({ lines }) => familyByWords(texts(lines))).find((one) => one !== undefined)
  if (family) Object.assign(dump, { family, familyKnown: true })
}

function* texts(lines: readonly SourceLine[]): Generator<string> {
  for (const { text } of lines) yield text
}

function nameTable(section: Section, report: Report): string {
  if (section.table !== undefined) return section.table
  const chains = new Set(section.lines.flatMap(({ line, text }) => chainOf(line, text) ?? []))
  if (section.header?.table !== undefined) {
    section.table = section.header.table
    section.oneChain = chains.size === 1
    return section.table
  }
  section.table = tableOf(chains)
  section.guessed = true
  report(
    'guessed-table',
    `no line names the table; its chains suggest table ${section.table}, so nfwhy assumes it`,
    section.number,
  )
  return section.table
}

function chainOf(line: Line, text: string): string | undefined {
  if (line.kind === 'chain') return line.chain
  return line.kind === 'command' ? readCommand(text)?.chain : undefined
}
