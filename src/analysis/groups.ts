/** Journeys of one class, explained once and counted. */

import { type JourneyTimes, timesOf } from '../journey/evidence.ts'
import { Command } from '../model/command.ts'
import { type Exchange, type ExchangeStatus, isFailed, STATUSES } from '../model/exchange.ts'
import type { Finding, Fix, Journey } from '../model/journey.ts'
import type { World } from '../model/world.ts'
import { type ClosedJourney, type JourneyClass, TUPLE_WORDS } from './closed-journey.ts'
import { type Elsewhere, seenAt } from './elsewhere.ts'
import { addExchange, type ExchangeCounts, isHeard } from './exchange-counts.ts'
import type { Exchanges } from './exchanges/exchanges.ts'
import type { Joined as JoinedJourneys, JoinedJourneys as JoinedList, Role, Told } from './exchanges/join/joined.ts'
import type { News } from './exchanges/news.ts'
import { shownThrough } from './exchanges/shown-through.ts'
import { withoutOtherSide } from './exchanges/status/other-side.ts'
import { goesAsItsClass } from './exchanges/status/status.ts'
import type { Seen } from './exchanges/status/verdict.ts'
import { seenBy, statusOf, tellExchange } from './exchanges/told.ts'
import type { Joined } from './hosts.ts'
import { weightOf } from './order.ts'
import { compareTuples } from './same-values.ts'

/** Packets of one class: explained once, with their number. `F`: fixes as data, or as printed. */
export interface Group<F = Fix> {
  /** The first of them. */
  journey: Journey<F>
  /** The rules that were in force then. */
  world?: World
  count: number
  /** Which values all of them share. */
  same: { src: boolean; dst: boolean; sport: boolean; dport: boolean }
  /** How many of them, besides the first, are retransmissions. */
  sentAgain?: number
  /** When the last of them began, as far as the capture tells. */
  readonly last?: Pick<Journey, 'time' | 'uptime'>
  /** What came of the exchanges that its packets began. Absent: they belong to none, or that is not known yet. */
  exchanges?: ExchangeCounts<F>
  /** All of them came in exchanges whose first packets are told of: replies, and what the sender sent after its first. */
  followsOnly?: true
  /** The first of the exchanges that they came in, where all of these came to nothing. */
  failedIn?: { id: string; status: ExchangeStatus }
  /** Its lines end too early: the number of a later packet of its exchange, which shows that it got through. Replies only. */
  shownBy?: string
  /** On which other machines these packets were seen: the first journey there of each class, and how many had that. */
  elsewhere?: Elsewhere[]
}

/** One packet that is told by itself. */
export const single = (journey: Journey): Group => ({
  journey,
  count: 1,
  same: { src: true, dst: true, sport: true, dport: true },
})

export interface Folded {
  group: Group
  /** The journey that made the group, or the first of it that begins an exchange. */
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

/** Of a group's packets those that came in exchanges which others began, and the first of these that failed, or that shows more. */
interface Following extends Pick<Group, 'failedIn' | 'shownBy'> {
  count: number
  failed: number
  through: number
}

/** Journeys of which it is known what they may be joined to. */
const MOST_JOINED = 2_000_000

export class Groups {
  private readonly kept = new Map<JourneyClass, Kept>()
  /** Of journeys that have no class, as there are too many: by the rules they met. */
  private readonly byRules = new Map<string, Kept>()
  /** Which group a journey is in, where they are joined. */
  private readonly ids?: Map<number, Group>
  /** Of classes, what stands in no group of theirs any more: exchanges that failed. */
  private readonly parted = new Map<JourneyClass, Group>()
  private readonly shows: (journey: Journey) => boolean
  private readonly tuple = new Int32Array(TUPLE_WORDS)
  /** Bytes of the journeys that are kept, roughly. */
  held = 0

  /** `shows`: by what a whole class shares (outcome, rules). */
  constructor(shows: (journey: Journey) => boolean, { joins = false } = {}) {
    if (joins) this.ids = new Map()
    this.shows = shows
  }

  /** Counts the journey; gives its group where that is shown. `follows`: an exchange that has begun goes on with it. */
  add(closed: ClosedJourney, follows = false): Folded | undefined {
    const of = closed.class
    // without a class it takes an explanation to tell where it belongs
    const explained = of ? undefined : closed.explain()
    const known = explained ? this.byRules.get(rulesOf(explained)) : this.kept.get(of!)
    if (known) {
      const { group, tuple, shown } = known
      group.count++
      if (closed.isRetransmission && !closed.isRound) group.sentAgain = (group.sentAgain ?? 0) + 1
      known.last = closed.times
      closed.tuple(this.tuple)
      compareTuples(group.same, tuple, this.tuple)
      this.note(closed.id, group)
      const first = !follows && group.followsOnly === true
      if (first) delete group.followsOnly
      return shown ? { group, first } : undefined
    }
    const journey = explained ?? closed.explain()
    this.held += weightOf(journey)
    const tuple = new Int32Array(TUPLE_WORDS)
    closed.tuple(tuple)
    const shown = this.shows(journey)
    const kept: Kept = { group: groupOf(journey, closed.world, () => kept.last), tuple, shown, last: closed.times }
    if (follows) kept.group.followsOnly = true
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
      seenAt(one, to.host, other)
      seenAt(other, from.host, one)
    }
  }

