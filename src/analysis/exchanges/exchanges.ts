/**
 * Journeys → exchanges: a request, its retransmissions, its replies and the errors about it, joined by addresses and ports
 * as NAT leaves them, and by connection tracking's entries. What is kept of a journey is a few numbers and what its class
 * shares.
 */

import { needsRepair } from '../../explain/repair.ts'
import { entryAnswered, refusesOpening } from '../../explain/request-reply.ts'
import { isAnnouncement } from '../../model/announcement.ts'
import { turned } from '../../model/direction.ts'
import type { Finding, Journey } from '../../model/journey.ts'
import { isPassed, isStopped } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { isForMany } from '../../rules/fib.ts'
import { type ClosedJourney, type JourneyClass, TUPLE_WORDS } from '../closed-journey.ts'
import { asItLeft } from '../hosts.ts'
import { JoinedJourneys, type Role, type Told } from './joined.ts'
import { type Says, saysOf } from './role.ts'
import { isDiscovery, MOST_STRAYS } from './strays.ts'
import { packetOf, tupleOf } from './tuple-of.ts'
import { type Found, TupleTable } from './tuple-table.ts'

/** What is read of a journey, captured or played. */
export type Noted = Pick<
  ClosedJourney,
  | 'id'
  | 'capture'
  | 'family'
  | 'world'
  | 'class'
  | 'isRetransmission'
  | 'times'
  | 'packet'
  | 'tuple'
  | 'lastTuple'
  | 'explain'
  | 'isOfOlderConnection'
  | 'playReply'
  | 'severalCauses'
  | 'ifInVain'
>

/** Journeys that are kept; of later ones it is not told what they belong to. */
const MOST = 500_000
/** Of one class, and of all, so many are kept as they are: findings speak of their very own addresses. */
const MOST_OWN = 20
const MOST_OWN_OF_ALL = 2000
/** Classes of stopped requests for which several changes are tried together. */
const MOST_SEARCHED = 200

/** Milliseconds in which a session that ends takes everything back. */
const TAKING_BACK = 3000
/** A client that gets no answer asks again; after this it is another exchange of the same addresses. Microseconds. */
const LONGEST_WAIT = 130e6

export class Exchanges {
  readonly list = new JoinedJourneys()
  private readonly tables = new Map<string, TupleTable>()
  private readonly classes = new Map<JourneyClass, { told: Told; own: number }>()
  private readonly keepsOwn: boolean
  private readonly tuple = new Int32Array(TUPLE_WORDS)
  private own = 0
  private searched = 0
  /** Somebody has asked a group. */
  private asksMany = false
  /** Journeys of which it cannot be told what they belong to. */
  apart = 0
  /** Of each capture when its last event was, by its clock, or until when nothing came; NaN: that is not known. */
  readonly lastClocks: number[] = []
  /** Of each capture the most journeys that began within a second: of a crowd, rate limits may have left out some. */
  readonly crowds: number[] = []
  /** Those that were stopped and that other exchanges may have needed. */
  readonly strays: Journey[] = []
  private readonly captures = new Map<object, number>()
  /** Of each capture its latest second, and the journeys of that. */
  private readonly seconds: { second: number; count: number }[] = []

  /** The packets are played, with all that would come back. */
  readonly played: boolean

  /** `keepsOwn`: findings are told for each exchange, not once for all that are alike. */
  constructor({ keepsOwn = false, played = false } = {}) {
    this.keepsOwn = keepsOwn
    this.played = played
  }

