/** What is known of a packet as bytes on the wire, from its IP header on, in network byte order. */
import { parseAddress } from '../../model/address.ts'
import { concat } from '../../model/concat.ts'
import type { Packet } from '../../model/packet.ts'
import { TCP_FLAGS } from '../../model/packet.ts'
import { protocolNumber } from '../../rules/iptables/protocols.ts'

export interface PacketBytes {
  /** Headers alone: what stands behind them no trace tells. */
  bytes: Uint8Array
  /** Bytes that the packet had. */
  length: number
  /** Fields that are 0 as nobody knows them. */
  unknown: string[]
}

const [ICMP, TCP, UDP, UDPLITE, ICMPV6, SCTP, DCCP] = [1, 6, 17, 136, 58, 132, 33]
const FRAGMENT = 44

/** Undefined for what is no IP packet, or has no addresses. */
export function packetBytes(packet: Packet): PacketBytes | undefined {
  const { src: from, dst: to } = packet
  const [src, dst] = [from, to].map((one) => (one === undefined ? undefined : parseAddress(one)))
  if (!src || !dst || src.length !== dst.length) return undefined
  const unknown: string[] = []
  const known = (name: string, value: number | undefined): number => {
    if (value === undefined) unknown.push(name)
    return value ?? 0
  }
  const protocol = known('protocol', packet.protocol === undefined ? undefined : protocolNumber(packet.protocol))
  const behind = (packet.fragOffset ?? 0) > 0 ? new Uint8Array() : transport(packet, protocol, known)
  const isWhole = (header: number) => packet.length === undefined || packet.length === header + behind.length
  if (src.length === 4) {
    const length = packet.length ?? 20 + behind.length
    if (isWhole(20)) check(behind, protocol, src, dst)
    return { bytes: concat([ipv4({ packet, protocol, length, src, dst, known }), behind]), length, unknown }
  }
  const extension = isFragment(packet) ? fragmentHeader(packet, protocol) : new Uint8Array()
  const header = 40 + extension.length
  const length = packet.length ?? header + behind.length
  if (isWhole(header)) check(behind, protocol, src, dst)
  const next = extension.length > 0 ? FRAGMENT : protocol
  return {
    bytes: concat([ipv6({ packet, protocol: next, length, src, dst, known }), extension, behind]),
    length,
    unknown,
  }
}

type Known = (name: string, value: number | undefined) => number

interface Header {
  packet: Packet
  protocol: number
  length: number
  src: Uint8Array
  dst: Uint8Array
  known: Known
}

function ipv4({ packet, protocol, length, src, dst, known }: Header): Uint8Array {
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 0x45)
  view.setUint8(1, known('tos', packet.tos))
  view.setUint16(2, length)
  view.setUint16(4, known('id', packet.ipId))
  const { fragOffset = 0, moreFragments, dontFragment } = packet
  view.setUint16(6, (fragOffset >> 3) | (moreFragments ? 0x2000 : 0) | (dontFragment ? 0x4000 : 0))
  view.setUint8(8, known('ttl', packet.ttl))
  view.setUint8(9, protocol)
  bytes.set(src, 12)
  bytes.set(dst, 16)
  view.setUint16(10, checksum(bytes))
  return bytes
}

function ipv6({ packet, protocol, length, src, dst, known }: Header): Uint8Array {
  const bytes = new Uint8Array(40)
  const view = new DataView(bytes.buffer)
  view.setUint32(
    0,
    ((6 << 28) | ((known('traffic class', packet.tos) & 0xff) << 20) | ((packet.flowLabel ?? 0) & 0xf_ffff)) >>> 0,
  )
  view.setUint16(4, Math.max(0, length - 40))
  view.setUint8(6, protocol)
  view.setUint8(7, known('hop limit', packet.ttl))
  bytes.set(src, 8)
  bytes.set(dst, 24)
  return bytes
}

const isFragment = ({ fragOffset = 0, moreFragments }: Packet): boolean => fragOffset > 0 || moreFragments === true

function fragmentHeader({ fragOffset = 0, moreFragments, ipId = 0 }: Packet, next: number): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, next)
  view.setUint16(2, (fragOffset & 0xfff8) | (moreFragments ? 1 : 0))
  view.setUint32(4, ipId)
  return bytes
}

