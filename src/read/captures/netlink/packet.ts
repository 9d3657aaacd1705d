/**
 * What a trace event tells of its packet, as a state's bytes; all that is known of the packet is in them:
 *
 *     0 protocol family  1 lengths of link, network, transport header  4 in  8 out (numbers of names)
 *     12 what conntrack says (as the column CT)  16 types of the devices  20 link  40 network  80 transport header
 *
 * In network byte order. The kernel sends 20 bytes of the link, 40 of the network and 20 of the transport header at most
 * (NFT_TRACETYPE_LL_HSIZE …): what lies behind these is not known.
 */
import type { Packet } from '../../../model/packet.ts'
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'
import { packetOfRow } from '../packet-of-row.ts'
import { hexText } from '../wire/hex.ts'
import { readIp } from '../wire/ip.ts'
import { isListenerMessage, readTransport } from '../wire/transport.ts'

export const FAMILY = 0
export const LINK_LENGTH = 1
export const NETWORK_LENGTH = 2
export const TRANSPORT_LENGTH = 3
export const IN = 4
export const OUT = 8
export const CT = 12
export const IN_TYPE = 16
export const OUT_TYPE = 18
export const LINK = 20
export const NETWORK = 40
export const TRANSPORT = 80
export const LENGTH = 100

export const MOST_LINK = 20
export const MOST_NETWORK = 40
export const MOST_TRANSPORT = 20

const AF_INET = 2
const NFPROTO_ARP = 3
const AF_INET6 = 10
const ARPHRD_ETHER = 1
const ARPHRD_LOOPBACK = 772

const IPV4 = 0x0800
const ARP = 0x0806
const IPV6 = 0x86dd
const VLAN = 0x8100
const SERVICE_VLAN = 0x88a8

/** What readState filled last. */
export const row = new Int32Array(F.COLUMNS)

/** Fills `row`; `view` holds the state's bytes from `start` on. */
export function readState(view: DataView, start: number): void {
  row.fill(0)
  row[F.FAMILY] = -1
  const [input, output] = [view.getInt32(start + IN), view.getInt32(start + OUT)]
  row[F.IN] = input
  row[F.OUT] = output
  row[F.CT] = view.getInt32(start + CT)
  row[F.PRESENT] = (input === 0 ? 0 : 1 << F.IN) | (output === 0 ? 0 : 1 << F.OUT)
  const frame = readLink(view, start)
  readNetwork(view, start, etherTypeOf(view.getUint8(start + FAMILY), frame))
}

/** The protocol family is the packet's own, but in tables of bridge and netdev. */
function etherTypeOf(family: number, frame: number): number {
  if (family === AF_INET) return IPV4
  if (family === AF_INET6) return IPV6
  return family === NFPROTO_ARP ? ARP : frame
}

/** Gives the EtherType, or 0 where there is no Ethernet header. */
function readLink(view: DataView, start: number): number {
  const length = view.getUint8(start + LINK_LENGTH)
  const device = view.getUint16(start + IN_TYPE) || view.getUint16(start + OUT_TYPE)
  if (length < 14 || (device !== ARPHRD_ETHER && device !== ARPHRD_LOOPBACK)) return 0
  row[F.MACDST] = (LINK << 12) | 6
  row[F.MACSRC] = ((LINK + 6) << 12) | 6
  row[F.PRESENT]! |= (1 << F.MACDST) | (1 << F.MACSRC)
  const type = view.getUint16(start + LINK + 12)
  if ((type !== VLAN && type !== SERVICE_VLAN) || length < 18) return type
  row[F.VLAN] = view.getUint16(start + LINK + 14) & 0xfff
  row[F.PRESENT]! |= 1 << F.VLAN
  return view.getUint16(start + LINK + 16)
}

function readNetwork(view: DataView, start: number, etherType: number): void {
  const length = view.getUint8(start + NETWORK_LENGTH)
  const from = start + NETWORK
  if (etherType === ARP) {
    row[F.FAMILY] = 0
    readArp(view, from, length)
    return
  }
  // without a frame's type the version tells
  const family = length === 0 ? -1 : readIp(row, view, from, from + length, etherType)
  if (family < 0 || (row[F.PRESENT]! & F.HAS_SRC) === 0) return
  row[F.FAMILY] = family
  const transport = view.getUint8(start + TRANSPORT_LENGTH)
  const laterFragment = (row[F.FRAG]! & 0xfffff) !== 0
  if (transport === 0 || laterFragment) return
  const [header, end] = [start + TRANSPORT, start + TRANSPORT + transport]
  // what stands behind a hop-by-hop header is beyond the bytes of the network header
  if (family === 6 && view.getUint8(from + 6) === 0 && isListenerMessage(row, view, header, end)) {
    row[F.PROTO] = F.ICMPV6
    row[F.PRESENT]! |= 1 << F.PROTO
  }
  if (row[F.PRESENT]! & (1 << F.PROTO)) readTransport(row, view, header, end, row[F.PROTO]!)
}

/** Of IPv4 over Ethernet: sender and target (RFC 826). */
function readArp(view: DataView, from: number, length: number): void {
  if (length < 28 || view.getUint32(from) !== 0x00010800 || view.getUint16(from + 4) !== 0x0604) return
  row[F.SRC] = view.getInt32(from + 14)
  row[F.DST] = view.getInt32(from + 24)
  row[F.PRESENT]! |= F.HAS_SRC | F.HAS_DST
}

/** All that a state's bytes tell. */
export function packetOfState(bytes: Uint8Array, start: number, names: Names): Packet {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  readState(view, start)
  return packetOfRow(row, (column) => hexText(view, start + (row[column]! >>> 12), 6, ':'), names)
}
