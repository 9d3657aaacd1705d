/** What rules, routes, sockets and addresses of a World ask of a packet: all else about it makes no difference. */
import { parseAddress } from '../model/address.ts'
import type { Condition, NftSet, Op, Value } from '../model/condition.ts'
import { memo } from '../model/memo.ts'
import type { NamedSet } from '../model/ruleset.ts'
import { silentState } from '../model/silent-neighbour.ts'
import type { MapLookup, Statement } from '../model/statement.ts'
import type { World } from '../model/world.ts'
import { SERVICES } from '../rules/iptables/values/services.ts'
import { ALL_HOSTS } from '../rules/joined-groups.ts'
import { solicitedGroup } from '../rules/solicited-group.ts'

/** Ranges that somebody asks for, on one number line; numbers that lie in the same ones are of one class. */
export class Ranges {
  /** Where the classes change, and the class from there on; below the first cut it is 0. */
  private readonly cuts: Float64Array
  private readonly classes: Int32Array

  constructor(ranges: readonly (readonly [number, number])[]) {
    // most are one number
    const distinct = new Map(ranges.map((range) => [range[0] === range[1] ? range[0] : range.join('-'), range]))
    const changes = new Map<number, number[]>()
    ;[...distinct.values()].forEach(([from, to], i) => {
      for (const cut of [from, to + 1]) {
        const others = changes.get(cut)
        if (others) others.push(i)
        else changes.set(cut, [i])
      }
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

/** Where headers are cut short, fields are missing: behind an IP header, and so many bytes more. */
const ENDS = [20, 40].flatMap((header) => [1, 2, 4, 6, 8, 12, 13, 14, 16, 20].map((end) => header + end))

/** Of every World alike: which link's or route's MTU a length is above, and which headers it has room for. */
export const lengthsOf = ({ host }: World): Ranges =>
  new Ranges([
    ...[...(host.links ?? []), ...(host.routes ?? [])].flatMap(({ mtu }) =>
      mtu === undefined ? [] : [[mtu + 1, 65_536] as const],
    ),
    ...ENDS.map((end) => [0, end - 1] as const),
  ])

/** Which fields the rules read, and the values that cut the number lines of addresses and ports. */
interface Asked {
  fields: Set<string>
  /** Addresses count whole: under a mask with gaps they have no ranges, and what is computed of them has none either. */
  gaps: boolean
  /** The same of ports. */
  wholePorts: boolean
  saddr: [number, number][]
  daddr: [number, number][]
  sport: [number, number][]
  /** Only who answers has them as its source: where NAT sends a connection. */
  answering: [number, number][]
  dport: [number, number][]
}

/** All of it, once for each World. */
export const fieldsAsked = memo((world: World): Readonly<Asked> => readFields(world))

/** `statements`: what they compute with counts, too. */
export function readFields(world: World, statements = true): Asked {
  const ranges = { saddr: [], daddr: [], sport: [], answering: [], dport: [] }
  const asked: Asked = { fields: new Set(), gaps: false, wholePorts: false, ...ranges }
  for (const table of world.tables)
    for (const chain of table.chains.values())
      for (const rule of chain.rules) {
        for (const one of rule.conditions) readCondition(one, asked)
        if (statements) for (const one of rule.statements) readStatement(one, asked)
      }
  for (const set of world.sets) readSet(set, asked)
  readHost(world, asked)
  // what addresses are by themselves: loopback, multicast, class E
  for (const network of ['127.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '0.0.0.0/8', '255.255.255.255', ...ALL_HOSTS])
    addEverywhere(network, asked)
  return asked
}

function readHost({ host }: World, asked: Asked): void {
  const everywhere = (text: string) => addEverywhere(text, asked)
  for (const route of host.routes ?? []) {
    everywhere(route.destination)
    if (route.tos) asked.fields.add('ip tos')
  }
  for (const rule of host.routingRules ?? []) {
    for (const text of [rule.from, rule.to]) if (text) everywhere(text)
    for (const ports of [rule.sport, rule.dport]) if (ports) addPorts(ports, asked)
    if (rule.tos) asked.fields.add('ip tos')
    if (rule.uid) asked.fields.add('meta skuid')
  }
  for (const { src, dst, sport, dport, mark } of host.ipsecPolicies ?? []) {
    everywhere(src)
    everywhere(dst)
    for (const port of [sport, dport]) if (port !== undefined) addPorts([port, port], asked)
    if (mark !== undefined) asked.fields.add('meta mark')
  }
  for (const link of host.links ?? [])
    for (const own of link.addresses ?? [])
      for (const text of [own.address, own.broadcast, solicitedGroup(own.address)]) if (text) everywhere(text)
  // who does not answer is told of (explain/findings/neighbour-failed.ts)
  for (const one of host.neighbours ?? []) if (silentState(one) !== undefined) everywhere(one.address)
  for (const socket of host.sockets ?? []) {
    if (socket.port !== undefined) asked.dport.push([socket.port, socket.port])
    if (socket.address) addAddresses(socket.address, asked.daddr)
  }
  // a flow that is tracked goes the way of its entry
  for (const { original, reply } of host.conntrack ?? [])
    for (const tuple of [original, reply]) {
      everywhere(tuple.src)
      everywhere(tuple.dst)
      for (const port of [tuple.sport, tuple.dport]) if (port !== undefined) addPorts([port, port], asked)
      if (tuple.icmpId !== undefined) asked.fields.add('icmp id')
    }
}

function readSet(set: NamedSet, asked: Asked): void {
  // a rule gives the directions alone (rules/ipset.ts)
  if (/\bmac\b/.test(set.type)) asked.fields.add('ether saddr')
  const { addressMask } = set
  if (typeof addressMask === 'string') asked.gaps = true
  for (const { parts } of set.elements)
    for (const part of parts) {
      cutEverywhere(part, asked)
      if (typeof addressMask === 'number' && addressMask <= 32) addEverywhere(`${part}/${addressMask}`, asked)
    }
}

/** Part of a set's element: an address, a port, a range of either. */
function cutEverywhere(part: string, asked: Asked): void {
  addEverywhere(part, asked)
  const [, from, to] = /(?:^|:)(\d+)-(\d+)$/.exec(part) ?? []
  if (from !== undefined) addPorts([Number(from), Number(to)], asked)
  for (const number of part.match(/\d+/g) ?? []) addPorts([Number(number), Number(number)], asked)
  const service = SERVICES[part]
  if (typeof service === 'number') addPorts([service, service], asked)
}

function addPorts(range: readonly [number, number], asked: Asked): void {
  asked.sport.push([...range])
  asked.dport.push([...range])
}

function addEverywhere(text: string, asked: Asked): void {
  addAddresses(text, asked.saddr)
  addAddresses(text, asked.daddr)
}

/** Bytes of headers may be any of these fields. */
const IN_HEADERS = [
  ...['ip ttl', 'ip tos', 'ip length', 'ip id', 'ip frag-off', 'ip6 flowlabel', 'icmp id', 'icmp sequence'],
  ...['ip saddr', 'ip daddr', 'th sport', 'th dport', 'tcp sequence', 'tcp option', 'ether saddr'],
]

/** What bytes and hashes are made of. */
function madeOf(field: string): readonly string[] {
  if (field.startsWith('@')) return IN_HEADERS
  return /^jhash (.*) mod \d/.exec(field)?.[1]?.split(' . ') ?? []
}

/** What is computed of a field differs with its every value. */
function readWhole(field: string, asked: Asked): void {
  asked.fields.add(field)
  for (const each of madeOf(field)) readWhole(each, asked)
  if (/addr$/.test(field)) asked.gaps = true
  if (/(port|proto-src|proto-dst)$/.test(field)) asked.wholePorts = true
}

function readCondition(condition: Condition, asked: Asked): void {
  switch (condition.kind) {
    case 'compare': {
      const { field, mask, value, op } = condition
      asked.fields.add(field)
      if (typeof mask === 'string') asked.gaps = true
      if (typeof mask === 'number' || madeOf(field).length > 0) readWhole(field, asked)
      readValue(value, op, sidesOf(field), asked)
      return
    }
    case 'not':
      readCondition(condition.of, asked)
      return
    case 'all':
    case 'any':
      for (const one of condition.of) readCondition(one, asked)
      return
    case 'lookup':
    case 'room':
      readLookup(condition.fields, condition.nft, asked)
      return
    case 'unknown':
      // what is longer than a limit's whole allowance never matches
      if (condition.lasts && 'refills' in condition.lasts) asked.fields.add('meta length')
  }
}

function readLookup(fields: readonly string[], nft: NftSet | undefined, asked: Asked): void {
  fields.forEach((field, i) => {
    asked.fields.add(field)
    if (nft?.masks?.[i] !== undefined || madeOf(field).length > 0) readWhole(field, asked)
  })
  for (const { parts } of nft?.elements ?? []) for (const part of parts) cutEverywhere(part, asked)
}

/** What it writes, and where it sends the packet, may be made of the packet's own values. */
function readStatement(statement: Statement, asked: Asked): void {
  const readMap = (map: MapLookup | undefined) => map && readLookup(map.fields, map.nft, asked)
  switch (statement.kind) {
    case 'vmap':
      readMap(statement.map)
      return
    case 'stolen':
      if (statement.when) readCondition(statement.when, asked)
      return
    case 'set': {
      const { field, value, op, map } = statement
      readMap(map)
      if (typeof value === 'object') readWhole(value.field, asked)
      // how far it is from 1
      if (op !== undefined && /\b(ttl|hoplimit)$/.test(field)) asked.fields.add(field)
      return
    }
    case 'update-set':
      // what is written into a set may be asked for later, whatever it is
      if (statement.nft)
        for (const field of [...statement.fields, ...(statement.data?.fields ?? [])]) readWhole(field, asked)
      return
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
    case 'netmap':
      readMap(statement.map)
      if (statement.addresses) addEverywhere(statement.addresses.join('-'), asked)
      if (statement.ports) {
        const isDestination = statement.kind === 'dnat' || statement.kind === 'redirect'
        asked[isDestination ? 'answering' : 'sport'].push([...statement.ports])
        asked.dport.push([...statement.ports])
      }
      if (statement.basePort !== undefined) asked.wholePorts = true
      if (statement.kind === 'netmap') asked.gaps = true
  }
}

type Side = 'saddr' | 'daddr' | 'sport' | 'dport'

/** Whose values a field has; a connection's are those of its packets, before NAT and behind it, in either direction. */
function sidesOf(field: string): readonly Side[] {
  const what = field.slice(field.lastIndexOf(' ') + 1)
  const isOfConnection = field.startsWith('ct ')
  if (isOfConnection && /addr$/.test(what)) return ['saddr', 'daddr']
  if (isOfConnection && /^proto-(src|dst)$/.test(what)) return ['sport', 'dport']
  return what === 'saddr' || what === 'daddr' || what === 'sport' || what === 'dport' ? [what] : []
}

/** What is neither an address nor a port has columns of its own. */
function readValue(value: Value, op: Op, sides: readonly Side[], asked: Asked): void {
  for (const side of sides)
    for (const [from, to] of /addr$/.test(side) ? addressRanges(value) : portRanges(value)) {
      asked[side].push([from, to])
      // below it, and above
      if (op !== '==' && op !== '!=') asked[side].push([0, to])
    }
}

function addressRanges(value: Value): [number, number][] {
  const ranges: [number, number][] = []
  if (typeof value === 'string') addAddresses(value, ranges)
  else if (typeof value !== 'object') return ranges
  else if ('set' in value) return value.set.flatMap(addressRanges)
  else if ('prefix' in value) addAddresses(`${value.prefix}/${value.length}`, ranges)
  else if ('range' in value) addAddresses(`${value.range[0]}-${value.range[1]}`, ranges)
  return ranges
}

function portRanges(value: Value): [number, number][] {
  if (typeof value === 'number') return [[value, value]]
  if (typeof value !== 'object') return []
  if ('set' in value) return value.set.flatMap(portRanges)
  return 'range' in value ? [[Number(value.range[0]), Number(value.range[1])]] : []
}

/** `A`, `A/24`, `A-B`: where its addresses begin and where they end. */
export function addAddresses(text: string, ranges: [number, number][]): void {
  const range = /^([\d.]+)-([\d.]+)$/.exec(text)
  const [first, length] = range ? [range[1]!, undefined] : text.split('/')
  const from = numberOf(first)
  if (from === undefined) return
  if (range) ranges.push([from, numberOf(range[2]) ?? from])
  else {
    const size = 2 ** (32 - Number(length ?? 32))
    ranges.push([from - (from % size), from - (from % size) + size - 1])
  }
}

function numberOf(text: string | undefined): number | undefined {
  const bytes = text === undefined ? undefined : parseAddress(text)
  return bytes?.length === 4 ? ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0 : undefined
}

/** Of what is an address for sure; undefined: it is IPv6. */
export function ipv4Number(address: string): number | undefined {
  let number = 0
  let part = 0
  for (let i = 0; i < address.length; i++) {
    const char = address.charCodeAt(i)
    if (char === 0x2e) {
      number = number * 256 + part
      part = 0
    } else if (char >= 0x30 && char <= 0x39) part = part * 10 + char - 0x30
    else return undefined
  }
  return number * 256 + part
}
