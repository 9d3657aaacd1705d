/**
 * Wireshark's fields → a packet's facts. Names are those of its display filters; the titles of columns that people make
 * of them in the window stand behind. tcp.seq is not among them: it is counted from each stream's beginning, and NAT
 * makes two streams of one.
 */
import { isIcmpError } from '../../../model/icmp-error.ts'
import { wordTable } from '../../../model/word-table.ts'
import * as F from '../header-fields.ts'
import { type FieldRow, numberOf } from '../rows/field-row.ts'
import { PREFIX_TITLES } from './columns.ts'

type Take = (row: FieldRow, value: string) => void

const number =
  (column: number): Take =>
  (row, value) =>
    row.setNumber(column, value)

const name =
  (column: number): Take =>
  (row, value) =>
    row.setIndex(column, value)

const address =
  (column: number): Take =>
  (row, value) =>
    row.setAddress(column, value)

const SCTP = 132
const DCCP = 33

/** A port, and with it the protocol. */
const port =
  (column: number, protocol: number): Take =>
  (row, value) => {
    row.setNumber(column, value)
    if (row.has(column)) row.set(F.PROTO, protocol)
  }

const isTrue = (value: string): boolean => value === '1' || value.toLowerCase() === 'true'

/** A bit of FRAG: DF alone makes no fragment. */
const fragment =
  (bit: number): Take =>
  (row, value) => {
    if (bit === F.FRAG_DF) row.row[F.FRAG]! &= ~F.FRAG_DF_UNKNOWN
    if (isTrue(value)) row.row[F.FRAG]! |= bit
    if (isTrue(value) && bit === F.FRAG_MF) row.row[F.PRESENT]! |= 1 << F.FRAG
  }

const fragmentOffset: Take = (row, value) => {
  const offset = numberOf(value)
  if (offset === undefined || offset === 0 || offset > 0xffff) return
  // Wireshark 3 counts in units of eight bytes, others in bytes
  row.set(F.FRAG, (row.row[F.FRAG]! & ~0xfffff) | (offset & 7 ? (offset << 3) & 0xfff8 : offset))
}

/** A type of ICMP's, and with it the protocol. */
const icmpType =
  (protocol: number): Take =>
  (row, value) => {
    row.setNumber(F.TYPE, value)
    if (row.has(F.TYPE)) row.set(F.PROTO, protocol)
  }

const hex: Take = (row, value) => {
  const digits = value.replaceAll(':', '')
  if (/^(?:[0-9a-f]{2})+$/i.test(digits)) row.setText(F.OPT, digits)
}

const EXTENSIONS = new Set([0, 43, 44, 51, 60])

const PROTOCOLS: Readonly<Record<string, number>> = wordTable({
  TCP: F.TCP,
  UDP: F.UDP,
  'UDP-Lite': F.UDPLITE,
  ICMP: F.ICMP,
  ICMPv6: F.ICMPV6,
  SCTP,
  DCCP,
  ESP: F.ESP,
  AH: F.AH,
})

/** `55694 → 52000 [SYN, ACK] Seq=…`, `53 → 42585 Len=45`, `Echo (ping) request  id=0x7130, seq=1/256`. */
const info: Take = (row, value) => {
  const ports =
    /^(?:\[[^\]]{1,60}\] ?){0,4}(\d{1,5}) (?:→|>|\u00e2\u0086\u0092) (\d{1,5}) (?:\[([A-Z, ]{0,60})\] Seq=|Len=)/.exec(
      value,
    )
  if (ports) {
    const [, source, destination, flags] = ports
    row.setNumber(F.SPT, source!)
    row.setNumber(F.DPT, destination!)
    if (flags === undefined) return
    row.set(F.PROTO, F.TCP)
    const bits = flags.split(', ').map((word) => F.TCP_FLAGS[word] ?? 0)
    row.set(
      F.FLAGS,
      bits.reduce((all, bit) => all | bit, 0),
    )
    return
  }
  const echo = /^Echo \(ping\) (request|reply) +id=(0x[0-9a-f]{1,4}), seq=(\d{1,5})/.exec(value)
  if (!echo) return
  row.setNumber(F.ICMP_ID, echo[2]!)
  row.setNumber(F.ICMP_SEQ, echo[3]!)
  const ipv6 = row.row[F.FAMILY] === 6
  row.set(F.TYPE, echo[1] === 'request' ? (ipv6 ? 128 : 8) : ipv6 ? 129 : 0)
  row.set(F.CODE, 0)
}

