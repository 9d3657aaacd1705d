/**
 * Which journeys belong together. There may be as many exchanges as packets, so all stands in columns, and becomes
 * objects one by one when somebody looks.
 */

import type { InVain } from '../../../explain/in-vain.ts'
import type { OpenReply, PlayedReply } from '../../../explain/reply/played-reply.ts'
import type { Evidence } from '../../../journey/evidence.ts'
import type { Finding, Journey } from '../../../model/journey.ts'
import type { World } from '../../../model/world.ts'
import type { JourneyClass } from '../../closed-journey.ts'
import { CARRIES_DATA, SEGMENT_WORDS, WINDOW_CLOSED } from '../../segment-numbers.ts'
import type { Noted } from '../noted.ts'
import { grown } from './columns.ts'
import type { Says } from './role.ts'
import type { TupleTable } from './tuple-table.ts'

/** What journeys of one class are to their exchanges. */
export interface Told {
  /** The first of them. */
  readonly journey: Journey
  readonly says: Says
  /** Any host of a group or a link may answer. */
  readonly isForMany: boolean
  /** Skipped: its connection is older, and the reply that conntrack has seen may be to what came before. */
  readonly nat: Evidence['nat']
  readonly isUntracked: boolean
  /** What would come back, as the model plays it. Absent: nothing can be told. */
  readonly reply?: PlayedReply
  /** What nobody can know decides whether that arrives. */
  readonly openReply?: OpenReply['open']
  /** All that stops it, where no single change would mend that. */
  readonly several?: Finding
  /** What is to be said if the exchange came to nothing. */
  readonly inVain?: InVain
  /** Numbers that NAT writes into the tuple behind the last line, and where. Absent: it is not rewritten. */
  readonly rewrites?: readonly { at: number; numbers: Int32Array }[]
  readonly world: World
  /** The number of the machine that it was seen on. */
  readonly host: number
  /** It is part of no exchange: an announcement that nothing stopped. */
  readonly apart: boolean
  /** Others may need it. */
  readonly isDiscovery: boolean
  /** Absent: there are too many classes. */
  readonly of?: JourneyClass
}

/** As an exchange knows it. */
export const playedBack = (played: PlayedReply | OpenReply | undefined): Pick<Told, 'reply' | 'openReply'> =>
  played === undefined ? {} : 'open' in played ? { openReply: played.open } : { reply: played }

/** Which of an exchange's lists a journey stands in. */
export type Role = 'request' | 'retransmissions' | 'replies' | 'errors'

const ROLES: readonly Role[] = ['request', 'retransmissions', 'replies', 'errors', 'errors', 'replies']
/** The place of errors about replies, and of replies that are new flows. */
const ABOUT_REPLY = 4
const NEW_FLOW = 5
const OTHERS: Partial<Record<Role, number>> = { errors: ABOUT_REPLY, replies: NEW_FLOW }

/** Of whoever began the exchange: the request, or the same again. */
export const isAsking = ({ role }: Pick<Part, 'role'>): boolean => role === 'request' || role === 'retransmissions'

export interface Part {
  readonly id: number
  readonly role: Role
  readonly told: Told
  /** What is told is of this very journey, not of another one of its class. */
  readonly own: boolean
  /** Of an error: it is about a reply, and goes to who was asked. */
  readonly aboutReply: boolean
  /** Of a reply: to connection tracking it is a new flow, which nat does not lead back to who asked. */
  readonly isNewFlow: boolean
  /** Microseconds, by the capture's clock; NaN where it has no time. */
  readonly clock: number
  /** Number of the capture, from 0. */
  readonly capture: number
  /** Of a TCP segment, where the capture has its numbers: of this very journey. */
  readonly segment?: Segment
}

export interface Segment {
  seq: number
  ack: number
  carriesData: boolean
  /** Its sender has no room for data: a program there does not read. */
  isWindowClosed: boolean
}

