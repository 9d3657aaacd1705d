/** The list's rows: groups, the worst first, and below those that are expanded their exchanges one by one. */
import type { Group } from '../../analysis/groups.ts'
import type { Listing } from '../../analysis/listing.ts'
import { isFailed } from '../../model/exchange.ts'
import { allPrintable, printable } from '../../model/printable.ts'
import { decidedOf } from '../../reports/decided-words.ts'
import { markOfGroup, replyWords, wordOf } from '../../reports/exchange-words.ts'
import { ruleName, timeWords } from '../../reports/journey-words.ts'
import { UNICODE as MARKS } from '../../reports/marks.ts'
import { addressWords, interfaceWords, kindWords } from '../../reports/packet-words.ts'
import { printedGroup } from '../../reports/printed-group.ts'
import type { Facet, FacetKind, Listed, Mark, Row, RowKey, TimeLine, Wanted } from '../protocol.ts'

const MARK_ORDER: readonly Mark[] = ['bad', 'unsure', 'look', 'good']
/** Parts of the time that the line shows. */
const BINS = 120

/** Journeys by their ids. */
export interface Narrowed {
  /** The first of each group that is shown. */
  firsts: ReadonlySet<string>
  /** Requests of exchanges that are shown, and of those that are not: packets of one class may have fared differently. */
  requests: ReadonlySet<string>
  otherRequests: ReadonlySet<string>
}

export class Rows {
  private readonly groups: readonly Group[]
  private readonly listing: Listing | undefined
  /** Numbers of groups that are shown. */
  private readonly shown: readonly number[]
  private readonly expanded = new Set<number>()

  /** `listing`: absent where packets were played. */
  constructor(groups: readonly Group[], listing: Listing | undefined, wanted: Partial<Omit<Wanted, 'filter'>> = {}) {
    this.groups = groups
    this.listing = listing
    const kinds = KINDS.filter((kind) => (wanted[kind]?.length ?? 0) > 0)
    this.shown = groups.flatMap((group, i) =>
      kinds.every((kind) => wanted[kind]!.includes(FACETS[kind](group) ?? '')) ? [i] : [],
    )
  }

  get size(): number {
    let size = this.shown.length
    for (const group of this.expanded) size += this.membersOf(group).length
    return size
  }

  /** Shows its exchanges, or no longer. Gives the new size. */
  expand(group: number): number {
    if (!this.expanded.delete(group) && this.membersOf(group).length > 0) this.expanded.add(group)
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
    const here = groups.filter((_, i) => shown.has(i))
    const others = groups.filter((_, i) => !shown.has(i))
    return {
      firsts: new Set(here.map(({ journey }) => journey.id)),
      requests: listing.requestsOf(here),
      otherRequests: listing.requestsOf(others),
    }
  }

  /** The first journeys of groups that are shown one by one. */
  get expandedIds(): readonly string[] {
    return Array.from(this.expanded, (group) => this.groups[group]!.journey.id)
  }

  /** Groups of these journeys. Gives the new size. */
  expandAgain(ids: readonly string[]): number {
    for (const group of this.shown)
      if (ids.includes(this.groups[group]!.journey.id) && !this.expanded.has(group)) this.expand(group)
    return this.size
  }

  private membersOf = (group: number): Int32Array => this.listing?.of(this.groups[group]!) ?? new Int32Array()

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

  /** As a report tells it: a group, or one exchange as a group of one. */
  groupOf({ group, exchange }: RowKey): Group | undefined {
    const of = this.groups[group]
    return of && exchange !== undefined && this.listing ? this.listing.single(of, exchange) : of
  }

  /** The way of what came back, or would. */
  replyOf({ group, exchange }: RowKey): ReturnType<Listing['replyOf']> {
    return this.listing?.replyOf(this.groups[group]!, exchange)
  }

  rowOf(key: RowKey): Row {
    const group = printedGroup(this.groupOf(key)!)
    const { journey, count } = group
    const decided = decidedOf(group)
    const reply = replyWords(group)
    const isOne = key.exchange !== undefined
    const time = timeWords(group, MARKS)
    return allPrintable({
      ...key,
      mark: markOfGroup(group),
      word: wordOf(group),
      protocol: journey.packet.protocol ?? journey.family,
      addresses: addressWords(group, MARKS),
      ...(decided ? { decided: decidedText(decided) } : {}),
      details: [
        ...kindWords(journey.packet, MARKS),
        ...interfaceWords(journey, MARKS),
        ...(reply === undefined ? [] : [reply]),
      ],
      ...(time === undefined ? {} : { time }),
      ...(journey.host === undefined ? {} : { machine: journey.host }),
      id: journey.id,
      count,
      exchanges: isOne ? 0 : this.membersOf(key.group).length,
      ...(this.expanded.has(key.group) && !isOne ? { isExpanded: true } : {}),
    })
  }

  /** The row that tells of this journey; its group is expanded where it is one of many. */
  find(id: string): number | undefined {
    let at = 0
    for (const group of this.shown) {
      if (this.groups[group]!.journey.id === id) return at
      const { listing } = this
      const place = listing ? this.membersOf(group).findIndex((number) => String(listing.id(number)) === id) : -1
      if (place >= 0) {
        this.expanded.add(group)
        return at + 1 + place
      }
      at += 1 + (this.expanded.has(group) ? this.membersOf(group).length : 0)
    }
    return undefined
  }

  get facets(): Listed['facets'] {
    return { words: this.facetsOf('words'), decided: this.facetsOf('decided'), machines: this.facetsOf('machines') }
  }

  private facetsOf(kind: FacetKind): Facet[] {
    const found = new Map<string, Facet>()
    for (const group of this.groups) {
      const name = FACETS[kind](group)
      if (name === undefined) continue
      const mark = markOfGroup(group)
      const before = found.get(name)
      if (before) {
        before.count += group.count
        if (MARK_ORDER.indexOf(mark) < MARK_ORDER.indexOf(before.mark)) before.mark = mark
      } else found.set(name, allPrintable({ name, mark, count: group.count }))
    }
    return [...found.values()].sort(
      (a, b) => MARK_ORDER.indexOf(a.mark) - MARK_ORDER.indexOf(b.mark) || b.count - a.count,
    )
  }

  times(): { times?: TimeLine } {
    const { listing } = this
    if (!listing) return {}
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    const all = this.shown.map((group) => ({ of: this.groups[group]!, members: this.membersOf(group) }))
    for (const { members } of all)
      for (const number of members) {
        const at = listing.beganAt(number)
        if (at < first) first = at
        if (at > last) last = at
      }
    if (!(last > first)) return {}
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

/** By what groups are told apart; undefined where a group has none of it. */
const FACETS: Readonly<Record<FacetKind, (group: Group) => string | undefined>> = {
  words: wordOf,
  decided: (group) => {
    const decided = decidedOf(group)
    return decided && printable(decidedText(decided))
  },
  machines: ({ journey: { host } }) => host && printable(host),
}
const KINDS = Object.keys(FACETS) as FacetKind[]

function decidedText(decided: NonNullable<ReturnType<typeof decidedOf>>): string {
  if ('ref' in decided) return `${decided.by} ${ruleName(decided.ref)}`
  return 'reason' in decided ? decided.reason : decided.where
}
