/**
 * Journeys that nothing could tell apart: the same rule lines in the same order, and packets that differ only in what
 * no rule, route, socket or address of this machine asks for. They have the same outcome, cause and findings, so one of
 * them is explained and the others are counted.
 */

import type { World } from '../model/world.ts'
import * as F from '../read/captures/header-fields.ts'
import { Names } from '../read/captures/names.ts'
import type { PacketStates } from '../read/captures/states.ts'
import { fieldsAsked, lengthsOf, Ranges } from './asked.ts'
import type { OpenJourney } from './open.ts'

/** Of one state besides the columns, at most. */
const STATE_NUMBERS = 24

/** Bits of TCP's flags: a connection's first packet has the one alone. */
const SYN = 0x02
const SYN_ACK = 0x12

/** Told apart; what comes after is told apart by its rule lines alone. */
const MOST = 5000

/** Columns that findings and texts read whatever the ruleset asks for. */
const ALWAYS = [
  F.PRESENT,
  F.IN,
  F.OUT,
  F.PHYSIN,
  F.PHYSOUT,
  F.PROTO,
  F.FLAGS,
  F.TYPE,
  F.CODE,
  F.MARK,
  F.CT,
  F.FAMILY,
  F.HOST,
]

/** Columns that count only where a condition reads the field, whole. */
const ASKED: readonly [RegExp, readonly number[]][] = [
  [/\b(ttl|hoplimit)$/, [F.TTL]],
  [/\b(tos|dscp|ecn)$/, [F.TOS]],
  [/\b(length)$/, [F.LEN]],
  [/^(ip|frag) id$/, [F.ID]],
  [/frag-off$|more-fragments$/, [F.FRAG]],
  [/^(icmp|icmpv6) id$|proto-src$|proto-dst$/, [F.ICMP_ID]],
  [/^(icmp|icmpv6) sequence$/, [F.ICMP_SEQ]],
  [/^tcp (sequence|ackseq|window|option)/, [F.SEQ, F.ACK, F.WINDOW]],
  [/^meta sk[ug]id$/, [F.UID, F.GID]],
  [/^vlan /, [F.VLAN]],
  [/flowlabel/, [F.FLOW]],
]

/** The same for columns of texts. */
const TEXTS: readonly [RegExp, readonly number[]][] = [
  [/^ether /, [F.MAC, F.MACSRC, F.MACDST]],
  [/tcp option/, [F.OPT]],
]

interface Known<T> {
  key: Int32Array
  value: T
}

export class JourneyClasses<T> {
  private readonly byHash = new Map<number, Known<T>[]>()
  private readonly columns: number[]
  private readonly sources: Ranges
  private readonly destinations: Ranges
  private readonly sourcePorts: Ranges
  /** Those of packets that may be a reply. */
  private readonly replyPorts: Ranges
  private readonly destinationPorts: Ranges
  private readonly lengths: Ranges
  /** Columns of texts that some rule reads (MAC addresses, TCP options), and the texts, numbered. */
  private readonly textColumns: number[]
  private readonly texts = new Names()
  /** Some rule asks for addresses under a mask with gaps, which has no ranges: they count whole. */
  private readonly wholeAddresses: boolean
  private readonly wholePorts: boolean
  /** What the kernel says of drops, numbered. */
  private readonly summaries = new Map<string, number>()
  private last: Known<T> | undefined
  private scratch = new Int32Array(256)
  private used = 0
  private size = 0

  constructor(world: World) {
    const asked = fieldsAsked(world)
    const fields = [...asked.fields]
    this.columns = [
      ...ALWAYS,
      ...ASKED.flatMap(([field, columns]) => (fields.some((one) => field.test(one)) ? columns : [])),
    ]
    this.textColumns = TEXTS.flatMap(([field, columns]) => (fields.some((one) => field.test(one)) ? columns : []))
    this.wholeAddresses = asked.gaps
    this.wholePorts = asked.wholePorts
    this.sources = new Ranges(asked.saddr)
    this.destinations = new Ranges(asked.daddr)
    this.sourcePorts = new Ranges(asked.sport)
    this.replyPorts = new Ranges([...asked.sport, ...asked.answering])
    this.destinationPorts = new Ranges(asked.dport)
    this.lengths = lengthsOf(world)
  }

  /** Are packets told apart by all that is asked for? Behind too many classes only by their rule lines. */
  get fine(): boolean {
    return this.size < MOST
  }

  /** So many that no more should be added: by their rule lines alone, too, there may be ever more where events are lost. */
  get full(): boolean {
    return this.size >= 2 * MOST
  }

  /** What is kept of this journey's class, if one like it was met before. `dropSummary`: what the kernel says of its drop. */
  find(open: OpenJourney, states: PacketStates, followed: boolean, dropSummary?: string): T | undefined {
    this.describe(open, states, followed, dropSummary)
    // packets of one flood come one behind the other
    if (this.last !== undefined && this.same(this.last.key)) return this.last.value
    const known = this.byHash.get(this.hash())?.find((one) => this.same(one.key))
    if (known) this.last = known
    return known?.value
  }

