/** Packets as a trace tells of them, and the same as bytes for tcpdump (link type RAW: IP packets as they are). */
import { parseAddress } from '../../src/model/address.ts'
import type { Packet } from '../../src/model/packet.ts'
import { protocolNumber } from '../../src/rules/iptables/protocols.ts'

const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg']

export const familyOf = (packet: Packet): 'ip' | 'ip6' => (packet.src!.includes(':') ? 'ip6' : 'ip')

export function packetBytes(packet: Packet): Uint8Array {
  const payload = (packet.fragOffset ?? 0) > 0 ? new Uint8Array(32).fill(0x77) : transportBytes(packet)
  const [src, dst] = [parseAddress(packet.src!)!, parseAddress(packet.dst!)!]
  const protocol = protocolNumber(packet.protocol!)!
  if (src.length === 16) return join(u8(0x60, 0, 0, 0), u16(payload.length), u8(protocol, 64), src, dst, payload)
  const fragment = ((packet.fragOffset ?? 0) >> 3) | (packet.moreFragments ? 0x2000 : 0)
  const total = 20 + payload.length
  return join(u8(0x45, 0), u16(total, packet.ipId ?? 0, fragment), u8(64, protocol, 0, 0), src, dst, payload)
}

function transportBytes(packet: Packet): Uint8Array {
  const ports = u16(packet.sport ?? 0, packet.dport ?? 0)
  switch (packet.protocol) {
    case 'tcp': {
      const options = fromHex(packet.tcpOptions ?? '')
      const flags = (packet.tcpFlags ?? []).reduce((bits, flag) => bits | (1 << FLAGS.indexOf(flag)), 0)
      const offset = (5 + options.length / 4) << 4
      return join(ports, u32(packet.tcpSeq ?? 0, 0), u8(offset, flags), u16(1024, 0, 0), options)
    }
    case 'udp':
      return join(ports, u16(16, 0), new Uint8Array(8))
    case 'sctp':
      return join(ports, u32(0, 0), u8(0, 0, 0, 4))
    case 'icmp':
    case 'icmpv6':
      return join(u8(packet.icmpType ?? 0, packet.icmpCode ?? 0, 0, 0), u16(packet.icmpId ?? 0, packet.icmpSeq ?? 0))
    default:
      return new Uint8Array(24)
  }
}

/** A capture file whose nth packet carries n as its time. */
export function pcapFile(packets: readonly Packet[]): Uint8Array {
  const header = [0xa1b2c3d4, 0x00020004, 0, 0, 0xffff, 101]
  const records = packets.map(packetBytes).map((bytes, n) => join(u32(n, 0, bytes.length, bytes.length), bytes))
  return join(u32(...header), ...records)
}

/** The times in a capture file that tcpdump wrote, in whatever byte order. */
export function packetNumbers(pcap: Uint8Array): number[] {
  const view = new DataView(pcap.buffer, pcap.byteOffset, pcap.byteLength)
  const little = view.getUint32(0, true) === 0xa1b2c3d4
  const numbers: number[] = []
  for (let at = 24; at < pcap.length; at += 16 + view.getUint32(at + 8, little))
    numbers.push(view.getUint32(at, little))
  return numbers
}

const u8 = (...values: number[]): Uint8Array => new Uint8Array(values)
const u16 = (...values: number[]): Uint8Array => u8(...values.flatMap((value) => [value >> 8, value & 0xff]))
const u32 = (...values: number[]): Uint8Array => u16(...values.flatMap((value) => [value >>> 16, value & 0xffff]))
const fromHex = (hex: string): Uint8Array => u8(...(hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)))

function join(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
