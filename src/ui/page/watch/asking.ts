/** What a watch has counted, asked for again and again. */
import { signal } from '@preact/signals'
import type { WatchPage } from '../../watch.ts'

/** Is the page one of a watch? */
export const ofWatch = signal(false)
/** Undefined: nothing was counted yet. */
export const watched = signal<WatchPage | undefined>(undefined)
/** The number of the kind that is looked at. */
export const looked = signal<number | undefined>(undefined)

/** Milliseconds: the kernel's counts are taken once a second. */
const EVERY = 1000

export async function beginWatch(): Promise<void> {
  ofWatch.value = true
  const response = await fetch('watch', { cache: 'no-store' }).catch(() => undefined)
  // a server that has ended is told by what watches it; what was counted stays
  if (response?.ok) watched.value = ((await response.json()) as WatchPage | null) ?? undefined
  setTimeout(() => void beginWatch(), EVERY)
}
