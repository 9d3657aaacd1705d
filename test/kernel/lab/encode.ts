/** Packet → the bytes of an IP packet, with checksums, to be sent on a wire or a raw socket. */
import { parseAddress } from '../../../src/model/address.ts'
import type { Packet } from '../../../src/model/packet.ts'
import { protocolNumber } from '../../../src/rules/iptables/protocols.ts'

export const TCP_FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const
const FRAGMENT = 44

/** `length` says how long the whole is; what no header fills is payload. Without it there is no payload. */
export function encodePacket(packet: Packet): Uint8Array {
  const [src, dst] = [parseAddress(packet.src!)!, parseAddress(packet.dst!)!]
  const ipv6 = src.length === 16
  const fragment = (packet.fragOffset ?? 0) > 0 || packet.moreFragments === true
  const headers = ipv6 ? (fragment ? 48 : 40) : 20
  const protocol = protocolNumber(packet.protocol!)!
  const room = packet.length === undefined ? 0 : packet.length - headers
  const transport = (packet.fragOffset ?? 0) > 0 ? payload(room) : encodeTransport(packet, protocol, src, dst, room)
  const bits = ((packet.fragOffset ?? 0) >> 3) | 0
  if (ipv6) {
    const first = (0x60000000 | ((packet.tos ?? 0) << 20) | (packet.flowLabel ?? 0)) >>> 0
    const next = fragment
      ? [u8(protocol, 0), u16((bits << 3) | (packet.moreFragments ? 1 : 0)), u32(packet.ipId ?? 0)]
      : []
    const length = transport.length + headers - 40
    return join(
      u32(first),
      u16(length),
      u8(fragment ? FRAGMENT : protocol, packet.ttl ?? 64),
      src,
      dst,
      ...next,
      transport,
    )
  }
  const flags = (packet.dontFragment ? 0x4000 : 0) | (packet.moreFragments ? 0x2000 : 0)
  const header = join(
    u8(0x45, packet.tos ?? 0),
    u16(20 + transport.length, packet.ipId ?? 0, flags | bits),
    u8(packet.ttl ?? 64, protocol, 0, 0),
    src,
    dst,
  )
  header.set(u16(checksum(header)), 10)
  return join(header, transport)
}

/** Without room the headers alone; checksums over what is really there, so not for first fragments of more. */
function encodeTransport(packet: Packet, protocol: number, src: Uint8Array, dst: Uint8Array, room: number): Uint8Array {
  const header = transportHeader(packet)
  // of GRE, any other version than 0 is no GRE to the kernel
  const whole = join(header, payload(room - header.length, packet.protocol === 'gre' ? 0 : undefined))
  const pseudo = join(src, dst, u32(whole.length, protocol))
  switch (packet.protocol) {
    case 'tcp':
      whole.set(u16(checksum(join(pseudo, whole))), 16)
      break
    case 'udp':
      whole.set(u16(whole.length), 4)
      whole.set(u16(checksum(join(pseudo, whole)) || 0xffff), 6)
      break
    case 'icmp':
      whole.set(u16(checksum(whole)), 2)
      break
    case 'icmpv6':
      whole.set(u16(checksum(join(pseudo, whole))), 2)
  }
  return whole
}

function transportHeader(packet: Packet): Uint8Array {
  const ports = u16(packet.sport ?? 0, packet.dport ?? 0)
  switch (packet.protocol) {
    case 'tcp': {
      const options = Uint8Array.from(packet.tcpOptions?.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
      const flags = (packet.tcpFlags ?? []).reduce((sum, flag) => sum | (1 << TCP_FLAGS.indexOf(flag as 'syn')), 0)
      const sequence = u32(packet.tcpSeq ?? 0, packet.tcpAck ?? 0)
      return join(
        ports,
        sequence,
        u8((5 + options.length / 4) << 4, flags),
        u16(packet.tcpWindow ?? 1024, 0, 0),
        options,
      )
    }
    case 'udp':
      return join(ports, u16(0, 0))
    case 'icmp':
    case 'icmpv6': {
      const type = u8(packet.icmpType ?? 0, packet.icmpCode ?? 0, 0, 0)
      if (packet.inner) return join(type, u32(0), encodePacket(packet.inner))
      return join(type, u16(packet.icmpId ?? 0, packet.icmpSeq ?? 0))
    }
    default:
      return new Uint8Array(0)
  }
}

const payload = (length: number, byte = 0x2e): Uint8Array => new Uint8Array(Math.max(length, 0)).fill(byte)

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}

const u8 = (...values: number[]): Uint8Array => Uint8Array.from(values)
const u16 = (...values: number[]): Uint8Array => u8(...values.flatMap((value) => [(value >> 8) & 0xff, value & 0xff]))
const u32 = (...values: number[]): Uint8Array => u16(...values.flatMap((value) => [value >>> 16, value & 0xffff]))

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
