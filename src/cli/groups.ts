/** Journeys of the same fate, explained once and counted. */
import type { ClosedJourney } from '../explain/capture.ts'
import { Fates } from '../journey/fate.ts'
import type { Journey } from '../model/journey.ts'
import type { World } from '../model/world.ts'
import * as F from '../read/captures/header-fields.ts'

export interface Group {
  /** The first of them. */
  journey: Journey
  count: number
  /** What all of them have in common. */
  same: { src: boolean; dst: boolean; sport: boolean; dport: boolean }
  /** When the last of them began, as far as the capture tells. */
  last: Pick<Journey, 'time' | 'uptime'>
}

interface Kept {
  group: Group
  /** The first packet's columns, for telling what later ones have in common with it. */
  row: Int32Array
  shown: boolean
}

export class Groups {
  /** Of each machine and time whose rules they met. */
  private readonly fates = new Map<World, Fates<Kept>>()
  private readonly shows: (journey: Journey) => boolean

  /** `shows`: by what a whole fate shares (outcome, rules). */
  constructor(shows: (journey: Journey) => boolean) {
    this.shows = shows
  }

  /** Counts the journey; gives its group where it is a new one that is shown. */
  add(closed: ClosedJourney): Group | undefined {
    const { open, states, world } = closed
    let fates = this.fates.get(world)
    if (!fates) {
      fates = new Fates(world)
      this.fates.set(world, fates)
    }
    const known = fates.find(open, states, closed.followed, closed.repeats.length > 0)
    const base = open.states.at(0) * F.COLUMNS
    if (known) {
      const { group, row } = known.value
      group.count++
      compareRows(group.same, row, states.rows, base)
      return undefined
    }
    const journey = closed.explain()
    const group = { journey, count: 1, same: { src: true, dst: true, sport: true, dport: true }, last: journey }
    const shown = this.shows(journey)
    fates.add({ group, row: states.rows.slice(base, base + F.COLUMNS), shown })
    return shown ? group : undefined
  }

  get list(): Group[] {
    const all = [...this.fates.values()].flatMap(({ list }) => list)
    return all.filter(({ value }) => value.shown).map(({ value }) => value.group)
  }
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