/** As far as it is known. Its checksum is 0 where it is about bytes that nobody has. */
function transport(packet: Packet, protocol: number, known: Known): Uint8Array {
  switch (protocol) {
    case TCP:
      return tcp(packet, known)
    case UDP:
    case UDPLITE: {
      const headers = packet.length === undefined ? 8 : packet.length - ipHeader(packet)
      return header(8, (view) => {
        ports(view, packet, known)
        view.setUint16(4, Math.max(8, headers))
      })
    }
    case SCTP:
      return header(12, (view) => ports(view, packet, known))
    case DCCP:
      return header(4, (view) => ports(view, packet, known))
    case ICMP:
    case ICMPV6:
      return icmp(packet, known)
    default:
      return new Uint8Array()
  }
}

const ipHeader = (packet: Packet): number => (packet.src?.includes(':') ? (isFragment(packet) ? 48 : 40) : 20)

function header(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length)
  fill(new DataView(bytes.buffer))
  return bytes
}

function ports(view: DataView, { sport, dport }: Packet, known: Known): void {
  view.setUint16(0, known('source port', sport))
  view.setUint16(2, known('destination port', dport))
}

function tcp(packet: Packet, known: Known): Uint8Array {
  const { tcpFlags, tcpOptions = '' } = packet
  const options = Uint8Array.from(tcpOptions.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)).subarray(0, 40)
  return header(20 + ((options.length + 3) & ~3), (view) => {
    ports(view, packet, known)
    view.setUint32(4, known('sequence number', packet.tcpSeq))
    view.setUint32(8, known('acknowledgment number', packet.tcpAck))
    const bits = known(
      'flags',
      tcpFlags?.reduce((sum, flag) => sum | (BIT_OF.get(flag) ?? 0), 0),
    )
    view.setUint16(12, ((view.byteLength >> 2) << 12) | bits)
    view.setUint16(14, known('window', packet.tcpWindow))
    for (const [i, byte] of options.entries()) view.setUint8(20 + i, byte)
  })
}

/** RFC 9293, and the accurate ECN bit of RFC 9768. */
const BITS: Readonly<Record<(typeof TCP_FLAGS)[number], number>> = {
  ...{ fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128, ae: 256 },
}
const BIT_OF: ReadonlyMap<string, number> = new Map(TCP_FLAGS.map((flag) => [flag, BITS[flag]]))

function icmp(packet: Packet, known: Known): Uint8Array {
  const { inner, icmpId, icmpSeq } = packet
  // an error quotes the packet that it is about: its header, and eight bytes
  const quoted = inner && packetBytes(inner)
  const head = header(8, (view) => {
    view.setUint8(0, known('icmp type', packet.icmpType))
    view.setUint8(1, known('icmp code', packet.icmpCode))
    view.setUint16(4, icmpId ?? 0)
    view.setUint16(6, icmpSeq ?? 0)
  })
  return quoted ? concat([head, quoted.bytes.subarray(0, ipHeader(inner!) + 8)]) : head
}

/** Bytes from the transport header on to its checksum. */
const CHECKSUM_AT: ReadonlyMap<number, number> = new Map([
  ...([
    [TCP, 16],
    [UDP, 6],
    [ICMP, 2],
    [ICMPV6, 2],
  ] as const),
])

/** Where all of it is there. Addresses, length and protocol count as well, but for ICMP (RFC 9293, 768, 792, 4443). */
function check(bytes: Uint8Array, protocol: number, src: Uint8Array, dst: Uint8Array): void {
  const at = CHECKSUM_AT.get(protocol)
  if (at === undefined || bytes.length < at + 2) return
  const pseudo = header(8, (view) => {
    view.setUint32(0, bytes.length)
    view.setUint32(4, protocol)
  })
  const sum = checksum(protocol === ICMP ? bytes : concat([src, dst, pseudo, bytes]))
  // of UDP, 0 says that there is none
  new DataView(bytes.buffer).setUint16(at, sum === 0 && protocol === UDP ? 0xffff : sum)
}

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
