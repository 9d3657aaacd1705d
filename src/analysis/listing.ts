/** All that captures tell, to be looked at: what came of packets in groups, the worst first, and their exchanges one by one. */
import { type Exchange, type ExchangeStatus, STATUSES } from '../model/exchange.ts'
import type { Journey } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import type { Ending } from './ending.ts'
import type { Exchanges } from './exchanges/exchanges.ts'
import { isAsking } from './exchanges/join/joined.ts'
import type { Seen } from './exchanges/status/verdict.ts'
import { askedOf, seenBy, tellExchange } from './exchanges/told.ts'
import { type Group, type Groups, ofOne } from './groups.ts'
import { worstFirst } from './worst-first.ts'

/** An exchange is a number, from 0; there may be as many as packets, so all of them stand in columns. */
export class Listing {
  /** The worst first. */
  readonly groups: Group[]
  readonly ending: Ending
  private readonly exchanges: Exchanges
  private readonly statuses: Uint8Array
  private readonly seen: Seen
  private readonly told: Groups
  private members: Map<Group, Int32Array> | undefined

  constructor(groups: Groups, exchanges: Exchanges, ending: Ending) {
    this.exchanges = exchanges
    this.ending = ending
    this.statuses = groups.tellExchanges(exchanges)
    this.seen = seenBy(exchanges)
    this.groups = worstFirst(groups.list)
    this.told = groups
  }

  /** Exchanges that are told with this group, as they began. */
  of(group: Group): Int32Array {
    this.members ??= this.sorted()
    return this.members.get(group) ?? new Int32Array()
  }

  private sorted(): Map<Group, Int32Array> {
    const { list } = this.exchanges
    const found = new Map<Group, number[]>()
    for (const number of list.order) {
      if (!list.isShown(number)) continue
      const group = this.told.groupOfExchange(list, number, this.status(number))
      if (!group) continue
      const known = found.get(group)
      if (known) known.push(number)
      else found.set(group, [number])
    }
    return new Map(Array.from(found, ([group, numbers]) => [group, Int32Array.from(numbers)]))
  }

  /** How many exchanges there are, whether they are shown or not. */
  get size(): number {
    return this.exchanges.list.size
  }

  status(number: number): ExchangeStatus {
    return STATUSES[this.statuses[number]!]!
  }

  /** The id of its first journey. */
  id(number: number): number {
    return this.exchanges.list.beganWith(number)
  }

  /** Microseconds, by its capture's clock; NaN where that has no time. */
  beganAt(number: number): number {
    return this.exchanges.list.beganAt(number)
  }

  /** As whoever asks sends it. */
  asked(number: number): Packet {
    return askedOf(this.exchanges.list.at(number))
  }

  exchange(number: number): Exchange {
    return tellExchange(this.exchanges.list.at(number), this.seen)
  }

  /**
   * The way of the reply of one exchange, or of the group's worst: as it was captured, or else as the model plays it.
   * Captured ones of a class are told by the first of them.
   */
  replyOf(group: Group, exchange?: number): { journey: Journey; played: boolean } | undefined {
    const worst = group.exchanges?.worst.id
    const number = exchange ?? this.of(group).find((one) => String(this.id(one)) === worst)
    if (number === undefined) return undefined
    const { parts } = this.exchanges.list.at(number)
    // a reply whose request was not captured is no reply to itself
    if (!parts.some(isAsking)) return undefined
    const captured = parts.findLast(({ role }) => role === 'replies')
    if (captured) return { journey: captured.told.journey, played: false }
    const played = parts.find(({ role }) => role === 'request')?.told.reply
    return played && { journey: played.journey, played: true }
  }

  /** Ids of the requests of these groups' exchanges, with those that were sent again. */
  requestsOf(groups: readonly Group[]): Set<string> {
    const ids = new Set<string>()
    for (const group of groups)
      for (const number of this.of(group)) {
        const { journeys } = this.exchange(number)
        for (const id of [...journeys.request, ...journeys.retransmissions]) ids.add(id)
      }
    return ids
  }

  /** One of the group's exchanges as a group by itself. */
  single(group: Group, number: number): Group {
    return ofOne(group, this.exchange(number))
  }
}
