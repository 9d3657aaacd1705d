/** The bytes of an IP packet → Packet, with the fields that a kernel log line shows too. */
import { formatAddress } from '../../../src/model/address.ts'
import type { Packet } from '../../../src/model/packet.ts'
import { protocolName } from '../../../src/rules/iptables/protocols.ts'
import { TCP_FLAGS } from './encode.ts'

const ICMP_ERRORS = [3, 4, 5, 11, 12]

export function decodePacket(bytes: Uint8Array): Packet {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return bytes[0]! >> 4 === 6 ? decodeIpv6(bytes, view) : decodeIpv4(bytes, view)
}

function decodeIpv4(bytes: Uint8Array, view: DataView): Packet {
  const fragment = view.getUint16(6)
  const packet: Packet = {
    src: formatAddress(bytes.subarray(12, 16)),
    dst: formatAddress(bytes.subarray(16, 20)),
    tos: bytes[1]!,
    length: view.getUint16(2),
    ipId: view.getUint16(4),
    dontFragment: (fragment & 0x4000) !== 0,
    ttl: bytes[8]!,
  }
  const offset = (fragment & 0x1fff) << 3
  if (fragment & 0x3fff) Object.assign(packet, { fragOffset: offset, moreFragments: (fragment & 0x2000) !== 0 })
  packet.protocol = protocolName(bytes[9]!)
  if (offset === 0) decodeTransport(packet, bytes.subarray((bytes[0]! & 15) * 4))
  return packet
}

function decodeIpv6(bytes: Uint8Array, view: DataView): Packet {
  const first = view.getUint32(0)
  const packet: Packet = {
    src: formatAddress(bytes.subarray(8, 24)),
    dst: formatAddress(bytes.subarray(24, 40)),
    tos: (first >>> 20) & 0xff,
    flowLabel: first & 0xfffff,
    length: view.getUint16(4) + 40,
    ttl: bytes[7]!,
  }
  let next = bytes[6]!
  let at = 40
  if (next === 44) {
    const fragment = view.getUint16(42)
    packet.fragOffset = fragment & 0xfff8
    packet.moreFragments = (fragment & 1) !== 0
    next = bytes[40]!
    at = 48
  }
  packet.protocol = next === 58 ? 'icmpv6' : protocolName(next)
  if (!packet.fragOffset) decodeTransport(packet, bytes.subarray(at))
  return packet
}

/** Quoted packets may be cut anywhere behind the ports. */
function decodeTransport(packet: Packet, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 8) return
  switch (packet.protocol) {
    case 'tcp':
      Object.assign(packet, { sport: view.getUint16(0), dport: view.getUint16(2), tcpSeq: view.getUint32(4) })
      if (bytes.length < 20) return
      packet.tcpAck = view.getUint32(8)
      packet.tcpFlags = TCP_FLAGS.filter((_, bit) => bytes[13]! & (1 << bit))
      packet.tcpWindow = view.getUint16(14)
      return
    case 'udp':
      Object.assign(packet, { sport: view.getUint16(0), dport: view.getUint16(2) })
      return
    case 'icmp':
    case 'icmpv6':
      packet.icmpType = bytes[0]!
      packet.icmpCode = bytes[1]!
      if (packet.protocol === 'icmp' ? ICMP_ERRORS.includes(bytes[0]!) : bytes[0]! < 128) {
        if (bytes.length >= 28) packet.inner = decodePacket(bytes.subarray(8))
      } else Object.assign(packet, { icmpId: view.getUint16(4), icmpSeq: view.getUint16(6) })
  }
}
