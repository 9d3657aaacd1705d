/** What tells one segment of a TCP connection from the next, of any journey, without an object of its own. */
import * as F from '../read/captures/header-fields.ts'

/** Sequence number, acknowledgement, and whether it carries data. */
export const SEGMENT_WORDS = 3

const [IPV4_HEADERS, IPV6_HEADERS] = [80, 100]
const { PSH, SYN, FIN, RST } = F.TCP_FLAGS
const NO_DATA = SYN! | FIN! | RST!
const NEEDED = [F.SEQ, F.ACK, F.LEN, F.FLAGS].reduce((bits, column) => bits | (1 << column), 0)

/**
 * False: it is none, or a number is not known. Whatever options it has, a longer one carries data; so does the last one of
 * what a program writes (PSH).
 */
export function readSegment(rows: Int32Array, base: number, into: Int32Array): boolean {
  if (rows[base + F.PROTO] !== F.TCP || (rows[base + F.PRESENT]! & NEEDED) !== NEEDED) return false
  const flags = rows[base + F.FLAGS]!
  into[0] = rows[base + F.SEQ]!
  into[1] = rows[base + F.ACK]!
  const isLong = rows[base + F.LEN]! > (F.isIp6(rows, base) ? IPV6_HEADERS : IPV4_HEADERS)
  into[2] = !(flags & NO_DATA) && (isLong || flags & PSH!) ? 1 : 0
  return true
}