/** Journeys that belong together, in the order in which they began. */
export interface Joined {
  /** TUPLE_WORDS numbers: of the first packet, as who asks sends it. */
  readonly tuple: Int32Array
  readonly parts: readonly Part[]
}

/** Microseconds from a packet to the error about it, at most: neighbours are asked for three seconds. */
export const ERROR_AFTER = 5e6
const FIRST = 64
const NONE = -1
const SHOWN = 1
const REPLIED = 2
const OPENED = 4
/** There is an error about it. */
const FAILED = 8
/** All of it are parts of others. */
const HIDDEN = 16

export class JoinedJourneys {
  size = 0
  private readonly table: TupleTable
  /** What its tuple has in the table. */
  private tuples = new Int32Array(FIRST)
  private flags = new Uint8Array(FIRST)
  /** Of each exchange its first part and its latest. */
  private firsts = new Int32Array(FIRST)
  private latest = new Int32Array(FIRST)
  /** The least id of its parts. */
  private begins = new Int32Array(FIRST)
  /** How many parts there are. */
  parts = 0
  private ids = new Int32Array(FIRST)
  private next = new Int32Array(FIRST)
  private roles = new Uint8Array(FIRST)
  private tolds: Told[] = []
  private partClocks = new Float64Array(FIRST)
  private captures = new Int32Array(FIRST)
  private segments = new Int32Array(FIRST * SEGMENT_WORDS)
  private hasSegment = new Uint8Array(FIRST)
  /** What captures show of replies, by their numbers. */
  readonly replies = new Map<number, Set<Told>>()

  constructor(table: TupleTable) {
    this.table = table
  }

  /** A new exchange; its number is the size before. `tuple`: what the table gave for it. */
  begin(tuple: number): void {
    const number = this.size++
    if (number === this.flags.length) {
      this.tuples = grown(this.tuples)
      this.flags = grown(this.flags)
      this.firsts = grown(this.firsts)
      this.latest = grown(this.latest)
      this.begins = grown(this.begins)
    }
    this.tuples[number] = tuple
    this.firsts[number] = NONE
  }

  /** Journey `id`, which began at `clock`, belongs to this exchange. `other`: an error about a reply, or a reply that is a new flow. */
  add(number: number, id: number, role: Role, told: Told, clock: number, capture: number, other: boolean): void {
    const part = this.parts++
    if (part === this.ids.length) {
      this.ids = grown(this.ids)
      this.next = grown(this.next)
      this.roles = grown(this.roles)
      this.partClocks = grown(this.partClocks)
      this.captures = grown(this.captures)
      this.segments = grown(this.segments)
      this.hasSegment = grown(this.hasSegment)
    }
    this.ids[part] = id
    this.next[part] = NONE
    this.roles[part] = (other ? OTHERS[role] : undefined) ?? ROLES.indexOf(role)
    this.tolds.push(told)
    this.partClocks[part] = clock
    this.captures[part] = capture
    if (this.firsts[number] === NONE || id < this.begins[number]!) this.begins[number] = id
    if (this.firsts[number] === NONE) this.firsts[number] = part
    else this.next[this.latest[number]!] = part
    this.latest[number] = part
    if (role === 'replies') {
      this.flags[number]! |= REPLIED
      this.noteReply(capture, told)
    } else if (role === 'errors') this.flags[number]! |= FAILED
    else if (told.says === 'opens') this.flags[number]! |= OPENED
  }

  /** Of the part that was added last. */
  noteSegment(closed: Pick<Noted, 'segment'>): void {
    const part = this.parts - 1
    const at = part * SEGMENT_WORDS
    if (closed.segment(this.segments.subarray(at, at + SEGMENT_WORDS))) this.hasSegment[part] = 1
  }

