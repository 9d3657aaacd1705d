/** Bits of headers that rules name by their place, `@th,16,16`: read where the packet tells all of them. */
import { formatAddress, parseAddress } from '../../model/address.ts'
import type { Packet } from '../../model/packet.ts'
import type { Assignment } from '../../model/statement.ts'
import { ABSENT, type EvalContext, ipVersion, type Read } from '../eval-context.ts'
import { unknown } from '../truth.ts'
import { hasPorts, knownProtocol } from '../values.ts'
import { flagBits } from './tcp-flags.ts'

const RAW = /^@(ll|nh|th),(\d+),(\d+)$/
/** More are not one number. */
const MOST_BITS = 48

/** One bit after the other: 0, 1, or undefined where it is not known. */
type Bits = (0 | 1 | undefined)[]

interface Header {
  bits: Bits
  /** So many bytes the packet has from here on at most. */
  most: number
}

/** Undefined for what is no such field. `mask`: only these of its bits are asked for. */
export function rawReader(field: string, mask = -1): Read | undefined {
  const [, base, first, count] = RAW.exec(field) ?? []
  if (base === undefined) return undefined
  const [from, length] = [Number(first), Number(count)]
  const untold = unknown(`${field} is not known`)
  return (moment) => {
    const header = headerAt(base, moment)
    if (!header) return untold
    if (header === ABSENT || header.most * 8 < from + length) return ABSENT
    if (length === ADDRESS_BITS) return addressAt(header.bits, from) ?? untold
    if (length > MOST_BITS) return untold
    let value = 0
    for (let i = 0; i < length; i++) {
      const bit = header.bits[from + i]
      const isAsked = length > 32 || (mask & (1 << (length - 1 - i))) !== 0
      if (bit === undefined && isAsked)
        return { ...untold, bits: Object.assign(header.bits.slice(from, from + length), { length }) }
      value = value * 2 + (bit ?? 0)
    }
    return value
  }
}

/** As many bits are one of IPv6: nft has no other field of that size. */
const ADDRESS_BITS = 128

function addressAt(bits: Bits, from: number): string | undefined {
  const bytes = new Uint8Array(ADDRESS_BITS / 8)
  for (let i = 0; i < ADDRESS_BITS; i++) {
    const bit = bits[from + i]
    if (bit === undefined) return undefined
    bytes[i >> 3]! |= bit << (7 - (i & 7))
  }
  return formatAddress(bytes)
}

function headerAt(base: string, moment: EvalContext): Header | typeof ABSENT | undefined {
  const version = ipVersion(moment)
  if (version === undefined) return undefined
  if (base === 'll') return frame(moment, version)
  const { packet } = moment
  const most = packet.length ?? Number.POSITIVE_INFINITY
  if (base === 'nh') return { bits: version === 'ip' ? ipv4(packet) : ipv6(packet), most }
  // of a later fragment kernels differ
  if ((packet.fragOffset ?? 0) > 0) return undefined
  const bits = transport(packet)
  return bits && { bits, most: most - (version === 'ip' ? 20 : 40) }
}

/** As facts/headers.ts has it of Ethernet's fields. */
function frame({ packet, hook }: EvalContext, version: 'ip' | 'ip6'): Header | typeof ABSENT | undefined {
  if (hook === 'output' || packet.in === 'lo' || (hook === 'postrouting' && packet.uid !== undefined)) return ABSENT
  // a tag stands in the frame where the packet's own fields do not show it
  if (packet.in === undefined || packet.vlan !== undefined) return undefined
  const bits: Bits = []
  putBytes(bits, 0, macBytes(packet.dstMac))
  putBytes(bits, 48, macBytes(packet.srcMac))
  put(bits, 96, 16, version === 'ip' ? 0x0800 : 0x86dd)
  return { bits, most: 14 + (packet.length ?? 0) }
}

