/**
 * Packets of every kind that some conditions tell apart: of each field one value from every stretch in which all of them
 * answer alike. What holds for all of these packets holds for every packet, as far as the conditions ask for these
 * fields; all others stay unknown in them.
 */
import { formatAddress, maskFromLength, parseAddress } from '../../model/address.ts'
import type { Condition, Value } from '../../model/condition.ts'
import type { CtState, Packet } from '../../model/packet.ts'
import { simpleConditions } from '../../rules/simple-conditions.ts'
import type { IpFamily } from './wish.ts'

type Key = keyof Packet
type Comparison = Condition & { kind: 'compare' }
type Values = readonly Packet[Key][]

/** More packets are not tried. */
const MOST = 2000

/** Undefined: there are too many kinds. */
export function samplePackets(conditions: readonly Condition[], family: IpFamily): Packet[] | undefined {
  const compared = new Map<Key, Comparison[]>()
  const protocols = new Set<string>()
  for (const one of conditions.flatMap(simpleConditions)) {
    if (one.kind !== 'compare') continue
    for (const protocol of protocolsOf(one.field)) protocols.add(protocol)
    const key = keyOf(one.field, family)
    if (key === undefined) continue
    const of = compared.get(key)
    if (of) of.push(one)
    else compared.set(key, [one])
  }
  const choices = [...compared].flatMap(([key, of]): [Key, Values][] => {
    if (key === 'protocol') return []
    const values = VALUES[key]!(of, family)
    return values ? [[key, values]] : []
  })
  const named = (compared.get('protocol') ?? []).flatMap(({ value }) => plainOf(value)).map(String)
  if (named.length + protocols.size > 0) choices.push(['protocol', unique([...named, ...protocols, OTHER_PROTOCOL])])
  // a later fragment has no ports
  if (protocols.size > 0) choices.push(['fragOffset', [undefined, 1480]])
  if (choices.reduce((count, [, values]) => count * values.length, 1) > MOST) return undefined
  return choices.reduce<Packet[]>(
    (packets, [key, values]) =>
      packets.flatMap((packet) => values.map((value) => (value === undefined ? packet : { ...packet, [key]: value }))),
    [{}],
  )
}

/** For experiments (RFC 3692): no rule names it. */
const OTHER_PROTOCOL = '253'

function protocolsOf(field: string): readonly string[] {
  const [, name] = /^(\w+) (?:[sd]port|type|code|flags)$/.exec(field) ?? []
  if (name === 'th') return ['tcp', 'udp']
  return name !== undefined && /^(?:tcp|udp|udplite|sctp|dccp|icmp|icmpv6)$/.test(name) ? [name] : []
}

const KEYS: Readonly<Record<string, Key>> = {
  'meta l4proto': 'protocol',
  'meta iifname': 'in',
  'meta oifname': 'out',
  'meta mark': 'mark',
  'ct state': 'ctState',
  'tcp flags': 'tcpFlags',
  'icmp type': 'icmpType',
  'icmpv6 type': 'icmpType',
}

function keyOf(field: string, family: IpFamily): Key | undefined {
  if (field === `${family} saddr`) return 'src'
  if (field === `${family} daddr`) return 'dst'
  const [, port] = /^(?:th|tcp|udp|udplite|sctp|dccp) ([sd]port)$/.exec(field) ?? []
  return port === undefined ? KEYS[field] : (port as 'sport' | 'dport')
}

/** Undefined: the field stays unknown. */
const VALUES: Readonly<Partial<Record<Key, (of: readonly Comparison[], family: IpFamily) => Values | undefined>>> = {
  sport: (of) => numbers(of, 0xffff),
  dport: (of) => numbers(of, 0xffff),
  icmpType: (of) => numbers(of, 0xff),
  mark: (of) => numbers(of, 0xffffffff),
  in: names,
  out: names,
  src: addresses,
  dst: addresses,
  ctState: (): readonly CtState[] => ['new', 'established', 'related', 'invalid', 'untracked'],
  tcpFlags: flags,
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)]

/** Scalars, prefixes, ranges and wildcards, out of sets. */
const plainOf = (value: Value): Exclude<Value, { set: Value[] }>[] =>
  typeof value === 'object' && 'set' in value ? value.set.flatMap(plainOf) : [value]

const isMasked = ({ mask }: Comparison): boolean => mask !== undefined

/** At each end of each stretch the last number of it and the first behind it. */
function numbers(of: readonly Comparison[], most: number): Values | undefined {
  if (of.some(isMasked)) return undefined
  const ends = of
    .flatMap(({ value }) => plainOf(value))
    .flatMap((one) => {
      if (typeof one !== 'object') return [Number(one)]
      return 'range' in one ? one.range.map(Number) : [Number.NaN]
    })
  if (ends.some(Number.isNaN)) return undefined
  return unique([0, ...ends.flatMap((end) => [end - 1, end, end + 1])]).filter((one) => one >= 0 && one <= most)
}

/** No interface is called so. */
const OTHER_NAME = '/'

function names(of: readonly Comparison[]): Values | undefined {
  const found = of
    .flatMap(({ value }) => plainOf(value))
    .map((one) => {
      if (typeof one !== 'object') return String(one)
      return 'wildcard' in one ? one.wildcard + OTHER_NAME : undefined
    })
  return found.includes(undefined) ? undefined : unique([...found, OTHER_NAME])
}

function addresses(of: readonly Comparison[], family: IpFamily): Values | undefined {
  if (of.some(isMasked)) return undefined
  const bits = family === 'ip' ? 32 : 128
  const ends: bigint[] = [0n]
  for (const one of of.flatMap(({ value }) => plainOf(value))) {
    const texts = typeof one !== 'object' ? [one] : 'range' in one ? one.range : 'prefix' in one ? [one.prefix] : []
    const [first, last = first] = texts.map((text) => numberOf(String(text), bits))
    if (first === undefined || last === undefined) return undefined
    const length = typeof one === 'object' && 'prefix' in one ? one.length : bits
    const mask = bigOf(maskFromLength(length, bits))
    ends.push(first & mask, last | (~mask & ((1n << BigInt(bits)) - 1n)))
  }
  const near = unique(ends.flatMap((end) => [end - 1n, end, end + 1n]))
  return near.filter((one) => one >= 0n && one < 1n << BigInt(bits)).map((one) => addressOf(one, bits))
}

const bigOf = (bytes: Uint8Array): bigint => bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n)

function numberOf(text: string, bits: number): bigint | undefined {
  const bytes = parseAddress(text)
  return bytes && bytes.length * 8 === bits ? bigOf(bytes) : undefined
}

const addressOf = (number: bigint, bits: number): string =>
  formatAddress(Uint8Array.from({ length: bits / 8 }, (_, i) => Number((number >> BigInt(bits - 8 - 8 * i)) & 0xffn)))

/** In the order of their bits, from the lowest. */
const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg']

/** All that the bits which are asked for can be. */
function flags(of: readonly Comparison[]): Values | undefined {
  if (of.some(({ mask }) => typeof mask !== 'number')) return undefined
  const asked = FLAGS.filter((_, bit) => of.some(({ mask }) => (Number(mask) >> bit) & 1))
  return asked.reduce<string[][]>((sets, flag) => sets.flatMap((set) => [set, set.concat(flag)]), [[]])
}
