/**
 * An NFLOG record's attributes → one packet's own bytes: what stays of it when prefix, times and counters are taken away.
 * Equal packets have equal bytes, so these are a state's bytes; and all that is known of the packet is in them:
 *
 *     0 family  1 flags  2 EtherType  4 in  8 out  12 physin  16 physout (numbers of names)
 *     20 mark  24 uid  28 gid  32 vlan  36 Ethernet header (14 bytes)  52 the packet from its IP header on
 *
 * In network byte order, as the attributes are.
 */
import type { Packet } from '../../../model/packet.ts'
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'
import { packetOfRow } from '../packet-of-row.ts'
import { hexText } from '../wire/hex.ts'
import { readIp } from '../wire/ip.ts'

export const IN = 4
export const OUT = 8
export const PHYSIN = 12
export const PHYSOUT = 16
export const MARK = 20
export const UID = 24
export const GID = 28
export const VLAN = 32
export const ETHERNET = 36
export const PAYLOAD = 52

/** All attributes in front of the payload are there: what is not among them, the packet does not have. */
export const WHOLE = 1
export const HAS_UID = 2
export const HAS_GID = 4
export const HAS_ETHERNET = 8
export const HAS_VLAN = 16
export const HAS_MARK = 32
/** Of the Ethernet header only the sender's address. */
export const HAS_SENDER = 64

export const AF_BRIDGE = 7
/** Headers longer than this are cut. */
export const MOST_PAYLOAD = 512

const ARP = 0x0806

/** What readRecord filled last. */
export const row = new Int32Array(F.COLUMNS)

/** Fills `row`; `view` begins with the record's bytes and ends with them. */
export function readRecord(view: DataView): void {
  row.fill(0)
  const flags = view.getUint8(1)
  const etherType = view.getUint16(2)
  row[F.IN] = view.getInt32(IN)
  row[F.OUT] = view.getInt32(OUT)
  row[F.PHYSIN] = view.getInt32(PHYSIN)
  row[F.PHYSOUT] = view.getInt32(PHYSOUT)
  let present = 0
  if (flags & WHOLE || row[F.IN] !== 0) present |= 1 << F.IN
  if (flags & WHOLE || row[F.OUT] !== 0) present |= 1 << F.OUT
  if (row[F.PHYSIN] !== 0) present |= 1 << F.PHYSIN
  if (row[F.PHYSOUT] !== 0) present |= 1 << F.PHYSOUT
  // the kernel sends no attribute for a mark of 0
  if (flags & (WHOLE | HAS_MARK)) {
    row[F.MARK] = view.getInt32(MARK)
    present |= 1 << F.MARK
  }
  if (flags & HAS_UID) {
    row[F.UID] = view.getInt32(UID)
    present |= 1 << F.UID
  }
  if (flags & HAS_GID) {
    row[F.GID] = view.getInt32(GID)
    present |= 1 << F.GID
  }
  if (flags & HAS_VLAN) {
    row[F.VLAN] = view.getUint16(VLAN + 2) & 0xfff
    present |= 1 << F.VLAN
  }
  if (flags & HAS_ETHERNET) {
    row[F.MAC] = (ETHERNET << 12) | 14
    present |= 1 << F.MAC
  } else if (flags & HAS_SENDER) {
    row[F.MACSRC] = ((ETHERNET + 6) << 12) | 6
    present |= 1 << F.MACSRC
  }
  row[F.PRESENT] = present
  const family = readIp(row, view, PAYLOAD, view.byteLength, etherType)
  // as the kernel log has it: by what the frame carries, whichever family logged it
  row[F.FAMILY] = family > 0 ? family : etherType === ARP ? 0 : 7
}

/** All that the record's bytes tell. */
export function packetOfRecord(bytes: Uint8Array, start: number, end: number, names: Names): Packet {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start)
  readRecord(view)
  const text = (column: number) =>
    column === F.OPT
      ? hexText(view, row[F.OPT]! >>> 12, (row[F.OPT]! & 0xfff) / 2)
      : hexText(view, row[column]! >>> 12, row[column]! & 0xfff, ':')
  const packet = packetOfRow(row, text, names)
  const inner = row[F.INNER]!
  if (inner !== 0) packet.inner = quoted(view, inner >>> 12, (inner >>> 12) + (inner & 0xfff), names)
  return packet
}

function quoted(view: DataView, start: number, end: number, names: Names): Packet {
  row.fill(0)
  row[F.FAMILY] = readIp(row, view, start, end, 0)
  return packetOfRow(row, () => hexText(view, row[F.OPT]! >>> 12, (row[F.OPT]! & 0xfff) / 2), names)
}