function ipv4({ tos, length, ipId, ttl, protocol, src, dst }: Packet): Bits {
  const bits: Bits = []
  put(bits, 0, 4, 4)
  put(bits, 8, 8, tos)
  put(bits, 16, 16, length)
  put(bits, 32, 16, ipId)
  put(bits, 64, 8, ttl)
  put(bits, 72, 8, protocol === undefined ? undefined : knownProtocol(protocol))
  putBytes(bits, 96, addressBytes(src))
  putBytes(bits, 128, addressBytes(dst))
  return bits
}

function ipv6({ tos, flowLabel, length, ttl, src, dst }: Packet): Bits {
  const bits: Bits = []
  put(bits, 0, 4, 6)
  put(bits, 4, 8, tos)
  put(bits, 12, 20, flowLabel)
  put(bits, 32, 16, length === undefined ? undefined : length - 40)
  put(bits, 56, 8, ttl)
  putBytes(bits, 64, addressBytes(src))
  putBytes(bits, 192, addressBytes(dst))
  return bits
}

const [ICMP, TCP, ICMPV6] = [1, 6, 58]

function transport(packet: Packet): Bits | undefined {
  const protocol = packet.protocol === undefined ? undefined : knownProtocol(packet.protocol)
  if (protocol === undefined) return undefined
  const bits: Bits = []
  if (hasPorts(protocol)) {
    put(bits, 0, 16, packet.sport)
    put(bits, 16, 16, packet.dport)
  }
  if (protocol === TCP) {
    const { tcpSeq, tcpAck, tcpOptions, tcpFlags, tcpWindow } = packet
    put(bits, 32, 32, tcpSeq)
    put(bits, 64, 32, tcpAck)
    put(bits, 96, 4, tcpOptions === undefined ? undefined : 5 + tcpOptions.length / 8)
    put(bits, 104, 8, tcpFlags && flagBits(tcpFlags))
    put(bits, 112, 16, tcpWindow)
    if (tcpOptions)
      putBytes(
        bits,
        160,
        Uint8Array.from(tcpOptions.match(/../g) ?? [], (one) => Number.parseInt(one, 16)),
      )
  }
  if (protocol === ICMP || protocol === ICMPV6) {
    put(bits, 0, 8, packet.icmpType)
    put(bits, 8, 8, packet.icmpCode)
    put(bits, 32, 16, packet.icmpId)
    put(bits, 48, 16, packet.icmpSeq)
  }
  return bits
}

function put(bits: Bits, at: number, length: number, value: number | undefined): void {
  if (value === undefined) return
  for (let i = 0; i < length; i++) bits[at + i] = (Math.floor(value / 2 ** (length - 1 - i)) & 1) as 0 | 1
}

function putBytes(bits: Bits, at: number, bytes: Uint8Array | undefined): void {
  bytes?.forEach((byte, i) => {
    put(bits, at + 8 * i, 8, byte)
  })
}

const addressBytes = (text: string | undefined): Uint8Array | undefined =>
  text === undefined ? undefined : parseAddress(text)

const macBytes = (text: string | undefined): Uint8Array | undefined =>
  text === undefined ? undefined : Uint8Array.from(text.split(':'), (one) => Number.parseInt(one, 16))

/** Fields of headers that rules write by their place as well: base, first bit, how many. */
const PLACES: Readonly<Record<string, readonly [base: string, from: number, length: number]>> = {
  'ip tos': ['nh', 8, 8],
  'ip id': ['nh', 32, 16],
  'ip ttl': ['nh', 64, 8],
  'ip saddr': ['nh', 96, 32],
  'ip daddr': ['nh', 128, 32],
  'ip6 hoplimit': ['nh', 56, 8],
  'ip6 tos': ['nh', 4, 8],
  'ip6 flowlabel': ['nh', 12, 20],
  'ip6 saddr': ['nh', 64, 128],
  'ip6 daddr': ['nh', 192, 128],
  'th sport': ['th', 0, 16],
  'th dport': ['th', 16, 16],
  'tcp sequence': ['th', 32, 32],
  'tcp ackseq': ['th', 64, 32],
  'tcp flags': ['th', 104, 8],
  'tcp window': ['th', 112, 16],
  'icmp type': ['th', 0, 8],
  'icmp code': ['th', 8, 8],
  'icmp id': ['th', 32, 16],
  'icmp sequence': ['th', 48, 16],
  'ether daddr': ['ll', 0, 48],
  'ether saddr': ['ll', 48, 48],
}

