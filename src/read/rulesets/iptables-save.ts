/**
 * iptables-save and ip6tables-save text → tables. Written by these two (legacy and nf_tables), read by
 * iptables-restore, whose source (iptables/iptables-restore.c, xshared.c, 1.8.9) says what a line means; firewall
 * scripts write it by hand, with `-N`, `-P`, `-I` and `-D` lines. iptables-restore refuses a whole table for one bad
 * line; here every line that can be read counts, in its place, and every other is told. Not told: blanks around
 * lines, CRLF, a byte order mark.
 */
import { ByLine, type Report } from '../../model/diagnostic.ts'
import { IPTABLES_TABLES, iptablesPriority } from '../../model/hook.ts'
import type { Host } from '../../model/host.ts'
import type { NamedSet, RuleFamily, Table } from '../../model/ruleset.ts'
import { builtInChains } from '../../rules/iptables/built-in.ts'
import { isElision } from './elision.ts'
import { groupSections } from './iptables-dumps.ts'
import { type Command, type Header, MAX_LINE, readCommand } from './iptables-lines.ts'
import { type Reading, readAsIs, readMended, type Surroundings } from './iptables-rule.ts'
import { readSections, type Section, type SourceLine } from './iptables-sections.ts'
import { TableBuilder } from './iptables-table.ts'
import { isElsewhere } from './looks-like-iptables-save.ts'

/** The tables of one dump: one host, one family, one backend. */
export interface Ruleset<Family extends RuleFamily = 'ip' | 'ip6'> {
  family: Family
  /** By the header, or by the addresses and protocols in it; otherwise IPv4 is assumed. */
  familyKnown: boolean
  tables: Table[]
  /** `legacy` or `nft` (iptables-nft), where the header tells. */
  backend?: 'legacy' | 'nft'
  /** The command prints some tables only, or some chains of one: others may be there. */
  partial?: true
  /** Who printed it, as the header says: `iptables-save`, `1.8.9`, `Fri Nov 20 06:03:22 2026`. */
  tool?: string
  version?: string
  date?: string
  /** What a script makes besides rules. */
  sets?: NamedSet[]
  host?: Partial<Host>
}

/** Never throws; one Ruleset for each dump in the file, in its order. What is to tell comes by line. */
export function readIptablesSave(text: string, report: Report): Ruleset[] {
  const told = new ByLine()
  const rulesets = readRulesets(text, told.report)
  told.tell(report)
  return rulesets
}

function readRulesets(text: string, report: Report): Ruleset[] {
  const dumps = groupSections(readSections(text, report), report)
  if (dumps.length === 0 && !isElsewhere(text)) report('no-table', 'the file has no iptables table')
  return dumps.map(({ family, familyKnown, header, sections }) => ({
    family,
    familyKnown,
    tables: sections.map((section) => inPlace(readTable(section, family, report), header?.backend)),
    ...(sections.every(isOneOfSeveral) || sections.some(isCutOff) ? { partial: true as const } : {}),
    ...origin(header),
  }))
}

/** `iptables -S` prints one table and does not name it; `iptables-save -t nat` prints the one that it was asked for. */
const isOneOfSeveral = ({ guessed, header }: Section): boolean =>
  guessed === true || header?.table !== undefined || header?.only === true

/** What iptables-save printed, and only its beginning; who types rules may leave out COMMIT. */
const isCutOff = ({ cut, header, guessed }: Section): boolean =>
  cut === true && (header?.date !== undefined || guessed === true)

/** With its chains at the priorities that the backend gives them. */
function inPlace(table: Table, backend: Ruleset['backend']): Table {
  for (const chain of table.chains.values())
    if (chain.hook !== undefined) chain.priority = iptablesPriority(table.name, chain.hook, backend)
  return backend === undefined ? table : { ...table, backend }
}

function origin(header: Header | undefined): Pick<Ruleset, 'backend' | 'tool' | 'version' | 'date'> {
  if (!header) return {}
  const { tool, version, date, backend } = header
  return {
    tool,
    ...(backend === undefined ? {} : { backend }),
    ...(version === undefined ? {} : { version }),
    ...(date === undefined ? {} : { date }),
  }
}

