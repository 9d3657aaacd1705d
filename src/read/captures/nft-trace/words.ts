/**
 * The words of nft's `packet:` lines, each with the column that its value goes to. nft prints a header as pairs of
 * `PROTOCOL FIELD VALUE` (src/netlink.c, trace_gen_stmts; the names are those of src/proto.c).
 */
import { PROTOCOL_NAMES, protocolNumber } from '../../../rules/iptables/protocols.ts'
import { SERVICES } from '../../../rules/iptables/values/services.ts'
import * as F from '../header-fields.ts'

/** Fields that are no column of their own. */
export const DSCP = 100
export const ECN = 101
export const NEXTHDR = 102
export const FRAG_OFF = 103
export const ICMP6_WORD = 104
export const CT_STATE = 105
export const CT_DIRECTION = 106
export const CT_STATUS = 107
export const ETHER_TYPE = 108
export const LENGTH6 = 109
/** Read, and told nowhere. */
export const PASS = 110
export const ICMP6_TYPE = 111
export const ICMP6_CODE = 112
export const UDP_LENGTH = 113

const IP: Readonly<Record<string, number>> = {
  saddr: F.SRC,
  daddr: F.DST,
  dscp: DSCP,
  ecn: ECN,
  ttl: F.TTL,
  id: F.ID,
  protocol: F.PROTO,
  length: F.LEN,
  'frag-off': FRAG_OFF,
}
const PORTS: Readonly<Record<string, number>> = { sport: F.SPT, dport: F.DPT }

/** By protocol and field. `''`: the words themselves are followed by a value. */
export const FIELDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '': { iif: F.IN, oif: F.OUT, iifname: F.IN, oifname: F.OUT },
  meta: { mark: F.MARK, iif: F.IN, oif: F.OUT, iifname: F.IN, oifname: F.OUT, l4proto: F.PROTO },
  ether: { saddr: F.MACSRC, daddr: F.MACDST, type: ETHER_TYPE },
  vlan: { id: F.VLAN, type: ETHER_TYPE },
  ip: IP,
  ip6: {
    saddr: F.SRC,
    daddr: F.DST,
    dscp: DSCP,
    ecn: ECN,
    hoplimit: F.TTL,
    flowlabel: F.FLOW,
    nexthdr: NEXTHDR,
    length: LENGTH6,
  },
  tcp: { ...PORTS, sequence: F.SEQ, ackseq: F.ACK, flags: F.FLAGS, window: F.WINDOW },
  udp: { ...PORTS, length: UDP_LENGTH },
  udplite: PORTS,
  sctp: PORTS,
  dccp: PORTS,
  th: PORTS,
  icmp: { type: F.TYPE, code: F.CODE, id: F.ICMP_ID, sequence: F.ICMP_SEQ },
  icmpv6: { type: ICMP6_TYPE, code: ICMP6_CODE, id: F.ICMP_ID, sequence: F.ICMP_SEQ, 'parameter-problem': ICMP6_WORD },
  arp: {},
  esp: {},
  ah: {},
  comp: {},
  igmp: {},
  gre: {},
  ct: { state: CT_STATE, direction: CT_DIRECTION, status: CT_STATUS },
}

/** The transport protocols by the word they begin with. */
export const TRANSPORTS: Readonly<Record<string, number>> = {
  tcp: F.TCP,
  udp: F.UDP,
  udplite: F.UDPLITE,
  sctp: 132,
  dccp: 33,
  icmp: F.ICMP,
  icmpv6: F.ICMPV6,
  esp: F.ESP,
  ah: F.AH,
  comp: 108,
  igmp: 2,
  gre: 47,
}

const TCP_FLAGS: Readonly<Record<string, number>> = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 0x10,
  urg: 0x20,
  ecn: 0x40,
  cwr: 0x80,
}

/** src/proto.c, dscp_type_tbl. */
const DSCPS: Readonly<Record<string, number>> = {
  lephb: 1,
  be: 0,
  ef: 46,
  va: 44,
  ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`cs${i}`, 8 * i])),
  ...Object.fromEntries([1, 2, 3, 4].flatMap((k) => [1, 2, 3].map((p) => [`af${k}${p}`, 8 * k + 2 * p]))),
}
const ECNS: Readonly<Record<string, number>> = { 'not-ect': 0, ect1: 1, ect0: 2, ce: 3 }

/** src/proto.c, icmp_type_tbl and icmp6_type_tbl. */
const ICMP_TYPES: Readonly<Record<string, number>> = {
  'echo-reply': 0,
  'destination-unreachable': 3,
  'source-quench': 4,
  redirect: 5,
  'echo-request': 8,
  'router-advertisement': 9,
  'router-solicitation': 10,
  'time-exceeded': 11,
  'parameter-problem': 12,
  'timestamp-request': 13,
  'timestamp-reply': 14,
  'info-request': 15,
  'info-reply': 16,
  'address-mask-request': 17,
  'address-mask-reply': 18,
}
const ICMP6_TYPES: Readonly<Record<string, number>> = {
  'destination-unreachable': 1,
  'packet-too-big': 2,
  'time-exceeded': 3,
  'parameter-problem': 4,
  'echo-request': 128,
  'echo-reply': 129,
  'mld-listener-query': 130,
  'mld-listener-report': 131,
  'mld-listener-done': 132,
  'mld-listener-reduction': 132,
  'nd-router-solicit': 133,
  'nd-router-advert': 134,
  'nd-neighbor-solicit': 135,
  'nd-neighbor-advert': 136,
  'nd-redirect': 137,
  'router-renumbering': 138,
  'ind-neighbor-solicit': 141,
  'ind-neighbor-advert': 142,
  'mld2-listener-report': 143,
}
/** src/datatype.c, icmp_code_tbl and icmpv6_code_tbl: nft prints them for any type. */
const ICMP_CODES: Readonly<Record<string, number>> = {
  'net-unreachable': 0,
  'host-unreachable': 1,
  'prot-unreachable': 2,
  'port-unreachable': 3,
  'frag-needed': 4,
  'net-prohibited': 9,
  'host-prohibited': 10,
  'admin-prohibited': 13,
}
const ICMP6_CODES: Readonly<Record<string, number>> = {
  'no-route': 0,
  'admin-prohibited': 1,
  'addr-unreachable': 3,
  'port-unreachable': 4,
  'policy-fail': 5,
  'reject-route': 6,
}

const PROTOCOLS: Readonly<Record<string, number>> = Object.fromEntries(
  PROTOCOL_NAMES.map((name) => [name, protocolNumber(name) ?? 0]),
)

function numbered(words: readonly string[]): Record<string, number> {
  return Object.fromEntries(words.map((word, i) => [word, i + 1]))
}

/** Words that stand for numbers, by the field they stand in. */
export const SYMBOLS: readonly (readonly [number, Readonly<Record<string, number>>])[] = [
  [DSCP, DSCPS],
  [ECN, ECNS],
  [F.FLAGS, TCP_FLAGS],
  [F.TYPE, ICMP_TYPES],
  [F.CODE, ICMP_CODES],
  [ICMP6_TYPE, ICMP6_TYPES],
  [ICMP6_CODE, ICMP6_CODES],
  [F.PROTO, PROTOCOLS],
  [F.SPT, SERVICES],
  [CT_STATE, numbered(F.CT_STATES)],
  [CT_STATUS, numbered(F.CT_STATUS)],
  [CT_DIRECTION, { original: 1, reply: 2 }],
  [ETHER_TYPE, { ip: 0x0800, ip6: 0x86dd, arp: 0x0806, vlan: 0x8100, '8021q': 0x8100, '8021ad': 0x88a8 }],
]
