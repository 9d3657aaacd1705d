/** Journeys of one class, explained once and counted. */

import { type JourneyTimes, timesOf } from '../journey/evidence.ts'
import type { Fix, Journey } from '../model/journey.ts'
import { type ClosedJourney, type JourneyClass, TUPLE_WORDS } from './closed-journey.ts'
import type { Joined } from './hosts.ts'
import { weightOf } from './order.ts'

/** Packets of one class: explained once, with their number. `F`: fixes as data, or as printed. */
export interface Group<F = Fix> {
  /** The first of them. */
  journey: Journey<F>
  count: number
  /** Which values all of them share. */
  same: { src: boolean; dst: boolean; sport: boolean; dport: boolean }
  /** How many of them, besides the first, are retransmissions. */
  sentAgain?: number
  /** When the last of them began, as far as the capture tells. */
  readonly last?: Pick<Journey, 'time' | 'uptime'>
  /** On which other machines these packets were seen: the first journey there of each class, and how many had that. */
  elsewhere?: { host: string; journey: Journey; count: number }[]
}

/** One packet that is told by itself. */
export const single = (journey: Journey): Group => ({
  journey,
  count: 1,
  same: { src: true, dst: true, sport: true, dport: true },
})

export interface Folded {
  group: Group
  /** The journey that made the group. */
  first: boolean
}

interface Kept {
  group: Group
  /** The first packet's, for telling what later ones have in common with it. */
  tuple: Int32Array
  shown: boolean
  /** Of the last of them; it becomes text only where it is shown. */
  last: JourneyTimes
}

/** Journeys of which it is known what they may be joined to. */
const MOST_JOINED = 2_000_000

export class Groups {
  private readonly kept = new Map<JourneyClass, Kept>()
  /** Of journeys that have no class, as there are too many: by the rules they met. */
  private readonly byRules = new Map<string, Kept>()
  /** Which group a journey is in, where they are joined. */
  private readonly ids?: Map<number, Group>
  private readonly shows: (journey: Journey) => boolean
  private readonly tuple = new Int32Array(TUPLE_WORDS)
  /** Bytes of the journeys that are kept, roughly. */
  held = 0

  /** `shows`: by what a whole class shares (outcome, rules). */
  constructor(shows: (journey: Journey) => boolean, { joins = false } = {}) {
    if (joins) this.ids = new Map()
    this.shows = shows
  }

  /** Counts the journey; gives its group where that is shown. */
  add(closed: ClosedJourney): Folded | undefined {
    const of = closed.class
    // without a class it takes an explanation to tell where it belongs
    const explained = of ? undefined : closed.explain()
    const known = explained ? this.byRules.get(rulesOf(explained)) : this.kept.get(of!)
    if (known) {
      const { group, tuple, shown } = known
      group.count++
      if (closed.isRetransmission) group.sentAgain = (group.sentAgain ?? 0) + 1
      known.last = closed.times
      closed.tuple(this.tuple)
      compareTuples(group.same, tuple, this.tuple)
      this.note(closed.id, group)
      return shown ? { group, first: false } : undefined
    }
    const journey = explained ?? closed.explain()
    this.held += weightOf(journey)
    const tuple = new Int32Array(TUPLE_WORDS)
    closed.tuple(tuple)
    const shown = this.shows(journey)
    const kept: Kept = { group: groupOf(journey, () => kept.last), tuple, shown, last: closed.times }
    this.note(closed.id, kept.group)
    if (of) this.kept.set(of, kept)
    else this.byRules.set(rulesOf(journey), kept)
    return shown ? { group: kept.group, first: true } : undefined
  }

  private note(id: number, group: Group): void {
    if (this.ids && this.ids.size < MOST_JOINED) this.ids.set(id, group)
  }

  /** Notes of both that the other is the same packet. */
  join(joined: readonly Joined[]): void {
    for (const { from, to } of joined) {
      const [one, other] = [this.ids?.get(Number(from.journey)), this.ids?.get(Number(to.journey))]
      if (!one || !other) continue
      seenAt(one, to.host, other.journey)
      seenAt(other, from.host, one.journey)
    }
  }

  get list(): Group[] {
    return [...this.kept.values(), ...this.byRules.values()].flatMap(({ group, shown }) => (shown ? [group] : []))
  }
}

const groupOf = (journey: Journey, last: () => JourneyTimes): Group => ({
  journey,
  count: 1,
  sentAgain: 0,
  same: { src: true, dst: true, sport: true, dport: true },
  get last() {
    return timesOf(last())
  },
})

const rulesOf = ({ host, outcome, steps }: Journey): string =>
  [host, outcome, ...steps.flatMap((one) => [one.table, one.chain, one.kind, one.ruleNumber ?? one.handle])].join(' ')

function seenAt(group: Group, host: string, journey: Journey): void {
  group.elsewhere ??= []
  const known = group.elsewhere.find((one) => one.journey === journey)
  if (known) known.count++
  else group.elsewhere.push({ host, journey, count: 1 })
}

function compareTuples(same: Group['same'], one: Int32Array, other: Int32Array): void {
  if (same.src) same.src = equal(one, other, 0, 4)
  if (same.dst) same.dst = equal(one, other, 4, 8)
  if (same.sport) same.sport = one[8] === other[8]
  if (same.dport) same.dport = one[9] === other[9]
}

function equal(one: Int32Array, other: Int32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (one[i] !== other[i]) return false
  return true
}
