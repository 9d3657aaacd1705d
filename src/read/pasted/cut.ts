/**
 * A ticket, mail or note → the outputs in it. People paste what several commands printed into one text: between prompts,
 * in Markdown fences, behind headings, quoted, indented, numbered, with prose around. Each output becomes a text of its
 * own with as many lines before it as there are in the file, so that its reader tells the file's own lines.
 */
import { looksLikeDiff } from '../diff.ts'
import { type Recognised, recognise } from '../recognise.ts'
import { beforeFence, besideFence, cleanPasted, dedented, withoutIndents, withoutQuoting } from './clean.ts'
import {
  asksOneRoute,
  commandIn,
  deletesConnections,
  filterOf,
  isEmptyPrompt,
  isIptables,
  listsPart,
  tableAsked,
} from './command.ts'
import { withoutNumbers } from './line-numbers.ts'
import { type Paragraph, paragraphsOf } from './paragraphs.ts'
import { namedTables } from './route-tables.ts'
import { unwrapped } from './unwrapped.ts'

export interface Block {
  recognised: Recognised
  text: string
  /** Lines of the file, both inclusive, from 1. */
  from: number
  to: number
  /** It is only what this let pass: `grep nginx`. */
  filter?: string
}

/** An output, or what stands in a fence, that nfwhy does not read. */
export interface Unread {
  from: number
  to: number
  /** What printed it, where that is told. */
  command?: string
  /** Commands beside a listing or a capture: they are not what is in force. */
  commands?: true
  text: string
}

export interface Cut {
  blocks: Block[]
  unread: Unread[]
}

interface Segment {
  /** Of the first line, from 0. */
  at: number
  lines: string[]
  fenced: boolean
  command?: string
}

/** More than a person pastes: pieces of text, each of which may be an output; outputs. */
const MOST_PIECES = 4000
export const MOST_OUTPUTS = 100

/** Undefined where the text holds no output that nfwhy reads, or more than a ticket has. */
export function cutPasted(text: string): Cut | undefined {
  const blocks: Block[] = []
  const unread: Unread[] = []
  const segments = segmentsOf(unwrapped(text.split(/\r\n|\n|\r/)))
  if (countPieces(segments) > MOST_PIECES) return undefined
  for (const segment of segments) {
    readSegment(segment, blocks, unread)
    if (blocks.length > MOST_OUTPUTS) return undefined
  }
  if (blocks.length === 0) return undefined
  const evidence = blocks.filter(({ recognised }) => recognised.kind !== 'host' && !isScript(recognised))
  if (evidence.length === 0) return { blocks, unread }
  // what was typed is not what is in force; the listing or the trace shows that
  for (const { recognised, from, to, text } of blocks)
    if (isScript(recognised)) unread.push({ from, to, commands: true, text })
  unread.sort((a, b) => a.from - b.from)
  return { blocks: blocks.filter(({ recognised }) => !isScript(recognised)), unread }
}

/** Runs of lines that are not empty. */
function countPieces(segments: readonly Segment[]): number {
  let count = 0
  for (const { lines } of segments)
    for (let i = 0; i < lines.length; i++) if (lines[i] !== '' && (i === 0 || lines[i - 1] === '')) count++
  return count
}

const isScript = ({ format }: Recognised): boolean => format.id === 'shell-script'

