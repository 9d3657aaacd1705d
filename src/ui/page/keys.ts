/** The keyboard: a list can be gone through, and everything reached, without a mouse. */
import { endComparison, mark, marked } from './compare/comparing.ts'
import { ask, expand, helpShown, opened, rowCount, selectAt, selected } from './state.ts'

/** As the help lists them. */
export const KEYS = [
  ['j, ↓', 'next exchange'],
  ['k, ↑', 'previous exchange'],
  ['g, G', 'first, last exchange'],
  ['Enter', 'show the exchanges of a group one by one'],
  ['←, →', 'next tab, where the focus is on one'],
  ['c', 'compare with the exchange that is chosen next'],
  ['/', 'filter'],
  ['Escape', 'end the comparison; back to the list'],
  ['?', 'this help'],
] as const

export function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || !opened.value) return
  const target = event.target as HTMLElement
  if (event.key === 'Escape') {
    const menu = document.querySelector<HTMLDetailsElement>('details.export[open]')
    if (menu) menu.open = false
    else if (helpShown.value) helpShown.value = false
    else if (marked.value && !target.matches('input[type=text], textarea')) endComparison()
    else document.querySelector<HTMLElement>('.list')?.focus()
    return
  }
  if (target.matches('input, textarea, select')) return
  const isButton = target.matches('button, a, summary')
  const act = ACTS[event.key]
  if (!act || (event.key === 'Enter' && isButton)) return
  event.preventDefault()
  act()
}

const move = (by: number) => {
  if (rowCount.value === 0) return
  const place = Math.max(0, Math.min(rowCount.value - 1, (selected.value ?? -1) + by))
  void selectAt(place)
}

const ACTS: Readonly<Record<string, () => void>> = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  g: () => move(Number.NEGATIVE_INFINITY),
  G: () => move(Number.POSITIVE_INFINITY),
  Enter: () => void expandSelected(),
  c: mark,
  '/': () => document.getElementById('filter')?.focus(),
  '?': () => {
    helpShown.value = !helpShown.value
  },
}

async function expandSelected(): Promise<void> {
  const place = selected.value
  if (place === undefined) return
  const [row] = await ask('rows', { from: place, to: place + 1 })
  if (row && !row.isOne) await expand(row)
}
