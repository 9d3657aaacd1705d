/** Texts over the whole screen: one journey in full, all rules, the keys. */
import { FORMS } from '../../reports/index.ts'
import { wrap } from '../../reports/text/layout.ts'
import type { Page } from '../../reports/text/page.ts'
import { breakStyled } from './fit.ts'
import { helpLines } from './help.ts'
import { ruleBlocks } from './rules-panel.ts'
import type { Item, LiveState, OpenPage } from './state.ts'

/** All of its lines; none is longer than the screen is wide. */
export function openedLines(state: LiveState, page: Page, open: OpenPage): string[] {
  const { columns } = state
  return linesOf(state, page, open).flatMap((line) => breakStyled(line, columns))
}

function linesOf(state: LiveState, page: Page, { kind, item }: OpenPage): string[] {
  if (kind === 'help') return helpLines(page)
  if (kind === 'rules') {
    const lines = ruleBlocks(state.counts, page, state.columns)
    return lines.length === 0 ? ['No packet yet.'] : lines
  }
  return item ? itemLines(state, page, item, true) : []
}

/** As the text report tells it; `full`: with every step. */
export function itemLines(state: LiveState, page: Page, item: Item, full: boolean): string[] {
  const { columns, look } = state
  if (item.kind === 'notice') {
    const room = Math.max(1, columns)
    return [item.text, ...item.more].flatMap((text) => wrap(page.clean(text), room))
  }
  const writer = FORMS.text.open({ ...look, width: columns, full })
  const notices = writer.begin([item.group])
  const text = (full ? notices : '') + writer.journey(item.group)
  return text.trimEnd().split('\n')
}
