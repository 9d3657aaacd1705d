/** What the command line says of each row, taken apart: the truth that the page is held against. */
import { commandLines } from './command-line.ts'

export interface Fix {
  /** `fix`, `stop`, `do`, `look`. */
  kind: string
  description: string
  command?: string
  /** What trying it gave, and what else is to be said. */
  says: string[]
  undo?: string
}

/** A row in words; blanks and line breaks are one blank. */
export interface Told {
  /** The first journey's. */
  id: string
  /** `✗ DROPPED by filter INPUT rule 1`. */
  headline: string
  /** `tcp 10.0.0.1:1 → 10.0.0.2:80`, `SYN`, `in eth0` … */
  packet: string[]
  cause: string
  fixes: Fix[]
  /** `➜ nat KUBE-NODEPORTS rule 16 sent it there: tcp dport 52000 (kube-proxy's rule)`. */
  why: string[]
  /** `dnat nat PREROUTING rule 3`. */
  rewrites: string[]
  /** Of what else was found, errors and warnings with their label. */
  said: string[]
  /** Commands that look further. */
  look: string[]
  /** `prerouting in eth0`, `13 ➜ nat KUBE-NODEPORTS rule 16 → jump …`, `4 no: -p udp …`. */
  steps: string[]
}

export interface ToldRow extends Told {
  /** What is wrong with the input, and what helps: said once on top of all. */
  notices: string[]
  /** Words of rules that stand below a finding or a cause. */
  rules: string[]
  /** By its `--json`. */
  journey: JsonJourney
  count: number
}

interface JsonRule {
  family: string
  table: string
  chain: string
  ruleNumber?: number
  handle?: number
  rule?: string
}
export interface JsonFix {
  command?: string
  after?: string
  afterSource?: string
  note?: string
}
interface JsonFinding {
  rules: JsonRule[]
  fix: JsonFix[]
}
/** Of `--json`, what is compared. */
export interface JsonJourney {
  id: string
  outcome: string
  culprit?: JsonRule & { step: number }
  cause: { rule: JsonRule }[]
  steps: { n: number }[]
  findings: JsonFinding[]
}
interface Json {
  journeys: JsonJourney[]
  exchanges?: { findings: JsonFinding[] }[]
}

/** Broad enough that nothing but what is very long is broken. */
const WIDE = ['--width', '1000']

export async function toldOf(args: readonly string[]): Promise<ToldRow[]> {
  const [text, json] = await commandLines(
    ['explain', '--full', '--unmatched', ...WIDE, ...args],
    ['explain', '--json', ...args],
  )
  const { journeys: list, exchanges = [] } = JSON.parse(json!) as Json
  const journeys = new Map(list.map((one) => [one.id, one]))
  const rules = [
    ...list.flatMap(({ cause }) => cause.map(({ rule }) => rule)),
    ...[...list, ...exchanges].flatMap(({ findings }) => findings.flatMap((one) => one.rules)),
  ]
  const texts = new Set(rules.flatMap(({ rule }) => (rule === undefined ? [] : [flat(rule)])))
  const lines = text!.split('\n')
  const heads = lines.flatMap((line, i) => (HEAD.test(line) ? [i] : []))
  const notices = noticesOf(lines.slice(0, heads[0]))
  return heads.map((from, i) => {
    const [, headline, basis, id, count] = HEAD.exec(lines[from]!)!
    const journey = journeys.get(id!)
    if (!journey) throw new Error(`--json has no journey #${id}`)
    const block = blockOf(lines.slice(from + 1, heads[i + 1]), journey.steps.length, texts)
    return {
      id: id!,
      count: Number(count?.replaceAll(',', '') ?? 1),
      headline: flat(headline!),
      journey,
      notices: notices.filter(({ ids }) => ids.length === 0 || ids.includes(id!)).map(({ text }) => text),
      ...block,
      packet: [...block.packet, ...(basis === undefined ? [] : [basis])],
    }
  })
}

/** Words alone count, and not where a line ends. */
export const flat = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** `✗ DROPPED by filter INPUT rule 1 (inferred)     #1 ×2`; how its outcome is known is a piece of the packet's line on the page. */
const HEAD = /^([✗✓!?] .*?)(?: (\((?:inferred|assumed)\)))?\s+#(\d+)(?: ×([\d,]+))?$/
interface Row {
  label: string
  lines: { isGuilty: boolean; text: string }[]
}

/** `  cause  text`, `       ➜ text`, `         text`. */
function rowsOf(lines: readonly string[]): Row[] {
  const rows: Row[] = []
  for (const line of lines) {
    const label = line.slice(2, 7).trim()
    const one = { isGuilty: line[7] === '➜', text: line.slice(9).trim() }
    if (label !== '') rows.push({ label, lines: [one] })
    else rows.at(-1)!.lines.push(one)
  }
  return rows
}

