/** Journeys of the same fate, explained once and counted. */

import { timesOf } from '../journey/evidence.ts'
import { Fates } from '../journey/fate.ts'
import type { OpenJourney } from '../journey/open.ts'
import type { Journey } from '../model/journey.ts'
import type { World } from '../model/world.ts'
import * as F from '../read/captures/header-fields.ts'
import type { ClosedJourney } from './capture.ts'
import type { Joined } from './hosts.ts'
import { weightOf } from './order.ts'

export interface Group {
  /** The first of them. */
  journey: Journey
  count: number
  /** What all of them have in common. */
  same: { src: boolean; dst: boolean; sport: boolean; dport: boolean }
  /** How many of them, besides the first, were sent before. */
  sentAgain: number
  /** When the last of them began, as far as the capture tells. */
  readonly last: Pick<Journey, 'time' | 'uptime'>
  /** On other machines, once that is known. */
  elsewhere?: { host: string; journey: Journey; count: number }[]
}

export interface Folded {
  group: Group
  /** The journey that made the group. */
  first: boolean
}

interface Kept {
  group: Group
  /** The first packet's columns, for telling what later ones have in common with it. */
  row: Int32Array
  shown: boolean
  /** When the last of them was; it becomes text only where it is shown. */
  last: Pick<OpenJourney, 'firstStamp' | 'firstClock' | 'lastStamp' | 'lastClock'>
}

/** Journeys of which it is known what they may be joined to. */
const MOST_JOINED = 2_000_000

export class Groups {
  /** Of each machine and time whose rules they met. */
  private readonly fates = new Map<World, Fates<Kept>>()
  /** Which group a journey is in, where they are joined. */
  private readonly ids?: Map<number, Group>
  private readonly shows: (journey: Journey) => boolean
  /** Bytes of the journeys that are kept, roughly. */
  held = 0

  /** `shows`: by what a whole fate shares (outcome, rules). */
  constructor(shows: (journey: Journey) => boolean, { joins = false } = {}) {
    if (joins) this.ids = new Map()
    this.shows = shows
  }

  /** Counts the journey; gives its group where that is shown. */
  add(closed: ClosedJourney): Folded | undefined {
    const { open, states, world } = closed
    let fates = this.fates.get(world)
    if (!fates) {
      fates = new Fates(world)
      this.fates.set(world, fates)
    }
    // a packet that is sent again has mostly the fate that it had before, and need not be told twice
    const known = fates.find(open, states, closed.followed, false, closed.told)
    const base = open.states.at(0) * F.COLUMNS
    if (known) {
      const { group, row, shown, last } = known.value
      group.count++
      if (closed.repeats.length > 0) group.sentAgain++
      noteTimes(last, open)
      compareRows(group.same, row, states.rows, base)
      this.note(open.id, group)
      return shown ? { group, first: false } : undefined
    }
    const journey = closed.explain()
    this.held += weightOf(journey)
    const { firstStamp, firstClock, lastStamp, lastClock } = open
    const last = { firstStamp, firstClock, lastStamp, lastClock }
    const group: Group = {
      journey,
      count: 1,
      sentAgain: 0,
      same: { src: true, dst: true, sport: true, dport: true },
      get last() {
        return timesOf(last)
      },
    }
    this.note(open.id, group)
    const shown = this.shows(journey)
    fates.add({ group, row: states.rows.slice(base, base + F.COLUMNS), shown, last })
    return shown ? { group, first: true } : undefined
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
    const all = [...this.fates.values()].flatMap(({ list }) => list)
    return all.filter(({ value }) => value.shown).map(({ value }) => value.group)
  }
}

/** The journey itself is used again for others. */
function noteTimes(last: Kept['last'], { firstStamp, firstClock, lastStamp, lastClock }: OpenJourney): void {
  last.firstStamp = firstStamp
  last.firstClock = firstClock
  last.lastStamp = lastStamp
  last.lastClock = lastClock
}

function seenAt(group: Group, host: string, journey: Journey): void {
  group.elsewhere ??= []
  const known = group.elsewhere.find((one) => one.journey === journey)
  if (known) known.count++
  else group.elsewhere.push({ host, journey, count: 1 })
}

function compareRows(same: Group['same'], row: Int32Array, rows: Int32Array, base: number): void {
  if (same.src) same.src = addressEqual(row, rows, base, F.SRC)
  if (same.dst) same.dst = addressEqual(row, rows, base, F.DST)
  if (same.sport) same.sport = row[F.SPT] === rows[base + F.SPT]
  if (same.dport) same.dport = row[F.DPT] === rows[base + F.DPT]
}

function addressEqual(row: Int32Array, rows: Int32Array, base: number, column: number): boolean {
  for (let i = 0; i < 4; i++) if (row[column + i] !== rows[base + column + i]) return false
  return true
}
