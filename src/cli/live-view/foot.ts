/** At the bottom: what was chosen, and which keys there are; or the filter as it is typed. */

import { markerBelow, wrongWords } from '../../analysis/point-at.ts'
import { columns } from '../../model/columns.ts'
import { countWords } from '../../model/count-words.ts'
import { numberOf } from '../../reports/summary-words.ts'
import { cutEnd, wrap } from '../../reports/text/layout.ts'
import type { Page } from '../../reports/text/page.ts'
import { keptOf, matching } from './rows.ts'
import type { Editing, LiveState } from './state.ts'

const GAP = '  '
const PROMPT = 'filter: '
/** Of what is wrong with the filter. */
const MOST_LINES = 3

export interface Foot {
  lines: string[]
  /** Where typing goes on: column in the first of the lines, from 0. */
  cursor?: number
}

export function footOf(state: LiveState, page: Page): Foot {
  if (state.editing) return editingFoot(state, state.editing, page)
  return { lines: [footLine(state, page, chosenWords(state, page), listKeys(state))] }
}

/** A line with words on the left, and on the right as many keys as fit. */
export function footLine(
  { columns: width }: LiveState,
  { marks, paint }: Page,
  left: string,
  keys: readonly string[],
): string {
  const shown = cutEnd(left, width, marks.cut)
  const room = width - (shown === '' ? 0 : columns(shown) + GAP.length)
  let right = ''
  for (const key of keys) {
    const longer = right === '' ? key : `${right}${GAP}${key}`
    if (columns(longer) > room) break
    right = longer
  }
  const gap = right === '' ? '' : ' '.repeat(width - columns(shown) - columns(right))
  return paint(shown, 'yellow') + gap + paint(right, 'dim')
}

/** The first stay longest. */
function listKeys({ paused, problemsOnly, selected }: LiveState): string[] {
  return [
    '? help',
    'q quit',
    ...(selected === undefined ? [] : ['G newest']),
    paused ? 'space go on' : 'space pause',
    'enter open',
    '/ filter',
    problemsOnly ? 'o all' : 'o problems',
    'r rules',
  ]
}

/** `paused, 12 new`; `filter: dst port 80, 3 of 120 packets`. */
function chosenWords(state: LiveState, page: Page): string {
  const { counts, paused, filter, problemsOnly, status } = state
  const words: string[] = []
  if (paused) words.push(`paused, ${countWords(counts.packets - paused.packets)} new`)
  if (problemsOnly) words.push('problems only')
  if (filter) {
    const remembered = keptOf(state).packets.length
    const packets = paused ? paused.packets : counts.packets
    const of = `${remembered < packets ? 'the last ' : ''}${numberOf(remembered, 'packet')}`
    words.push(`filter: ${page.clean(filter.text)}, ${countWords(matching(state))} of ${of}`)
  }
  if (counts.gone > 0) words.push(`the oldest ${countWords(counts.gone)} lines are gone`)
  if (words.length === 0 && status !== '') words.push(page.clean(status))
  return words.join('; ')
}

function editingFoot(state: LiveState, { text, cursor, error }: Editing, page: Page): Foot {
  const { marks, paint } = page
  const clean = (part: string) => page.clean(part)
  // the last column is the cursor's
  const room = Math.max(1, state.columns - PROMPT.length - 1)
  const before = columns(clean([...text].slice(0, cursor).join('')))
  const hidden = Math.max(0, before - room)
  const shown = cutFront(clean(text), hidden)
  const prompt = PROMPT + cutEnd(shown, room, marks.cut)
  const lines = [prompt]
  if (error) {
    const marker = cutFront(markerBelow(text, error, clean), hidden)
    const below = ' '.repeat(PROMPT.length) + marker
    lines.push(paint(cutEnd(below, state.columns, ''), 'red'))
    for (const words of wrap(clean(wrongWords(error)), state.columns).slice(0, MOST_LINES - 1))
      lines.push(paint(words, 'red'))
  } else lines.push(footLine(state, page, '', ['enter applies it', 'esc cancels', 'tcpdump syntax: tcp dst port 80']))
  return { lines, cursor: PROMPT.length + before - hidden }
}

/** Without its first columns. */
function cutFront(text: string, hidden: number): string {
  let used = 0
  let from = 0
  for (const char of text) {
    if (used >= hidden) break
    used += columns(char)
    from += char.length
  }
  return text.slice(from)
}