/** `ids`: the rows that it is about; empty: all of them. What helps is about the same as what is before it. */
function noticesOf(lines: readonly string[]): { text: string; ids: string[] }[] {
  const notices: { text: string; ids: string[] }[] = []
  for (const { lines: all } of rowsOf(lines.filter((line) => line !== ''))) {
    const [, text, whom] = /^(.*?)(?: \(((?:#\d+ ?)+)\))?$/.exec(joined(all))!
    notices.push({ text: text!, ids: whom?.match(/\d+/g) ?? notices.at(-1)?.ids ?? [] })
  }
  return notices
}

/** Commands are broken behind a backslash, and behind what a shell goes on after. */
const GOES_ON = /(?:\\|&&|\|)$/

const joined = (lines: readonly { text: string }[]): string =>
  flat(lines.map(({ text }) => text.replace(/ \\$/, '')).join(' '))

/** What else is known, and how its severity is shown. */
const SAID: Readonly<Record<string, string>> = {
  error: 'error ',
  warn: 'warn ',
  note: '',
  reply: '',
  also: '',
  first: '',
}
const FIXES: readonly string[] = ['fix', 'stop', 'do', 'or', 'look']

/** `nat KUBE-NODEPORTS rule 16 -p tcp …`, `inet filter allowed handle 6 ip saddr …`: which rule, and its words. */
const NAME_ENDS = /(?<=^.*? (?:(?:rule|handle) \d+|policy)) /

/** `texts`: of all rules that may stand by themselves. */
function blockOf(
  lines: readonly string[],
  steps: number,
  texts: ReadonlySet<string>,
): Omit<ToldRow, 'id' | 'headline' | 'journey' | 'count' | 'notices'> {
  const end = lines.indexOf('')
  const [packet = '', ...labelled] = lines.slice(0, end)
  const told = {
    packet: piecesOf(packet),
    cause: '',
    fixes: [] as Fix[],
    why: [] as string[],
    rewrites: [] as string[],
    said: [] as string[],
    look: [] as string[],
    rules: [] as string[],
    steps: stepsOf(lines.slice(end), steps),
  }
  for (const { label, lines: all } of rowsOf(labelled)) {
    const isRule = ({ text, isGuilty }: Row['lines'][0]) => !isGuilty && texts.has(flat(text))
    const lines = all.filter((one, i) => i === 0 || !isRule(one))
    told.rules.push(
      ...all
        .slice(1)
        .filter(isRule)
        .map(({ text }) => flat(text)),
    )
    const [first, ...rest] = lines
    if (label === 'rule') told.rules.push(...joined(lines).split(NAME_ENDS))
    else if (label === 'cause') told.cause = joined(lines)
    else if (label === 'undo') told.fixes.at(-1)!.undo = joined(lines)
    else if (label === 'why') told.why = lines.map(({ isGuilty, text }) => flat(`${isGuilty ? '➜ ' : ''}${text}`))
    else if (label === 'dnat' || label === 'snat') told.rewrites.push(flat(`${label} ${joined(lines)}`))
    else if (label in SAID) told.said.push(SAID[label] + flat(first!.text), ...rest.map(({ text }) => flat(text)))
    else if (label === 'look' && !first!.text.endsWith(':')) told.look.push(joined(lines))
    else if (FIXES.includes(label)) told.fixes.push(fixOf(label, lines))
    else if (label !== 'codes') throw new Error(`a row that no test knows: ${label} ${first!.text}`)
  }
  return told
}

/** `tcp 10.0.0.1:1 → 10.0.0.2:80`, `SYN` … */
const piecesOf = (line: string): string[] => line.trim().split(/ {2,}/)

function fixOf(label: string, lines: Row['lines']): Fix {
  const [description = '', ...rest] = lines.map(({ text }) => text)
  if (label === 'do' || label === 'or') return { kind: 'do', description, says: rest.flatMap(saysOf) }
  const end = rest.findIndex((one) => !GOES_ON.test(one)) + 1
  return {
    kind: label,
    description: description.replace(/:$/, ''),
    command: joined(lines.slice(1, end + 1)),
    says: rest.slice(end).flatMap(saysOf),
  }
}

export const saysOf = (says: string): string[] => says.split(' · ')

function stepsOf(lines: readonly string[], count: number): string[] {
  const digits = String(count).length
  const unmatched = new RegExp(`^ {${digits + 4},}\\d+ (?:no|not known): `)
  const items: string[] = []
  let at = 0
  for (const line of lines) {
    if (line === '') {
      // what stands behind the last row is of all of them
      if (at === count) break
      continue
    }
    const isStep = /\d/.test(line.slice(2, 2 + digits)) && /^[➜ ] [ \d]+ {2}/.test(line)
    if (isStep) at = Number(line.slice(2, 2 + digits))
    if (isStep || unmatched.test(line) || /^ {2}\S/.test(line)) items.push(flat(line.replace(/^➜ +(\d+)/, '$1 ➜')))
    else items[items.length - 1] += ` ${flat(line)}`
  }
  return items
}