  /** Counts what is known of an exchange by now. Its group, where that is shown. */
  amend({ exchange, joined, before }: News): Group | undefined {
    const group = this.groupOf(tellerOf(joined).told)
    if (!group) return undefined
    if (before !== undefined && group.exchanges) group.exchanges.counts[before]!--
    addExchange(group, exchange.status, () => exchange)
    const { worst } = group.exchanges!
    // others of its status may be left, which are not kept; in the end all are told anew
    if (worst.id === exchange.id && worst !== exchange) group.exchanges!.worst = exchange
    return group
  }

  /**
   * What came of all exchanges that are shown, and which groups are nothing but what followed in them. `parts`: where packets of one class
   * fared differently, those whose exchanges failed become a group of their own. Gives each shown exchange's place in STATUSES.
   */
  tellExchanges(exchanges: Exchanges, { parts = true } = {}): Uint8Array {
    for (const group of this.list) {
      delete group.exchanges
      delete group.followsOnly
      delete group.shownBy
      delete group.failedIn
    }
    const seen = seenBy(exchanges)
    const following = new Map<Group, Following>()
    const { list } = exchanges
    const statuses = new Uint8Array(list.size)
    // of most there is one packet, and what is told of it is told of all of its class
    const alike = new Map<Told, { status: ExchangeStatus; place: number; others: number }>()
    for (let number = 0; number < list.size; number++) {
      if (!list.isShown(number)) continue
      const only = list.onlyPart(number)
      const known = only && alike.get(only)
      if (known) {
        statuses[number] = known.place
        known.others++
        continue
      }
      const told = list.at(number)
      const status = statusOf(told, seen)
      const place = STATUSES.indexOf(status)
      statuses[number] = place
      if (only && goesAsItsClass(only, seen)) alike.set(only, { status, place, others: 0 })
      const group = this.groupOf(tellerOf(told).told)
      if (!group) continue
      for (const part of only ? [] : told.parts) {
        const of = this.groupOf(part.told)
        if (!of || of === group) continue
        const its = following.get(of) ?? { count: 0, failed: 0, through: 0 }
        following.set(of, its)
        its.count++
        if (isFailed(status)) {
          its.failed++
          its.failedIn ??= { id: String(tellerOf(told).id), status }
        }
        const by = status === 'answered' && part.role === 'replies' ? shownThrough(part, told.parts) : undefined
        if (by) {
          its.through++
          its.shownBy ??= String(by.id)
        }
      }
      addExchange(group, status, () => tellExchange(told, seen), isHeard(told, status))
    }
    for (const [told, { status, others }] of alike) {
      const { exchanges: counted } = this.groupOf(told) ?? {}
      if (counted) counted.counts[status]! += others
    }
    for (const [group, { count, failed, failedIn, through, shownBy }] of following) {
      if (count !== group.count || group.exchanges) continue
      group.followsOnly = true
      if (failedIn && failed === count) group.failedIn = failedIn
      if (shownBy !== undefined && through === count) group.shownBy = shownBy
    }
    if (parts) this.partFailed(exchanges, statuses)
    return statuses
  }

  /** The group that an exchange of this status is told with; undefined where it is not shown. */
  groupOfExchange(list: JoinedList, number: number, status: ExchangeStatus): Group | undefined {
    const told = list.onlyPart(number) ?? tellerOf(list.at(number)).told
    return (isFailed(status) && told.of && this.parted.get(told.of)) || this.groupOf(told)
  }

  private partFailed(exchanges: Exchanges, statuses: Uint8Array): void {
    const mixed = new Map<JourneyClass, [failed: Share, others: Share]>()
    for (const [of, { group, shown }] of this.kept)
      if (shown && isMixed(group)) mixed.set(of, [new Share(), new Share()])
    if (mixed.size === 0) return
    const seen = seenBy(exchanges)
    const { list } = exchanges
    for (let number = 0; number < list.size; number++) {
      if (!list.isShown(number)) continue
      const status = STATUSES[statuses[number]!]!
      const only = list.onlyPart(number)
      if (only) {
        // of most there is one packet: no object is made for each
        const shares = only.of && mixed.get(only.of)
        shares?.[isFailed(status) ? 0 : 1].addOnly(list, number, status, seen)
        continue
      }
      const joined = list.at(number)
      const { of } = tellerOf(joined).told
      const shares = of && mixed.get(of)
      shares?.[isFailed(status) ? 0 : 1].add(joined, status, () => tellExchange(joined, seen))
    }
    for (const [of, [failed, others]] of mixed) {
      const kept = this.kept.get(of)!
      const { group } = kept
      if (!failed.isOfRequests || !others.isOfRequests) continue
      others.packets = group.count - failed.packets
      others.sentAgain = (group.sentAgain ?? 0) - failed.sentAgain
      kept.group = others.of(group)
      this.parted.set(of, failed.of(group))
    }
  }