  private segmentOf(part: number): Segment | undefined {
    if (!this.hasSegment[part]) return undefined
    const [seq = 0, ack = 0, bits = 0] = this.segments.subarray(part * SEGMENT_WORDS)
    return { seq, ack, carriesData: (bits & CARRIES_DATA) !== 0, isWindowClosed: (bits & WINDOW_CLOSED) !== 0 }
  }

  private noteReply(capture: number, told: Told): void {
    const known = this.replies.get(capture)
    if (known) known.add(told)
    else this.replies.set(capture, new Set([told]))
  }

  /** The one who was thought to ask has replied. `tuple`: what the table gave for the other direction. */
  turn(number: number, tuple: number): void {
    this.tuples[number] = tuple
    const [request, replies] = [ROLES.indexOf('request'), ROLES.indexOf('replies')]
    this.flags[number]! &= ~REPLIED
    for (let part = this.firsts[number]!; part !== NONE; part = this.next[part]!) {
      const was = this.roles[part]!
      if (was === replies || was === NEW_FLOW) this.roles[part] = request
      else if (was < replies) this.roles[part] = replies
      else this.roles[part] = was === ABOUT_REPLY ? ROLES.indexOf('errors') : ABOUT_REPLY
      if (this.roles[part] !== replies) continue
      this.flags[number]! |= REPLIED
      this.noteReply(this.captures[part]!, this.tolds[part]!)
    }
  }

  /** Its first packet is known by now. `tuple`: what the table gave for it. */
  retuple(number: number, tuple: number): void {
    this.tuples[number] = tuple
  }

  show(number: number): void {
    if (!this.isHidden(number)) this.flags[number]! |= SHOWN
  }

  /** All of exchange `from` is a part of exchange `to`; `as`: the role that each part has there, and `other` as `add` has it. */
  moveAll(from: number, to: number, as: (part: Part) => { role: Role; other: boolean }): void {
    const { parts } = this.at(from)
    this.leave(from, new Set(parts.map(({ id }) => id)))
    for (const part of parts) {
      const { role, other } = as(part)
      this.add(to, part.id, role, part.told, part.clock, part.capture, other)
      if (part.segment) this.keepSegment(part.segment)
    }
  }

  /** Of the part that was added last. */
  private keepSegment({ seq, ack, carriesData, isWindowClosed }: Segment): void {
    const part = this.parts - 1
    const bits = (carriesData ? CARRIES_DATA : 0) | (isWindowClosed ? WINDOW_CLOSED : 0)
    this.segments.set([seq, ack, bits], part * SEGMENT_WORDS)
    this.hasSegment[part] = 1
  }

  /** What goes by this tuple belongs to the exchange as well. */
  follow(tuple: Int32Array, host: number, number: number): void {
    this.table.set(tuple, host, number)
  }

  /** These of its journeys belong to others. Where none is left, it is no exchange any more. */
  leave(number: number, ids: ReadonlySet<number>): void {
    const rest: number[] = []
    for (let part = this.firsts[number]!; part !== NONE; part = this.next[part]!)
      if (!ids.has(this.ids[part]!)) rest.push(part)
    if (rest.length === 0) {
      this.flags[number] = (this.flags[number]! & ~SHOWN) | FAILED | HIDDEN
      return
    }
    for (const [i, part] of rest.entries()) this.next[part] = rest[i + 1] ?? NONE
    if (!rest.some((part) => ROLES[this.roles[part]!] === 'replies')) this.flags[number]! &= ~REPLIED
    this.firsts[number] = rest[0]!
    this.latest[number] = rest.at(-1)!
    this.begins[number] = rest.reduce((least, part) => Math.min(least, this.ids[part]!), Number.MAX_SAFE_INTEGER)
  }

  isHidden = (number: number): boolean => (this.flags[number]! & HIDDEN) !== 0

