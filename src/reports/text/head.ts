/** A block's first line: how it ended and which packet it was. */

import { columns } from '../../model/columns.ts'
import { countWords } from '../../model/count-words.ts'
import { markOfGroup, replyWords, wordOf } from '../exchange-words.ts'
import type { Group } from '../form.ts'
import { type markOf, timeWords, whereWords } from '../journey-words.ts'
import { addressWords, interfaceWords, kindWords } from '../packet-words.ts'
import { cutMiddle, pad, wrap } from './layout.ts'
import type { Page } from './page.ts'
import type { Style } from './paint.ts'

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
  /** Left out where it would need a line of its own. */
  optional?: boolean
  /** What is between it and the piece before, on one line. */
  gap?: string
  /** Where all has to be on one line: what has less gives way first. */
  rank: number
}

/** Ranks of pieces. Where a packet went to tells more than where it came from. */
const RANK = {
  id: 1,
  time: 2,
  basis: 3,
  interface: 4,
  reply: 4.5,
  kind: 5,
  host: 6,
  where: 7,
  rewritten: 8,
  source: 9,
  to: 10,
}

export function writeHead(page: Page, group: Group<unknown>): void {
  const { marks, paint } = page
  const mark = markOfGroup(group)
  const outcome = pad(wordOf(group), OUTCOME_COLUMNS)
  const front = `${marks[mark]} ${outcome}  `
  const indent = columns(front)
  const list = pieces(page, group)
  const times = timesWords(page, group)
  if (times !== '') list.push({ text: times, style: 'bold', rank: 0 })
  const lines = flow(list, page.width - indent)
  lines.forEach((line, i) => {
    const text = line.map(({ text, style, gap = GAP }, k) => (k === 0 ? '' : gap) + (style ? paint(text, style) : text))
    page.line((i === 0 ? paint(front, MARK_STYLES[mark], 'bold') : ' '.repeat(indent)) + text.join(''))
  })
}

/** `× 12`; empty for one packet. */
const timesWords = ({ marks }: Page, { count }: Group<unknown>): string =>
  count > 1 ? `${marks.times} ${countWords(count)}` : ''

/** Below this width the outcomes' column costs too much. */
const ROOMY = 64

/** The same on one line of at most `width` columns, the count at its end; what tells least is left out. */
export function headLine(page: Page, group: Group<unknown>, width: number): string {
  const { marks, paint } = page
  const mark = markOfGroup(group)
  const outcome = wordOf(group)
  const front = `${marks[mark]} ${width < ROOMY ? `${outcome} ` : `${pad(outcome, OUTCOME_COLUMNS)}  `}`
  const times = timesWords(page, group)
  const end = times === '' ? '' : `  ${times}`
  const room = Math.max(0, width - columns(front) - columns(end))
  const { line, used } = oneLine(page, pieces(page, group), room)
  const gap = ' '.repeat(Math.max(0, room - used))
  return paint(front, MARK_STYLES[mark], 'bold') + line + (end === '' ? '' : gap + paint(end, 'bold'))
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

function pieces(page: Page, group: Group<unknown>): Piece[] {
  const { marks } = page
  const { journey } = group
  const { basis, host, packet } = journey
  const good = markOfGroup(group) === 'good'
  const [first = '', ...more] = addressWords(group, marks)
  const list: Piece[] = []
  const add = (rank: number, text: string | undefined, rest: Omit<Piece, 'text' | 'rank'> = {}) =>
    text !== undefined && list.push({ text, rank, ...rest })
  add(RANK.source, `${packet.protocol ?? journey.family} ${first}`)
  for (const text of more) add(text.startsWith(marks.to) ? RANK.to : RANK.rewritten, text, { gap: ' ' })
  for (const text of kindWords(packet, marks)) add(RANK.kind, text)
  for (const text of interfaceWords(journey)) add(RANK.interface, text)
  const delivered = journey.outcome === 'delivered'
  add(delivered ? RANK.id : RANK.where, whereWords(journey), { optional: delivered })
  if (basis !== 'observed') add(RANK.basis, `(${basis})`, { gap: ' ' })
  add(RANK.reply, replyWords(group))
  add(RANK.time, timeWords(group, marks), { style: 'dim', optional: good && !page.full })
  if ((page.full || page.hosts) && host !== undefined) add(RANK.host, `on ${host}`, { style: 'dim' })
  add(RANK.id, `#${journey.id}`, { style: 'dim', optional: good && !page.full })
  return list
}

/** Puts the pieces on as few lines as they need. What is optional gives way to what follows it. */
function flow(list: readonly Piece[], width: number): Piece[][] {
  const lines: Piece[][] = []
  let used = 0
  list.forEach((piece, i) => {
    const last = lines.at(-1)
    const after = piece.optional ? list.slice(i + 1).filter((one) => !one.optional) : []
    const needed = [piece, ...after].reduce((sum, one) => sum + columns(one.gap ?? GAP) + columns(one.text), 0)
    if (last && used + needed <= width) {
      last.push(piece)
      used += columns(piece.gap ?? GAP) + columns(piece.text)
    } else if (!piece.optional) {
      for (const text of wrap(piece.text, width)) {
        lines.push([{ ...piece, text }])
        used = columns(text)
      }
    }
  })
  return lines
}
