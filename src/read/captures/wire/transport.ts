/** What stands behind the IP header on the wire, into a row of header-fields.ts. */
import { DONE, QUERY, REPORT_2 } from '../../../model/listener-discovery.ts'
import * as F from '../header-fields.ts'

const SCTP = 132
const DCCP = 33

const PORTS = (1 << F.SPT) | (1 << F.DPT)

/** The header at `start`; only what lies before `end` is there. */
export function readTransport(row: Int32Array, view: DataView, start: number, end: number, protocol: number): void {
  switch (protocol) {
    case F.TCP:
      readTcp(row, view, start, end)
      break
    case F.UDP:
    case F.UDPLITE:
    case SCTP:
    case DCCP:
      readPorts(row, view, start, end)
      break
    case F.ICMP:
      readIcmp(row, view, start, end, isEcho, quotes)
      break
    case F.ICMPV6:
      readIcmp(row, view, start, end, isEcho6, quotes6)
  }
}

function readPorts(row: Int32Array, view: DataView, start: number, end: number): boolean {
  if (start + 4 > end) return false
  row[F.SPT] = view.getUint16(start)
  row[F.DPT] = view.getUint16(start + 2)
  row[F.PRESENT]! |= PORTS
  return true
}

function readTcp(row: Int32Array, view: DataView, start: number, end: number): void {
  if (!readPorts(row, view, start, end)) return
  if (start + 8 > end) return
  row[F.SEQ] = view.getInt32(start + 4)
  row[F.PRESENT]! |= 1 << F.SEQ
  if (start + 20 > end) return
  row[F.ACK] = view.getInt32(start + 8)
  row[F.FLAGS] = view.getUint16(start + 12) & 0x1ff
  row[F.WINDOW] = view.getUint16(start + 14)
  row[F.PRESENT]! |= (1 << F.ACK) | (1 << F.FLAGS) | (1 << F.WINDOW)
  const length = (view.getUint8(start + 12) >> 4) << 2
  if (length <= 20) return
  if (start + length > end) {
    row[F.OPT] = F.OPT_UNKNOWN
    return
  }
  row[F.OPT] = ((start + 20) << 12) | ((length - 20) * 2)
  row[F.PRESENT]! |= 1 << F.OPT
}

const isEcho = (type: number) => type === 0 || type === 8
const isEcho6 = (type: number) => type === 128 || type === 129
/** Unreachable, source quench, redirect, time exceeded, parameter problem. */
const quotes = (type: number) => (type >= 3 && type <= 5) || type === 11 || type === 12
/** Unreachable, too big, time exceeded, parameter problem. */
const quotes6 = (type: number) => type >= 1 && type <= 4

function readIcmp(
  row: Int32Array,
  view: DataView,
  start: number,
  end: number,
  echo: (type: number) => boolean,
  quoting: (type: number) => boolean,
): void {
  if (start + 4 > end) return
  const type = view.getUint8(start)
  row[F.TYPE] = type
  row[F.CODE] = view.getUint8(start + 1)
  row[F.PRESENT]! |= (1 << F.TYPE) | (1 << F.CODE)
  if (start + 8 > end) return
  if (echo(type)) {
    row[F.ICMP_ID] = view.getUint16(start + 4)
    row[F.ICMP_SEQ] = view.getUint16(start + 6)
    row[F.PRESENT]! |= (1 << F.ICMP_ID) | (1 << F.ICMP_SEQ)
  } else if (quoting(type) && start + 28 <= end) row[F.INNER] = ((start + 8) << 12) | (end - start - 8)
  else if (quoting(type) && start + 14 <= end) row[F.QUOTED] = quotedIn(view, start + 8)
}

/** Of an IP header's first six bytes. */
export function quotedIn(view: DataView, at: number): number {
  const version = view.getUint8(at) >> 4
  if (version === 4) return F.identity4(view.getUint16(at + 4), view.getUint16(at + 2))
  return version === 6 ? F.identity6(view.getUint32(at), view.getUint16(at + 4)) : 0
}

/** Of version 2, MODE_IS_INCLUDE to BLOCK_OLD_SOURCES (RFC 3810, 5.2.5). */
const RECORD_TYPES = 6

/**
 * Multicast listener discovery, of a packet with a hop-by-hop header of which no protocol is shown: its hop limit is 1, it is
 * for a group, and what stands there has the form of RFC 2710 and 3810. Nothing else that hosts send looks like that.
 */
export function isListenerMessage(row: Int32Array, view: DataView, start: number, end: number): boolean {
  if (row[F.TTL] !== 1 || row[F.DST]! >>> 24 !== 0xff || start + 10 > end || view.getUint8(start + 1) !== 0)
    return false
  const type = view.getUint8(start)
  if (type === REPORT_2) {
    const record = view.getUint8(start + 8)
    return view.getUint16(start + 4) === 0 && record >= 1 && record <= RECORD_TYPES
  }
  if (type < QUERY || type > DONE || view.getUint16(start + 6) !== 0) return false
  const group = view.getUint8(start + 8)
  // a general query is about no group
  return group === 0xff || (type === QUERY && group === 0)
}
