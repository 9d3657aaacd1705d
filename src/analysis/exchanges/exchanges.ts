/**
 * Journeys → exchanges: a request, its retransmissions, its replies and the errors about it, joined by addresses and ports
 * as NAT leaves them, and by connection tracking's entries. What is kept of a journey is a few numbers and what its class
 * shares.
 */

import { needsRepair } from '../../explain/repair/needs-repair.ts'
import { isRedirect } from '../../model/icmp-error.ts'
import type { Finding, Journey } from '../../model/journey.ts'
import { isDiscovery } from '../../model/neighbour-discovery.ts'
import { isMereAnnouncement, isPassed, isStopped } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { isForMany } from '../../rules/fib.ts'
import { PRIVILEGED } from '../../rules/service-ports.ts'
import { type JourneyClass, TUPLE_WORDS } from '../closed-journey.ts'
import { CaptureTimes } from './join/capture-times.ts'
import { Datagrams } from './join/datagrams.ts'
import { takeEarlierReplies } from './join/earlier-replies.ts'
import { asItWent, fromOtherAddress, isNotUndone, mayReplyBeside } from './join/find-reply.ts'
import { ERROR_AFTER, JoinedJourneys, playedBack, type Role, type Told } from './join/joined.ts'
import { LateReplies } from './join/late-replies.ts'
import { LatelyAsked } from './join/lately-asked.ts'
import { byEntry, notOfAnother } from './join/later.ts'
import { onlyWaiting, waitsElsewhere } from './join/latest.ts'
import { isNamelessOwn, MOST_NAMELESS, type Rejected } from './join/nameless.ts'
import { cameBack, goesBack, isForThisHost, rejectsByError } from './join/of-journey.ts'
import { MOST_FROM_HERE } from './join/replied-beside.ts'
import { isItsReset } from './join/reset-by-rule.ts'
import { rewritesOf } from './join/rewrites.ts'
import { type Says, saysOf } from './join/role.ts'
import { isToChosen, MOST_TO_CHOSEN } from './join/to-chosen-port.ts'
import { tupleOf } from './join/tuple-of.ts'
import { type Found, isZero, TupleTable, turn } from './join/tuple-table.ts'
import { type UnquotedError, unquotedError } from './join/unquoted.ts'
import type { Noted } from './noted.ts'
import { isUnexpected, MOST_STRAYS } from './strays.ts'

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
  private readonly table = new TupleTable()
  readonly list = new JoinedJourneys(this.table)
  private readonly hosts = new Map<string, number>()
  private readonly datagrams = new Datagrams()
  private readonly lately = new LatelyAsked()
  private readonly lateReplies = new LateReplies()
  /** A later fragment came whose first one has not. */
  private awaitsFirst = false
  private readonly classes = new Map<JourneyClass, { told: Told; own: number }>()
  private readonly keepsOwn: boolean
  private readonly tuple = new Int32Array(TUPLE_WORDS)
  /** The packets are played, with all that would come back. */
  readonly played: boolean
  private own = 0
  private searched = 0
  /** Somebody has asked a group. */
  private asksMany = false
  /** Journeys of which it cannot be told what they belong to. */
  apart = 0
  /** Those that were stopped and that other exchanges may have needed. */
  readonly strays: Told[] = []
  readonly unexpected: Told[] = []
  /** Of which it is not known what they are about. */
  readonly errors: UnquotedError[] = []
  /** Exchanges with a packet of this host of which nothing tells what it is, and packets that a rule has rejected. */
  readonly nameless = new Set<number>()
  readonly rejected: Rejected[] = []
  /** Exchanges that a datagram of this host has begun, which may reply to what is not complete yet. */
  readonly fromHere = new Set<number>()
  /** Exchanges with a reply to a port that nat may have chosen for another one's request. */
  readonly toChosen = new Set<number>()
  /** Those that came in with an address of this host's own. */
  readonly returned: Told[] = []
  private readonly captures = new Map<object, CaptureTimes>()

  /** `keepsOwn`: findings are told for each exchange, not once for all that are alike. */
  constructor({ keepsOwn = false, played = false } = {}) {
    this.keepsOwn = keepsOwn
    this.played = played
  }

  /** Which exchange it belongs to; undefined where that cannot be told. */
  note(closed: Noted): number | undefined {
    const { family, times } = closed
    const ofCapture = this.captures.get(closed.capture) ?? this.addCapture(closed)
    ofCapture.note(times)
    const capture = ofCapture.number
    if (this.list.parts >= MOST || family === 'arp') return this.skip()
    const told = this.toldOf(closed)
    const { says, host } = told
    if (told.apart) return this.skip()
    if (told.isDiscovery) this.keep(told)
    if (isUnexpected(told)) this.keep(told, this.unexpected)
    if (cameBack(told)) this.keep(told, this.returned)
    closed.tuple(this.tuple)
    if (says === 'fails' && !this.quoted(closed.packet())) return this.unquoted(told, closed, capture)
    if (isZero(this.tuple)) return this.skip()
    const datagram = closed.datagram()
    const others =
      datagram < 0 || this.awaitsFirst ? this.datagrams.find(this.tuple, datagram, host, capture) : undefined
    if (others && (datagram < 0 || !others.first)) return this.joinFragment(others, datagram, told, closed, capture)
    const found =
      notOfAnother(this.table.find(this.tuple, host), this.list, closed) ??
      byEntry(this.table, this.tuple, told, closed) ??
      notOfAnother(asItWent(this.table, this.tuple, told, closed), this.list, closed) ??
      this.asItBecame(told, closed, capture) ??
      this.ofGroup(told) ??
      fromOtherAddress(this.list, this.tuple, told, closed, capture)
    if (
      found?.turned &&
      (says === 'any' || says === 'opens') &&
      closed.id < this.list.beganWith(found.value) &&
      !this.list.isOpened(found.value)
    ) {
      // the reply's journey was complete before the request's
      this.list.turn(found.value, this.table.set(this.tuple, host, found.value))
      found.turned = false
    } else if (found && !found.turned && says === 'answers' && !this.list.isOpened(found.value)) {
      // what follows the SYN ACK was complete before it
      turn(this.tuple)
      this.list.turn(found.value, this.table.set(this.tuple, host, found.value))
      turn(this.tuple)
      found.turned = true
    }
    if (found && !(says === 'opens' && this.isAnother(found.value, told, closed, capture))) {
      const role = this.roleIn(found, says, closed, capture)
      const other = role === 'replies' ? isNotUndone(this.list, this.tuple, found, told, closed) : found.turned
      this.list.add(found.value, closed.id, role, told, times.firstClock, capture, other)
      this.noteForLater(told, found.value)
      this.noteNumbers(closed, datagram, capture, found.value, role)
      if (role === 'request' || role === 'retransmissions') this.goOn(found.value, told, closed, capture)
      return found.value
    }
    // what it quotes may still be on its way
    if (says === 'fails') return this.stray(told)
    const answers = found ? found.turned : goesBack(told, closed) && !this.isUnasked(told, closed, capture)
    if (answers) turn(this.tuple)
    const number = this.list.size
    this.list.begin(this.table.set(this.tuple, host, number))
    this.noteForLater(told, number)
    if (this.fromHere.size < MOST_FROM_HERE && mayReplyBeside(told)) this.fromHere.add(number)
    if (told.isForMany) this.awaitAnyone(told, number)
    const role = answers ? 'replies' : 'request'
    this.list.add(number, closed.id, role, told, times.firstClock, capture, false)
    if (answers) turn(this.tuple)
    this.noteNumbers(closed, datagram, capture, number, role)
    if (answers) this.followBack(number, told, closed)
    else this.goOn(number, told, closed, capture)
    return number
  }

  /** Where replies to it come to, and what this host has told its sender before it was complete. */
  private goOn(number: number, told: Told, closed: Noted, capture: number): void {
    this.lately.note(closed.identity(), number, capture, closed.id)
    if (rejectsByError(told.journey)) {
      if (this.rejected.length < MOST_NAMELESS) this.rejected.push({ number, id: closed.id, told, capture })
      this.claimError(number, closed, capture)
    }
    this.followNat(number, told, closed, capture)
  }

  private noteForLater(told: Told, number: number): void {
    if (this.toChosen.size < MOST_TO_CHOSEN && !this.list.isOpened(number) && isToChosen(told))
      this.toChosen.add(number)
    if (this.nameless.size < MOST_NAMELESS && isNamelessOwn(told)) this.nameless.add(number)
  }

  /** The rule that rejects has sent the ICMP error while the packet was still on its way. nft's trace does not show what it quotes. */
  private claimError(number: number, { id, times }: Noted, capture: number): void {
    const isAbout = (one: UnquotedError) =>
      one.told?.host === this.list.hostOf(number) &&
      one.capture === capture &&
      one.id > id &&
      !(one.clock - times.firstClock > ERROR_AFTER) &&
      one.to?.every((word, i) => word === this.tuple[i])
    const error = this.errors.find(isAbout)
    if (!error?.told) return
    this.errors.splice(this.errors.indexOf(error), 1)
    this.apart--
    this.list.add(number, error.id, 'errors', error.told, error.clock, capture, false)
  }

  /** For errors, segments and fragments that come. */
  private noteNumbers(closed: Noted, datagram: number, capture: number, number: number, role: Role): void {
    if (role === 'replies') this.lateReplies.note(closed, number, capture)
    this.list.noteSegment(closed)
    this.awaitsFirst ||= datagram < 0
    if (datagram !== 0) this.datagrams.note(this.tuple, datagram, this.list.hostOf(number), capture, number, role)
  }

  /** A fragment of what another fragment belongs to; of the first one the exchange has its ports. */
  private joinFragment(
    { number, role }: { number: number; role: Role },
    datagram: number,
    told: Told,
    { id, times }: Noted,
    capture: number,
  ): number {
    if (datagram > 0) {
      if (role === 'replies') turn(this.tuple)
      this.list.retuple(number, this.table.set(this.tuple, told.host, number))
      if (role === 'replies') turn(this.tuple)
      this.datagrams.note(this.tuple, datagram, told.host, capture, number, role)
    }
    this.list.add(number, id, role, told, times.firstClock, capture, false)
    return number
  }

  /** An error, and nobody knows about what. */
  private stray(told: Told): undefined {
    if (isStopped(told.journey.outcome)) this.keep(told)
    return this.skip()
  }

  /**
   * nft's trace shows little or nothing of what an error quotes: without that it is about the one exchange of whom it goes
   * to that waits for a reply, or nobody knows which one of them.
   */
  private unquoted(told: Told, closed: Noted, capture: number): number | undefined {
    if (told.isDiscovery) return this.stray(told)
    const from = this.tuple.slice(0, 4)
    closed.lastTuple(this.tuple)
    const to = this.tuple.slice(4, 8)
    if (isRedirect(told.journey.packet)) return this.skip()
    const clock = closed.times.firstClock
    const isFor = (one: number) => this.list.hostOf(one) === told.host && this.list.isBegunBy(one, to)
    const quoted = this.lately.only(closed.quotedIdentity(), capture, isFor)
    if (quoted === undefined && !(isPassed(told.journey.outcome) || isForThisHost(told))) return this.stray(told)
    const others = quoted === undefined ? this.lately.others(closed.quotedIdentity(), capture, isFor) : undefined
    const seen = { id: closed.id, to, clock, capture, ...(others ? { others } : {}) }
    const replied = quoted ?? this.lateReplies.quotedBy(closed, this.list, told, { from, to, capture })
    const about = replied ?? onlyWaiting(this.list, this.tuple, told, seen)
    if (about !== undefined) {
      this.list.add(about, closed.id, 'errors', told, clock, capture, quoted !== replied)
      return about
    }
    // the one that it is about may not be complete yet
    const error = unquotedError(told, seen)
    if (this.errors.length < MOST_STRAYS) this.errors.push(error)
    // of more of them than are kept, any may be about any
    else this.errors[MOST_STRAYS] ??= { id: Number.POSITIVE_INFINITY, clock, capture, isOurs: false }
    return this.skip()
  }

  private keep(told: Told, list = this.strays): void {
    if (list.length < MOST_STRAYS) list.push(told)
  }

  private skip(): undefined {
    this.apart++
    return undefined
  }

  /** By ports alone a datagram is a reply, and its request was captured, from another port: to that one it is none. */
  private isUnasked({ says, host, journey: { packet } }: Told, closed: Noted, capture: number): boolean {
    if (says !== 'any' || packet.protocol !== 'udp' || packet.ctDir || (packet.sport ?? 0) < PRIVILEGED) return false
    return !entryAnswered(closed.packet(), closed.world) && waitsElsewhere(this.list, this.tuple, { host, capture })
  }

  /** Does the one who asked ask for something new? */
  private isAnother(number: number, told: Told, { id, isRetransmission, times }: Noted, capture: number): boolean {
    // a rule that rejects sends the reset while the request is still on its way
    if (isRetransmission || id < this.list.beganWith(number)) return false
    // two captures may show one packet
    if (isItsReset(this.list.onlyPart(number), told.journey) || this.list.captureOf(number) !== capture) return false
    return this.list.isReplied(number) || times.firstClock - this.list.clockOf(number) > LONGEST_WAIT
  }

  /** Whoever began is the one who asks. */
  private roleIn({ value, turned: back }: Found, says: Says, { isRetransmission }: Noted, capture: number): Role {
    if (says === 'fails') return 'errors'
    if (says === 'answers' || back) return 'replies'
    const again = says === 'opens' && this.list.isOpened(value) && this.list.captureOf(value) === capture
    return isRetransmission || again ? 'retransmissions' : 'request'
  }

  private addCapture({ capture, world, times }: Noted): CaptureTimes {
    // a live trace listened longer than something came
    const until = times.firstStamp.uptime ? Number.NaN : Date.parse(world.host.session?.until ?? '')
    const added = new CaptureTimes(this.captures.size, (until - TAKING_BACK) * 1000)
    this.captures.set(capture, added)
    return added
  }

  /** Of each capture when its last event was. */
  get lastClocks(): number[] {
    return Array.from(this.captures.values(), ({ lastClock }) => lastClock)
  }

  /** Of each capture the most journeys that began within a second. */
  get crowds(): number[] {
    return Array.from(this.captures.values(), ({ crowd }) => crowd)
  }

  private toldOf(closed: Noted): Told {
    const of = closed.class
    const known = of?.fine ? this.classes.get(of) : undefined
    if (known && (!this.keepsOwn || known.own >= MOST_OWN || this.own >= MOST_OWN_OF_ALL)) return known.told
    const journey = closed.explain()
    const { reply, openReply } = known?.told ?? playedBack(isPassed(journey.outcome) ? closed.playReply() : undefined)
    const several = known ? known.told.several : this.severalOf(closed, journey)
    const inVain = known ? known.told.inVain : closed.ifInVain()
    const rewrites = rewritesOf(journey, closed.world)
    const { packet } = journey
    const told: Told = {
      ...{ journey, says: saysOf(packet), world: closed.world, host: this.hostOf(journey) },
      apart: isMereAnnouncement(journey),
      isDiscovery: isDiscovery(packet),
      isForMany: isForMany(packet, closed.world.host),
      nat: closed.passageOfNat(),
      isUntracked: closed.isUntracked(),
      ...(reply ? { reply } : {}),
      ...(openReply ? { openReply } : {}),
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

  private hostOf({ host = '' }: Journey): number {
    const number = this.hosts.get(host) ?? this.hosts.size
    this.hosts.set(host, number)
    return number
  }

  /** The tuple of what an ICMP error quotes, as seen from whom it goes to. */
  private readonly quoted = ({ inner }: Packet): boolean => inner !== undefined && tupleOf(inner, this.tuple)

  /** The reset of a packet that a rule rejects is complete before that packet, and has the address that nat had given it. */
  private asItBecame({ says, journey, host }: Told, closed: Noted, capture: number): Found | undefined {
    if (says === 'fails' || journey.outcome !== 'rejected') return undefined
    closed.lastTuple(this.tuple)
    const found = this.table.find(this.tuple, host)
    closed.tuple(this.tuple)
    if (!found || found.turned || this.list.isOpened(found.value) || this.list.captureOf(found.value) !== capture)
      return undefined
    if (closed.id > this.list.beganWith(found.value)) return undefined
    this.list.retuple(found.value, this.table.set(this.tuple, host, found.value))
    return found
  }

  /** Whoever belongs to the group answers with an address of its own. */
  private awaitAnyone({ host }: Told, number: number): void {
    this.table.set(this.tuple.slice().fill(0, 4, 8), host, number)
    this.asksMany = true
  }

  private ofGroup({ says, host }: Told): Found | undefined {
    if (!this.asksMany || says === 'opens' || says === 'fails') return undefined
    const found = this.table.find(this.tuple.slice().fill(0, 0, 4), host)
    return found?.turned ? found : undefined
  }

  /** A reset's journey may be complete before the one of the request that a rule rejects; it goes to who had asked, once nat is undone. */
  private followBack(value: number, { host }: Told, closed: Noted): void {
    closed.lastTuple(this.tuple)
    turn(this.tuple)
    if (!isZero(this.tuple) && this.table.find(this.tuple, host) === undefined) this.table.set(this.tuple, host, value)
  }

  /** Answers come back to what NAT has made of the request; what an error of theirs quotes is as the last line shows it. */
  private followNat(value: number, { rewrites, host }: Told, closed: Noted, capture: number): void {
    if (!rewrites) return
    closed.lastTuple(this.tuple)
    const request = { number: value, id: closed.id, host, capture }
    const follow = () => {
      const found = this.table.find(this.tuple, host)
      if (!found || takeEarlierReplies(this.list, found, request)) this.table.set(this.tuple, host, value)
    }
    follow()
    if (rewrites.length === 0) return
    for (const { at, numbers } of rewrites) for (let i = 0; i < numbers.length; i++) this.tuple[at + i] = numbers[i]!
    follow()
  }
}
