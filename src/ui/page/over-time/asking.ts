/** What is asked of the store, and what it answered. */
import { signal } from '@preact/signals'
import {
  type Behind,
  GROUPINGS,
  type Grouping,
  type OverTime,
  type StoredExplanation,
  toAddress,
} from '../../over-time.ts'
import { Refused } from '../engine.ts'
import { problem } from '../state.ts'

/** Is the page one of a store? */
export const ofStore = signal(false)
export const grouping = signal<Grouping>('rule')
/** Seconds back from now, a moment in milliseconds since 1970, or all that is stored. */
export const since = signal<Since>({ kind: 'all' })
export const shown = signal<OverTime | undefined>(undefined)
export const chosen = signal<Bar | undefined>(undefined)
export const behind = signal<Behind | undefined>(undefined)
export const explained = signal<StoredExplanation | undefined>(undefined)

export type Since = { kind: 'all' } | { kind: 'ago'; seconds: number } | { kind: 'at'; millis: number }

/** Of a group: one bar, or all of them. */
export interface Bar {
  name: string
  bar?: number
}

export async function beginOverTime(): Promise<void> {
  readHash()
  ofStore.value = true
  addEventListener('hashchange', () => {
    readHash()
    void load()
  })
  await load()
}

/** Asks anew. */
export async function load(): Promise<void> {
  const wanted = since.value
  const from =
    wanted.kind === 'all'
      ? 'any'
      : String((wanted.kind === 'at' ? wanted.millis : Date.now() - wanted.seconds * 1000) * 1000)
  const until = wanted.kind === 'all' ? 'any' : String(Date.now() * 1000)
  const found = await ask<OverTime>(`by/${grouping.value}/${from}/${until}`)
  if (!found) return
  shown.value = found
  chosen.value = undefined
  behind.value = undefined
  explained.value = undefined
}

export function choose(by: Grouping, at: Since): void {
  grouping.value = by
  since.value = at
  const parts = new URLSearchParams({ by })
  if (at.kind === 'ago') parts.set('ago', String(at.seconds))
  if (at.kind === 'at') parts.set('since', new Date(at.millis).toISOString())
  history.pushState(null, '', `#${parts}`)
  void load()
}

export async function look(bar: Bar): Promise<void> {
  const all = shown.value
  if (!all) return
  chosen.value = bar
  explained.value = undefined
  const { span, width } = all
  const from = bar.bar === undefined ? span.from : span.from + bar.bar * width
  const until = bar.bar === undefined ? span.until : Math.min(span.until, from + width)
  const found = await ask<Behind>(`behind/${grouping.value}/${from}/${until}/${toAddress(bar.name)}`)
  if (!found || chosen.value !== bar) return
  behind.value = found
  const [first] = found.exchanges
  if (first) await explain(first.key)
}

export async function explain(key: string): Promise<void> {
  explained.value = await ask<StoredExplanation>(`exchange/${key}`)
}

function readHash(): void {
  const parts = new URLSearchParams(location.hash.replace(/^#/, ''))
  grouping.value = GROUPINGS.find((one) => one === parts.get('by')) ?? 'rule'
  const ago = Number(parts.get('ago'))
  const at = Date.parse(parts.get('since') ?? '')
  since.value = ago > 0 ? { kind: 'ago', seconds: ago } : at > 0 ? { kind: 'at', millis: at } : { kind: 'all' }
}

/** Undefined, and the page says why, where there is no answer. */
async function ask<T>(path: string): Promise<T | undefined> {
  const response = await fetch(`store/${path}`, { cache: 'no-store' }).catch(() => undefined)
  if (response?.ok) {
    problem.value = undefined
    return (await response.json()) as T
  }
  // a server that has ended is told by what watches it
  if (response?.status === 503) {
    const { message, hint } = (await response.json()) as { message: string; hint?: string }
    problem.value = new Refused(message, hint)
  } else if (response) problem.value = new Refused('The store gave no answer to that.')
  return undefined
}