  /** Keeps the class that the last `find` did not find. */
  add(value: T): void {
    const known = { key: this.scratch.slice(0, this.used), value }
    const hash = this.hash()
    const others = this.byHash.get(hash)
    if (others) others.push(known)
    else this.byHash.set(hash, [known])
    this.size++
  }

  private numberOfSummary(summary: string | undefined): number {
    if (summary === undefined) return 0
    if (!this.summaries.has(summary)) this.summaries.set(summary, this.summaries.size + 1)
    return this.summaries.get(summary)!
  }

  private describe(open: OpenJourney, states: PacketStates, followed: boolean, dropSummary: string | undefined): void {
    this.reserve(2 + open.points.length * (STATE_NUMBERS + this.columns.length + 2) + open.marks.length)
    const { scratch } = this
    const { fine } = this
    scratch[0] =
      (followed || open.complete ? 1 : 0) |
      // where it came from, and with which TTL, tells that it loops
      (Math.min(roundsBefore(open.repeats), MOST_ROUNDS) << 1) |
      (open.beforeNat ? 8 : 0) |
      (open.natSeen ? 16 : 0) |
      (open.lossy ? 32 : 0) |
      (ANSWERED.indexOf(open.answered) << 6) |
      (this.numberOfSummary(dropSummary) << 8)
    scratch[1] = open.points.length
    let at = 2
    let last = -1
    for (let i = 0; i < open.points.length; i++) {
      const state = open.states.at(i)
      scratch[at++] = open.points.at(i)
      if (state === last) continue
      last = state
      scratch[at++] = -1
      if (fine) at = this.describeState(states, state, at)
    }
    for (let i = 0; i < open.marks.length; i++) scratch[at++] = open.marks.at(i)
    this.used = at
  }

  private describeState(states: PacketStates, state: number, from: number): number {
    const { scratch, columns, textColumns } = this
    const { rows } = states
    const base = state * F.COLUMNS
    let at = from
    for (let i = 0; i < columns.length; i++) scratch[at++] = rows[base + columns[i]!]!
    const [source, destination] = [rows[base + F.SPT]! >>> 0, rows[base + F.DPT]! >>> 0]
    const begins = rows[base + F.PROTO] === F.TCP && (rows[base + F.FLAGS]! & SYN_ACK) === SYN
    const sourcePorts = begins ? this.sourcePorts : this.replyPorts
    scratch[at++] = this.wholePorts ? source : sourcePorts.classOf(source)
    scratch[at++] = this.wholePorts ? destination : this.destinationPorts.classOf(destination)
    scratch[at++] = this.lengths.classOf(rows[base + F.LEN]! >>> 0)
    const offset = rows[base + F.FRAG]! & 0xfffff
    scratch[at++] = (rows[base + F.TTL]! <= 1 ? 1 : 0) | (offset > 0 ? 2 : 0) | (rows[base + F.FRAG]! & F.FRAG_DF)
    if (F.isIp6(rows, base) || this.wholeAddresses) {
      // IPv6 prefixes are not laid out as one number line; addresses count whole
      for (let i = 0; i < 4; i++) scratch[at++] = rows[base + F.SRC + i]!
      for (let i = 0; i < 4; i++) scratch[at++] = rows[base + F.DST + i]!
    } else {
      scratch[at++] = this.sources.classOf(rows[base + F.SRC]! >>> 0)
      scratch[at++] = this.destinations.classOf(rows[base + F.DST]! >>> 0)
    }
    for (let i = 0; i < textColumns.length; i++) scratch[at++] = states.text(state, textColumns[i]!, this.texts)
    return at
  }

  private reserve(numbers: number): void {
    if (this.scratch.length < numbers) this.scratch = new Int32Array(2 * numbers)
  }

  private hash(): number {
    const { scratch, used } = this
    // two sums side by side: a multiplication that waits for the one before it leaves the processor idle
    let a = 0
    let b = 0
    for (let i = 0; i + 1 < used; i += 2) {
      a = Math.imul(((a << 13) | (a >>> 19)) ^ scratch[i]!, 0x9e3779b1)
      b = Math.imul(((b << 13) | (b >>> 19)) ^ scratch[i + 1]!, 0x9e3779b1)
    }
    const hash = Math.imul(a ^ (a >>> 15) ^ scratch[used - 1]!, 0x85ebca6b) ^ b
    return (hash ^ (hash >>> 15)) & 0x3fffffff
  }

  private same(key: Int32Array): boolean {
    const { scratch } = this
    if (key.length !== this.used) return false
    for (let i = 0; i < key.length; i++) if (key[i] !== scratch[i]) return false
    return true
  }
}

/** By two bits. */
const ANSWERED: readonly OpenJourney['answered'][] = [undefined, 'reset', 'error']

/** From then on it surely loops, and one round is like the next. */
const MOST_ROUNDS = 3

/** How often the same packet came with a higher TTL. */
function roundsBefore(repeats: OpenJourney['repeats']): number {
  let rounds = 0
  for (const { isRound } of repeats) if (isRound) rounds++
  return rounds
}
