/**
 * Is this event's packet the one of that journey? What is invariant along one traversal (IP ID, TCP sequence number,
 * ICMP id and sequence, length) has to agree where both show it; what NAT rewrites may change only where NAT does.
 */
import type { Hook } from '../model/hook.ts'
import * as F from '../read/captures/header-fields.ts'

const INVARIANT = [F.PROTO, F.LEN, F.ID, F.SEQ, F.ACK, F.WINDOW, F.TYPE, F.CODE, F.ICMP_SEQ, F.FLOW] as const
const ECN_FLAGS = 0x80 | 0x40
const SYN = 0x02
const MSS_OPTION = 4

/** A number that all states of one packet share; packets that have it in common are told apart by samePacket. */
export function packetKey(rows: Int32Array, base: number): number {
  let key = rows[base + F.PROTO]! ^ (rows[base + F.FAMILY]! << 8) ^ (rows[base + F.HOST]! << 12)
  key = Math.imul(key ^ lengthForKey(rows[base + F.PROTO]!, rows[base + F.LEN]!), 0x9e3779b1)
  key = Math.imul(key ^ (key >>> 15) ^ rows[base + F.ID]!, 0x85ebca6b)
  key = Math.imul(key ^ (key >>> 13) ^ (rows[base + F.FRAG]! & 0xfffff), 0xc2b2ae35)
  // IPv6 has no ID, but a flow label
  key = Math.imul(key ^ (key >>> 16) ^ rows[base + F.ICMP_SEQ]! ^ rows[base + F.FLOW]!, 0x9e3779b1)
  return (key ^ (key >>> 15)) & 0x3fffffff
}

/** A SYN grows where TCPMSS gives it an option that it had not. */
const lengthForKey = (protocol: number, length: number): number =>
  protocol === TCP && length <= LONGEST_HEADERS ? 0 : length
const TCP = 6
const LONGEST_HEADERS = 120

/** Does the row have what packetKey reads? A line that was cut may not. */
export const hasKey = (rows: Int32Array, base: number): boolean => {
  const present = rows[base + F.PRESENT]!
  if ((present & KEY) !== KEY) return false
  const protocol = rows[base + F.PROTO]!
  if (protocol !== F.ICMP && protocol !== F.ICMPV6) return true
  // an echo has a sequence number
  return (
    (present & (1 << F.ICMP_SEQ)) !== 0 || ((present & (1 << F.TYPE)) !== 0 && !isEcho(protocol, rows[base + F.TYPE]!))
  )
}
const KEY = (1 << F.PROTO) | (1 << F.LEN)

const isEcho = (protocol: number, type: number): boolean =>
  protocol === F.ICMP ? type === 0 || type === 8 : type === 128 || type === 129

/** The key of all that have none. */
export const CUT = -1

/** Where no key tells: do both show the same two ends, or the same IP ID? */
export function sharesAddresses(rows: Int32Array, a: number, b: number): boolean {
  const both = rows[a + F.PRESENT]! & rows[b + F.PRESENT]!
  if ((both & (1 << F.ID)) !== 0 && rows[a + F.ID] !== 0 && rows[a + F.ID] === rows[b + F.ID]) return true
  if ((both & F.HAS_SRC) === 0 || (both & F.HAS_DST) === 0) return false
  return sameAddress(rows, a + F.SRC, b + F.SRC) && sameAddress(rows, a + F.DST, b + F.DST)
}

/** Do both addresses and both ports (an echo's id) differ? What nat or a rule writes is never all of them. */
export function sharesNoEnd(rows: Int32Array, a: number, b: number): boolean {
  const both = rows[a + F.PRESENT]! & rows[b + F.PRESENT]!
  if ((both & F.HAS_SRC) === 0 || (both & F.HAS_DST) === 0) return false
  if (sameAddress(rows, a + F.SRC, b + F.SRC) || sameAddress(rows, a + F.DST, b + F.DST)) return false
  const ends = [F.SPT, F.DPT, F.ICMP_ID].filter((column) => (both & (1 << column)) !== 0)
  return ends.length > 0 && ends.every((column) => rows[a + column] !== rows[b + column])
}

/** Out, and in again: over lo. POSTROUTING may have no chain. */
export const comesBack = (from: Hook | undefined, to: Hook | undefined): boolean =>
  (from === 'output' || from === 'postrouting') && (to === 'prerouting' || to === 'input')

const SHOWN = [F.IN, F.OUT, ...INVARIANT, F.TOS, F.TTL, F.FLAGS, F.FRAG, F.SPT, F.DPT, F.ICMP_ID, F.MARK] as const

