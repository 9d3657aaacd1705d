/** Exchanges of which packets still come: each is told once something is known of it, and again where that changes. */
import { type Exchange, type ExchangeStatus, isFailed } from '../../model/exchange.ts'
import type { Exchanges } from './exchanges.ts'
import type { Joined } from './join/joined.ts'
import { PATIENCE } from './status/unanswered.ts'
import type { Seen } from './status/verdict.ts'
import { seenBy, tellExchange } from './told.ts'

export interface News {
  /** Its number in the list. */
  number: number
  exchange: Exchange
  joined: Joined
  /** What was said of it before. */
  before?: ExchangeStatus
}

interface Known {
  id?: string
  status?: ExchangeStatus
  /** What was said. */
  said?: string
  amends: number
  /** Of how many journeys. */
  parts: number
}

/** A long connection that was answered is not looked at with each of its packets. */
const MOST_LOOKED_AT = 32

/** Milliseconds between two looks at those that wait, and how many are looked at each time. */
const AGAIN = 500
const MOST_AGAIN = 200

export class ExchangeNews {
  private readonly exchanges: Exchanges
  private readonly settling: number
  private readonly known = new Map<number, Known>()
  /** Those that have got a journey since the last look. */
  private readonly fresh = new Set<number>()
  /** Those of which silence will tell, and when: milliseconds by the clock of `look`, the earliest first. */
  private readonly waiting = new Map<number, number>()
  private again = 0
  /** Of each capture its latest event by its own clock, since when there is none that is later, and how far time went on. */
  private readonly latest: { clock: number; since: number; reached: number }[] = []

  /** `settling`: milliseconds from a packet until its journey is noted, at most. */
  constructor(exchanges: Exchanges, settling: number) {
    this.exchanges = exchanges
    this.settling = settling
  }

  /** The exchange has got another journey, which is shown. */
  note(number: number): void {
    this.fresh.add(number)
  }

  /** What is news by now; milliseconds by a clock that goes on while no packet comes. */
  *look(now: number): Generator<News> {
    const seen = this.seenAt(now)
    // what the kernel says comes late: for its neighbour's address a packet waits three seconds
    if (now >= this.again) {
      this.again = now + AGAIN
      let rest = MOST_AGAIN
      for (const number of this.waiting.keys()) {
        if (rest-- === 0) break
        if (!this.fresh.has(number)) yield* this.tell(number, seen, false)
      }
    }
    for (const number of this.fresh) {
      if (!this.waiting.has(number)) this.waiting.set(number, now + PATIENCE / 1000 + 2 * this.settling)
      if (this.isWorthALook(number)) yield* this.tell(number, seen, false)
    }
    this.fresh.clear()
    for (const [number, due] of this.waiting) {
      if (due > now) break
      this.waiting.delete(number)
      yield* this.tell(number, seen, true)
    }
  }

  /** Nothing more comes: what was not told yet, and what has grown since. */
  *end(): Generator<News> {
    const { list } = this.exchanges
    const seen = this.seenAt(undefined)
    for (const number of list.order) if (list.isShown(number)) yield* this.tell(number, seen, true, true)
  }

  /** Has any of them come to nothing, as was said last? */
  get hasFailed(): boolean {
    for (const { status } of this.known.values()) if (status !== undefined && isFailed(status)) return true
    return false
  }

  private isWorthALook(number: number): boolean {
    const known = this.known.get(number)
    return known?.status !== 'answered' || known.parts < MOST_LOOKED_AT
  }

  /** `late`: also where nothing is known of it; `whole`: also where only its list of journeys has grown. */
  private *tell(number: number, seen: Seen, late: boolean, whole = false): Generator<News> {
    // it was an error about another one
    if (this.exchanges.list.isHidden(number)) return
    const joined = this.exchanges.list.at(number)
    const exchange = tellExchange(joined, seen)
    const { status, findings, basis } = exchange
    const known = this.known.get(number) ?? { amends: 0, parts: 0 }
    const isOpen = status === 'undetermined' || status === 'queued'
    if (isOpen && !late && known.said === undefined) return
    const said = `${status} ${basis} ${findings.map(({ code, message }) => `${code} ${message}`).join(' ')}`
    const hasGrown = whole && known.parts < joined.parts.length
    if (said === known.said && !hasGrown) return
    const before = known.status
    // whoever reads it knows it by the id that it had
    if (known.id !== undefined) exchange.id = known.id
    if (before !== undefined) exchange.amends = ++known.amends
    this.known.set(number, Object.assign(known, { id: exchange.id, status, said, parts: joined.parts.length }))
    yield { number, exchange, joined, ...(before === undefined ? {} : { before }) }
  }

  /** Time goes on for captures too, where nothing comes; journeys that are under way are noted later. */
  private seenAt(now: number | undefined): Seen {
    const seen = seenBy(this.exchanges)
    const lastClocks = seen.lastClocks.map((clock, capture) => {
      const latest = this.latest[capture] ?? { clock, since: now ?? 0, reached: clock }
      this.latest[capture] = latest
      if (now === undefined) return Math.max(clock, latest.reached)
      if (clock > latest.clock) Object.assign(latest, { clock, since: now })
      latest.reached = Math.max(latest.reached, latest.clock + 1000 * (now - latest.since - this.settling))
      return latest.reached
    })
    return { ...seen, lastClocks, live: true }
  }
}