/** A line drawn below a heading, or between outputs. */
const RULED = /^\s*([-=_*#~+])\1{2,}\s*$/

/** Cuts at fences, and at lines that name a command. */
function segmentsOf(lines: readonly string[]): Segment[] {
  const segments: Segment[] = []
  let fenced = false
  let current: Segment = { at: 0, lines: [], fenced }
  const open = (at: number, command?: string) => {
    if (current.lines.length > 0) segments.push(current)
    current = { at, lines: [], fenced, ...(command === undefined ? {} : { command }) }
  }
  lines.forEach((line, i) => {
    const clean = cleanPasted(line)
    const beside = besideFence(withoutQuoting(line))
    if (beside !== undefined) {
      fenced = beside === '' ? !fenced : true
      open(i)
      current.lines.push(beside)
      return
    }
    const inside = fenced ? beforeFence(clean) : undefined
    const command = commandIn(clean)
    const isPrompt = command === undefined && isEmptyPrompt(clean)
    if (command !== undefined || isPrompt) open(i, command)
    current.lines.push(command !== undefined || isPrompt || RULED.test(clean) ? '' : (inside ?? clean))
    if (inside === undefined) return
    fenced = false
    open(i + 1)
  })
  open(lines.length)
  return segments
}

function readSegment(segment: Segment, blocks: Block[], unread: Unread[]): void {
  const { at, fenced, command } = segment
  const last = segment.lines.findLastIndex((line) => line.trim() !== '')
  if (last < 0) return
  const lines = plainLines(segment)
  const tell = (from: number, to: number) =>
    unread.push({
      from: at + from + 1,
      to: at + to + 1,
      text: lines.slice(from, to + 1).join('\n'),
      ...(command === undefined ? {} : { command }),
    })
  if ((command !== undefined && (asksOneRoute(command) || deletesConnections(command))) || isDiff(segment)) {
    tell(firstOf(lines), last)
    return
  }
  const filter = command === undefined ? undefined : filterOf(command)
  const found = outputsIn(lines)
  if (found.length === 0) {
    if (fenced || command !== undefined) tell(firstOf(lines), last)
    return
  }
  for (const { recognised, from, to } of found) {
    const shown = lines.slice(from, to + 1)
    const text = inPlace(shown, at + from, command)
    blocks.push({ recognised, text, from: at + from + 1, to: at + to + 1, ...(filter === undefined ? {} : { filter }) })
    // no more of them is asked for
    if (blocks.length > MOST_OUTPUTS) return
  }
  if (!fenced && command === undefined) return
  let next = firstOf(lines)
  for (const { from, to } of [...found, { from: last + 1, to: last + 1 }]) {
    const rest = lines.slice(next, from)
    if (rest.some((line) => /\w{2}/.test(line)))
      tell(next + firstOf(rest), next + rest.findLastIndex((line) => line.trim() !== ''))
    next = to + 1
  }
}

/** Rules in it are there or not: it is left alone with all that stands beside it. */
const isDiff = ({ lines }: Segment): boolean => looksLikeDiff(lines.join('\n'))

const firstOf = (lines: readonly string[]): number =>
  Math.max(
    0,
    lines.findIndex((line) => line.trim() !== ''),
  )

/** Without what all lines of a segment have in front of them; routes with the table that only the command names. */
function plainLines({ lines, command }: Segment): string[] {
  const plain = namedTables(withoutIndents(dedented(lines)), command && tableAsked(command))
  if (recognise(`${plain.join('\n')}\n`)) return plain
  const bare = withoutNumbers(lines)
  return bare && outputsIn(dedented(bare)).length > 0 ? dedented(bare) : plain
}

interface Output {
  recognised: Recognised
  from: number
  to: number
}

/** Paragraphs of one kind behind each other are one output; where a text has one kind only, it is one with all between. */
function outputsIn(lines: readonly string[]): Output[] {
  const outputs: Output[] = []
  for (const paragraph of paragraphsOf(lines)) {
    const found = recognisedFrom(paragraph)
    if (!found) continue
    const before = outputs.at(-1)
    if (before?.recognised.format === found.recognised.format) before.to = found.to
    else outputs.push(found)
  }
  if (outputs.length > 0) return outputs
  const whole = recognise(`${lines.join('\n')}\n`)
  return whole ? [{ recognised: whole, from: firstOf(lines), to: lines.length - 1 }] : []
}

/** Characters that tell what stands below prose. */
const BELOW = 8192
/** Lines of prose that may stand directly above an output. */
const MOST_ABOVE = 12

function recognisedFrom({ lines, from, to }: Paragraph): Output | undefined {
  const text = `${lines.join('\n')}\n`
  let start = 0
  for (let skip = 0; skip < Math.min(lines.length, MOST_ABOVE); skip++) {
    const recognised = recognise(skip === 0 ? text : text.slice(start, start + BELOW))
    start += lines[skip]!.length + 1
    if (recognised && isTold(recognised)) return { recognised, from: from + skip, to }
  }
  return undefined
}

/** What a few words of prose may look like is not taken out of a ticket. */
const isTold = ({ format }: Recognised): boolean => !VAGUE.has(format.id)
const VAGUE: ReadonlySet<string> = new Set(['uname', 'nfnetlink-queue', 'collected', 'trace-session', 'wireshark'])

/** Behind as many empty lines as there are lines before it; with what only its command tells. */
function inPlace(lines: readonly string[], before: number, command: string | undefined): string {
  const text = lines.join('\n')
  if (command === undefined || before === 0 || !(isIptables(command) || isChosen(command)))
    return '\n'.repeat(before) + text
  return `${'\n'.repeat(before - 1)}# ${command}\n${text}`
}

/** Of sockets it matters which are left out, and of nft's tables. */
const isChosen = (command: string): boolean =>
  (/^(?:\S*\/)?ss\b/.test(command) && filterOf(command) !== undefined) || listsPart(command)
