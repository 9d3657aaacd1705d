/** The list of fates, a line each. */
import { countWords } from '../../model/count-words.ts'
import { headLine } from '../../reports/text/head.ts'
import { cutEnd } from '../../reports/text/layout.ts'
import type { Page } from '../../reports/text/page.ts'
import { cleanGroup } from './page.ts'
import { firstShown, keptOf, selectedIndex, shownItems } from './rows.ts'
import type { LiveState } from './state.ts'

/** For the mark of the selected line. */
const FRONT = 2

export function listLines(state: LiveState, page: Page, width: number, rows: number): string[] {
  const { marks, paint } = page
  const items = shownItems(state)
  if (items.length === 0) return [paint(cutEnd(nothingWords(state), width, marks.cut), 'dim')].slice(0, rows)
  const first = firstShown(state, rows)
  const selected = selectedIndex(state)
  const room = Math.max(1, width - FRONT)
  return items.slice(first, first + rows).map((item, i) => {
    const front = paint(first + i === selected ? marks.selected : ' ', 'bold', 'cyan')
    const line =
      item.kind === 'group'
        ? headLine(page, cleanGroup(page, item.group), room)
        : paint(cutEnd(`${marks.look} ${page.clean(item.text)}`, room, marks.cut), 'yellow')
    return `${front} ${line}`
  })
}

function nothingWords(state: LiveState): string {
  const { items } = keptOf(state)
  if (items.length === 0)
    return state.status === ''
      ? 'No packet yet. Send the packet that fails: it appears here.'
      : 'Setting up; packets sent now are missed.'
  const why = state.filter ? 'matches the filter' : 'had a problem'
  return `None of ${countWords(items.length)} kinds of packets ${why}.`
}
