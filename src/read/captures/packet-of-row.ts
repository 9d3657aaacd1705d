/** A state's row of numbers → Packet, whatever the row was read from. */
import { addressOfWords } from '../../model/address.ts'
import type { Packet } from '../../model/packet.ts'
import { protocolName } from '../../rules/iptables/protocols.ts'
import * as F from './header-fields.ts'
import type { Names } from './names.ts'

const FLAG_NAMES = Object.keys(F.TCP_FLAGS).map((name) => name.toLowerCase())

/**
 * `text` gives what MAC, MACSRC, MACDST (`aa:bb:…`) and OPT (hex) stand for. What an ICMP error quotes is left to the
 * caller.
 */
export function packetOfRow(row: Int32Array, text: (column: number) => string, names: Names): Packet {
  const present = row[F.PRESENT]!
  const has = (column: number) => (present & (1 << column)) !== 0
  const packet: Packet = {}
  const name = (column: number) => (has(column) && row[column] !== 0 ? names.text(row[column]!) : undefined)
  const put = <K extends keyof Packet>(key: K, value: Packet[K] | undefined) => {
    if (value !== undefined) packet[key] = value
  }
  put('in', name(F.IN))
  put('out', name(F.OUT))
  put('physIn', name(F.PHYSIN))
  put('physOut', name(F.PHYSOUT))
  if (has(F.VLAN)) packet.vlan = row[F.VLAN]!
  if (present & F.HAS_SRC) packet.src = addressText(row, F.SRC)
  if (present & F.HAS_DST) packet.dst = addressText(row, F.DST)
  if (has(F.PROTO)) packet.protocol = protocolText(row[F.PROTO]!)
  const number = (key: 'sport' | 'dport' | 'icmpType' | 'icmpCode' | 'icmpId' | 'icmpSeq', column: number) => {
    if (has(column)) packet[key] = row[column]!
  }
  number('sport', F.SPT)
  number('dport', F.DPT)
  if (row[F.PROTO] === F.TCP) {
    if (has(F.FLAGS)) packet.tcpFlags = FLAG_NAMES.filter((_, bit) => row[F.FLAGS]! & (1 << bit))
    if (has(F.SEQ)) packet.tcpSeq = row[F.SEQ]! >>> 0
    if (has(F.ACK)) packet.tcpAck = row[F.ACK]! >>> 0
    if (has(F.WINDOW)) packet.tcpWindow = row[F.WINDOW]!
    if (has(F.OPT)) packet.tcpOptions = text(F.OPT).toUpperCase()
  }
  number('icmpType', F.TYPE)
  number('icmpCode', F.CODE)
  number('icmpId', F.ICMP_ID)
  number('icmpSeq', F.ICMP_SEQ)
  if (has(F.ID)) packet.ipId = row[F.ID]! >>> 0
  if (has(F.TTL)) packet.ttl = row[F.TTL]!
  if (has(F.TOS)) packet.tos = row[F.TOS]!
  if (has(F.LEN)) packet.length = row[F.LEN]!
  if (has(F.FRAG)) {
    packet.fragOffset = row[F.FRAG]! & 0xfffff
    packet.moreFragments = (row[F.FRAG]! & F.FRAG_MF) !== 0
  }
  // DF stands behind ID= and in front of all that follows it
  const unfragmentable = (row[F.FRAG]! & F.FRAG_DF) !== 0
  const told = (row[F.FRAG]! & F.FRAG_DF_UNKNOWN) === 0
  if (told && row[F.FAMILY] === 4 && has(F.ID) && (unfragmentable || has(F.PROTO) || has(F.FRAG)))
    packet.dontFragment = unfragmentable
  if (has(F.FLOW)) packet.flowLabel = row[F.FLOW]!
  if (has(F.MARK)) packet.mark = row[F.MARK]! >>> 0
  if (has(F.MAC)) readMac(text(F.MAC), packet)
  if (has(F.MACSRC)) put('srcMac', macText(text(F.MACSRC)))
  if (has(F.MACDST)) put('dstMac', macText(text(F.MACDST)))
  if (packet.dstMac !== undefined && isOwnHeader(packet.dstMac, packet)) {
    delete packet.dstMac
    delete packet.srcMac
  }
  if (has(F.UID)) packet.uid = row[F.UID]! >>> 0
  if (has(F.GID)) packet.gid = row[F.GID]! >>> 0
  if (row[F.CT] !== 0) readConntrack(row[F.CT]!, packet)
  return packet
}

function readConntrack(bits: number, packet: Packet): void {
  const state = F.CT_STATES[(bits & 7) - 1]
  const direction = (bits >> F.CT_DIRECTION_SHIFT) & 3
  const status = bits >>> F.CT_STATUS_SHIFT
  if (state !== undefined) packet.ctState = state
  if (direction !== 0) packet.ctDir = direction === 1 ? 'original' : 'reply'
  if (status !== 0) packet.ctStatus = F.CT_STATUS.filter((_, bit) => status & (1 << bit))
}

// in a rule 0 means any protocol, in a packet it is one
/** As packets have it. `number`: in the header. */
export const protocolText = (number: number): string =>
  number === F.ICMPV6 ? 'icmpv6' : number === 0 ? '0' : protocolName(number)

const addressText = (row: Int32Array, column: number): string => addressOfWords(row, column, F.isIp6(row, 0))

/** `MAC=dst:src:type`, 14 bytes. */
function readMac(text: string, packet: Packet): void {
  if (text !== latest.text) latest = { text, ...addressesOf(text) }
  if (latest.dst) packet.dstMac = latest.dst
  if (latest.src) packet.srcMac = latest.src
}

/** Most packets come from the same neighbour as the one before. */
let latest: { text: string; dst?: string | undefined; src?: string | undefined } = { text: '' }

function addressesOf(text: string) {
  const parts = text.split(':')
  if (parts.length !== 14) return {}
  return { dst: macText(parts.slice(0, 6).join(':')), src: macText(parts.slice(6, 12).join(':')) }
}

/**
 * The copy of its own packet that the kernel gives to this host has no link-layer header: where one is to be,
 * nfnetlink_log (net/netfilter/nfnetlink_log.c) shows the packet's IP header.
 */
function isOwnHeader(mac: string, { tos = 0, length = 0, ipId, flowLabel = 0 }: Packet): boolean {
  // how long the header is with its options: a report to a group has one (Router Alert)
  if (/^4[5-9a-f]:/.test(mac)) {
    const first = Number.parseInt(mac.slice(0, 2), 16)
    return ipId !== undefined && mac === bytesText(word(first, 40) | word(tos, 32) | word(length, 16) | word(ipId, 0))
  }
  if (!mac.startsWith('6')) return false
  return mac === bytesText((6n << 44n) | word(tos, 36) | word(flowLabel, 16) | word(length - IP6_HEADER, 0))
}

const IP6_HEADER = 40
const word = (value: number, shift: number): bigint => BigInt(Math.max(0, value)) << BigInt(shift)
const bytesText = (bytes: bigint): string =>
  bytes
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:')

const macText = (text: string) => (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? text.toLowerCase() : undefined)
