/** What tells one segment of a TCP connection from the next, of any journey, without an object of its own. */
import * as F from '../read/captures/header-fields.ts'

/** Sequence number, acknowledgement, and bits: it carries data; its sender has no room for any. */
export const SEGMENT_WORDS = 3
export const CARRIES_DATA = 1
export const WINDOW_CLOSED = 2

/** Bytes of the headers of IP and TCP, and of TCP's options at most. */
const [IPV4_HEADERS, IPV6_HEADERS, OPTIONS] = [40, 60, 40]
const { PSH, SYN, FIN, RST } = F.TCP_FLAGS
const NO_DATA = SYN! | FIN! | RST!
const NEEDED = [F.SEQ, F.ACK, F.LEN, F.FLAGS].reduce((bits, column) => bits | (1 << column), 0)

/**
 * False: it is none, or a number is not known. One that is longer than all options carries data; so does the last one of
 * what a program writes (PSH), but not one of headers alone.
 */
export function readSegment(rows: Int32Array, base: number, into: Int32Array): boolean {
  if (rows[base + F.PROTO] !== F.TCP || (rows[base + F.PRESENT]! & NEEDED) !== NEEDED) return false
  const flags = rows[base + F.FLAGS]!
  into[0] = rows[base + F.SEQ]!
  into[1] = rows[base + F.ACK]!
  const rest = rows[base + F.LEN]! - (F.isIp6(rows, base) ? IPV6_HEADERS : IPV4_HEADERS)
  const carriesData = !(flags & NO_DATA) && (rest > OPTIONS || (rest > 0 && flags & PSH!))
  const isClosed = rows[base + F.PRESENT]! & (1 << F.WINDOW) && rows[base + F.WINDOW] === 0
  into[2] = (carriesData ? CARRIES_DATA : 0) | (isClosed ? WINDOW_CLOSED : 0)
  return true
}
