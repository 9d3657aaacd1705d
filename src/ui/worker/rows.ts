/** The list's rows: groups, the worst first, and below those that are expanded their exchanges one by one. */
import type { Group } from '../../analysis/groups.ts'
import type { Listing } from '../../analysis/listing.ts'
import { isFailed } from '../../model/exchange.ts'
import { markOfGroup } from '../../reports/exchange-words.ts'
import { FACET_KINDS, FACET_OF } from '../facets.ts'
import type { Facet, FacetKind, Listed, Mark, Row, RowKey, TimeLine, Wanted } from '../protocol.ts'
import { narrowingOf, tellRow } from './row.ts'

const MARK_ORDER: readonly Mark[] = ['bad', 'unsure', 'look', 'good']
/** Parts of the time that the line shows. */
const BINS = 120
/** Microseconds since 1970: the year 2001. No host has been up for so long. */
const EARLIEST_DATE = 1e15

/** Journeys by their ids. */
export interface Narrowed {
  /** The first of each group that is shown. */
  firsts: ReadonlySet<string>
  /** Requests of exchanges that are shown, and of those that are not: packets of one class may have fared differently. */
  requests: ReadonlySet<string>
  otherRequests: ReadonlySet<string>
}

/** `exchange`: its number in the listing. */
interface Place {
  group: Group
  exchange?: number
}

export class Rows {
  private readonly groups: readonly Group[]
  private readonly listing: Listing | undefined
  private readonly idOf: (journey: string | number) => string
  private readonly shown: readonly Group[]
  private readonly expanded = new Set<Group>()

  /** `listing`: absent where nothing is listed. `idOf`: a journey's number → what a page knows it by. */
  constructor(
    listing: Listing | undefined,
    wanted: Partial<Omit<Wanted, 'filter'>> = {},
    idOf: (journey: string | number) => string = String,
  ) {
    this.listing = listing
    this.groups = listing?.groups ?? []
    this.idOf = idOf
    const kinds = FACET_KINDS.filter((kind) => (wanted[kind]?.length ?? 0) > 0)
    this.shown = this.groups.filter((group) => {
      const row = kinds.length > 0 && narrowingOf(group)
      return !row || kinds.every((kind) => wanted[kind]!.includes(FACET_OF[kind](row) ?? ''))
    })
  }

  get size(): number {
    let size = this.shown.length
    for (const group of this.expanded) size += this.membersOf(group).length
    return size
  }

  /** Shows a group's exchanges, or no longer. Gives the new size. */
  expand({ id }: RowKey): number {
    const group = this.shown.find(({ journey }) => this.idOf(journey.id) === id)
    if (group && !this.expanded.delete(group) && this.membersOf(group).length > 0) this.expanded.add(group)
    return this.size
  }

  get isNarrowed(): boolean {
    return this.shown.length < this.groups.length
  }

  /** What of the journeys is shown; undefined: all of them. */
  get narrowed(): Narrowed | undefined {
    const { groups, listing } = this
    if (!this.isNarrowed || !listing) return undefined
    const shown = new Set(this.shown)
    return {
      firsts: new Set(this.shown.map(({ journey }) => journey.id)),
      requests: listing.requestsOf(this.shown),
      otherRequests: listing.requestsOf(groups.filter((group) => !shown.has(group))),
    }
  }

  /** Of groups that are shown one by one. */
  get expandedIds(): string[] {
    return Array.from(this.expanded, ({ journey }) => this.idOf(journey.id))
  }

  /** Those of these ids, as they were before the rows were listed anew. */
  expandAgain(ids: readonly string[]): void {
    for (const group of this.shown)
      if (ids.includes(this.idOf(group.journey.id)) && this.membersOf(group).length > 0) this.expanded.add(group)
  }

  private membersOf = (group: Group): Int32Array => this.listing?.of(group) ?? new Int32Array()

  between(from: number, to: number): Row[] {
    const rows: Row[] = []
    let at = 0
    for (const group of this.shown) {
      if (at >= to) break
      if (at >= from) rows.push(this.rowOf({ group }))
      at++
      if (!this.expanded.has(group)) continue
      const members = this.membersOf(group)
      const first = Math.max(0, from - at)
      const last = Math.min(members.length, to - at)
      for (let i = first; i < last; i++) rows.push(this.rowOf({ group, exchange: members[i]! }))
      at += members.length
    }
    return rows
  }

