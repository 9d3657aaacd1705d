/** The screen as lines, for a state. */
import { columns } from '../../model/columns.ts'
import type { Page } from '../../reports/text/page.ts'
import { cutStyled, padStyled } from './fit.ts'
import { footLine } from './foot.ts'
import { type Layout, layoutOf } from './layout.ts'
import { listLines } from './list.ts'
import { itemLines, openedLines } from './open-page.ts'
import { pageOf } from './page.ts'
import { selectedIndex, shownItems } from './rows.ts'
import { ruleBlocks, ruleLines } from './rules-panel.ts'
import type { LiveState, OpenPage } from './state.ts'

export interface Screen {
  /** As many as the screen has rows, none longer than it is wide. */
  lines: string[]
  /** Where something is typed; from 0. Absent: it is hidden. */
  cursor?: { row: number; column: number }
}

export function render(state: LiveState): Screen {
  const page = pageOf(state)
  const layout = layoutOf(state)
  const { head, foot } = layout
  const middle = state.rows - head.length - foot.lines.length
  const opened = state.page && openedPart(state, page, state.page, middle)
  const body = filled(opened?.body ?? listBody(state, page, layout), middle)
  const lines = [...head, ...body, ...(opened?.foot ?? foot.lines)].map((line) => cutStyled(line, state.columns))
  if (foot.cursor === undefined) return { lines }
  return {
    lines,
    cursor: { row: head.length + middle, column: Math.min(state.columns - 1, foot.cursor) },
  }
}

function listBody(state: LiveState, page: Page, { list, rules, short }: Layout): string[] {
  const left = filled(listLines(state, page, list.columns, list.rows), list.rows)
  if (short) left.push(...filled(shortLines(state, page, short), short.rows))
  if (!rules) return left
  const heading = headingOf(page, 'rules that decided', rules.columns)
  if (!rules.beside) return [...left, heading, ...ruleLines(state.counts, page, rules.columns, rules.rows - 1)]
  const panel = [heading, ...ruleBlocks(state.counts, page, rules.columns, rules.rows - 1)]
  const between = page.paint(` ${page.marks.beside} `, 'dim')
  return left.map((line, i) => padStyled(cutStyled(line, list.columns), list.columns) + between + (panel[i] ?? ''))
}

/** The chosen packet, as the report tells it when not all is asked for. */
function shortLines(
  state: LiveState,
  page: Page,
  { columns: width, rows }: { columns: number; rows: number },
): string[] {
  const item = shownItems(state)[selectedIndex(state)]
  const lines = item ? itemLines({ ...state, columns: width }, page, item, false) : []
  const shown =
    lines.length < rows ? lines : [...lines.slice(0, rows - 2), page.paint('  (enter shows the rest)', 'dim')]
  return [headingOf(page, 'the chosen line', width), ...shown]
}

function headingOf({ marks, paint }: Page, words: string, width: number): string {
  const front = `${marks.line}${marks.line} ${words} `
  return paint(front + marks.line.repeat(Math.max(0, width - columns(front))), 'dim')
}

function openedPart(state: LiveState, page: Page, open: OpenPage, rows: number): { body: string[]; foot: string[] } {
  const all = openedLines(state, page, open)
  // the screen may have grown since
  const top = Math.max(0, Math.min(open.top, all.length - rows))
  const body = all.slice(top, top + rows)
  const where =
    body.length < all.length ? `lines ${top + 1}${page.marks.until}${top + body.length} of ${all.length}` : ''
  return { body, foot: [footLine(state, page, where, ['esc back', `${page.marks.arrows} scroll`])] }
}

/** Exactly so many. */
const filled = (lines: readonly string[], rows: number): string[] =>
  Array.from({ length: Math.max(0, rows) }, (_, i) => lines[i] ?? '')