  isShown = (number: number): boolean => (this.flags[number]! & SHOWN) !== 0
  /** The id of its first journey. */
  beganWith = (number: number): number => this.begins[number]!
  isReplied = (number: number): boolean => (this.flags[number]! & REPLIED) !== 0
  /** It asked a group, or all of a network. */
  asksMany = (number: number): boolean => this.firstTold(number).isForMany
  /** There is an error about it. */
  isFailed = (number: number): boolean => (this.flags[number]! & FAILED) !== 0
  /** Somebody has asked to begin. */
  isOpened = (number: number): boolean => (this.flags[number]! & OPENED) !== 0

  /** By their first journeys. */
  get order(): Int32Array {
    return Int32Array.from({ length: this.size }, (_, i) => i).sort((a, b) => this.begins[a]! - this.begins[b]!)
  }

  /** When the first of its journeys that was complete began, by its capture's clock: microseconds, NaN where it has no time. */
  beganAt(number: number): number {
    return this.partClocks[this.firsts[number]!]!
  }

  /** When its latest journey began, by the clock of that one's capture. */
  clockOf(number: number): number {
    return this.partClocks[this.latest[number]!]!
  }

  /** Which capture has shown its latest journey. */
  captureOf(number: number): number {
    return this.captures[this.latest[number]!]!
  }

  /** The machine that has shown its latest journey. */
  hostOf(number: number): number {
    return this.latestTold(number).host
  }

  /** Of the part that was complete first, and of the latest. */
  firstTold(number: number): Told {
    return this.tolds[this.firsts[number]!]!
  }

  latestTold(number: number): Told {
    return this.tolds[this.latest[number]!]!
  }

  /** Undefined: there are several. */
  onlyPart(number: number): Told | undefined {
    const first = this.firsts[number]!
    return this.next[first] === NONE ? this.tolds[first] : undefined
  }

  /** Of the part that came first. */
  firstRole = (number: number): Role => ROLES[this.roles[this.firsts[number]!]!]!

  /** Is what is told of the part that came first told of this very journey? */
  isFirstOwn(number: number): boolean {
    const first = this.firsts[number]!
    return this.tolds[first]!.journey.id === String(this.ids[first]!)
  }

  /** TUPLE_WORDS numbers: of the first packet, as who asks sends it. */
  readTuple(number: number, into: Int32Array): void {
    this.table.readTuple(this.tuples[number]!, into)
  }

  /** `address`: four words. */
  isBegunBy(number: number, address: Int32Array): boolean {
    return this.table.isFrom(this.tuples[number]!, address)
  }

  isSentTo(number: number, address: Int32Array): boolean {
    return this.table.isFrom(this.tuples[number]! ^ 1, address)
  }

  at(number: number): Joined {
    const parts: Part[] = []
    for (let part = this.firsts[number]!; part !== NONE; part = this.next[part]!) {
      const told = this.tolds[part]!
      const id = this.ids[part]!
      const own = told.journey.id === String(id)
      const role = this.roles[part]!
      const [aboutReply, isNewFlow] = [role === ABOUT_REPLY, role === NEW_FLOW]
      const [clock, capture] = [this.partClocks[part]!, this.captures[part]!]
      const segment = this.segmentOf(part)
      const seen = { clock, capture, ...(segment ? { segment } : {}) }
      parts.push({ id, role: ROLES[role]!, told, own, aboutReply, isNewFlow, ...seen })
    }
    // they came as they completed
    if (parts.length > 1) asTheyBegan(parts)
    return { tuple: this.table.tuple(this.tuples[number]!), parts }
  }
}

/** A retransmission may be complete before the request, which then was taken for the retransmission. */
function asTheyBegan(parts: Part[]): void {
  parts.sort((a, b) => a.id - b.id)
  const first = parts.findIndex(({ role }) => role === 'request' || role === 'retransmissions')
  const other = parts.findIndex(({ role }) => role === 'request')
  const [again, request] = [parts[first], parts[other]]
  if (again?.role !== 'retransmissions' || !request || again.told.says !== 'opens') return
  parts[first] = { ...again, role: 'request' }
  parts[other] = { ...request, role: 'retransmissions' }
}