/**
 * Which fields of the packet's headers those bits are of. `whole`: they are all of the one that is named, and nothing
 * else. Undefined for what is no such field; none: bytes that nothing else reads.
 */
export function fieldsAt(field: string, moment: EvalContext): { names: string[]; whole: boolean } | undefined {
  const [, base, first, count] = RAW.exec(field) ?? []
  if (base === undefined) return undefined
  const [from, length] = [Number(first), Number(count)]
  const names = Object.keys(PLACES).filter((name) => {
    const [where, start, size] = PLACES[name]!
    return where === base && from < start + size && start < from + length && has(name, moment)
  })
  const [, start, size] = PLACES[names[0] ?? ''] ?? []
  return { names, whole: names.length === 1 && start === from && size === length }
}

/** Bits 4 to 7 of IPv4's header are its length: everything behind it is read from elsewhere then. */
export function writesLength({ field, value, mask = -1 }: Assignment, moment: EvalContext): boolean {
  const [, base, first, count] = RAW.exec(field) ?? []
  const behind = Number(first) + Number(count)
  if (base !== 'nh' || Number(first) > 7 || behind < 5 || ipVersion(moment) !== 'ip') return false
  // without those that stand in front of it
  const bits = 0xf * 2 ** (behind - 8)
  return behind > 32 || typeof value !== 'number' || ((mask | value) & bits) !== 0
}

/** `th sport` of a protocol that has no ports is what stands there; any other field is itself. */
export function placeOf(field: string, moment: EvalContext): string {
  if ((field !== 'th sport' && field !== 'th dport') || has(field, moment)) return field
  return moment.packet.protocol === undefined ? field : field === 'th sport' ? '@th,0,16' : '@th,16,16'
}

/** What each field of those bits is once `value` is written there; undefined: one of them is not known. */
export function valuesAt(
  field: string,
  value: number,
  moment: EvalContext,
): [name: string, value: number][] | undefined {
  const at = fieldsAt(field, moment)
  const [, base, first, count] = RAW.exec(field) ?? []
  const [from, length] = [Number(first), Number(count)]
  if (!at || length > MOST_BITS) return undefined
  const values: [string, number][] = []
  for (const name of at.names) {
    const [, start, size] = PLACES[name]!
    if (size > 32) return undefined
    const isWhole = start >= from && start + size <= from + length
    const old = isWhole ? 0 : rawReader(`@${base},${start},${size}`)!(moment)
    if (typeof old !== 'number') return undefined
    let now = 0
    for (let bit = start; bit < start + size; bit++) {
      const [of, behind] = bit >= from && bit < from + length ? [value, from + length] : [old, start + size]
      now = now * 2 + (Math.floor(of / 2 ** (behind - 1 - bit)) & 1)
    }
    values.push([name, now])
  }
  return values
}

/** What those bytes add to the checksum of their header; undefined: one of them is not known, or none counts them. */
export function sumAt(field: string, moment: EvalContext): number | undefined {
  const [, base, first, count] = RAW.exec(field) ?? ['', ...(PLACES[field] ?? [])]
  if (base !== 'th' && base !== 'nh') return undefined
  let sum = 0
  for (let at = Number(first) & ~7; at < Number(first) + Number(count); at += 8) {
    const byte = rawReader(`@${base},${at},8`)!(moment)
    if (typeof byte !== 'number') return undefined
    // it is a sum of words of 16 bits
    sum += at % 16 === 0 ? byte * 256 : byte
  }
  return sum % 0xffff
}

function has(field: string, moment: EvalContext): boolean {
  const [header] = field.split(' ')
  const protocol = knownProtocol(moment.packet.protocol ?? '')
  switch (header) {
    case 'ip':
    case 'ip6':
      return ipVersion(moment) === header
    case 'th':
      return hasPorts(protocol)
    case 'tcp':
      return protocol === TCP
    case 'icmp':
      return protocol === ICMP || protocol === ICMPV6
    default:
      return true
  }
}
