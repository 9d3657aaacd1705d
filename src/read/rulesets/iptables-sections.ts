/** Cuts iptables-save text into its tables, and these into rulesets: dumps of several hosts, families or backends. */
import type { Report } from '../../model/diagnostic.ts'
import { IPTABLES_TABLES } from '../../model/hook.ts'
import { readRule } from '../../rules/iptables/read.ts'
import { familyByAddresses, familyByWords, tableOf } from './iptables-evidence.ts'
import { classifyLine, type Header, type Line, MAX_LINE, promptedTool } from './iptables-lines.ts'
import { fewestProblems } from './iptables-rule.ts'
import { cleanLine, mayBeGlued, splitGlued } from './mend.ts'

export interface SourceLine {
  number: number
  text: string
  line: Line
}

/** One table as it stands in the file, its lines not yet read. */
export interface Section {
  /** Absent: the file does not say (`iptables -S`, a piece of a dump). */
  table?: string
  header?: Header
  number: number
  lines: SourceLine[]
}

/** Tables that belong together. */
export interface Dump {
  family: 'ip' | 'ip6'
  familyKnown: boolean
  header?: Header
  sections: Section[]
}

export function readSections(text: string, report: Report): Section[] {
  return new SectionReader(report).read(text)
}

class SectionReader {
  private readonly sections: Section[] = []
  private current: Section | undefined
  private header: Header | undefined
  /** Lines that are no iptables-save text, told once for each run of them. */
  private skipped: { from: number; to: number } | undefined
  private readonly report: Report

  constructor(report: Report) {
    this.report = report
  }

  read(text: string): Section[] {
    const lines = text.split(/\r\n|\n|\r/)
    for (let i = 0; i < lines.length; i++) this.readLine(lines[i]!, i + 1)
    this.tellSkipped()
    this.close('at the end of the file')
    return this.sections
  }

  private readLine(text: string, number: number): void {
    const line = classifyLine(text)
    if (line.kind === 'other' && text.length <= MAX_LINE) this.readUnclear(text, number)
    else if (this.isGlued(text, line)) this.takeApart(text, number)
    else this.take({ number, text, line })
  }

  /** What is nothing as it stands: after cleaning, perhaps taken apart, it may be. */
  private readUnclear(text: string, number: number): void {
    let clean = cleanLine(text)
    if (!this.current && Object.hasOwn(IPTABLES_TABLES, clean)) clean = `*${clean}`
    const line = classifyLine(clean)
    if (this.isGlued(clean, line)) {
      this.takeApart(clean, number)
      return
    }
    if (line.kind !== 'other' && line.kind !== 'blank' && line.kind !== 'comment')
      this.report('mended-line', `does not read as it is; read as: ${clean}`, number)
    this.take({ number, text: clean, line })
  }

  private takeApart(text: string, number: number): void {
    const pieces = splitGlued(text)
    this.report('mended-line', `${pieces.length} lines glued together, taken apart`, number)
    for (const piece of pieces) this.take({ number, text: piece, line: classifyLine(piece) })
  }

  /** Are these several lines in one? A comment may well speak of rules; the two that iptables-save prints do not. */
  private isGlued(text: string, line: Line): boolean {
    if (line.kind === 'comment' || line.kind === 'header') return /^\s*# (?:Gen|Compl)/.test(text) && mayBeGlued(text)
    return (line.kind === 'command' || line.kind === 'other') && mayBeGlued(text) && !this.readsWhole(text, line)
  }

  /** Is a line that looks like two better read as one? */
  private readsWhole(text: string, line: Line): boolean {
    if (line.kind !== 'command' || text.length > MAX_LINE) return false
    const families = ['ip', 'ip6'] as const
    if (families.some((family) => readRule(line.words, family, this.current?.table).problems.length === 0)) return true
    const family = this.header?.family ?? familyByAddresses([text]) ?? 'ip'
    const count = (one: string) => fewestProblems(one, family, this.current?.table)
    return count(text) <= splitGlued(text).reduce((sum, piece) => sum + count(piece), 0)
  }

