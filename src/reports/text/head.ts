/** A block's first two lines: how it ended, what decided that, and which packet it was. */

import { columns } from '../../model/columns.ts'
import { countWords } from '../../model/count-words.ts'
import { byWords, type Decided, decidedOf } from '../decided-words.ts'
import { basisWords, isOfHeadline, isPlayed, markOfGroup, replyWords, wordOf } from '../exchange-words.ts'
import type { Group } from '../form.ts'
import { type markOf, timeWords } from '../journey-words.ts'
import { addressWords, echoWords, interfaceWords, kindWords } from '../packet-words.ts'
import { retransmissionsWords } from '../summary-words.ts'
import { cutMiddle, pad, wrap } from './layout.ts'
import type { Page } from './page.ts'
import type { Style } from './paint.ts'
import { shortName } from './why.ts'

/** Between pieces of a line. */
const GAP = '  '
/** Room for most outcomes, so that packets stand below each other. */
const OUTCOME_COLUMNS = 9

export const MARK_STYLES: Readonly<Record<ReturnType<typeof markOf>, Style>> = {
  bad: 'red',
  good: 'green',
  look: 'yellow',
  unsure: 'yellow',
}

interface Piece {
  text: string
  style?: Style
  /** What is between it and the piece before, on one line. */
  gap?: string
  /** Where all has to be on one line: what has less gives way first. */
  rank: number
  /** It is said of the outcome, whose word begins the line. */
  isOfOutcome?: true
}

/** Ranks of pieces. Where a packet went to tells more than where it came from. */
const RANK = {
  id: 1,
  time: 2,
  /** Without it, what the rules imply reads as what was seen; of what was played nothing was. */
  basis: 4.5,
  played: 3,
  echo: 3.5,
  interface: 4,
  kind: 5,
  reply: 5.5,
  host: 6,
  where: 7,
  rewritten: 8,
  /** Where NAT sent it. */
  sentTo: 8.5,
  source: 9,
  to: 10,
}

/** Two lines: what happened, and what decided it; the packet. */
export function writeHead(page: Page, group: Group<unknown>): void {
  const { marks, paint } = page
  const mark = markOfGroup(group)
  const number = numberWords(page, group)
  const all = pieces(page, group, page.width)
  const behind = all.flatMap(({ isOfOutcome, text }) => (isOfOutcome ? [` ${text}`] : [])).join('')
  const front = `${marks[mark]} ${wordOf(group)}`
  const room = page.width - columns(front) - columns(behind) - columns(number) - columns(GAP)
  const decided = decidedOf(group)
  const text = decided ? decidedText(page, decided, room) : ''
  const head = front + (text === '' ? '' : (decided && 'reason' in decided ? ': ' : ' ') + text) + behind
  const [line = '', ...more] = page.full ? wrap(head, page.width - columns(number) - columns(GAP)) : [head]
  const gap = ' '.repeat(Math.max(columns(GAP), page.width - columns(line) - columns(number)))
  page.line(`${paint(line, MARK_STYLES[mark], 'bold')}${gap}${paint(number, 'dim')}`)
  for (const one of more) page.line(paint(`  ${one}`, MARK_STYLES[mark], 'bold'))
  const packet = all.filter(({ rank, isOfOutcome }) => !isOfOutcome && rank !== RANK.where && rank !== RANK.id)
  for (const one of packetLines(page, packet, page.width - columns(GAP))) page.line(GAP + one)
}

/** One, unless it had no room for what NAT made of the addresses, or for what became of the reply. */
function packetLines(page: Page, packet: readonly Piece[], room: number): string[] {
  if (page.full) return flow(packet, room, page)
  const telling = packet.filter(({ rank }) => rank >= RANK.reply)
  if (widthOf(telling) <= room) return [oneLine(page, packet, room).line]
  return flow(
    packet.filter(({ rank }) => rank >= RANK.interface),
    room,
    page,
  )
}

const widthOf = (list: readonly Piece[]): number =>
  list.reduce((sum, { text, gap = GAP }, i) => sum + columns(text) + (i === 0 ? 0 : columns(gap)), 0)

/** A rule's name gives way in its middle. */
function decidedText(page: Page, decided: Decided, room: number): string {
  if ('ref' in decided) {
    const by = byWords(decided)
    return `${by} ${shortName(decided.ref, room - columns(by) - 2, page)}`
  }
  return 'reason' in decided ? decided.reason : decided.where
}

/** `#1 ×12`. */
const numberWords = ({ marks }: Page, { count, journey }: Group<unknown>): string =>
  `#${journey.id}${count > 1 ? ` ${marks.times}${countWords(count)}` : ''}`

/** Below this width the outcomes' column costs too much. */
const ROOMY = 64

