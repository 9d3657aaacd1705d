/**
 * Journeys that nothing could tell apart: the same rule lines in the same order, and packets that differ only in what
 * no rule, route, socket or address of this machine asks for. They have the same outcome, cause and findings, so one of
 * them is explained and the others are counted.
 */

import { parseAddress } from '../model/address.ts'
import type { Condition, Value } from '../model/condition.ts'
import type { World } from '../model/world.ts'
import * as F from '../read/captures/header-fields.ts'
import { Names } from '../read/captures/names.ts'
import type { PacketStates } from '../read/captures/states.ts'
import type { OpenJourney } from './open.ts'

/** Of one state besides the columns, at most. */
const STATE_NUMBERS = 24

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
  [/frag-off$/, [F.FRAG]],
  [/^(icmp|icmpv6) id$/, [F.ICMP_ID]],
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
  private readonly destinationPorts: Ranges
  private readonly lengths: Ranges
  /** Columns of texts that some rule reads (MAC addresses, TCP options), and the texts, numbered. */
  private readonly textColumns: number[]
  private readonly texts = new Names()
  /** Some rule asks for addresses under a mask with gaps, which has no ranges: they count whole. */
  private readonly wholeAddresses: boolean
  /** What the kernel says of drops, numbered. */
  private readonly summaries = new Map<string, number>()
  private scratch = new Int32Array(256)
  private used = 0
  private size = 0

  constructor(world: World) {
    const asked = readFields(world)
    const fields = [...asked.fields]
    this.columns = [
      ...ALWAYS,
      ...ASKED.flatMap(([field, columns]) => (fields.some((one) => field.test(one)) ? columns : [])),
    ]
    this.textColumns = TEXTS.flatMap(([field, columns]) => (fields.some((one) => field.test(one)) ? columns : []))
    this.wholeAddresses = asked.gaps
    this.sources = new Ranges(asked.saddr)
    this.destinations = new Ranges(asked.daddr)
    this.sourcePorts = new Ranges(asked.sport)
    this.destinationPorts = new Ranges(asked.dport)
    this.lengths = new Ranges(
      (world.host.links ?? []).flatMap((link) => (link.mtu === undefined ? [] : [[link.mtu + 1, 65_536] as const])),
    )
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
    return this.byHash.get(this.hash())?.find((one) => this.same(one.key))?.value
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
      (open.beforeNat ? 4 : 0) |
      (open.natSeen ? 8 : 0) |
      (open.lossy ? 16 : 0) |
      (this.numberOfSummary(dropSummary) << 5)
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
    scratch[at++] = this.sourcePorts.classOf(rows[base + F.SPT]! >>> 0)
    scratch[at++] = this.destinationPorts.classOf(rows[base + F.DPT]! >>> 0)
    scratch[at++] = this.lengths.classOf(rows[base + F.LEN]! >>> 0)
    const offset = rows[base + F.FRAG]! & 0xfffff
    scratch[at++] = (rows[base + F.TTL]! <= 1 ? 1 : 0) | (offset > 0 ? 2 : 0) | (rows[base + F.FRAG]! & F.FRAG_DF)
    if (rows[base + F.FAMILY] === 6 || this.wholeAddresses) {
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
    if (key.length !== this.used) return false
    for (let i = 0; i < key.length; i++) if (key[i] !== this.scratch[i]) return false
    return true
  }
}

/** Ranges that somebody asks for, on one number line; numbers that lie in the same ones are of one class. */
class Ranges {
  /** Where the classes change, and the class from there on; below the first cut it is 0. */
  private readonly cuts: Float64Array
  private readonly classes: Int32Array

  constructor(ranges: readonly (readonly [number, number])[]) {
    const distinct = [...new Map(ranges.map((range) => [`${range[0]}-${range[1]}`, range])).values()]
    const changes = new Map<number, number[]>()
    distinct.forEach(([from, to], i) => {
      for (const cut of [from, to + 1]) changes.set(cut, [...(changes.get(cut) ?? []), i])
    })
    this.cuts = Float64Array.from(changes.keys()).sort()
    this.classes = new Int32Array(this.cuts.length)
    // a sweep: which ranges cover the numbers from each cut on
    const covering = new Set<number>()
    const known = new Map([['', 0]])
    this.cuts.forEach((cut, at) => {
      for (const i of changes.get(cut)!) if (!covering.delete(i)) covering.add(i)
      const signature = [...covering].sort((a, b) => a - b).join()
      if (!known.has(signature)) known.set(signature, known.size)
      this.classes[at] = known.get(signature)!
    })
  }

  classOf(value: number): number {
    let [low, high] = [0, this.cuts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.cuts[middle]! <= value) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.classes[low - 1]!
  }
}