  private groupOf({ of }: Told): Group | undefined {
    const kept = of && this.kept.get(of)
    return kept?.shown ? kept.group : undefined
  }

  get list(): Group[] {
    const kept = [...this.kept.values(), ...this.byRules.values()]
    return [...kept.flatMap(({ group, shown }) => (shown ? [group] : [])), ...this.parted.values()]
  }
}

const groupOf = (journey: Journey, world: World, last: () => JourneyTimes): Group => ({
  ...{ journey, world },
  count: 1,
  sentAgain: 0,
  same: { src: true, dst: true, sport: true, dport: true },
  get last() {
    return timesOf(last())
  },
})

/** What began it. Where both backends were traced, each shows that: it is the side which knows how it ended. */
const tellerOf = ({ parts }: JoinedJourneys) => withoutOtherSide(parts)[0]!

const isMixed = ({ exchanges }: Group): boolean => {
  const statuses = Object.keys(exchanges?.counts ?? {}) as ExchangeStatus[]
  return statuses.some(isFailed) && !statuses.every(isFailed)
}

/** The same of one exchange by itself. */
export const ofOne = ({ journey }: Group, exchange: Exchange): Group => ({
  ...single(journey.id === exchange.id ? journey : journeyOf(journey, exchange)),
  exchanges: { counts: { [exchange.status]: 1 }, worst: exchange },
})

/** Some of the exchanges that packets of one class began. */
class Share {
  packets = 0
  sentAgain = 0
  /** Each began with the request. */
  isOfRequests = true
  /** The class's own journey is among them. */
  private isOwn = false
  private readonly same: Group['same'] = { src: true, dst: true, sport: true, dport: true }
  private tuple: Int32Array | undefined
  private readonly other = new Int32Array(TUPLE_WORDS)
  private readonly told: Pick<Group, 'exchanges'> = {}

  add(joined: JoinedJourneys, status: ExchangeStatus, tell: () => Exchange): void {
    const { parts, tuple } = joined
    const teller = tellerOf(joined)
    const { of } = teller.told
    for (const { told, role, own } of parts) if (told.of === of) this.addPacket(role, own)
    this.addFirst(teller.role, tuple)
    addExchange(this.told, status, tell, isHeard(joined, status))
  }

  /** The same of an exchange of one packet. */
  addOnly(list: JoinedList, number: number, status: ExchangeStatus, seen: Seen): void {
    const role = list.firstRole(number)
    this.addPacket(role, list.isFirstOwn(number))
    list.readTuple(number, this.other)
    this.addFirst(role, this.other)
    addExchange(this.told, status, () => tellExchange(list.at(number), seen), isHeard({ parts: [{ role }] }, status))
  }

  private addPacket(role: Role, own: boolean): void {
    this.packets++
    this.isOwn ||= own
    if (role === 'retransmissions') this.sentAgain++
  }

  /** `tuple` is valid during the call only. */
  private addFirst(role: Role, tuple: Int32Array): void {
    if (role !== 'request') this.isOfRequests = false
    this.tuple ??= tuple.slice()
    compareTuples(this.same, this.tuple, tuple)
  }

  of({ journey, world, elsewhere }: Group): Group {
    const { exchanges } = this.told
    return {
      journey: this.isOwn ? journey : journeyOf(journey, exchanges!.worst),
      count: this.packets,
      ...{ same: this.same, sentAgain: this.sentAgain, ...(world ? { world } : {}) },
      ...this.told,
      ...(elsewhere && this.isOwn ? { elsewhere } : {}),
    }
  }
}

/** Another one of its class, by its request. When it was is not kept, and what speaks of the first one's own values is not true of it. */
function journeyOf({ time: _, uptime: __, ...journey }: Journey, { id, asked }: Exchange): Journey {
  const { packet } = journey
  const others = new Map(
    (['src', 'dst', 'sport', 'dport'] as const)
      .filter((key) => asked[key] !== packet[key])
      .map((key) => [String(packet[key]), String(asked[key])]),
  )
  return { ...journey, id, packet: { ...packet, ...asked }, findings: journey.findings.flatMap(spokenOf(others)) }
}

/** `others`: values of the first one → its own. A command that only looks is told with its own. */
const spokenOf =
  (others: ReadonlyMap<string, string>) =>
  (finding: Finding): Finding[] => {
    const own = (text: string) => text.replace(WORD, (word) => others.get(word) ?? word)
    if (own(finding.message) !== finding.message) return []
    const fix = finding.fix.flatMap((one): Fix[] => {
      const words = one.look?.words
      if (words) return [{ ...one, look: Command.of(words.map(own)) }]
      const text = JSON.stringify(one)
      return own(text) === text ? [one] : []
    })
    return [{ ...finding, fix }]
  }

/** An address or a port. */
const WORD = /[\da-fA-F][\da-fA-F.:]*/g

const rulesOf = ({ host, outcome, steps }: Journey): string =>
  [host, outcome, ...steps.flatMap((one) => [one.table, one.chain, one.kind, one.ruleNumber ?? one.handle])].join(' ')
