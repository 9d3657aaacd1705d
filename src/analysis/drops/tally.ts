/**
 * Drops as they are counted while a machine is watched: unique by tuple and reason, and what is of one kind together. Kinds
 * and tuples are bounded; what there is no room for is counted with others, so that sums stay right.
 */
import { functionOf, meaningOf } from '../../explain/kernel-drops/meaning.ts'
import type { Meaning } from '../../explain/kernel-drops/stages.ts'
import { nameRef } from '../../explain/refs.ts'
import type { Drop } from '../../model/host.ts'
import { isNameless, type Packet } from '../../model/packet.ts'
import { Minutes } from './minutes.ts'
import type { DroppingRule } from './play.ts'

/** What is known of the rule: found by the model, or why it is not. Of drops that are not netfilter's there is none. */
export type KindRule = DroppingRule | { known: false; why: 'not-played' | 'not-read' }

export interface DropKind {
  /** From 1, in the order in which kinds came. */
  id: number
  /** The kernel's word. */
  reason: string
  /** The kernel's function. */
  place: string | undefined
  family: 'ip' | 'ip6' | undefined
  protocol: string | undefined
  in: string | undefined
  out: string | undefined
  rule: KindRule | undefined
  /** What the reason means; undefined: a copy of a packet was dropped, or what the kernel drops of every packet of its kind. */
  meaning: Meaning | undefined
  /** Nothing is lost with it. */
  isHarmless: boolean
  count: number
  /** Milliseconds since 1970. */
  first: number
  last: number
  minutes: Minutes
  /** Tuples that were told apart; `manyTuples`: there are more. */
  tuples: number
  manyTuples: boolean
  /** The first drop. Absent: it was counted without its packet. */
  example?: Drop
}

export interface DropTuple {
  kind: DropKind
  packet: Packet
  count: number
  /** Milliseconds since 1970. */
  last: number
  minutes: Minutes
  /** By which rules its own was looked for: whoever reads them anew looks again. */
  by: object | undefined
}

export interface TallyLimits {
  kinds: number
  tuples: number
}

const LIMITS: TallyLimits = { kinds: 500, tuples: 20_000 }

/** What else tells kinds apart than the reason, where there is no room for more. */
const FOLDED = { place: undefined, family: undefined, protocol: undefined, in: undefined, out: undefined } as const

type Identity = Pick<DropKind, 'reason' | 'place' | 'family' | 'protocol' | 'in' | 'out' | 'rule'>

export class DropTally {
  readonly minutes = new Minutes()
  /** All that were counted. */
  count = 0
  /** Counted, and even the reason is not known. */
  rest = 0
  /** Counted by kind alone, since the kernel had no room for their tuples. */
  folded = 0
  private readonly limits: TallyLimits
  private readonly kindsByKey = new Map<string, DropKind>()
  private readonly tuplesByKey = new Map<string, DropTuple>()
  private readonly foldedByKey = new Map<string, number>()

  constructor(limits: Partial<TallyLimits> = {}) {
    this.limits = { ...LIMITS, ...limits }
  }

  get kinds(): Iterable<DropKind> {
    return this.kindsByKey.values()
  }

  get tuples(): Iterable<DropTuple> {
    return this.tuplesByKey.values()
  }

  get kindCount(): number {
    return this.kindsByKey.size
  }

  get tupleCount(): number {
    return this.tuplesByKey.size
  }

  /** What was counted before under this key. */
  tuple(key: string): DropTuple | undefined {
    return this.tuplesByKey.get(key)
  }

  /** More drops of a tuple. `last`: milliseconds since 1970. */
  addTo(tuple: DropTuple, count: number, last: number): void {
    tuple.count += count
    tuple.last = last
    tuple.minutes.add(last, count)
    this.countIn(tuple.kind, count, last)
  }

  /** Drops of a tuple that was not counted before. Gives it, as what it is of may be a new kind. */
  add(
    key: string,
    drop: Drop,
    { count, last }: { count: number; last: number },
    rule: KindRule | undefined,
  ): DropTuple {
    const kind = this.kindOf(drop, rule, Date.parse(drop.time))
    const tuple: DropTuple = { kind, packet: drop.packet, count: 0, last, minutes: new Minutes(), by: undefined }
    if (this.tuplesByKey.size >= this.limits.tuples) this.forgetTuples(last)
    this.tuplesByKey.set(key, tuple)
    kind.tuples++
    this.addTo(tuple, count, last)
    return tuple
  }

