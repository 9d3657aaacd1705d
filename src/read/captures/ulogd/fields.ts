/**
 * ulogd2's keys → a packet's facts. The keys are those of its plugins (NFLOG, BASE, IFINDEX, IP2STR, HWHDR); the JSON
 * plugin calls some of them otherwise (`src_ip` for `ip.saddr.str`, its `cim_name`).
 */
import * as F from '../header-fields.ts'
import { type FieldRow, numberOf } from '../rows/field-row.ts'

type Take = (row: FieldRow, value: string) => void

const number =
  (column: number): Take =>
  (row, value) =>
    row.setNumber(column, value)

/** Of each flag, that it was there: a row may be cut. */
const SEEN = 8
const ALL_FLAGS = 0x3f

const flag =
  (bit: number): Take =>
  (row, value) => {
    row.set(F.FLAGS, row.row[F.FLAGS]! | (bit << SEEN) | (value === '1' ? bit : 0))
  }

const address =
  (column: number): Take =>
  (row, value) =>
    row.setAddress(column, value)

const text =
  (column: number): Take =>
  (row, value) =>
    row.setText(column, value)

/** `action` and `raw.label` are what the configuration says, not a verdict. */
export const ULOGD_FIELDS: ReadonlyMap<string, Take> = new Map(
  Object.entries<Take>({
    'oob.prefix': (row, value) => {
      row.prefix = value
    },
    'oob.family': (row, value) => {
      row.family = numberOf(value)
    },
    'oob.hook': (row, value) => {
      row.hook = numberOf(value) ?? -1
    },
    'oob.mark': number(F.MARK),
    'oob.uid': number(F.UID),
    'oob.gid': number(F.GID),
    'oob.in': (row, value) => row.setName(F.IN, value),
    'oob.out': (row, value) => row.setName(F.OUT, value),
    'oob.ifindex_in': (row, value) => row.setIndex(F.IN, value),
    'oob.ifindex_out': (row, value) => row.setIndex(F.OUT, value),
    'mac.str': text(F.MAC),
    'mac.saddr.str': text(F.MACSRC),
    'mac.daddr.str': text(F.MACDST),
    src_ip: address(F.SRC),
    dest_ip: address(F.DST),
    'ip.saddr.str': address(F.SRC),
    'ip.daddr.str': address(F.DST),
    'ip.protocol': number(F.PROTO),
    'ip.tos': number(F.TOS),
    'ip.ttl': number(F.TTL),
    'ip.totlen': number(F.LEN),
    'ip.id': number(F.ID),
    'ip.fragoff': (row, value) => {
      const bits = numberOf(value)
      if (bits === undefined || bits > 0xffff) return
      const frag = ((bits & 0x1fff) << 3) | (bits & 0x2000 ? F.FRAG_MF : 0) | (bits & 0x4000 ? F.FRAG_DF : 0)
      if (bits & 0x3fff) row.set(F.FRAG, frag)
      else row.row[F.FRAG] = frag
    },
    'ip6.payloadlen': (row, value) => {
      const length = numberOf(value)
      if (length !== undefined) row.set(F.LEN, length + 40)
    },
    'ip6.hoplimit': number(F.TTL),
    'ip6.fragid': number(F.ID),
    'ip6.fragoff': (row, value) => {
      const offset = numberOf(value)
      if (offset !== undefined && offset > 0 && offset <= 0xffff) row.set(F.FRAG, offset)
    },
    src_port: number(F.SPT),
    dest_port: number(F.DPT),
    'tcp.sport': number(F.SPT),
    'tcp.dport': number(F.DPT),
    'udp.sport': number(F.SPT),
    'udp.dport': number(F.DPT),
    'sctp.sport': number(F.SPT),
    'sctp.dport': number(F.DPT),
    'tcp.seq': number(F.SEQ),
    'tcp.ackseq': number(F.ACK),
    'tcp.window': number(F.WINDOW),
    'tcp.fin': flag(1),
    'tcp.syn': flag(2),
    'tcp.rst': flag(4),
    'tcp.psh': flag(8),
    'tcp.ack': flag(0x10),
    'tcp.urg': flag(0x20),
    'icmp.type': number(F.TYPE),
    'icmp.code': number(F.CODE),
    'icmp.echoid': number(F.ICMP_ID),
    'icmp.echoseq': number(F.ICMP_SEQ),
    'icmpv6.type': number(F.TYPE),
    'icmpv6.code': number(F.CODE),
    'icmpv6.echoid': number(F.ICMP_ID),
    'icmpv6.echoseq': number(F.ICMP_SEQ),
  }),
)

/** What a row's fields say together. */
export function finishUlogd(fields: FieldRow): void {
  const { row } = fields
  // the plugin fills these in for an echo only, but keeps what was there before
  const echo =
    row[F.PROTO] === F.ICMPV6 ? row[F.TYPE] === 128 || row[F.TYPE] === 129 : row[F.TYPE] === 0 || row[F.TYPE] === 8
  if (fields.has(F.TYPE) && !echo) fields.forget(F.ICMP_ID, F.ICMP_SEQ)
  if (row[F.FLAGS]! >> SEEN === ALL_FLAGS) row[F.FLAGS]! &= ALL_FLAGS
  else fields.forget(F.FLAGS)
  // the Ethernet header has both
  if (fields.has(F.MAC)) fields.forget(F.MACSRC, F.MACDST)
}
