/** Protocols' header fields and the type of each (nft's src/proto.c, src/exthdr.c, src/tcpopt.c); others are integers. */
import { wordTable, wordTables } from '../../model/word-table.ts'

type Fields = Readonly<Record<string, string>>

const ports: Fields = { sport: 'inet_service', dport: 'inet_service' }
const code = { type: 'icmp_type', code: 'icmp_code' }

const HEADERS: Readonly<Record<string, Fields>> = wordTables({
  ether: { saddr: 'ether_addr', daddr: 'ether_addr', type: 'ether_type' },
  vlan: { type: 'ether_type' },
  arp: {
    operation: 'arp_op',
    ptype: 'ether_type',
    'saddr ether': 'ether_addr',
    'daddr ether': 'ether_addr',
    'saddr ip': 'ipv4_addr',
    'daddr ip': 'ipv4_addr',
  },
  ip: { saddr: 'ipv4_addr', daddr: 'ipv4_addr', protocol: 'inet_proto', dscp: 'dscp', ecn: 'ecn' },
  ip6: { saddr: 'ipv6_addr', daddr: 'ipv6_addr', nexthdr: 'inet_proto', dscp: 'dscp', ecn: 'ecn' },
  icmp: { ...code, gateway: 'ipv4_addr' },
  icmpv6: { type: 'icmpv6_type', code: 'icmpv6_code', taddr: 'ipv6_addr', daddr: 'ipv6_addr' },
  igmp: { type: 'igmp_type', group: 'ipv4_addr' },
  tcp: { ...ports, flags: 'tcp_flag' },
  udp: ports,
  udplite: ports,
  sctp: ports,
  dccp: { ...ports, type: 'dccp_pkttype' },
  th: ports,
  ah: { nexthdr: 'inet_proto' },
  comp: { nexthdr: 'inet_proto' },
  gre: { protocol: 'ether_type' },
  geneve: { type: 'ether_type' },
  // IPv6's extension headers
  hbh: { nexthdr: 'inet_proto' },
  rt: { nexthdr: 'inet_proto' },
  rt0: { nexthdr: 'inet_proto' },
  rt2: { nexthdr: 'inet_proto' },
  rt4: { nexthdr: 'inet_proto' },
  srh: { nexthdr: 'inet_proto' },
  frag: { nexthdr: 'inet_proto' },
  dst: { nexthdr: 'inet_proto' },
  mh: { nexthdr: 'inet_proto', type: 'mh_type' },
})

export const headerType = (protocol: string, field: string): string => HEADERS[protocol]?.[field] ?? 'integer'

export interface Layers {
  /** As `meta nfproto` names it. */
  network?: 'ipv4' | 'ipv6'
  /** As `meta l4proto` names it. */
  transport?: string
  /** `meta protocol`. */
  ether?: number
  /** ICMP's types, of which one has to be there. */
  icmp?: readonly number[]
  /** An extension header of IPv6. */
  exthdr?: string
}

/** What a packet has to be so that it has this header: nft asks for that first, unless the rule has done so. */
export const LAYERS: Readonly<Record<string, Layers>> = wordTable({
  ip: { network: 'ipv4' },
  ip6: { network: 'ipv6' },
  arp: { ether: 0x0806 },
  vlan: {},
  ether: {},
  icmp: { network: 'ipv4', transport: 'icmp' },
  icmpv6: { network: 'ipv6', transport: 'ipv6-icmp' },
  igmp: { transport: 'igmp' },
  tcp: { transport: 'tcp' },
  udp: { transport: 'udp' },
  udplite: { transport: 'udplite' },
  sctp: { transport: 'sctp' },
  dccp: { transport: 'dccp' },
  ah: { transport: 'ah' },
  esp: { transport: 'esp' },
  comp: { transport: 'ipcomp' },
  gre: { transport: 'gre' },
  gretap: { transport: 'gre' },
  vxlan: { transport: 'udp' },
  geneve: { transport: 'udp' },
  th: {},
})

/** Fields that only some of ICMP's messages have (src/proto.c, icmp_hdr and icmpv6_hdr). */
export const MESSAGES: Readonly<Record<string, readonly number[]>> = {
  'icmp id': [0, 8],
  'icmp sequence': [0, 8],
  'icmp gateway': [5],
  'icmp mtu': [3],
  'icmpv6 id': [128, 129],
  'icmpv6 sequence': [128, 129],
  'icmpv6 parameter-problem': [4],
  'icmpv6 mtu': [2],
  'icmpv6 packet-too-big': [2],
  'icmpv6 max-delay': [130],
  'icmpv6 taddr': [130, 131, 132, 135, 136, 137],
  'icmpv6 daddr': [137],
}

/** Kinds of TCP options (src/tcpopt.c). */
export const TCP_OPTIONS: Readonly<Record<string, number>> = wordTable({
  ...{ eol: 0, nop: 1, maxseg: 2, mss: 2, window: 3, 'sack-perm': 4, 'sack-permitted': 4, sack: 5, sack0: 5 },
  ...{ sack1: 5, sack2: 5, sack3: 5, timestamp: 8, md5sig: 19, mptcp: 30, fastopen: 34 },
})