/** Which fields the rules read, and the values that cut the number lines of addresses and ports. */
interface Asked {
  fields: Set<string>
  gaps: boolean
  saddr: [number, number][]
  daddr: [number, number][]
  sport: [number, number][]
  dport: [number, number][]
}

function readFields(world: World): Asked {
  const asked: Asked = { fields: new Set(), gaps: false, saddr: [], daddr: [], sport: [], dport: [] }
  for (const table of world.tables)
    for (const chain of table.chains.values())
      for (const rule of chain.rules) for (const one of rule.conditions) readCondition(one, asked)
  const everywhere = (text: string) => addEverywhere(text, asked)
  for (const set of world.sets)
    for (const element of set.elements) for (const part of element.parts) cutEverywhere(part, asked)
  const { host } = world
  for (const route of host.routes ?? []) everywhere(route.destination)
  for (const rule of host.routingRules ?? []) for (const text of [rule.from, rule.to]) if (text) everywhere(text)
  for (const link of host.links ?? [])
    for (const own of link.addresses ?? []) for (const text of [own.address, own.broadcast]) if (text) everywhere(text)
  for (const socket of host.sockets ?? []) {
    if (socket.port !== undefined) asked.dport.push([socket.port, socket.port])
    if (socket.address) addAddresses(socket.address, asked.daddr)
  }
  // a flow that is tracked goes the way of its entry
  for (const { original, reply } of host.conntrack ?? [])
    for (const tuple of [original, reply]) {
      everywhere(tuple.src)
      everywhere(tuple.dst)
      for (const port of [tuple.sport, tuple.dport])
        if (port !== undefined) for (const ranges of [asked.sport, asked.dport]) ranges.push([port, port])
    }
  // what addresses are by themselves: loopback, multicast, class E
  for (const network of ['127.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '0.0.0.0/8', '255.255.255.255'])
    everywhere(network)
  return asked
}

/** Part of a set's element: an address, a port, a range of either. */
function cutEverywhere(part: string, asked: Asked): void {
  addEverywhere(part, asked)
  for (const number of part.match(/\d+/g) ?? [])
    for (const cuts of [asked.sport, asked.dport]) cuts.push([Number(number), Number(number)])
}

function addEverywhere(text: string, asked: Asked): void {
  addAddresses(text, asked.saddr)
  addAddresses(text, asked.daddr)
}

function readCondition(condition: Condition, asked: Asked): void {
  switch (condition.kind) {
    case 'compare':
      asked.fields.add(condition.field)
      if (typeof condition.mask === 'string') asked.gaps = true
      readValue(condition.value, condition.field.slice(condition.field.lastIndexOf(' ') + 1), asked)
      return
    case 'not':
      readCondition(condition.of, asked)
      return
    case 'all':
    case 'any':
      for (const one of condition.of) readCondition(one, asked)
      return
    case 'lookup':
      for (const field of condition.fields) asked.fields.add(field)
      // an address under a mask may have no intervals
      if (condition.nft?.masks) asked.fields.add('ether saddr')
      for (const { parts } of condition.nft?.elements ?? []) for (const part of parts) cutEverywhere(part, asked)
  }
}

/** `what` is the field's last word; what is neither an address nor a port has columns of its own. */
function readValue(value: Value, what: string, asked: Asked): void {
  if (what === 'saddr' || what === 'daddr') {
    if (typeof value === 'string') addAddresses(value, asked[what])
    else if (typeof value !== 'object') return
    else if ('set' in value) for (const one of value.set) readValue(one, what, asked)
    else if ('prefix' in value) addAddresses(`${value.prefix}/${value.length}`, asked[what])
    else if ('range' in value) addAddresses(`${value.range[0]}-${value.range[1]}`, asked[what])
  } else if (what === 'sport' || what === 'dport') {
    if (typeof value === 'number') asked[what].push([value, value])
    else if (typeof value !== 'object') return
    else if ('set' in value) for (const one of value.set) readValue(one, what, asked)
    else if ('range' in value) asked[what].push([Number(value.range[0]), Number(value.range[1])])
  }
}

/** `A`, `A/24`, `A-B`: where its addresses begin and where they end. */
function addAddresses(text: string, ranges: [number, number][]): void {
  const range = /^([\d.]+)-([\d.]+)$/.exec(text)
  const [first, length] = range ? [range[1]!, undefined] : text.split('/')
  const from = numberOf(first)
  if (from === undefined) return
  const to = range ? numberOf(range[2]) : from + 2 ** (32 - Number(length ?? 32)) - 1
  ranges.push([from, to ?? from])
}

function numberOf(text: string | undefined): number | undefined {
  const bytes = text === undefined ? undefined : parseAddress(text)
  return bytes?.length === 4 ? ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0 : undefined
}