  private take(source: SourceLine): void {
    const { line, number, text } = source
    if (line.kind !== 'other' && line.kind !== 'blank') this.tellSkipped()
    switch (line.kind) {
      case 'blank':
        return
      case 'comment':
        this.readComment(text, number)
        return
      case 'header':
        this.close(`before the header in line ${number}`)
        this.header = line.header
        return
      case 'table':
        this.close(`before "*${line.table}" in line ${number}`)
        this.open(number, line.table)
        return
      case 'commit':
        if (!this.current) this.report('skipped-lines', 'COMMIT without a table', number)
        this.current = undefined
        return
      default:
        this.takeInside(source)
    }
  }

  private takeInside(source: SourceLine): void {
    const { line, number, text } = source
    if (this.current?.table === undefined && line.kind !== 'other' && this.beginsUnnamed(line, text)) this.open(number)
    if (this.current) this.current.lines.push(source)
    else {
      this.header = (line.kind === 'other' && promptedTool(text)) || this.header
      this.skipped = { from: this.skipped?.from ?? number, to: number }
    }
  }

  private readComment(text: string, number: number): void {
    const warning = /# Warning: (iptables-legacy tables present)/.exec(text)
    if (warning) this.report('legacy-tables-present', `${warning[1]}: this file does not show them`, number)
    if (!this.current) this.header = promptedTool(text) ?? this.header
  }

  /** Outside a table: what only a ruleset can begin with. In one without a name: the first chain of the next listing. */
  private beginsUnnamed(line: Line, text: string): boolean {
    const policy = line.kind === 'chain' || (line.kind === 'command' && line.command === 'policy')
    if (!this.current) {
      if (line.kind === 'command' && (line.command === 'append' || line.command === 'insert'))
        return /\s-[jg]\s/.test(text)
      return policy || (line.kind === 'command' && line.command === 'new-chain' && line.words.length === 0)
    }
    const rules = this.current.lines.some(({ line }) => line.kind === 'command' && line.command !== 'policy')
    return (
      policy &&
      rules &&
      this.current.lines.some((one) => one.line.kind === line.kind && chainOf(one.line) === chainOf(line))
    )
  }

  private open(number: number, table?: string): void {
    this.current = {
      number,
      lines: [],
      ...(table === undefined ? {} : { table }),
      ...(this.header ? { header: this.header } : {}),
    }
    this.sections.push(this.current)
  }

  private close(where: string): void {
    if (this.current?.table !== undefined)
      this.report('missing-commit', `table ${this.current.table} lacks its COMMIT ${where}`, this.current.number)
    this.current = undefined
  }

  private tellSkipped(): void {
    if (!this.skipped) return
    const { from, to } = this.skipped
    const lines = from === to ? 'this line is' : `lines ${from} to ${to} are`
    this.report('skipped-lines', `${lines} not iptables-save text and outside any table`, from)
    this.skipped = undefined
  }
}

const chainOf = (line: Line): string | undefined =>
  line.kind === 'chain' || line.kind === 'command' ? line.chain : undefined

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
      report('not-iptables', `a table of ${header.tool} is not iptables`, number)
      continue
    }
    const table = nameTable(section, report)
    const family = sectionFamily(section, report)
    let dump = dumps.at(-1)
    const other = dump && isOther(dump, family, header)
    if (dump && !other && names.has(table))
      report('repeated-table', `table ${table} comes again: from here it is another ruleset`, number)
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
      `${header.tool} is said to have printed these rules, but their addresses are ${seen}`,
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
  const chains = new Set(section.lines.flatMap(({ line }) => chainOf(line) ?? []))
  section.table = tableOf(chains)
  report('guessed-table', `no table is named here; taken for ${section.table} by its chains`, section.number)
  return section.table
}
