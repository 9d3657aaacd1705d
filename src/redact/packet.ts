/**
 * Packets as they are on the wire, redacted in place: addresses are replaced, headers stay, checksums become zero, and so
 * does all that stands behind the transport header. What is not known well enough becomes zero as a whole.
 */
import { isIcmpError } from '../model/icmp-error.ts'
import type { Redactor } from './redactor.ts'

const [ICMP, IPIP, TCP, UDP, IPV6, GRE, ESP, AH, ICMPV6, DCCP, SCTP, UDPLITE] = [
  1, 4, 6, 17, 41, 47, 50, 51, 58, 33, 132, 136,
]
/** Of each protocol: how much of its header is kept, in bytes, and where its checksum stands. */
const HEADERS: Readonly<Record<number, { length: number; checksum?: number }>> = {
  [UDP!]: { length: 8, checksum: 6 },
  [UDPLITE!]: { length: 8, checksum: 6 },
  [GRE!]: { length: 8 },
  [ESP!]: { length: 8 },
  [AH!]: { length: 12 },
  [DCCP!]: { length: 16, checksum: 6 },
  [SCTP!]: { length: 16, checksum: 8 },
}
const EXTENSIONS = new Set([0, 43, 44, 60])
const ROUTER_ALERT = 0x94
/** Packets in packets in packets. */
const DEEPEST = 3

export function redactPacket(bytes: Uint8Array, etherType: number, redactor: Redactor, depth = 0): void {
  const version = bytes.length === 0 ? 0 : bytes[0]! >> 4
  if (depth > DEEPEST) bytes.fill(0)
  else if (etherType === 0x0806) redactArp(bytes, redactor)
  else if (version === 4 && bytes.length >= 20) redactIpv4(bytes, redactor, depth)
  else if (version === 6 && bytes.length >= 40) redactIpv6(bytes, redactor, depth)
  else bytes.fill(0)
}

function replaceAddress(bytes: Uint8Array, at: number, length: 4 | 16, redactor: Redactor): void {
  if (at + length <= bytes.length) bytes.set(redactor.address(bytes.slice(at, at + length)), at)
  else bytes.fill(0, at)
}

function redactArp(bytes: Uint8Array, redactor: Redactor): void {
  // Ethernet and IPv4
  if (bytes.length < 28 || bytes[4] !== 6 || bytes[5] !== 4) {
    bytes.fill(0)
    return
  }
  for (const at of [8, 18]) {
    bytes.set(redactor.mac(bytes.slice(at, at + 6)), at)
    replaceAddress(bytes, at + 6, 4, redactor)
  }
  bytes.fill(0, 28)
}

function redactIpv4(bytes: Uint8Array, redactor: Redactor, depth: number): void {
  const length = Math.min(bytes.length, Math.max(20, (bytes[0]! & 15) * 4))
  bytes[10] = bytes[11] = 0
  replaceAddress(bytes, 12, 4, redactor)
  replaceAddress(bytes, 16, 4, redactor)
  // options may list the way a packet took
  if (bytes[20] !== ROUTER_ALERT || length !== 24) bytes.fill(0, 20, length)
  const payload = bytes.subarray(length)
  if ((((bytes[6]! << 8) | bytes[7]!) & 0x1fff) !== 0) payload.fill(0)
  else redactTransport(payload, bytes[9]!, redactor, depth)
}

function redactIpv6(bytes: Uint8Array, redactor: Redactor, depth: number): void {
  replaceAddress(bytes, 8, 16, redactor)
  replaceAddress(bytes, 24, 16, redactor)
  let protocol = bytes[6]!
  let at = 40
  while (EXTENSIONS.has(protocol) && at + 8 <= bytes.length) {
    const isFragment = protocol === 44
    protocol = bytes[at]!
    if (isFragment) {
      if ((((bytes[at + 2]! << 8) | bytes[at + 3]!) & 0xfff8) !== 0) {
        bytes.fill(0, at + 8)
        return
      }
      at += 8
      continue
    }
    // a routing header lists addresses, as options may
    const end = at + (bytes[at + 1]! + 1) * 8
    bytes.fill(0, at + 4, Math.min(end, bytes.length))
    at = end
  }
  redactTransport(bytes.subarray(at), protocol, redactor, depth)
}

/** A transport header and what stands behind it. */
export function redactTransport(bytes: Uint8Array, protocol: number, redactor: Redactor, depth: number): void {
  if (protocol === TCP) {
    const length = Math.max(20, ((bytes[12] ?? 0) >> 2) & ~3)
    bytes.fill(0, 16, 18)
    bytes.fill(0, length)
  } else if (protocol === ICMP || protocol === ICMPV6) redactIcmp(bytes, protocol === ICMPV6, redactor, depth)
  else if (protocol === IPIP || protocol === IPV6) redactPacket(bytes, 0, redactor, depth + 1)
  else {
    const header = HEADERS[protocol]
    if (header?.checksum !== undefined) bytes.fill(0, header.checksum, header.checksum + (protocol === SCTP ? 4 : 2))
    bytes.fill(0, header?.length ?? 0)
  }
}

function redactIcmp(bytes: Uint8Array, isV6: boolean, redactor: Redactor, depth: number): void {
  bytes.fill(0, 2, 4)
  const type = bytes[0] ?? 0
  const isError = isIcmpError(isV6, type)
  if (!isV6 && type === 5) replaceAddress(bytes, 4, 4, redactor)
  if (isError) redactPacket(bytes.subarray(8), 0, redactor, depth + 1)
  else if (isV6 && (type === 135 || type === 136)) {
    replaceAddress(bytes, 8, 16, redactor)
    bytes.fill(0, 24)
  } else bytes.fill(0, 8)
}