/** Do both show the same packet at the same place, as far as they show it? So do a rule's own line and what it logs. */
export function sameMoment(rows: Int32Array, a: number, b: number): boolean {
  if (rows[a + F.FAMILY] !== rows[b + F.FAMILY] || rows[a + F.HOST] !== rows[b + F.HOST]) return false
  const both = rows[a + F.PRESENT]! & rows[b + F.PRESENT]!
  for (const column of SHOWN) if (both & (1 << column) && rows[a + column] !== rows[b + column]) return false
  if (both & F.HAS_SRC && !sameAddress(rows, a + F.SRC, b + F.SRC)) return false
  return !(both & F.HAS_DST) || sameAddress(rows, a + F.DST, b + F.DST)
}

/**
 * `a` is the journey's latest state, at `from`; `b` the event's, at `to`. Unknown hooks allow what any hook would.
 * `sameTable`: the event is of the table that the journey is in. `written`: what its last rule has rewritten by itself.
 */
export function samePacket(
  rows: Int32Array,
  a: number,
  b: number,
  from: Hook | undefined,
  to: Hook | undefined,
  sameTable: boolean,
  written?: 'src' | 'dst',
): boolean {
  if (rows[a + F.FAMILY] !== rows[b + F.FAMILY] || rows[a + F.HOST] !== rows[b + F.HOST]) return false
  const both = rows[a + F.PRESENT]! & rows[b + F.PRESENT]!
  for (const column of INVARIANT)
    if (both & (1 << column) && rows[a + column] !== rows[b + column] && !(column === F.LEN && gotMss(rows, a, b)))
      return false
  if (both & (1 << F.FLAGS) && (rows[a + F.FLAGS]! | ECN_FLAGS) !== (rows[b + F.FLAGS]! | ECN_FLAGS)) return false
  if ((rows[a + F.FRAG]! & 0xfffff) !== (rows[b + F.FRAG]! & 0xfffff)) return false
  // a source is rewritten in postrouting and input, behind all that is traced there, so it shows only over loopback
  if (!comesBack(from, to) || isToGroup(rows, b)) {
    if (written !== 'src' && both & F.HAS_SRC && !sameAddress(rows, a + F.SRC, b + F.SRC)) return false
    if (both & (1 << F.SPT) && rows[a + F.SPT] !== rows[b + F.SPT]) return false
  } else if (both & F.HAS_SRC && both & F.HAS_DST && isTurned(rows, a, b)) return false
  // a destination is rewritten in prerouting, which shows at the next hook, and in output, which shows in the next
  // table; with it the id of an ICMP echo
  if (from !== undefined && from === to && (to !== 'output' || sameTable)) {
    if (written !== 'dst' && both & F.HAS_DST && !sameAddress(rows, a + F.DST, b + F.DST)) return false
    if (both & (1 << F.DPT) && rows[a + F.DPT] !== rows[b + F.DPT]) return false
    if (both & (1 << F.ICMP_ID) && rows[a + F.ICMP_ID] !== rows[b + F.ICMP_ID]) return false
  }
  return true
}

/**
 * `-j TCPMSS` of a SYN without the option: it is longer by that (xt_TCPMSS.c). Where no sequence numbers are shown, a SYN
 * for another destination may as well be another one.
 */
const gotMss = (rows: Int32Array, a: number, b: number): boolean =>
  rows[a + F.PROTO] === TCP &&
  ((rows[b + F.PRESENT]! & (1 << F.FLAGS)) === 0 || (rows[b + F.FLAGS]! & SYN) !== 0) &&
  rows[b + F.LEN]! - rows[a + F.LEN]! === MSS_OPTION &&
  ((rows[a + F.PRESENT]! & rows[b + F.PRESENT]! & (1 << F.SEQ)) !== 0 ||
    (sameAddress(rows, a + F.DST, b + F.DST) && rows[a + F.DPT] === rows[b + F.DPT]))

/** A reply: two hosts' NTP packets are alike but for their addresses, and have the ID 0 both. */
const isTurned = (rows: Int32Array, a: number, b: number): boolean =>
  sameAddress(rows, a + F.SRC, b + F.DST) &&
  sameAddress(rows, a + F.DST, b + F.SRC) &&
  !sameAddress(rows, a + F.SRC, a + F.DST)

/** What is for a group comes back as it was sent, and from the same interface others of the link send like ones. */
const isToGroup = (rows: Int32Array, at: number): boolean => {
  const first = rows[at + F.DST]! >>> 24
  return F.isIp6(rows, at) ? first === 0xff : first >= 0xe0 && first < 0xf0
}

export function sameAddress(rows: Int32Array, a: number, b: number): boolean {
  return (
    rows[a] === rows[b] && rows[a + 1] === rows[b + 1] && rows[a + 2] === rows[b + 2] && rows[a + 3] === rows[b + 3]
  )
}
