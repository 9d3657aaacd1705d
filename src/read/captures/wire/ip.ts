/**
 * IP headers as they are on the wire, into a row of header-fields.ts. Only what is there whole is taken: a capture may
 * have cut the packet anywhere, and whoever sent it may lie about its lengths.
 */
import * as F from '../header-fields.ts'
import { readTransport } from './transport.ts'

/** The packet `view[start, end)`, by its own version where `etherType` is 0. Gives the family, or -1 where it is no IP. */
export function readIp(row: Int32Array, view: DataView, start: number, end: number, etherType: number): number {
  if (start >= end) return etherType === 0x0800 ? 4 : etherType === 0x86dd ? 6 : -1
  const version = view.getUint8(start) >> 4
  if (version === 4 && (etherType === 0x0800 || etherType === 0)) readIpv4(row, view, start, end)
  else if (version === 6 && (etherType === 0x86dd || etherType === 0)) readIpv6(row, view, start, end)
  else return -1
  return version
}

function readIpv4(row: Int32Array, view: DataView, start: number, end: number): void {
  if (end - start < 20) return
  row[F.TOS] = view.getUint8(start + 1)
  row[F.LEN] = view.getUint16(start + 2)
  row[F.ID] = view.getUint16(start + 4)
  const bits = view.getUint16(start + 6)
  row[F.TTL] = view.getUint8(start + 8)
  row[F.PROTO] = view.getUint8(start + 9)
  row[F.SRC] = view.getInt32(start + 12)
  row[F.DST] = view.getInt32(start + 16)
  const offset = (bits & 0x1fff) << 3
  row[F.FRAG] = offset | (bits & 0x2000 ? F.FRAG_MF : 0) | (bits & 0x4000 ? F.FRAG_DF : 0)
  row[F.PRESENT]! |= IPV4 | (bits & 0x3fff ? 1 << F.FRAG : 0)
  const length = (view.getUint8(start) & 15) << 2
  if (length < 20 || offset > 0) return
  // a length of 0 is a big packet's that is yet to be cut into segments
  const total = row[F.LEN]!
  const last = total >= length && total < end - start ? start + total : end
  readTransport(row, view, start + length, last, row[F.PROTO]!)
}

const bitsOf = (...columns: number[]) => columns.reduce((bits, column) => bits | (1 << column), 0)
const IPV4 = bitsOf(F.TOS, F.LEN, F.ID, F.TTL, F.PROTO) | F.HAS_SRC | F.HAS_DST
const IPV6 = bitsOf(F.TOS, F.LEN, F.TTL, F.FLOW) | F.HAS_SRC | F.HAS_DST

const HOP_BY_HOP = 0
const ROUTING = 43
const FRAGMENT = 44
const DESTINATION = 60

/** As ip6tables counts them: the protocol is what stands behind the last extension header (ipv6_find_hdr). */
function readIpv6(row: Int32Array, view: DataView, start: number, end: number): void {
  if (end - start < 40) return
  const word = view.getUint32(start)
  row[F.TOS] = (word >>> 20) & 0xff
  row[F.FLOW] = word & 0xfffff
  row[F.LEN] = view.getUint16(start + 4) + 40
  row[F.TTL] = view.getUint8(start + 7)
  for (let i = 0; i < 4; i++) {
    row[F.SRC + i] = view.getInt32(start + 8 + 4 * i)
    row[F.DST + i] = view.getInt32(start + 24 + 4 * i)
  }
  row[F.PRESENT]! |= IPV6
  const total = row[F.LEN]!
  const last = total > 40 && total < end - start ? start + total : end
  let next = view.getUint8(start + 6)
  let at = start + 40
  while (next === HOP_BY_HOP || next === ROUTING || next === FRAGMENT || next === DESTINATION || next === F.AH) {
    if (at + 8 > last) return
    const header = next
    next = view.getUint8(at)
    if (header === FRAGMENT) {
      const bits = view.getUint16(at + 2)
      row[F.FRAG] = (bits & 0xfff8) | (bits & 1 ? F.FRAG_MF : 0)
      row[F.ID] = view.getInt32(at + 4)
      row[F.PRESENT]! |= (1 << F.FRAG) | (1 << F.ID)
      at += 8
      if (bits & 0xfff8) break
    } else at += header === F.AH ? (view.getUint8(at + 1) + 2) << 2 : (view.getUint8(at + 1) + 1) << 3
  }
  row[F.PROTO] = next
  row[F.PRESENT]! |= 1 << F.PROTO
  if ((row[F.FRAG]! & 0xfffff) === 0) readTransport(row, view, at, last, next)
}
