/**
 * One packet state as a row of 32-bit numbers: what journeys are told apart and grouped by, without an object per line.
 * Every column's bit in PRESENT says whether the capture gave it.
 */
import { wordTable } from '../../model/word-table.ts'
import { hasPorts } from '../../rules/values.ts'

export const PRESENT = 0
export const IN = 1
export const OUT = 2
export const PHYSIN = 3
export const PHYSOUT = 4
export const PROTO = 5
export const LEN = 6
export const TOS = 7
export const TTL = 8
export const ID = 9
/** Fragment offset in bytes, with FRAG_MF and FRAG_DF. */
export const FRAG = 10
export const SPT = 11
export const DPT = 12
export const SEQ = 13
export const ACK = 14
export const WINDOW = 15
/** Bits of TCP_FLAGS. */
export const FLAGS = 16
export const TYPE = 17
export const CODE = 18
export const ICMP_ID = 19
export const ICMP_SEQ = 20
export const MARK = 21
export const UID = 22
export const GID = 23
export const VLAN = 24
export const FLOW = 25
/** Texts inside the state's bytes: offset << 12 | length. In binary records they are bytes, and OPT's length counts hex digits. */
export const MAC = 26
export const MACSRC = 27
export const MACDST = 28
export const OPT = 29
/** In OPT, which is not present then: whether there are TCP options is not known. Elsewhere it is known that there are none. */
export const OPT_UNKNOWN = -1
/** What an ICMP error quotes; 0: nothing (it has no bit in PRESENT). */
export const INNER = 30
/** IPv4: one number; IPv6: four. */
export const SRC = 31
export const DST = 35
/** 4, 6, 7 (bridge) or 0 (ARP); -1 where no address tells. */
export const FAMILY = 39
export const HOST = 40
/** What connection tracking says of it, where the capture shows that: CT_STATES' place + 1, direction and status above. */
export const CT = 41
/**
 * `identity4` or `identity6` of what an ICMP error quotes, where the capture shows no more of it: netfilter's tracing copies
 * 20 bytes of a transport header. 0: not known.
 */
export const QUOTED = 42
export const COLUMNS = 43

/** The id of IPv4 and the length of the packet; 0: no id. */
export const identity4 = (id: number, length: number): number => (id === 0 ? 0 : (id << 16) | (length & 0xffff))

/** The flow label of IPv6 and the length of the payload; 0: no label. */
export const identity6 = (label: number, payload: number): number => {
  const flow = label & 0xf_ffff
  return flow === 0 ? 0 : (flow << 12) | (payload & 0xfff)
}

/** Bytes. */
const HEADER6 = 40

/** Of a packet's row. */
export function identityOf(rows: Int32Array, base: number): number {
  const length = rows[base + LEN]!
  if (rows[base + FAMILY] === 6) return identity6(rows[base + FLOW]!, length - HEADER6)
  return rows[base + FAMILY] === 4 ? identity4(rows[base + ID]!, length) : 0
}

export { CT_STATUS } from '../../model/packet.ts'

export const CT_STATES = ['new', 'established', 'related', 'invalid', 'untracked'] as const
/** 1: original, 2: reply. */
export const CT_DIRECTION_SHIFT = 3
/** One bit for each of CT_STATUS. */
export const CT_STATUS_SHIFT = 5

export const FRAG_MF = 1 << 20
export const FRAG_DF = 1 << 21
/** The capture does not say whether DF is set. */
export const FRAG_DF_UNKNOWN = 1 << 22

/** SRC and DST have the two top bits, the others the bit of their column's number. */
export const HAS_SRC = 1 << 30
export const HAS_DST = 1 << 31
/** The addresses of a bridged frame are IPv6. */
export const WIDE = 1

/** What of a bridge or a device is of either version: a log of ebtables has the family alone, and how wide its addresses are. */
export const isIp6 = (rows: Int32Array, base: number): boolean =>
  rows[base + FAMILY] === 6 || (rows[base + PRESENT]! & WIDE) !== 0

/** TCP's flags as logs and Wireshark name them, by their bits in the header. */
export const TCP_FLAGS: Readonly<Record<string, number>> = wordTable({
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 0x10,
  URG: 0x20,
  ECE: 0x40,
  CWR: 0x80,
  AE: 0x100,
})

/** A damaged log may show a port of more than 16 bits: it is not known then. */
export const fits = (column: number, value: number): boolean => (column !== SPT && column !== DPT) || value >>> 16 === 0

export const TCP = 6
export const UDP = 17
export const ICMP = 1
export const ICMPV6 = 58
export const UDPLITE = 136
export const ESP = 50
export const AH = 51

const ECHOES: ReadonlySet<number> = new Set([0, 8, 128, 129])

/** Are both ends of its flow there? A record that is cut before them would be read as another packet. */
export function namesEnds(row: Int32Array): boolean {
  const has = (column: number) => (row[PRESENT]! & (1 << column)) !== 0
  if (row[FAMILY] === 0 || row[FAMILY] === 7) return true
  if ((row[PRESENT]! & HAS_SRC) === 0 || (row[PRESENT]! & HAS_DST) === 0 || !has(PROTO)) return false
  // of a fragment but the first nothing more is there
  if ((row[FRAG]! & 0xfffff) > 0) return true
  if (hasPorts(row[PROTO])) return has(SPT) && has(DPT)
  const isIcmp = row[PROTO] === ICMP || row[PROTO] === ICMPV6
  return !isIcmp || (has(TYPE) && (!ECHOES.has(row[TYPE]!) || has(ICMP_SEQ)))
}
