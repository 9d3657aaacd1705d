/** A block's first line: how it ended and which packet it was. */
import type { Group } from '../form.ts'
import { countWords, markOf, timeWords, whereWords } from '../journey-words.ts'
import { addressWords, interfaceWords, kindWords } from '../packet-words.ts'
import { columns, pad, wrap } from './layout.ts'
import type { Page } from './page.ts'
import type { Style } from './paint.ts'

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
    const text = line.map(
      ({ text, style, gap = '  ' }, k) => (k === 0 ? '' : gap) + (style ? paint(text, style) : text),
    )
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
  if (page.full && host !== undefined) add(`on ${host}`, { style: 'dim' })
  add(`#${journey.id}`, { style: 'dim', optional: good && !page.full })
  if (count > 1) add(`${marks.times} ${countWords(count)}`, { style: 'bold' })
  return list
}

/** Puts the pieces on as few lines as they need. */
function flow(list: readonly Piece[], width: number): Piece[][] {
  const lines: Piece[][] = [[]]
  let used = 0
  for (const piece of list) {
    const gap = columns(piece.gap ?? '  ')
    const last = lines.at(-1)!
    const long = columns(piece.text)
    if (last.length > 0 && used + gap + long <= width) {
      last.push(piece)
      used += gap + long
    } else if (last.length === 0 || !piece.optional) {
      for (const text of wrap(piece.text, width)) {
        const line = [{ ...piece, text }]
        if (last.length === 0 && lines.length === 1 && lines[0] === last) lines[0] = line
        else lines.push(line)
        used = columns(text)
      }
    }
  }
  return lines
}