  /** Which exchange it belongs to; undefined where that cannot be told. */
  note(closed: Noted): number | undefined {
    const { family, times } = closed
    const capture = this.captureOf(closed)
    if (!(this.lastClocks[capture]! >= times.lastClock)) this.lastClocks[capture] = times.lastClock
    this.count(capture, times.firstClock)
    if (this.list.parts >= MOST || (family !== 'ip' && family !== 'ip6')) return this.skip()
    const told = this.toldOf(closed)
    const { says } = told
    const { packet, outcome } = told.journey
    if (isAnnouncement(packet) && outcome !== 'dropped' && outcome !== 'rejected') return this.skip()
    if (isDiscovery(packet)) this.keep(told)
    closed.tuple(this.tuple)
    if (says === 'fails' && !this.quoted(closed.packet())) return this.stray(told)
    if (isZero(this.tuple)) return this.skip()
    const table = this.tableOf(told.journey.host)
    const found = table.find(this.tuple) ?? this.byEntry(table, says, closed) ?? this.ofGroup(table, says)
    if (found && !(says === 'opens' && this.isAnother(found.value, closed, capture))) {
      const role = this.roleIn(found, says, closed, capture)
      this.list.add(found.value, {
        ...{ id: closed.id, role, told, clock: times.firstClock, capture },
        aboutReply: found.turned,
      })
      if (role === 'request' || role === 'retransmissions') this.followNat(table, found.value, told, closed)
      return found.value
    }
    // what it quotes may still be on its way
    if (says === 'fails') return this.stray(told)
    const answers = found ? found.turned : goesBack(told, closed)
    if (answers) turnTuple(this.tuple)
    const number = this.list.begin(this.tuple)
    table.set(this.tuple, number)
    if (told.isForMany) this.awaitAnyone(table, number)
    this.list.add(number, {
      ...{ id: closed.id, role: answers ? 'replies' : 'request', told, clock: times.firstClock, capture },
      aboutReply: false,
    })
    if (!answers) this.followNat(table, number, told, closed)
    return number
  }

  /** An error, and nobody knows about what. */
  private stray(told: Told): undefined {
    if (isStopped(told.journey.outcome)) this.keep(told)
    return this.skip()
  }

  private keep({ journey }: Told): void {
    if (this.strays.length < MOST_STRAYS) this.strays.push(journey)
  }

  private skip(): undefined {
    this.apart++
    return undefined
  }

  /** Does the one who asked ask for something new? */
  private isAnother(number: number, { id, isRetransmission, times }: Noted, capture: number): boolean {
    // a rule that rejects sends the reset while the request is still on its way
    if (isRetransmission || id < this.list.beganWith(number)) return false
    // two captures may show one packet
    if (this.list.captureOf(number) !== capture) return false
    return this.list.isReplied(number) || times.firstClock - this.list.clockOf(number) > LONGEST_WAIT
  }

  /** Whoever began is the one who asks. */
  private roleIn({ value, turned: back }: Found, says: Says, { isRetransmission }: Noted, capture: number): Role {
    if (says === 'fails') return 'errors'
    if (says === 'answers' || back) return 'replies'
    const again = says === 'opens' && this.list.isOpened(value) && this.list.captureOf(value) === capture
    return isRetransmission || again ? 'retransmissions' : 'request'
  }

  private count(capture: number, clock: number): void {
    const now = this.seconds[capture]!
    const second = Math.floor(clock / 1e6)
    if (second === now.second) now.count++
    else {
      now.second = second
      now.count = 1
    }
    if (now.count > this.crowds[capture]!) this.crowds[capture] = now.count
  }

  private captureOf({ capture, world, times }: Noted): number {
    const number = this.captures.get(capture) ?? this.captures.size
    if (number === this.captures.size) {
      this.captures.set(capture, number)
      // a live trace listened longer than something came
      const until = times.firstStamp.uptime ? Number.NaN : Date.parse(world.host.session?.until ?? '')
      this.lastClocks.push((until - TAKING_BACK) * 1000)
      this.crowds.push(0)
      this.seconds.push({ second: Number.NaN, count: 0 })
    }
    return number
  }

  private toldOf(closed: Noted): Told {
    const of = closed.class
    const known = of?.fine ? this.classes.get(of) : undefined
    if (known && (!this.keepsOwn || known.own >= MOST_OWN || this.own >= MOST_OWN_OF_ALL)) return known.told
    const journey = closed.explain()
    const reply = known ? known.told.reply : isPassed(journey.outcome) ? closed.playReply() : undefined
    const several = known ? known.told.several : this.severalOf(closed, journey)
    const inVain = known ? known.told.inVain : closed.ifInVain()
    const rewrites = rewritesOf(journey)
    const told: Told = {
      ...{ journey, says: saysOf(journey.packet), world: closed.world },
      isForMany: isForMany(journey.packet, closed.world.host),
      ...(closed.isOfOlderConnection() ? { isOlder: true as const } : {}),
      ...(reply ? { reply } : {}),
      ...(several ? { several } : {}),
      ...(inVain ? { inVain } : {}),
      ...(rewrites ? { rewrites } : {}),
      ...(of ? { of } : {}),
    }
    this.own++
    if (known) known.own++
    else if (of?.fine) this.classes.set(of, { told, own: 1 })
    return told
  }