/** The same on one line of at most `width` columns, the count at its end; what tells least is left out. */
export function headLine(page: Page, group: Group<unknown>, width: number): string {
  const { marks, paint } = page
  const mark = markOfGroup(group)
  const outcome = wordOf(group)
  const front = `${marks[mark]} ${width < ROOMY ? `${outcome} ` : `${pad(outcome, OUTCOME_COLUMNS)}  `}`
  const end = `${GAP}${numberWords(page, group)}`
  const room = Math.max(0, width - columns(front) - columns(end))
  const list = pieces(page, group, room).filter(({ rank }) => rank !== RANK.id)
  const { line, used } = oneLine(page, list, room)
  const gap = ' '.repeat(page.quiet ? 0 : Math.max(0, room - used))
  return paint(front, MARK_STYLES[mark], 'bold') + line + gap + paint(end, 'bold')
}

/** Of the pieces the highest ranks that fit, in their order. */
function oneLine({ paint, marks }: Page, list: readonly Piece[], room: number): { line: string; used: number } {
  const kept = new Set<Piece>()
  let used = 0
  for (const piece of [...list].sort((a, b) => b.rank - a.rank)) {
    const needed = columns(piece.gap ?? GAP) + columns(piece.text)
    if (kept.size > 0 && used + needed > room) continue
    kept.add(piece)
    used += kept.size === 1 ? columns(piece.text) : needed
  }
  let line = ''
  used = 0
  for (const { text, gap = GAP, style } of list.filter((one) => kept.has(one))) {
    const before = line === '' ? '' : gap
    const shown = cutMiddle(text, room - used - columns(before), marks.cut)
    line += before + (style ? paint(shown, style) : shown)
    used += columns(before) + columns(shown)
  }
  return { line, used }
}

/** Columns that a rule's name needs to tell anything. */
const RULE_LEAST = 16

/** `room`: columns that all of them have. */
function pieces(page: Page, group: Group<unknown>, room: number): Piece[] {
  const { marks } = page
  const { journey, sentAgain = 0 } = group
  const { host, packet } = journey
  const [first = '', ...more] = addressWords(group, marks)
  const list: Piece[] = []
  const add = (rank: number, text: string | undefined, rest: Omit<Piece, 'text' | 'rank'> = {}) =>
    text !== undefined && list.push({ text, rank, ...rest })
  // behind the outcome's word, which is what it is said of: the trace may well show all that follows
  const rank = isPlayed(journey) ? RANK.played : RANK.basis
  const basis = basisWords(group)
  const isFirst = isOfHeadline(group)
  if (isFirst) add(rank, basis, { isOfOutcome: true })
  add(RANK.source, `${packet.protocol ?? journey.family} ${first}`)
  let rewritten = RANK.rewritten
  for (const text of more) {
    const isDestination = text.startsWith(marks.to)
    add(isDestination ? RANK.to : rewritten, text, { gap: ' ' })
    if (isDestination) rewritten = RANK.sentTo
  }
  for (const text of kindWords(packet, marks, false)) add(RANK.kind, text)
  // which echo it is tells less than that it is one
  const echo = echoWords(packet).join(' ')
  if (echo !== '') add(RANK.echo, echo, { gap: ' ' })
  for (const text of interfaceWords(journey, marks)) add(RANK.interface, text)
  const decided = decidedOf(group)
  const addresses = list.reduce((sum, { text, rank }) => (rank >= RANK.rewritten ? sum + columns(text) + 1 : sum), 0)
  const left = Math.max(RULE_LEAST, room - addresses - columns(GAP))
  if (decided) add(journey.outcome === 'delivered' ? RANK.id : RANK.where, decidedText(page, decided, left))
  if (!isFirst) add(rank, basis)
  add(RANK.reply, replyWords(group))
  if (sentAgain > 0) add(RANK.reply, retransmissionsWords(sentAgain))
  add(RANK.time, timeWords(group, marks), { style: 'dim' })
  if ((page.full || page.hosts) && host !== undefined) add(RANK.host, `on ${host}`, { style: 'dim' })
  add(RANK.id, `#${journey.id}`, { style: 'dim' })
  return list
}

/** The pieces on as few lines as they need, painted. */
function flow(list: readonly Piece[], width: number, { paint }: Page): string[] {
  const lines: { text: string; used: number }[] = []
  for (const { text, style, gap = GAP } of list) {
    const shown = (one: string) => (style ? paint(one, style) : one)
    const last = lines.at(-1)
    const needed = columns(gap) + columns(text)
    if (last && last.used + needed <= width) {
      last.text += gap + shown(text)
      last.used += needed
    } else for (const one of wrap(text, width)) lines.push({ text: shown(one), used: columns(one) })
  }
  return lines.map(({ text }) => text)
}
