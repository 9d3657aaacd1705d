/** Which items the list shows, and which part of them is on the screen. */
import { memo } from '../../model/memo.ts'
import { isToldWithFirst, markOfGroup } from '../../reports/exchange-words.ts'
import { foldMatching, matches } from './filter.ts'
import type { Item, Kept, LiveState } from './state.ts'

/** The list stands still while it is paused. */
export const keptOf = (state: LiveState): Kept => state.paused?.kept ?? state.kept

/** After filter and outcomes; of a group only what matches. Notices are always shown. */
export const shownItems = memo(select)

function select(state: LiveState): readonly Item[] {
  const { items: all, packets } = keptOf(state)
  const { filter, problemsOnly } = state
  const items = state.look.quiet ? all.filter((item) => !isFollowing(item)) : all
  if (!filter && !problemsOnly) return items
  const found = filter && foldMatching(filter.condition, packets)
  return items.flatMap((item): Item[] => {
    if (item.kind === 'notice') return [item]
    if (problemsOnly && markOfGroup(item.group) === 'good') return []
    if (!found) return [item]
    const group = found.get(item.key)
    return group ? [{ ...item, group }] : []
  })
}

/** With --quiet there is a line for each exchange. */
const isFollowing = (item: Item): boolean => item.kind === 'group' && isToldWithFirst(item.group)

/** How many of the packets that are remembered match the filter. */
export function matching(state: LiveState): number {
  const { filter } = state
  return filter ? keptOf(state).packets.filter((one) => matches(filter.condition, one)).length : 0
}

/** A packet is rather looked at than notices below it, if there are no more than this less one. */
const NEAR = 3

/** Where the selection stands among what is shown; -1 where there is nothing. */
export function selectedIndex(state: LiveState): number {
  const items = shownItems(state)
  if (state.selected === undefined) {
    const near = items.slice(-NEAR).findLastIndex(({ kind }) => kind === 'group')
    return near < 0 ? items.length - 1 : Math.max(0, items.length - NEAR) + near
  }
  const at = items.findIndex(({ key }) => key === state.selected)
  // it went, or the filter hides it: the oldest that is left
  return at < 0 ? Math.min(0, items.length - 1) : at
}

/** The first item in a list of so many rows. */
export function firstShown(state: LiveState, rows: number): number {
  const items = shownItems(state)
  const lines = Math.max(1, rows)
  const last = Math.max(0, items.length - lines)
  if (state.selected === undefined) return last
  const selected = Math.max(0, selectedIndex(state))
  const anchor = items.findIndex(({ key }) => key === state.top)
  const from = anchor < 0 ? selected - (lines >> 1) : anchor
  return Math.max(0, Math.min(last, selected, Math.max(from, selected - lines + 1)))
}
