/** Cuts iptables-save text into its tables, and tells what is between them. */
import type { Report } from '../../model/diagnostic.ts'
import { IPTABLES_TABLES } from '../../model/hook.ts'
import { readRule } from '../../rules/iptables/read.ts'
import { hiddenWords } from './hidden-words.ts'
import { familyByAddresses } from './iptables-evidence.ts'
import { classifyLine, type Header, type Line, MAX_LINE, readCommand } from './iptables-lines.ts'
import { fewestProblems } from './iptables-rule.ts'
import { cleanLine, mayBeGlued, splitGlued } from './mend.ts'
import { promptedTool } from './prompted-tool.ts'

export interface SourceLine {
  number: number
  text: string
  line: Line
}

/** One table as it stands in the file, its lines not yet read. */
export interface Section {
  /** Absent: the file does not say (`iptables -S`, a piece of a dump). */
  table?: string
  /** The table is one that its chains tell: what is in front may be missing. */
  guessed?: boolean
  /** `iptables -S CHAIN` shows one chain of its table. */
  oneChain?: boolean
  /** The text ends within it: tables may follow that nobody sees. */
  cut?: true
  header?: Header
  number: number
  lines: SourceLine[]
}

export function readSections(text: string, report: Report): Section[] {
  return new SectionReader(report).read(text)
}

/** More than a rule may be wrapped into; what is no part of one is told from the first to the last. */
const MOST_OTHERS = 8

/** Of many lines that are nothing only the first and the last are kept. */
function keepLine(lines: SourceLine[], source: SourceLine): void {
  if (source.line.kind === 'other' && lines.length > MOST_OTHERS) {
    let others = 0
    while (others < MOST_OTHERS && lines[lines.length - 1 - others]!.line.kind === 'other') others++
    if (others === MOST_OTHERS) lines.pop()
  }
  lines.push(source)
}

/** The last line has no end, and its rule neither. */
const endsWithinRule = (text: string): boolean =>
  /(?:^|\n)(?:\[\d+:\d+\] )?-A (?:(?! -[jg] )[^\n])+$/.test(text.slice(-MAX_LINE))

class SectionReader {
  private readonly sections: Section[] = []
  private current: Section | undefined
  /** The table's last line was seen, though not its COMMIT: nothing of it follows. */
  private completed: Section | undefined
  private header: Header | undefined
  /** What a table without a name has had so far. */
  private listing = { hasRules: false, policies: new Set<string>() }
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
    if (this.current?.table !== undefined || endsWithinRule(text)) this.cutTable()
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
      this.report('mended-line', `cannot be parsed as written; read as: ${clean}`, number)
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
    const { words } = readCommand(text)!
    if (families.some((family) => readRule(words, family, this.current?.table).problems.length === 0)) return true
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
        // a listing of all tables with the next one behind it has lost its end
        if (this.current?.table !== undefined && line.header.date !== undefined) this.cutTable()
        this.close(`before the header in line ${number}`)
        // the command in front says what the header does not: that it prints one table
        this.header = this.header?.only && this.header.date === undefined ? { ...line.header, only: true } : line.header
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
    if (line.kind === 'other') this.endListing(text)
    if (this.current?.table === undefined && line.kind !== 'other') this.readUnnamed(source)
    if (this.current) keepLine(this.current.lines, source)
    else {
      this.header = (line.kind === 'other' && promptedTool(text)) || this.header
      this.skipped = { from: this.skipped?.from ?? number, to: number }
    }
  }

  private readComment(text: string, number: number): void {
    if (/# Warning: ip6?tables-legacy tables present/.test(text))
      this.report(
        'legacy-tables-present',
        'there are rules of iptables-legacy, too, which this file does not show',
        number,
      )
    const hidden = /# Table `(\S{1,40})' (?:is incompatible|contains incompatible base-chains)/.exec(text)?.[1]
    if (hidden !== undefined) this.report('incompatible-table', hiddenWords(hidden), number)
    if (/^\s*# Completed on /.test(text)) this.completed = this.current
    this.endListing(text)
    if (!this.current) this.header = promptedTool(text) ?? this.header
  }

  /** A listing, which has no COMMIT, ends where the next one is asked for. */
  private endListing(text: string): void {
    if (this.current && this.current.table === undefined && promptedTool(text)) this.current = undefined
  }

  /**
   * Rules and chains before any `*TABLE`: only what nothing but a ruleset begins with opens a table there, and another
   * one where the listing of the next table follows.
   */
  private readUnnamed({ line, text, number }: SourceLine): void {
    const command = line.kind === 'command' ? readCommand(text) : undefined
    const policyOf = line.kind === 'chain' ? line.chain : command?.command === 'policy' ? command.chain : undefined
    const { hasRules, policies } = this.listing
    const begins = this.current
      ? hasRules && policies.has(policyOf ?? '')
      : policyOf !== undefined ||
        (command?.command === 'append' || command?.command === 'insert'
          ? /\s-[jg]\s/.test(text)
          : command?.command === 'new-chain' && command.words.length === 0)
    if (begins) this.open(number)
    if (policyOf === undefined) this.listing.hasRules = true
    else this.listing.policies.add(policyOf)
  }

  private open(number: number, table?: string): void {
    this.current = {
      number,
      lines: [],
      ...(table === undefined ? {} : { table }),
      ...(this.header ? { header: this.header } : {}),
    }
    this.sections.push(this.current)
    // it was asked for by name; the next one is not
    if (this.header?.table !== undefined) {
      const { table: _, ...header } = this.header
      this.header = header
    }
    this.listing = { hasRules: false, policies: new Set() }
  }

  private cutTable(): void {
    if (this.current && this.current !== this.completed) this.current.cut = true
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