  /** A search: only so many are worth their time. */
  private severalOf(closed: Noted, journey: Journey): Finding | undefined {
    if (!needsRepair(journey) || this.searched >= MOST_SEARCHED) return undefined
    this.searched++
    return closed.severalCauses()
  }

  private tableOf(host = ''): TupleTable {
    let table = this.tables.get(host)
    if (!table) {
      table = new TupleTable()
      this.tables.set(host, table)
    }
    return table
  }

  /** The tuple of what an ICMP error quotes, as seen from whom it goes to. */
  private quoted({ inner }: Packet): boolean {
    return inner !== undefined && tupleOf(inner, this.tuple)
  }

  /** An answer whose request was rewritten where no line shows it: connection tracking knows which one it was. */
  private byEntry(table: TupleTable, says: Says, closed: Noted): Found | undefined {
    if (says === 'opens' || !closed.world.host.conntrack) return undefined
    const packet = closed.packet()
    const entry = entryAnswered(packet.inner ? turned(packet.inner) : packet, closed.world)
    if (!entry || !tupleOf({ ...packetOf(entry.protocol, entry.original), icmpSeq: packet.icmpSeq ?? 0 }, this.tuple))
      return undefined
    const found = table.find(this.tuple)
    closed.tuple(this.tuple)
    return found && { value: found.value, turned: !found.turned }
  }

  /** Whoever belongs to the group answers with an address of its own. */
  private awaitAnyone(table: TupleTable, number: number): void {
    table.set(this.tuple.slice().fill(0, 4, 8), number)
    this.asksMany = true
  }

  private ofGroup(table: TupleTable, says: Says): Found | undefined {
    if (!this.asksMany || says === 'opens' || says === 'fails') return undefined
    const found = table.find(this.tuple.slice().fill(0, 0, 4))
    return found?.turned ? found : undefined
  }

  /** Answers come back to what NAT has made of the request. */
  private followNat(table: TupleTable, value: number, { rewrites }: Told, closed: Noted): void {
    if (!rewrites) return
    closed.lastTuple(this.tuple)
    for (const { at, numbers } of rewrites) for (let i = 0; i < numbers.length; i++) this.tuple[at + i] = numbers[i]!
    if (table.find(this.tuple) === undefined) table.set(this.tuple, value)
  }
}

const REWRITTEN = [
  ['src', 0, 4],
  ['dst', 4, 4],
  ['sport', 8, 1],
  ['dport', 9, 1],
] as const

/** What NAT writes that the last line does not show yet, as its place in a tuple; undefined where it writes nothing. */
function rewritesOf(journey: Journey): Told['rewrites'] {
  if (!isRewritten(journey) || !isPassed(journey.outcome)) return undefined
  const left = asItLeft(journey)
  const numbers = new Int32Array(TUPLE_WORDS)
  if (!tupleOf({ ...journey.packet, ...left }, numbers)) return undefined
  const last = journey.steps.at(-1)
  return REWRITTEN.flatMap(([field, at, words]) =>
    left[field] === undefined || left[field] === journey.packet[field] || left[field] === last?.[field]
      ? []
      : [{ at, numbers: numbers.slice(at, at + words) }],
  )
}

const isRewritten = ({ steps, packet }: Journey): boolean =>
  steps.some(
    (one) =>
      one.changes.some(({ field }) => field === 'src' || field === 'dst' || field === 'sport' || field === 'dport') ||
      (one.src !== undefined && one.src !== packet.src) ||
      (one.dst !== undefined && one.dst !== packet.dst),
  )

function isZero(tuple: Int32Array): boolean {
  for (let i = 0; i < 8; i++) if (tuple[i] !== 0) return false
  return true
}

function turnTuple(tuple: Int32Array): void {
  const source = tuple.slice(0, 4)
  tuple.copyWithin(0, 4, 8)
  tuple.set(source, 4)
  const port = tuple[8]!
  tuple[8] = tuple[9]!
  tuple[9] = port
}

/** Of a packet whose request was not captured. */
function goesBack({ says, journey: { packet } }: Told, closed: Noted): boolean {
  if (says === 'opens') return false
  if (says === 'answers' || packet.ctDir === 'reply' || (says === 'resets' && refusesOpening(packet))) return true
  return closed.world.host.conntrack !== undefined && entryAnswered(closed.packet(), closed.world) !== undefined
}
