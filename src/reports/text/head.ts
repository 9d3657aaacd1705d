/** A block's first line: how it ended and which packet it was. */
import type { Group } from '../form.ts'
import { countWords, markOf, timeWords, whereWords } from '../journey-words.ts'
import { addressWords, interfaceWords, kindWords } from '../packet-words.ts'
import { columns, pad, wrap } from './layout.ts'
import type { Page } from './page.ts'
import type { Style } from './paint.ts'

/** Between pieces of a line. */
const GAP = '  '
/** Room for most outcomes, so that packets stand below each other. */
const OUTCOME_COLUMNS = 9

const STYLES: Readonly<Record<ReturnType<typeof markOf>, Style>> = {
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
}

export function writeHead(page: Page, group: Group): void {
  const { marks, paint } = page
  const { journey } = group
  const mark = markOf(journey)
  const outcome = pad(journey.outcome.toUpperCase(), OUTCOME_COLUMNS)
  const front = `${marks[mark]} ${outcome}  `
  const indent = columns(front)
  const lines = flow(pieces(page, group), page.width - indent)
  lines.forEach((line, i) => {
    const text = line.map(({ text, style, gap = GAP }, k) => (k === 0 ? '' : gap) + (style ? paint(text, style) : text))
    page.line((i === 0 ? paint(front, STYLES[mark], 'bold') : ' '.repeat(indent)) + text.join(''))
  })
}

function pieces(page: Page, group: Group): Piece[] {
  const { marks } = page
  const { journey, count } = group
  const { basis, host, packet } = journey
  const good = markOf(journey) === 'good'
  const [first = '', ...more] = addressWords(group, marks)
  const list: Piece[] = [{ text: `${packet.protocol ?? journey.family} ${first}` }]
  const add = (text: string | undefined, rest: Omit<Piece, 'text'> = {}) =>
    text !== undefined && list.push({ text, ...rest })
  for (const text of more) add(text, { gap: ' ' })
  for (const text of kindWords(packet, marks)) add(text)
  for (const text of interfaceWords(journey)) add(text)
  add(whereWords(journey), { optional: journey.outcome === 'delivered' })
  if (basis !== 'observed') add(`(${basis})`, { gap: ' ' })
  add(timeWords(group, marks), { style: 'dim', optional: good && !page.full })
  if ((page.full || page.hosts) && host !== undefined) add(`on ${host}`, { style: 'dim' })
  add(`#${journey.id}`, { style: 'dim', optional: good && !page.full })
  if (count > 1) add(`${marks.times} ${countWords(count)}`, { style: 'bold' })
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
