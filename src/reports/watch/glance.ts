/** The last ten minutes at a glance: one screen. */

import { columns as widthOf } from '../../model/columns.ts'
import { countWords } from '../../model/count-words.ts'
import { cutEnd, cutMiddle, pad } from '../text/layout.ts'
import { Page } from '../text/page.ts'
import { recentKinds, tuplesByKind, type WatchSnapshot } from './snapshot.ts'
import {
  clockWords,
  counted,
  gapWords,
  interfacesOf,
  packetWords,
  reasonWords,
  rulesWords,
  ruleWords,
  tupleCount,
} from './words.ts'

export interface GlanceOptions {
  columns: number
  rows: number
  colour: boolean
  unicode: boolean
  /** Of the page that shows it, too. */
  link?: string
}

/** Heights of a minute's count: none, and then by its share of the largest. */
const BARS = { unicode: ' ▁▂▃▄▅▆▇█', ascii: ' .:-=+*#@' } as const

/** A character for each number, the largest as high as can be. */
export function sparkline(counts: readonly number[], unicode: boolean): string {
  const bars = unicode ? BARS.unicode : BARS.ascii
  const most = Math.max(...counts)
  return counts
    .map((count) => bars[count === 0 ? 0 : Math.max(1, Math.round((count / most) * (bars.length - 1)))])
    .join('')
}

const COUNT = 9
/** Tuples of each kind that have a line of their own. */
const MOST_TUPLES = 3

/** As many lines as the screen has rows at most, none longer than it is wide. */
export function glance(snapshot: WatchSnapshot, { columns, rows, colour, unicode, link }: GlanceOptions): string[] {
  const page = new Page({ width: columns, colour, unicode })
  const { tally, now, began } = snapshot
  const { paint, marks } = page
  const recent = tally.minutes.sum(now)
  const cut = (text: string) => cutEnd(page.clean(text), columns, marks.cut)
  const right = (count: number) => countWords(count).padStart(COUNT)
  const head = [
    paint(
      cut(
        `nfwhy watch  ${clockWords(now)} UTC  ${counted(tally.count, 'drop')} since ${clockWords(began)}, ${countWords(recent)} in the last ten minutes`,
      ),
      'bold',
    ),
    paint(cut(`${'count'.padStart(COUNT)}  last 10 min  last seen  reason, rule, interfaces`), 'dim'),
  ]
  const foot = [...gapWords(snapshot), ...rulesWords(snapshot)]
  const footLines = [
    ...foot.map((line) => paint(cut(line), 'dim')),
    paint(link === undefined ? 'q ends' : `q ends  ${link}`, 'dim'),
  ]
  const room = Math.max(0, rows - head.length - footLines.length)
  const tuples = tuplesByKind(snapshot, MOST_TUPLES, true)
  const kinds = recentKinds(snapshot)
  const blocks = kinds.map(({ kind, recent: count }) => {
    const front = `${right(count)}  ${sparkline(kind.minutes.list(now), unicode)}   ${clockWords(kind.last)}   `
    const what = [reasonWords(kind), ruleWords(kind), interfacesOf(kind), kind.isHarmless ? 'harmless' : '']
    const line = cutEnd(page.clean(front + what.filter(Boolean).join('  ')), columns, marks.cut)
    const own = (tuples.get(kind) ?? []).map((tuple) => {
      const before = `${right(tuple.minutes.sum(now))}    `
      return paint(
        before + cutMiddle(packetWords(page.clean(tuple.packet), marks), columns - widthOf(before), marks.cut),
        'dim',
      )
    })
    const more = kind.tuples > own.length || kind.manyTuples
    if (more && own.length > 0) own.push(paint(`${' '.repeat(COUNT)}    ${tupleCount(kind)} in all`, 'dim'))
    return [kind.isHarmless ? paint(line, 'dim') : line, ...own]
  })
  const body = fitted(blocks, room)
  if (kinds.length === 0) body.push(pad('  Nothing was dropped in the last ten minutes.', 0))
  return [...head, ...body, ...Array<string>(Math.max(0, room - body.length)).fill(''), ...footLines].slice(0, rows)
}

/** Each kind's first line before the second line of any. */
function fitted(blocks: readonly (readonly string[])[], room: number): string[] {
  const lines = blocks.slice(0, room).map(([first]) => [first!])
  let left = room - lines.length
  for (let depth = 1; left > 0 && blocks.some((block) => block.length > depth); depth++)
    for (let i = 0; i < lines.length && left > 0; i++) {
      const line = blocks[i]![depth]
      if (line === undefined) continue
      lines[i]!.push(line)
      left--
    }
  return lines.flat()
}