  /** From now on it is of the kind that has this rule. */
  move(tuple: DropTuple, drop: Drop, rule: KindRule | undefined): void {
    const kind = this.kindOf(drop, rule, Date.parse(drop.time))
    if (kind === tuple.kind) return
    tuple.kind.tuples--
    tuple.kind = kind
    // else they would count for both
    tuple.minutes = new Minutes()
    kind.tuples++
  }

  /**
   * Drops of which only reason, place and protocol are known. `count`: since the beginning; gives how many are new. `now`:
   * milliseconds since 1970.
   */
  addFolded(key: string, what: Omit<Identity, 'in' | 'out'>, count: number, now: number): number {
    const more = count - (this.foldedByKey.get(key) ?? 0)
    if (more <= 0) return 0
    this.foldedByKey.set(key, count)
    const kind = this.kindWith({ ...what, in: undefined, out: undefined }, undefined, now)
    kind.manyTuples = true
    this.folded += more
    this.countIn(kind, more, now)
    return more
  }

  /** `count`: since the beginning. */
  addRest(count: number, now: number): void {
    this.count += count - this.rest
    this.minutes.add(now, count - this.rest)
    this.rest = count
  }

  private countIn(kind: DropKind, count: number, at: number): void {
    kind.count += count
    kind.last = Math.max(kind.last, at)
    kind.minutes.add(at, count)
    this.minutes.add(at, count)
    this.count += count
  }

  private kindOf(drop: Drop, rule: KindRule | undefined, first: number): DropKind {
    const { reason, packet } = drop
    const { protocol, src } = packet
    const family = src === undefined ? undefined : src.includes(':') ? ('ip6' as const) : ('ip' as const)
    const input = isNameless(packet.in) ? undefined : packet.in
    const what = { reason, place: functionOf(drop), family, protocol, in: input, out: packet.out, rule }
    return this.kindWith(what, drop, first)
  }

  private kindWith(what: Identity, example: Drop | undefined, first: number): DropKind {
    const key = keyOf(what)
    const known = this.kindsByKey.get(key)
    if (known) return known
    // of each reason one more kind has room
    const folded: Identity = { ...FOLDED, reason: what.reason, rule: what.rule && NOT_TOLD }
    if (this.kindsByKey.size >= this.limits.kinds && key !== keyOf(folded))
      return this.kindWith(folded, undefined, first)
    const meaning = meaningOf(example ?? { time: '', reason: what.reason, packet: {}, ...locationOf(what) })
    const kind: DropKind = {
      ...what,
      id: this.kindsByKey.size + 1,
      meaning,
      isHarmless: !meaning || meaning.harmless === true,
      count: 0,
      ...{ first, last: first },
      minutes: new Minutes(),
      tuples: 0,
      manyTuples: false,
      ...(example ? { example } : {}),
    }
    this.kindsByKey.set(key, kind)
    return kind
  }

  /** The half with the fewest drops in the last minutes; they stay counted in their kinds. */
  private forgetTuples(now: number): void {
    const all = [...this.tuplesByKey].map(([key, tuple]) => ({ key, tuple, recent: tuple.minutes.sum(now) }))
    all.sort((a, b) => a.recent - b.recent || a.tuple.last - b.tuple.last)
    for (const { key, tuple } of all.slice(0, Math.ceil(all.length / 2))) {
      this.tuplesByKey.delete(key)
      tuple.kind.tuples--
      tuple.kind.manyTuples = true
    }
  }
}

const NOT_TOLD: KindRule = { known: false, why: 'not-played' }

const locationOf = ({ place }: Identity) => (place === undefined ? {} : { location: place })

const keyOf = ({ reason, place, family, protocol, in: input, out, rule }: Identity): string =>
  [reason, place, family, protocol, input, out, rule && ruleWord(rule)].join('\n')

/** With its text: when rules are inserted, another has its number. */
const ruleWord = (rule: KindRule): string =>
  rule.known ? `${rule.hook} ${rule.ref.family} ${nameRef(rule.ref)} ${rule.ref.rule}` : rule.why
