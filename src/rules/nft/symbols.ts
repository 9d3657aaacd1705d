/**
 * The names that nft has for values, by the type of data (`nft describe`, src/datatype.c, src/proto.c of 1.0.6 and later).
 * Where several names have one number, the first is what nft prints.
 */
import { wordTables } from '../../model/word-table.ts'
import { PROTOCOL_NAMES, protocolNumber } from '../iptables/protocols.ts'
import { NFT_SERVICES } from './services.ts'

export type Symbols = Readonly<Record<string, number>>

/** Numbers from 0, in order. */
const inOrder = (...names: string[]): Symbols => Object.fromEntries(names.map((name, i) => [name, i]))

const dscp: Symbols = {
  ...{ cs0: 0, cs1: 8, cs2: 16, cs3: 24, cs4: 32, cs5: 40, cs6: 48, cs7: 56, df: 0, be: 0, lephb: 1 },
  ...{ af11: 10, af12: 12, af13: 14, af21: 18, af22: 20, af23: 22, af31: 26, af32: 28, af33: 30 },
  ...{ af41: 34, af42: 36, af43: 38, va: 44, ef: 46 },
}

const NFT_PROTOCOLS = PROTOCOL_NAMES.filter((name) => name !== 'all')

export const SYMBOLS: Readonly<Record<string, Symbols>> = wordTables({
  // `all` is iptables' own word
  inet_proto: { ...Object.fromEntries(NFT_PROTOCOLS.map((name) => [name, protocolNumber(name)!])), comp: 108 },
  ether_type: { ip: 0x0800, arp: 0x0806, ip6: 0x86dd, '8021q': 0x8100, '8021ad': 0x88a8, vlan: 0x8100 },
  nf_proto: { ipv4: 2, ipv6: 10 },
  pkt_type: { unicast: 0, host: 0, broadcast: 1, multicast: 2, other: 3 },
  icmp_type: {
    ...{ 'echo-reply': 0, 'destination-unreachable': 3, 'source-quench': 4, redirect: 5, 'echo-request': 8 },
    ...{ 'router-advertisement': 9, 'router-solicitation': 10, 'time-exceeded': 11, 'parameter-problem': 12 },
    ...{ 'timestamp-request': 13, 'timestamp-reply': 14, 'info-request': 15, 'info-reply': 16 },
    ...{ 'address-mask-request': 17, 'address-mask-reply': 18 },
  },
  icmp_code: {
    ...{ 'net-unreachable': 0, 'host-unreachable': 1, 'prot-unreachable': 2, 'port-unreachable': 3 },
    ...{ 'frag-needed': 4, 'net-prohibited': 9, 'host-prohibited': 10, 'admin-prohibited': 13 },
  },
  icmpv6_type: {
    ...{ 'destination-unreachable': 1, 'packet-too-big': 2, 'time-exceeded': 3, 'parameter-problem': 4 },
    ...{ 'echo-request': 128, 'echo-reply': 129, 'mld-listener-query': 130, 'mld-listener-report': 131 },
    ...{ 'mld-listener-done': 132, 'mld-listener-reduction': 132, 'nd-router-solicit': 133 },
    ...{ 'nd-router-advert': 134, 'nd-neighbor-solicit': 135, 'nd-neighbor-advert': 136, 'nd-redirect': 137 },
    ...{ 'router-renumbering': 138, 'ind-neighbor-solicit': 141, 'ind-neighbor-advert': 142 },
    'mld2-listener-report': 143,
  },
  icmpv6_code: {
    ...{ 'no-route': 0, 'admin-prohibited': 1, 'addr-unreachable': 3, 'port-unreachable': 4 },
    ...{ 'policy-fail': 5, 'reject-route': 6 },
  },
  icmpx_code: { 'no-route': 0, 'port-unreachable': 1, 'host-unreachable': 2, 'admin-prohibited': 3 },
  igmp_type: {
    ...{ 'membership-query': 0x11, 'membership-report-v1': 0x12, 'membership-report-v2': 0x16 },
    ...{ 'leave-group': 0x17, 'membership-report-v3': 0x22 },
  },
  arp_op: { request: 1, reply: 2, rrequest: 3, rreply: 4, inrequest: 8, inreply: 9, nak: 10 },
  dccp_pkttype: inOrder(
    ...['request', 'response', 'data', 'ack', 'dataack', 'closereq', 'close', 'reset', 'sync', 'syncack'],
  ),
  mh_type: inOrder(
    ...['binding-refresh-request', 'home-test-init', 'careof-test-init', 'home-test', 'careof-test'],
    ...['binding-update', 'binding-acknowledgement', 'binding-error', 'fast-binding-update'],
    ...['fast-binding-acknowledgement', 'fast-binding-advertisement', 'experimental-mobility-header'],
    'home-agent-switch-message',
  ),
  dscp,
  ecn: { 'not-ect': 0, ect1: 1, ect0: 2, ce: 3 },
  ct_dir: inOrder('original', 'reply'),
  fib_addrtype: inOrder(
    ...['unspec', 'unicast', 'local', 'broadcast', 'anycast', 'multicast', 'blackhole', 'unreachable', 'prohibit'],
  ),
  day: inOrder('Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'),
  iface_type: { ether: 1, ppp: 512, ipip: 768, ipip6: 769, loopback: 772, sit: 776, ipgre: 778 },
  realm: { cosmos: 0 },
  devgroup: { default: 0 },
  // bits
  ct_state: { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 },
  ct_status: {
    ...{ expected: 1, 'seen-reply': 2, assured: 4, confirmed: 8, snat: 16, dnat: 32, dying: 512 },
  },
  ct_event: {
    ...{ new: 1, related: 2, destroy: 4, reply: 8, assured: 16, protoinfo: 32, helper: 64, mark: 128 },
    ...{ seqadj: 256, secmark: 512, label: 1024 },
  },
  tcp_flag: { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 },
  // names in input alone: nft prints numbers
  inet_service: NFT_SERVICES,
  // others only the host's own files tell
  uid: { root: 0 },
  gid: { root: 0 },
})