function readTable(section: Section, family: 'ip' | 'ip6', report: Report): Table {
  const { table: name = 'filter', guessed, oneChain, header, lines, number } = section
  if (!Object.hasOwn(IPTABLES_TABLES, name))
    report(
      'unknown-table',
      `iptables has no table ${name}; the hooks and the priority of this table are not known`,
      number,
    )
  // a piece for iptables-restore -n has chains of its own only, and sets no policy
  const chains = lines.flatMap(({ line }) => (line.kind === 'chain' ? line.chain : []))
  const isPiece = !header && chains.length > 0 && !chains.some((chain) => builtInChains(name)?.includes(chain) ?? true)
  const builder = new TableBuilder(name, family, !guessed && !oneChain && !isPiece, report)
  const declared = new Set(builtInChains(name))
  for (const { line, text } of lines) {
    if (line.kind === 'chain') declared.add(line.chain)
    if (line.kind !== 'command' || (line.command !== 'new-chain' && line.command !== 'rename-chain')) continue
    const { chain = '', words } = readCommand(text)!
    declared.add(line.command === 'new-chain' ? chain : (words[0] ?? ''))
  }
  const around = { family, table: name, hasChain: (chain: string) => declared.has(chain) }
  for (let i = 0; i < lines.length; i++) {
    const { line, number, text } = lines[i]!
    if (line.kind === 'chain') builder.declare(line, number)
    else if (line.kind === 'command' && isRule(line.command, text))
      i += readRuleLines(lines, i, around, builder, report)
    else if (line.kind === 'command') builder.change(readCommand(text)!, number)
    else {
      const first = i
      while (lines[i + 1]?.line.kind === 'other') i++
      const elided = lines.slice(first, i + 1).find((one) => isElision(one.text))
      if (elided) {
        for (const chain of new Set([chainAt(lines, first - 1, -1), chainAt(lines, i + 1, 1)]))
          if (chain !== undefined) builder.addElided(chain, elided.text.trim(), elided.number)
        continue
      }
      const last = lines[i]!.number
      const which = last === number ? 'this line is' : `lines ${number} to ${last} are`
      report('skipped-lines', `${which} not iptables-save text`, number)
    }
  }
  if (isCutOff(section)) builder.cutShort(chainAt(lines, lines.length - 1, -1), lines.at(-1)?.number ?? number)
  return builder.finish()
}

/** The chain that the line there is about, which rules that are left out beside it belong to. */
const chainAt = (lines: readonly SourceLine[], at: number, by: 1 | -1): string | undefined => {
  for (let i = at; lines[i]; i += by)
    if (lines[i]!.line.kind === 'command') return readCommand(lines[i]!.text)?.chain
    else if (lines[i]!.line.kind !== 'other') return undefined
  return undefined
}

/** `-D CHAIN 3` is about a chain, `-D CHAIN -s …` about a rule. */
const isRule = (command: Command, text: string): boolean =>
  command === 'append' ||
  command === 'insert' ||
  command === 'replace' ||
  (command === 'delete' && readCommand(text)?.number === undefined)

/** Reads the rule that begins at `lines[at]`; how many of the lines behind it turned out to belong to it. */
function readRuleLines(
  lines: readonly SourceLine[],
  at: number,
  around: Surroundings,
  builder: TableBuilder,
  report: Report,
): number {
  const { text, number } = lines[at]!
  if (text.length > MAX_LINE) {
    report(
      'long-line',
      `this line is longer than the ${MAX_LINE} bytes that iptables-restore reads at once; nfwhy does not read the rest`,
      number,
    )
    const cut = readAsIs(text.slice(0, MAX_LINE), around)!
    const unread = 'the rest of the long line'
    cut.read.problems.push({ message: unread, from: 0, to: 0 })
    cut.read.specs.forEach((spec) => {
      spec.unread = [...(spec.unread ?? []), unread]
    })
    builder.addRule(cut, number)
    return 0
  }
  const asIs = readAsIs(text, around)!
  if (asIs.read.specs.length === 0) {
    report('other-family', 'a rule for the other family (-4, -6), skipped as iptables-restore does', number)
    return 0
  }
  const wrapped = unwrap(lines, at, asIs, around)
  const best = wrapped.reading.doubts > 0 ? readMended(wrapped.text, wrapped.reading, around) : wrapped.reading
  if (best !== asIs) report('mended-line', `cannot be parsed as written; read as: ${best.text}`, number)
  builder.addRule(best, number)
  return wrapped.more
}

/** As many lines as a rule may be wrapped into. */
const MAX_WRAPPED = 5

interface Unwrapped {
  reading: Reading
  text: string
  /** How many lines were taken besides the rule's own. */
  more: number
}

/** Takes lines that are nothing of their own to the rule before them, with a blank or without, where it reads so. */
function unwrap(lines: readonly SourceLine[], at: number, asIs: Reading, around: Surroundings): Unwrapped {
  let best: Unwrapped = { reading: asIs, text: lines[at]!.text, more: 0 }
  const parts = [withoutBackslash(best.text)]
  for (let more = 1; more < MAX_WRAPPED && lines[at + more]?.line.kind === 'other'; more++) {
    const next = withoutBackslash(lines[at + more]!.text)
    parts.push(next)
    for (const glue of [' ', '']) {
      const text = parts.join(glue)
      const reading = text.length > MAX_LINE ? undefined : readAsIs(text, around)
      if (!reading || reading.doubts > best.reading.doubts) continue
      const better = reading.doubts < best.reading.doubts
      if (better || (best.more < more && (reading.doubts === 0 || /^[-!]/.test(next)))) best = { reading, text, more }
    }
  }
  return best
}

const withoutBackslash = (text: string): string => text.trim().replace(/\\$/, '').trimEnd()
