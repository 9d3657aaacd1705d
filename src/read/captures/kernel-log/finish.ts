/** What can be said of a line's fields only when all of them are known: family, wholeness, and what an absent one means. */
import * as F from '../header-fields.ts'

// what readHeaders met, as bits
/** UDP's own LEN=. */
export const SECOND_LENGTH = 1
export const URGENT_POINTER = 2
export const RESERVED = 4
export const OPCODE = 8
export const INCOMPLETE = 16
/** A quoted packet with its closing bracket. */
export const QUOTED = 32
/** The line ends before its time. */
export const CUT = 64

const has = (row: Int32Array, column: number): boolean => (row[F.PRESENT]! & (1 << column)) !== 0

/**
 * Says whether nothing that the kernel prints for such a packet is missing. `family`: by its addresses, `linkType`: the
 * frame's; -1: they do not tell.
 */
export function finish(
  row: Int32Array,
  bytes: Uint8Array,
  start: number,
  family: number,
  linkType: number,
  seen: number,
): boolean {
  if (family < 0) family = familyOf(row, linkType >= 0 ? linkType : linkTypeOfMac(row, bytes, start))
  row[F.FAMILY] = family
  const whole = (seen & CUT) === 0 && isWhole(row, family, seen)
  // the kernel leaves MARK= out when the mark is 0; so does a line that was cut, but then something before it is missing too
  if (whole && (family === 4 || family === 6)) row[F.PRESENT]! |= 1 << F.MARK
  // flags are known when the field behind them is; without RES= and URGP= it is Proxmox' own format
  if (row[F.PROTO] === F.TCP && has(row, F.WINDOW)) {
    if (seen & URGENT_POINTER) row[F.PRESENT]! |= 1 << F.FLAGS
    else if (seen & (RESERVED | CUT)) row[F.PRESENT]! &= ~(1 << F.FLAGS)
  } else row[F.PRESENT]! &= ~(1 << F.FLAGS)
  // FRAG: comes behind MF, and INCOMPLETE behind IPv6's FRAG:
  if (
    has(row, F.FRAG) &&
    !has(row, F.PROTO) &&
    (family === 6 ? !has(row, F.ID) : (row[F.FRAG]! & 0xfffff) === 0 || seen & CUT)
  )
    row[F.PRESENT]! &= ~(1 << F.FRAG)
  return whole
}

function familyOf(row: Int32Array, linkType: number): number {
  if (has(row, F.FLOW) || (has(row, F.PROTO) && row[F.PROTO] === F.ICMPV6)) return 6
  if (has(row, F.TTL) || has(row, F.PROTO) || has(row, F.TOS)) return 4
  switch (linkType) {
    case -1:
      return -1
    case 0x0800:
      return 4
    case 0x86dd:
      return 6
    case 0x0806:
      return 0
    default:
      return 7
  }
}

/** The last two of MAC='s 14 bytes. */
function linkTypeOfMac(row: Int32Array, bytes: Uint8Array, start: number): number {
  if ((row[F.MAC]! & 0xfff) !== 41) return -1
  const at = start + (row[F.MAC]! >>> 12) + 36
  const text = String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 3]!, bytes[at + 4]!)
  return /^[0-9a-f]{4}$/.test(text) ? Number.parseInt(text, 16) : -1
}

/** Does the last thing stand there that is printed for such a packet (but for UID, GID and MARK)? */
function isWhole(row: Int32Array, family: number, seen: number): boolean {
  if (family === 0) return (seen & OPCODE) !== 0
  if (family === 7) return true
  if (has(row, F.UID) && !has(row, F.GID)) return false
  // IPv4 prints no protocol for a later fragment of AH
  if (!has(row, F.PROTO)) return family === 4 && has(row, F.FRAG) && (row[F.FRAG]! & 0xfffff) > 0
  if ((row[F.FRAG]! & 0xfffff) > 0) return true
  switch (row[F.PROTO]) {
    // INCOMPLETE ends the line of these before the mark
    case F.TCP:
      return (seen & URGENT_POINTER) !== 0
    case F.UDP:
    case F.UDPLITE:
      return (seen & SECOND_LENGTH) !== 0
    case F.ICMP:
      return (seen & INCOMPLETE) !== 0 || (has(row, F.CODE) && isIcmpWhole(row, seen))
    case F.ICMPV6:
      return has(row, F.CODE) && isIcmpv6Whole(row, seen)
    case F.ESP:
      return family === 4
    default:
      return true
  }
}

function isIcmpWhole(row: Int32Array, seen: number): boolean {
  switch (row[F.TYPE]) {
    case 0:
    case 8:
      return has(row, F.ICMP_SEQ)
    // unreachable, source quench, redirect, time exceeded
    case 3:
    case 4:
    case 5:
    case 11:
      return (seen & QUOTED) !== 0
    default:
      return true
  }
}

function isIcmpv6Whole(row: Int32Array, seen: number): boolean {
  switch (row[F.TYPE]) {
    case 128:
    case 129:
      return has(row, F.ICMP_SEQ)
    // unreachable, too big, time exceeded, parameter problem
    case 1:
    case 2:
    case 3:
    case 4:
      return (seen & QUOTED) !== 0
    default:
      return true
  }
}