/** Types that hold several bits at once. */
export const BITMASKS: readonly string[] = ['ct_state', 'ct_status', 'ct_event', 'ct_label', 'tcp_flag']

/** Types that nft prints as numbers, whatever names it takes. */
const PRINTED_AS_NUMBER = ['inet_service', 'uid', 'gid']

const names = new Map<string, ReadonlyMap<number, string>>()

/** How nft prints this value of the type: by name where it has one. */
export function symbolOf(type: string, value: number): string | undefined {
  if (PRINTED_AS_NUMBER.includes(type)) return undefined
  if (type === 'classid') return classIdText(value)
  let known = names.get(type)
  if (!known) {
    // the first of several names stays
    known = new Map(
      Object.entries(SYMBOLS[type] ?? {})
        .reverse()
        .map(([name, number]) => [number, name]),
    )
    names.set(type, known)
  }
  return known.get(value)
}

/** The number that a name of the type stands for; undefined: it is none. */
export function numberOf(type: string, name: string): number | undefined {
  if (type === 'classid') return classId(name)
  const symbols = SYMBOLS[type]
  if (symbols && Object.hasOwn(symbols, name)) return symbols[name]
  return /^(?:0x[0-9a-f]{1,13}|\d{1,15})$/i.test(name) ? Number(name) : undefined
}

/** The same of several, which stand for all their bits: `fin,ack`. */
export function elementNumber(type: string, part: string): number | undefined {
  const numbers = part.split(',').map((name) => numberOf(type, name))
  return numbers.every((one) => one !== undefined) ? numbers.reduce((all, one) => (all | one) >>> 0, 0) : undefined
}

/** `1:2`, both hexadecimal (src/meta.c, tchandle_type_parse). */
function classId(text: string): number | undefined {
  if (text === 'none') return 0
  if (text === 'root') return 0xffffffff
  const [major, minor = ''] = text.split(':')
  if (!/^[0-9a-f]{0,4}:[0-9a-f]{0,4}$/i.test(text)) return /^\d{1,10}$/.test(text) ? Number(text) : undefined
  return Number.parseInt(major || '0', 16) * 65536 + Number.parseInt(minor || '0', 16)
}

const classIdText = (value: number): string => {
  if (value === 0 || value === 0xffffffff) return value === 0 ? 'none' : 'root'
  return `${Math.floor(value / 65536).toString(16)}:${(value % 65536).toString(16)}`
}
