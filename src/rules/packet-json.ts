/**
 * A packet as JSON, as contract.md has it: what is not one of its fields, or no value of that field, is an error. Words
 * are taken in any case and given back as the model has them.
 */
import { formatAddress, parseAddress } from '../model/address.ts'
import { CT_STATUS, type Packet, TCP_FLAGS } from '../model/packet.ts'
import { closest } from './closest.ts'
import { protocolName, protocolNumber } from './iptables/protocols.ts'

/** A packet, or what is wrong with it. */
export type PacketResult = { packet: Packet } | { error: string }

/** The value as the model has it; throws Wrong. */
type Read = (value: unknown, depth: number) => unknown

/** What a field has to be, to stand behind its name. */
class Wrong extends Error {}

const text: Read = (value) => {
  if (typeof value !== 'string' || value === '') throw new Wrong('must be a text')
  return value
}

const number =
  (most: number): Read =>
  (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most)
      throw new Wrong(`must be a number from 0 to ${most}`)
    return value
  }

const flag: Read = (value) => {
  if (typeof value !== 'boolean') throw new Wrong('must be true or false')
  return value
}

const address: Read = (value) => {
  const bytes = typeof value === 'string' ? parseAddress(value) : undefined
  if (!bytes) throw new Wrong('must be an IPv4 or IPv6 address')
  return formatAddress(bytes)
}

const oneOf =
  (words: readonly string[]): Read =>
  (value) => {
    if (typeof value !== 'string') throw new Wrong(`must be one of ${words.join(', ')}`)
    const word = value.toLowerCase()
    if (words.includes(word)) return word
    const meant = closest(word, words)
    throw new Wrong(
      `has no value "${value}"; ${meant === undefined ? `write one of ${words.join(', ')}` : `did you mean "${meant}"?`}`,
    )
  }

const listOf =
  (words: readonly string[]): Read =>
  (value, depth) => {
    if (!Array.isArray(value)) throw new Wrong('must be a list of strings')
    return [...new Set(value.map((one) => oneOf(words)(one, depth)))]
  }

const protocol: Read = (value) => {
  const found = typeof value === 'string' ? protocolNumber(value) : undefined
  // as a rule's word `all` is 0, too
  if (found === undefined || (found === 0 && value !== '0'))
    throw new Wrong('must be a protocol: "tcp", or its number as a string')
  return found === 58 ? 'icmpv6' : found === 0 ? '0' : protocolName(found)
}

const mac: Read = (value) => {
  if (typeof value !== 'string' || !/^[\da-f]{2}(:[\da-f]{2})+$/i.test(value)) throw new Wrong('must be a MAC address')
  return value.toLowerCase()
}

const hex: Read = (value) => {
  if (typeof value !== 'string' || value.length % 2 === 1 || /[^\da-f]/i.test(value))
    throw new Wrong('must be bytes in hex')
  return value.toUpperCase()
}

/** An ICMP error quotes no error, but a tunnel may be in a tunnel. */
const DEEPEST = 8
const inner: Read = (value, depth) => {
  if (depth >= DEEPEST) throw new Wrong('quotes packets in packets too deep')
  return readFields(value, depth + 1)
}

const [BITS_8, BITS_16, BITS_32] = [0xff, 0xffff, 0xffffffff]

const FIELDS: Readonly<Record<keyof Packet, Read>> = {
  in: text,
  out: text,
  physIn: text,
  physOut: text,
  vlan: number(4095),
  src: address,
  dst: address,
  protocol,
  sport: number(BITS_16),
  dport: number(BITS_16),
  tcpFlags: listOf(TCP_FLAGS),
  tcpSeq: number(BITS_32),
  tcpAck: number(BITS_32),
  tcpWindow: number(BITS_16),
  tcpOptions: hex,
  icmpType: number(BITS_8),
  icmpCode: number(BITS_8),
  icmpId: number(BITS_16),
  icmpSeq: number(BITS_16),
  inner,
  // an IPv6 fragment's has 32 bits
  ipId: number(BITS_32),
  ttl: number(BITS_8),
  tos: number(BITS_8),
  // packets that the kernel has put together are longer than any on a wire
  length: number(BITS_32),
  fragOffset: number(BITS_16),
  moreFragments: flag,
  dontFragment: flag,
  flowLabel: number(0xfffff),
  mark: number(BITS_32),
  srcMac: mac,
  dstMac: mac,
  uid: number(BITS_32),
  gid: number(BITS_32),
  ctState: oneOf(['new', 'established', 'related', 'invalid', 'untracked']),
  ctStatus: listOf(CT_STATUS),
  ctMark: number(BITS_32),
  ctZone: number(BITS_16),
  ctDir: oneOf(['original', 'reply']),
}

/** Never throws. */
export function readPacketJson(json: string): PacketResult {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    return { error: `the packet is no JSON: ${(error as Error).message}` }
  }
  return readPacket(value)
}

/** A packet that was parsed from JSON; or what is wrong with it, in a sentence. Never throws. */
export function readPacket(value: unknown): PacketResult {
  try {
    return { packet: readFields(value, 0) }
  } catch (error) {
    if (error instanceof Wrong) return { error: error.message }
    throw error
  }
}

/** Throws Wrong, with the field's name. */
function readFields(value: unknown, depth: number): Packet {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Wrong('a packet must be an object: { "src": … }')
  const packet: Record<string, unknown> = {}
  for (const [key, one] of Object.entries(value)) {
    if (!Object.hasOwn(FIELDS, key)) {
      const meant = closest(key, Object.keys(FIELDS))
      throw new Wrong(
        `a packet field "${key}" does not exist${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
      )
    }
    packet[key] = readField(key as keyof Packet, one, depth)
  }
  const { src, dst } = packet as Packet
  if (src !== undefined && dst !== undefined && src.includes(':') !== dst.includes(':'))
    throw new Wrong('"src" and "dst" are of different families')
  return packet as Packet
}

function readField(key: keyof Packet, value: unknown, depth: number): unknown {
  try {
    return FIELDS[key](value, depth)
  } catch (error) {
    // what is wrong with a quoted packet has its own field's name already
    if (!(error instanceof Wrong) || /^(?:a packet|")/.test(error.message)) throw error
    throw new Wrong(`"${key}" ${error.message}`)
  }
}
