/** Fields and keys that the nft language names, under the words of libnftables-json(5). */
import { wordTable } from '../../../model/word-table.ts'

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

/** `PROTOCOL FIELD`. */
export const PAYLOAD_FIELDS: Readonly<Record<string, ReadonlySet<string>>> = wordTable({
  ether: words('saddr daddr type'),
  vlan: words('id cfi dei pcp type'),
  arp: words('htype ptype hlen plen operation saddr daddr'),
  ip: words('version hdrlength dscp ecn length id frag-off ttl protocol checksum saddr daddr'),
  icmp: words('type code checksum id sequence gateway mtu'),
  igmp: words('type checksum mrt group'),
  ip6: words('version priority dscp ecn flowlabel length nexthdr hoplimit saddr daddr'),
  icmpv6: words('type code checksum param-problem parameter-problem mtu id sequence max-delay taddr daddr'),
  ah: words('nexthdr hdrlength reserved spi sequence'),
  esp: words('spi sequence'),
  comp: words('nexthdr flags cpi'),
  udp: words('sport dport length checksum'),
  udplite: words('sport dport csumcov checksum'),
  tcp: words('sport dport sequence ackseq doff reserved flags window checksum urgptr'),
  dccp: words('sport dport type'),
  sctp: words('sport dport vtag checksum'),
  th: words('sport dport'),
  vxlan: words('vni flags'),
  geneve: words('vni type'),
  gre: words('version flags protocol'),
})

/** Headers that may carry another packet: `vxlan ip saddr`. */
export const TUNNELS = words('vxlan geneve gre gretap')

/** IPv6 extension headers; fields with a number in brackets stand without it. */
export const EXTHDR_FIELDS: Readonly<Record<string, ReadonlySet<string>>> = wordTable({
  hbh: words('nexthdr hdrlength'),
  rt: words('nexthdr hdrlength type seg-left'),
  rt0: words('nexthdr hdrlength type seg-left addr reserved'),
  rt2: words('nexthdr hdrlength type seg-left addr reserved'),
  srh: words('nexthdr hdrlength type seg-left last-entry flags tag sid'),
  frag: words('nexthdr reserved frag-off reserved2 more-fragments id'),
  dst: words('nexthdr hdrlength'),
  mh: words('nexthdr hdrlength type reserved checksum'),
})

export const IP_OPTION_FIELDS: Readonly<Record<string, ReadonlySet<string>>> = wordTable({
  lsrr: words('type length ptr addr'),
  rr: words('type length ptr addr'),
  ssrr: words('type length ptr addr'),
  ra: words('type length value'),
})

/** TCP options by every name they have, with the name JSON gives them. */
export const TCP_OPTIONS: Readonly<Record<string, string>> = wordTable({
  echo: 'echo',
  eol: 'eol',
  fastopen: 'fastopen',
  md5sig: 'md5sig',
  mptcp: 'mptcp',
  maxseg: 'maxseg',
  mss: 'maxseg',
  nop: 'nop',
  noop: 'nop',
  'sack-permitted': 'sack-perm',
  'sack-perm': 'sack-perm',
  timestamp: 'timestamp',
  window: 'window',
  sack: 'sack',
  sack0: 'sack0',
  sack1: 'sack1',
  sack2: 'sack2',
  sack3: 'sack3',
})
export const TCP_OPTION_FIELDS = words('kind length size count left right tsval tsecr subtype')

export const SCTP_CHUNKS = words(
  'data init init-ack sack heartbeat heartbeat-ack abort shutdown shutdown-ack error cookie-echo cookie-ack ecne cwr ' +
    'shutdown-complete asconf-ack forward-tsn asconf',
)
export const SCTP_CHUNK_FIELDS = words(
  'type flags length tsn stream ssn ppid init-tag a-rwnd num-outbound-streams num-inbound-streams initial-tsn ' +
    'cum-tsn-ack num-gap-ack-blocks num-dup-tsns lowest-tsn seqno new-cum-tsn',
)

/** Behind `meta`; many also without it. */
export const META_KEYS = words(
  'length protocol priority random secmark nfproto l4proto iifkind oifkind ibrpvid ibrvproto sdif sdifname broute ' +
    'ibrhwaddr mark iif iifname iiftype oif oifname oiftype skuid skgid nftrace rtclassid ibriport ibrname obriport ' +
    'obrname ibridgename obridgename pkttype cpu iifgroup oifgroup cgroup ipsec secpath time day hour',
)
export const UNQUALIFIED_META = words(
  'mark iif iifname iiftype oif oifname oiftype skuid skgid nftrace rtclassid ibriport ibrname obriport obrname ' +
    'ibridgename obridgename pkttype cpu iifgroup oifgroup cgroup ipsec time day hour',
)
export const META_NAMES: Readonly<Record<string, string>> = wordTable({
  ibriport: 'ibrname',
  obriport: 'obrname',
  ibridgename: 'ibrname',
  obridgename: 'obrname',
  secpath: 'ipsec',
})

export const CT_KEYS = words(
  'l3proto protocol mark state direction status expiration helper saddr daddr proto-src proto-dst label event secmark ' +
    'id bytes packets avgpkt zone count',
)
/** Behind `ct original` and `ct reply`. */
export const CT_DIRECTED_KEYS = words('saddr daddr l3proto protocol proto-src proto-dst bytes packets avgpkt zone')

/** `rt nexthop`: of the packet's route. */
export const RT_KEYS = words('classid nexthop mtu ipsec')
export const FIB_FLAGS = words('saddr daddr mark iif oif')
export const FIB_RESULTS = words('oif oifname type check')
export const SOCKET_KEYS = words('transparent mark wildcard cgroupv2')
export const OSF_KEYS = words('name version')
export const IPSEC_KEYS = words('spi reqid')
export const TUNNEL_KEYS = words('path id')
export const NUMGEN_MODES = words('inc random')
/** `@th,16,16`: link, network, transport header, and what that carries. */
export const RAW_BASES = words('ll nh th ih')