  private rowOf({ group, exchange }: Place): Row {
    const { listing } = this
    if (exchange !== undefined && listing)
      return tellRow(listing.single(group, exchange), { id: this.idOf(listing.id(exchange)), isOne: true })
    return tellRow(group, {
      id: this.idOf(group.journey.id),
      exchanges: this.membersOf(group).length,
      ...(this.expanded.has(group) ? { isExpanded: true } : {}),
    })
  }

  /** The row that tells of this journey, where there is one; its group is expanded where it is one of many. */
  find(key: RowKey): ({ at: number; row: Row } & ReturnType<Rows['told']>) | undefined {
    const place = this.placeOf(key)
    if (!place) return undefined
    const { group, exchange } = place
    if (exchange !== undefined) this.expanded.add(group)
    let at = exchange === undefined ? 0 : 1 + this.membersOf(group).indexOf(exchange)
    for (const one of this.shown) {
      if (one === group) break
      at += 1 + (this.expanded.has(one) ? this.membersOf(one).length : 0)
    }
    return { at, row: this.rowOf(place), ...this.told(place) }
  }

  /** A group by its first journey, or else the exchange that began with it. */
  private placeOf({ id, isOne }: RowKey): Place | undefined {
    const group = isOne ? undefined : this.shown.find(({ journey }) => this.idOf(journey.id) === id)
    if (group) return { group }
    const { listing } = this
    for (const one of listing ? this.shown : []) {
      const exchange = this.membersOf(one).find((number) => this.idOf(listing!.id(number)) === id)
      if (exchange !== undefined) return { group: one, exchange }
    }
    return undefined
  }

  /** As a report tells it: a group, or one exchange as a group of one; and the way of what came back, or would. */
  private told({ group, exchange }: Place): { group: Group; reply: ReturnType<Listing['replyOf']> } {
    const listing = this.listing!
    return {
      group: exchange === undefined ? group : listing.single(group, exchange),
      reply: listing.replyOf(group, exchange),
    }
  }

  get facets(): Listed['facets'] {
    const rows = this.groups.map((group) => ({ ...narrowingOf(group), mark: markOfGroup(group), count: group.count }))
    const of = (kind: FacetKind): Facet[] => {
      const found = new Map<string, Facet>()
      for (const row of rows) {
        const name = FACET_OF[kind](row)
        if (name === undefined) continue
        const { mark, count } = row
        const before = found.get(name)
        if (before) {
          before.count += count
          if (MARK_ORDER.indexOf(mark) < MARK_ORDER.indexOf(before.mark)) before.mark = mark
        } else found.set(name, { name, mark, count })
      }
      return [...found.values()].sort(
        (a, b) => MARK_ORDER.indexOf(a.mark) - MARK_ORDER.indexOf(b.mark) || b.count - a.count,
      )
    }
    return { words: of('words'), decided: of('decided'), machines: of('machines') }
  }

  times(): { times?: TimeLine } {
    const { listing } = this
    if (!listing) return {}
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    const all = this.shown.map((of) => ({ of, members: this.membersOf(of) }))
    for (const { members } of all)
      for (const number of members) {
        const at = listing.beganAt(number)
        if (at < first) first = at
        if (at > last) last = at
      }
    // one capture tells dates, another one seconds since boot
    if (!(last > first) || (first < EARLIEST_DATE && last >= EARLIEST_DATE)) return {}
    const empty = () => new Array<number>(BINS).fill(0)
    const bins: TimeLine['bins'] = { bad: empty(), unsure: empty(), look: empty(), good: empty() }
    for (const { of, members } of all) {
      const mark = markOfGroup(of)
      for (const number of members) {
        const part = Math.floor(((listing.beganAt(number) - first) / (last - first)) * (BINS - 1))
        if (part >= 0) bins[isFailed(listing.status(number)) ? 'bad' : mark][part]!++
      }
    }
    return { times: { first, last, bins } }
  }
}
