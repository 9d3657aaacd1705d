/** Two exchanges side by side: A is marked, B is the one that is looked at after. */
import { batch, effect, signal } from '@preact/signals'
import type { Compared, Explanation } from '../../protocol.ts'
import { ask, canCompare, doing, explanation, opened, tab } from '../state.ts'

/** A. */
export const marked = signal<Explanation | undefined>(undefined)
/** Absent where there is no B yet. */
export const compared = signal<Compared | undefined>(undefined)

/** What is looked at becomes A. */
export function mark(): void {
  const shown = explanation.value
  if (!shown || !canCompare.value) return
  batch(() => {
    marked.value = shown
    compared.value = undefined
    tab.value = 'way'
  })
  focusList()
}

export function endComparison(): void {
  clear()
  focusList()
}

/** The button that was pressed is gone, and the next thing is chosen there. */
const focusList = () => document.querySelector<HTMLElement>('.list')?.focus()

const clear = () =>
  batch(() => {
    marked.value = undefined
    compared.value = undefined
  })

/** Captures are read anew for each pair: only the last one that was wanted is asked for once the one before is there. */
let asking = false

async function compare(): Promise<void> {
  if (asking) return
  const [a, b] = [marked.value?.row.id, explanation.value?.row.id]
  if (a === undefined || b === undefined) return
  if (a === b) {
    compared.value = undefined
    return
  }
  asking = true
  let told: Compared | undefined
  await doing('Comparing', async () => {
    told = await ask('compare', { a, b })
  })
  asking = false
  const [first, second] = [marked.value, explanation.value]
  if (a !== first?.row.id || b !== second?.row.id) await compare()
  else compared.value = told
}

effect(() => {
  void marked.value
  void explanation.value
  queueMicrotask(() => void compare())
})

// of other files nothing is explained yet, while a trace that goes on keeps what is looked at
effect(() => {
  if (opened.value && !explanation.peek()) clear()
})