/** In the order in which they are to be taken: `info` only for what no other column tells. */
export const WIRESHARK_FIELDS: ReadonlyMap<string, Take> = new Map(
  Object.entries<Take>({
    'nflog.prefix': (row, value) => {
      row.prefix = value
    },
    'nflog.family': (row, value) => {
      row.family = numberOf(value)
    },
    'nflog.hook': (row, value) => {
      row.hook = numberOf(value) ?? -1
    },
    'nflog.ifindex_indev': name(F.IN),
    'nflog.ifindex_outdev': name(F.OUT),
    'nflog.ifindex_physindev': name(F.PHYSIN),
    'nflog.ifindex_physoutdev': name(F.PHYSOUT),
    'nflog.uid': number(F.UID),
    'nflog.gid': number(F.GID),
    'ip.src': address(F.SRC),
    'ip.dst': address(F.DST),
    'ipv6.src': address(F.SRC),
    'ipv6.dst': address(F.DST),
    'ip.proto': number(F.PROTO),
    'ip.len': number(F.LEN),
    'ip.ttl': number(F.TTL),
    'ip.id': number(F.ID),
    'ip.dsfield': number(F.TOS),
    'ip.flags.df': fragment(F.FRAG_DF),
    'ip.flags.mf': fragment(F.FRAG_MF),
    'ip.frag_offset': fragmentOffset,
    'ipv6.plen': (row, value) => {
      const length = numberOf(value)
      if (length !== undefined) row.set(F.LEN, length + 40)
    },
    'ipv6.nxt': (row, value) => {
      const next = numberOf(value)
      if (next !== undefined && !EXTENSIONS.has(next)) row.set(F.PROTO, next)
    },
    'ipv6.hlim': number(F.TTL),
    'ipv6.tclass': number(F.TOS),
    'ipv6.flow': number(F.FLOW),
    'ipv6.fraghdr.ident': number(F.ID),
    'tcp.srcport': port(F.SPT, F.TCP),
    'tcp.dstport': port(F.DPT, F.TCP),
    'udp.srcport': port(F.SPT, F.UDP),
    'udp.dstport': port(F.DPT, F.UDP),
    'sctp.srcport': port(F.SPT, SCTP),
    'sctp.dstport': port(F.DPT, SCTP),
    'dccp.srcport': port(F.SPT, DCCP),
    'dccp.dstport': port(F.DPT, DCCP),
    'tcp.seq_raw': number(F.SEQ),
    'tcp.ack_raw': number(F.ACK),
    'tcp.window_size_value': number(F.WINDOW),
    'tcp.flags': (row, value) => {
      const bits = numberOf(value)
      if (bits !== undefined) row.set(F.FLAGS, bits & 0x1ff)
    },
    'tcp.options': hex,
    'icmp.type': icmpType(F.ICMP),
    'icmp.code': number(F.CODE),
    'icmp.ident': number(F.ICMP_ID),
    'icmp.seq': number(F.ICMP_SEQ),
    'icmpv6.type': icmpType(F.ICMPV6),
    'icmpv6.code': number(F.CODE),
    'icmpv6.echo.identifier': number(F.ICMP_ID),
    'icmpv6.echo.sequence_number': number(F.ICMP_SEQ),
    'col.protocol': (row, value) => {
      const protocol = PROTOCOLS[value]
      if (protocol !== undefined && !row.has(F.PROTO)) row.set(F.PROTO, protocol)
    },
    'col.source-port': number(F.SPT),
    'col.destination-port': number(F.DPT),
    'col.info': info,
  }),
)

/** Of a packet that holds another one, these are the inner one's. */
export const isOfTransport = (field: string): boolean =>
  /^(?:tcp|udp|sctp|dccp)\.|^col\.(?:source|destination)-port$/.test(field)

/** Does the row hold an ICMP error, which quotes a packet? */
export const holdsError = (values: ReadonlyMap<string, string>): boolean =>
  (['icmp.type', 'icmpv6.type'] as const).some((field) => {
    const type = numberOf(values.get(field)?.split(',', 1)[0] ?? '')
    return type !== undefined && isIcmpError(field === 'icmpv6.type', type)
  })

/** Titles of columns, in lower case, as Wireshark's window and its export have them. */
const TITLES: Readonly<Record<string, string>> = wordTable({
  ...PREFIX_TITLES,
  time: 'col.time',
  'epoch time': 'frame.time_epoch',
  source: 'ip.src',
  'source address': 'ip.src',
  destination: 'ip.dst',
  'destination address': 'ip.dst',
  protocol: 'col.protocol',
  info: 'col.info',
  options: 'tcp.options',
  'tcp options': 'tcp.options',
  'source port': 'col.source-port',
  'src port': 'col.source-port',
  'destination port': 'col.destination-port',
  'dest port': 'col.destination-port',
  'dst port': 'col.destination-port',
  identification: 'ip.id',
  'time to live': 'ip.ttl',
  ttl: 'ip.ttl',
  'total length': 'ip.len',
  'sequence number (raw)': 'tcp.seq_raw',
  'acknowledgment number (raw)': 'tcp.ack_raw',
  'identifier (be)': 'icmp.ident',
  'sequence number (be)': 'icmp.seq',
  ifindex_indev: 'nflog.ifindex_indev',
  ifindex_outdev: 'nflog.ifindex_outdev',
  ifindex_physindev: 'nflog.ifindex_physindev',
  ifindex_physoutdev: 'nflog.ifindex_physoutdev',
  uid: 'nflog.uid',
  gid: 'nflog.gid',
})

/** Fields of a row as a whole, which row.ts takes itself. */
export const ROW_FIELDS = ['frame.number', 'frame.time_epoch', 'frame.protocols', 'nflog.tlv', 'col.time'] as const

const KNOWN = [...WIRESHARK_FIELDS.keys(), ...ROW_FIELDS]

/** The field that a column shows, or undefined. `windows`: also by the titles of Wireshark's window. */
export const fieldOfTitle = (title: string, windows = false): string | undefined =>
  KNOWN.includes(title) ? title : windows ? TITLES[title.trim().toLowerCase()] : undefined

/** As `-T ek` writes them (`ip_ip_src`, with -e `ip_src`), and as themselves. */
export const FIELD_NAMES: ReadonlyMap<string, string> = new Map(
  KNOWN.flatMap((field): [string, string][] => {
    const flat = field.replaceAll('.', '_')
    return [
      [field, field],
      [flat, field],
      [`${field.slice(0, field.indexOf('.'))}_${flat}`, field],
    ]
  }),
)
