/** All that the live view knows: what came, and what the person at the keys has chosen. Never changed, only replaced. */

import type { Ending } from '../../analysis/ending.ts'
import type { FilterError } from '../../filter/error.ts'
import type { Condition } from '../../model/condition.ts'
import type { Journey, Outcome } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Deciding } from '../../reports/deciding-rule.ts'
import type { FormOptions, Group } from '../../reports/form.ts'
import type { markOf } from '../../reports/journey-words.ts'

export type Mark = ReturnType<typeof markOf>

/** Packets of one fate, as they were when they were last looked at. */
export interface GroupItem {
  kind: 'group'
  /** What stays the same while the group grows: its first journey. */
  key: Journey
  group: Group
}

/** Something that is not a packet: rules were read again, events were lost. */
export interface NoticeItem {
  kind: 'notice'
  key: object
  text: string
  /** What it is worth knowing besides, a line each. */
  more: readonly string[]
}

export type Item = GroupItem | NoticeItem

/** One packet of a group, for filters: others of its group may have other addresses. */
export interface Arrival {
  /** Whose group it is in. */
  journey: Journey
  packet: Packet
}

/** What the list is made of. */
export interface Kept {
  /** The newest last. */
  items: readonly Item[]
  /** The last packets, the newest last. */
  packets: readonly Arrival[]
}

export interface RuleCount {
  deciding: Deciding
  mark: Mark
  outcome: Outcome
  count: number
}

export interface Counts {
  packets: number
  /** `look`: how many of them passed with something to look at. */
  outcomes: ReadonlyMap<Outcome, { count: number; look: number }>
  rules: ReadonlyMap<string, RuleCount>
  /** Packets of rules that found no place above. */
  otherRules: number
  /** Groups that had to go, as there were too many. */
  gone: number
}

export type LiveStats = Partial<Pick<Ending['stats'], 'journeys' | 'skipped' | 'lost' | 'evicted' | 'overload'>>

/** A text over the whole screen. */
export interface OpenPage {
  kind: 'item' | 'help' | 'rules'
  /** Of `item`. */
  item?: Item
  /** The first line that is shown. */
  top: number
}

export interface Editing {
  text: string
  /** In characters. */
  cursor: number
  error?: FilterError
}

export interface LiveState {
  readonly columns: number
  readonly rows: number
  readonly look: Pick<FormOptions, 'colour' | 'unicode' | 'quiet'> & { hosts: boolean }
  /** What is traced, where, and how. */
  readonly title: string
  /** Milliseconds since 1970, as `deadline`, when the trace ends by itself. */
  readonly now: number
  readonly deadline?: number
  readonly status: string
  readonly stats: LiveStats
  readonly counts: Counts
  readonly kept: Kept
  /** Notices about the input that were told. */
  readonly told: ReadonlySet<string>
  /** The list as it was when it was paused, and how many packets had come. */
  readonly paused?: { kept: Kept; packets: number }
  readonly filter?: { text: string; condition: Condition }
  readonly editing?: Editing
  readonly problemsOnly: boolean
  /** Absent: the last, whatever comes. */
  readonly selected?: object
  /** The first item that is shown, where an item is selected. */
  readonly top?: object
  readonly page?: OpenPage
  /** The person wants to end it. */
  readonly stopping: boolean
}

export interface Beginning {
  title: string
  columns: number
  rows: number
  now: number
  deadline?: number
  look: { colour: boolean; unicode: boolean; hosts?: boolean; quiet?: boolean }
}

export function begin({ look, ...rest }: Beginning): LiveState {
  return {
    ...rest,
    look: { hosts: false, ...look },
    status: '',
    stats: {},
    counts: { packets: 0, outcomes: new Map(), rules: new Map(), otherRules: 0, gone: 0 },
    kept: { items: [], packets: [] },
    told: new Set(),
    problemsOnly: false,
    stopping: false,
  }
}

export const resize = (state: LiveState, columns: number, rows: number): LiveState => ({
  ...state,
  columns: Math.max(1, columns),
  rows: Math.max(1, rows),
})

export const tick = (state: LiveState, now: number): LiveState => ({ ...state, now })
/** What is known only when the trace has begun. */
export const about = (state: LiveState, facts: { title?: string; deadline?: number }): LiveState => ({
  ...state,
  ...facts,
})

/** What goes on at the moment: `setting up`, `tracing`. */
export const status = (state: LiveState, text: string): LiveState => ({ ...state, status: text })
export const count = (state: LiveState, stats: LiveStats): LiveState => ({ ...state, stats })

/** Without one of what a person chose. */
export function without<K extends 'paused' | 'filter' | 'editing' | 'selected' | 'top' | 'page'>(
  state: LiveState,
  ...keys: K[]
): LiveState {
  const rest = { ...state }
  for (const key of keys) delete rest[key]
  return rest
}
