/** On top: what is traced, how long still, and what came so far. */

import { columns } from '../../model/columns.ts'
import { countWords } from '../../model/count-words.ts'
import type { Outcome } from '../../model/journey.ts'
import { isPassed, isStopped } from '../../model/outcome-kinds.ts'
import { missedList, numberOf, OUTCOMES } from '../../reports/summary-words.ts'
import { MARK_STYLES } from '../../reports/text/head.ts'
import { cutEnd } from '../../reports/text/layout.ts'
import type { Page } from '../../reports/text/page.ts'
import { cutStyled, styledColumns } from './fit.ts'
import type { LiveState, Mark } from './state.ts'

const GAP = '   '
/** With fewer columns marks stand for outcomes. */
const WORDS_COLUMNS = 60
/** With less room for the title the time gives way. */
const TITLE_LEAST = 24
/** A list of fewer rows needs them more. */
const ROOMY = 16

export const headLines = (state: LiveState, page: Page): string[] => [
  titleLine(state, page),
  ...countLines(state, page),
]

/** `tcp dst port 52000 on this host, by nft's trace      9:41 left`. */
export function titleLine(state: LiveState, page: Page): string {
  const { marks, paint } = page
  const title = page.clean(state.title)
  const left = timeWords(state)
  const room = state.columns - columns(left) - GAP.length
  if (left === '' || room < Math.min(TITLE_LEAST, columns(title)))
    return paint(cutEnd(title, state.columns, marks.cut), 'bold')
  const shown = cutEnd(title, room, marks.cut)
  return paint(shown, 'bold') + ' '.repeat(state.columns - columns(shown) - columns(left)) + paint(left, 'dim')
}

function timeWords({ stopping, deadline, now }: LiveState): string {
  if (stopping) return 'ending'
  if (deadline === undefined) return ''
  const left = Math.max(0, Math.ceil((deadline - now) / 1000))
  const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60]
  const two = (number: number) => String(number).padStart(2, '0')
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds)} left`
}

/** `12 packets   ✗ 2 dropped   ✓ 10 delivered`; what was lost comes before what may be cut. */
function countLines(state: LiveState, page: Page): string[] {
  const { marks, paint } = page
  const { skipped = 0, lost = 0, evicted = 0, overload } = state.stats
  const narrow = state.columns < WORDS_COLUMNS
  const missed =
    narrow && lost > 0
      ? [`${countWords(lost)} lost`]
      : missedList({ skipped, lost, evicted, ...(overload ? { overload } : {}) })
  const pieces = [
    paint(numberOf(state.counts.packets, 'packet'), 'bold'),
    ...missed.map((words) => paint(`${marks.look} ${words}`, 'yellow', 'bold')),
    ...(narrow ? markCounts(state, page) : outcomeCounts(state, page)),
  ]
  return flow(pieces, state.columns, state.rows < ROOMY ? 2 : 3, marks.cut)
}

function outcomeCounts({ counts }: LiveState, { marks, paint }: Page): string[] {
  return OUTCOMES.flatMap((outcome) => {
    const known = counts.outcomes.get(outcome)
    if (!known) return []
    const mark = outcomeMark(outcome)
    // of those that passed some may have to be looked at
    const look = known.look === 0 ? '' : paint(` (${marks.look} ${countWords(known.look)})`, MARK_STYLES.look)
    return [paint(`${marks[mark]} ${countWords(known.count)} ${outcome}`, MARK_STYLES[mark]) + look]
  })
}

/** `✗ 3  ✓ 10`. */
function markCounts({ counts }: LiveState, { marks, paint }: Page): string[] {
  const sums = { bad: 0, unsure: 0, look: 0, good: 0 }
  for (const [outcome, { count, look }] of counts.outcomes) {
    sums[outcomeMark(outcome)] += count - look
    sums.look += look
  }
  return (Object.keys(sums) as Mark[])
    .filter((mark) => sums[mark] > 0)
    .map((mark) => paint(`${marks[mark]} ${countWords(sums[mark])}`, MARK_STYLES[mark]))
}

const outcomeMark = (outcome: Outcome): Mark => (isStopped(outcome) ? 'bad' : isPassed(outcome) ? 'good' : 'unsure')

function flow(pieces: readonly string[], width: number, most: number, cut: string): string[] {
  const lines: string[] = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    if (last !== undefined && styledColumns(last) + GAP.length + styledColumns(piece) <= width)
      lines[lines.length - 1] = last + GAP + piece
    else lines.push(piece)
  }
  if (lines.length <= most) return lines
  const shown = lines.slice(0, most)
  shown[most - 1] = `${cutStyled(shown[most - 1]!, width - columns(cut) - 1)} ${cut}`
  return shown
}
