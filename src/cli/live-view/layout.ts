/** How the screen is shared out: head, list, rules, foot. */
import { type Foot, footOf } from './foot.ts'
import { headLines, titleLine } from './head.ts'
import { pageOf } from './page.ts'
import { shownItems } from './rows.ts'
import type { LiveState } from './state.ts'

interface Area {
  columns: number
  rows: number
}

export interface Layout {
  head: string[]
  list: Area
  /** With its heading; beside the list, or below it. */
  rules?: Area & { beside: boolean }
  /** The chosen line's packet in short, with its heading; below the list. */
  short?: Area
  foot: Foot
}

/** From here on rules stand beside the list. */
const BESIDE_COLUMNS = 130
const RULES_PART = 0.36
/** Rows between head and foot that are needed for rules. */
const RULES_ROWS = 9
/** Rows of a list that gives some of them for the chosen packet in short, and which part. */
const HIGH = 30
const SHORT_PART = 0.4
/** Rows for a packet in short that are worth it, and those that the list keeps for what is to come. */
const SHORT_LEAST = 8
const LIST_LEAST = 3
/** Rules below the list. */
const MOST_RULES = 7
export const BETWEEN = ' │ '.length

export function layoutOf(state: LiveState): Layout {
  const page = pageOf(state)
  const foot = footOf(state, page)
  foot.lines.splice(state.rows)
  const head = (state.page ? [titleLine(state, page)] : headLines(state, page)).slice(
    0,
    Math.max(0, state.rows - foot.lines.length - 1),
  )
  const body = Math.max(0, state.rows - head.length - foot.lines.length)
  const { columns, counts } = state
  const layout: Layout = { head, foot, list: { columns, rows: body } }
  if (state.page) return layout
  if (columns >= BESIDE_COLUMNS) {
    const wide = Math.floor(columns * RULES_PART)
    layout.rules = { columns: wide, rows: body, beside: true }
    layout.list.columns = columns - wide - BETWEEN
  } else if (body >= RULES_ROWS && counts.rules.size > 0) {
    const rows = 1 + Math.min(counts.rules.size, MOST_RULES, Math.floor(body / 4))
    layout.rules = { columns, rows, beside: false }
    layout.list.rows -= rows
  }
  const short = shortRows(layout.list.rows, shownItems(state).length)
  if (short > 0) {
    layout.short = { columns: layout.list.columns, rows: short }
    layout.list.rows -= short
  }
  return layout
}

/** What the list leaves; on a high screen it gives some away. */
function shortRows(rows: number, items: number): number {
  if (items === 0) return 0
  const given = rows >= HIGH ? Math.floor(rows * SHORT_PART) : 0
  const free = Math.max(given, rows - Math.max(items, LIST_LEAST))
  return free >= SHORT_LEAST ? free : 0
}
