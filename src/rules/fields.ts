/**
 * The fields that conditions and statements speak of, under nft's names (nft(8), "payload expressions", "meta
 * expressions", "conntrack expressions"). What is not a packet's field in nft has the nearest expression's name.
 */
import { wordTable } from '../model/word-table.ts'

export type FieldType =
  /** An unsigned number, host order. */
  | 'number'
  /** An IPv4 or IPv6 address in canonical text. */
  | 'address'
  /** A name compared as it is: interfaces, helpers, sets of symbols with one value each. */
  | 'name'
  /** `tcp`, `udp`, `icmp`, `ipv6-icmp` …, or the number as text. */
  | 'protocol'
  /** Lower-case, colons. */
  | 'mac'
  /** Several names at once; `==` a set asks whether any of them is there. */
  | 'flags'

export const FIELDS: Readonly<Record<string, FieldType>> = wordTable({
  // the packet's way
  'meta iifname': 'name',
  'meta oifname': 'name',
  'meta ibrname': 'name',
  'meta obrname': 'name',
  /** Bridge ports (br_netfilter's PHYSIN=, PHYSOUT=); nft has them only in table bridge. */
  'meta physiifname': 'name',
  'meta physoifname': 'name',
  /** `yes` while a bridged frame passes the IP hooks. */
  'meta bridged': 'name',
  /** Absent from listings for cards. */
  'meta iifkind': 'name',
  'meta oifkind': 'name',
  /** ARPHRD_*. */
  'meta iiftype': 'number',
  'meta oiftype': 'number',
  'meta iifgroup': 'number',
  'meta oifgroup': 'number',
  /** `unicast` `broadcast` `multicast` `other`. */
  'meta pkttype': 'name',
  'meta mark': 'number',
  'meta priority': 'number',
  'meta length': 'number',
  /** The frame's type: 0x0800 IPv4, 0x86dd IPv6, 0x0806 ARP. */
  'meta protocol': 'number',
  /** `ipv4` `ipv6`, or the family's own name. */
  'meta nfproto': 'name',
  'meta l4proto': 'protocol',
  'ip6 nexthdr': 'protocol',
  'meta skuid': 'number',
  'meta skgid': 'number',
  'meta cgroup': 'number',
  'meta cpu': 'number',
  'meta rtclassid': 'number',
  'meta secmark': 'number',
  'meta nftrace': 'number',
  // link layer
  'ether saddr': 'mac',
  'ether daddr': 'mac',
  'ether type': 'number',
  'vlan id': 'number',
  'vlan pcp': 'number',
  'vlan type': 'number',
  'arp htype': 'number',
  'arp ptype': 'number',
  'arp hlen': 'number',
  'arp operation': 'number',
  'arp saddr ip': 'address',
  'arp daddr ip': 'address',
  'arp saddr ether': 'mac',
  'arp daddr ether': 'mac',
  // network layer
  'ip saddr': 'address',
  'ip daddr': 'address',
  'ip version': 'number',
  'ip ttl': 'number',
  'ip id': 'number',
  'ip length': 'number',
  /** The 16 bits of the fragment field: offset in units of 8 bytes in the low 13, 0x2000 more fragments, 0x4000 do not fragment. */
  'ip frag-off': 'number',
  'ip dscp': 'number',
  'ip ecn': 'number',
  /** The whole byte of which dscp and ecn are parts (IPv6: traffic class). */
  'ip tos': 'number',
  'ip6 saddr': 'address',
  'ip6 daddr': 'address',
  'ip6 version': 'number',
  'ip6 hoplimit': 'number',
  'ip6 dscp': 'number',
  'ip6 ecn': 'number',
  'ip6 tos': 'number',
  'ip6 flowlabel': 'number',
  'ip6 length': 'number',
  /** IPv6 extension headers that are there: `hbh` `dst` `rt` `frag` `ah` `esp` `mh`, `none` (59), and `protocol` for what follows them. */
  exthdr: 'flags',
  'frag id': 'number',
  /** In units of 8 bytes. */
  'frag frag-off': 'number',
  'frag more-fragments': 'number',
  'rt type': 'number',
  'hbh nexthdr': 'protocol',
  'rt nexthdr': 'number',
  /** In units of 8 bytes, the first not counted. */
  'rt hdrlength': 'number',
  'rt seg-left': 'number',
  /** Segment routing, which is rt type 4. */
  'srh last-entry': 'number',
  'srh tag': 'number',
  'mh type': 'number',
  // transport layer; `th` is whichever of tcp, udp, udplite, sctp, dccp the packet has
  'th sport': 'number',
  'th dport': 'number',
  'tcp sport': 'number',
  'tcp dport': 'number',
  /** Bits: fin 1, syn 2, rst 4, psh 8, ack 0x10, urg 0x20, ece 0x40, cwr 0x80. */
  'tcp flags': 'number',
  'tcp sequence': 'number',
  'tcp ackseq': 'number',
  'tcp window': 'number',
  /** Words of 4 bytes. */
  'tcp doff': 'number',
  /** Numbers of the TCP options present, as text. */
  'tcp options': 'flags',
  'tcp option maxseg size': 'number',
  /** All TCP options as upper-case hex, as the kernel's log prints them. */
  'tcp option raw': 'name',
  'udp sport': 'number',
  'udp dport': 'number',
  'udp length': 'number',
  'udplite sport': 'number',
  'udplite dport': 'number',
  'sctp sport': 'number',
  'sctp dport': 'number',
  'dccp sport': 'number',
  'dccp dport': 'number',
  'dccp type': 'number',
  'icmp type': 'number',
  'icmp code': 'number',
  'icmp id': 'number',
  'icmp sequence': 'number',
  'icmpv6 type': 'number',
  'icmpv6 code': 'number',
  'icmpv6 id': 'number',
  'icmpv6 sequence': 'number',
  'ah spi': 'number',
  'esp spi': 'number',
  'comp cpi': 'number',
  // connection tracking
  /** `new` `established` `related` `invalid` `untracked`. */
  'ct state': 'name',
  /** `expected` `seen-reply` `assured` `confirmed` `snat` `dnat` `dying`. */
  'ct status': 'flags',
  'ct mark': 'number',
  /** `original` `reply`. */
  'ct direction': 'name',
  'ct zone': 'number',
  /** The zone in one direction only, where it is set so. */
  'ct original zone': 'number',
  'ct reply zone': 'number',
  'ct helper': 'name',
  'ct label': 'flags',
  'ct expiration': 'number',
  'ct protocol': 'protocol',
  'ct original protocol': 'protocol',
  'ct reply protocol': 'protocol',
  /** `ipv4` `ipv6`. */
  'ct l3proto': 'name',
  'ct original l3proto': 'name',
  'ct reply l3proto': 'name',
  'ct original saddr': 'address',
  'ct original daddr': 'address',
  'ct original proto-src': 'number',
  'ct original proto-dst': 'number',
  'ct reply saddr': 'address',
  'ct reply daddr': 'address',
  'ct reply proto-src': 'number',
  'ct reply proto-dst': 'number',
  'ct original bytes': 'number',
  'ct reply bytes': 'number',
  'ct both bytes': 'number',
  'ct original packets': 'number',
  'ct reply packets': 'number',
  'ct both packets': 'number',
  /** Bytes per packet. */
  'ct original avgpkt': 'number',
  'ct reply avgpkt': 'number',
  'ct both avgpkt': 'number',
  'ct count': 'number',
  // what the routing table says
  /** `unicast` `local` `broadcast` `anycast` `multicast` `blackhole` `unreachable` `prohibit` `unspec`. */
  'fib saddr type': 'name',
  'fib daddr type': 'name',
  /** As above, looked up only on the packet's own input or output interface. */
  'fib saddr . iif type': 'name',
  'fib daddr . iif type': 'name',
  'fib saddr . oif type': 'name',
  'fib daddr . oif type': 'name',
  /**
   * The interface the route back to the source leaves by; `` where there is none (rp_filter, `-m rpfilter`). As in
   * nft, a packet on the loopback or from an unset address to a group counts as routed (net/ipv4/netfilter/nft_fib_ipv4.c).
   */
  'fib saddr oif': 'name',
  /** As above, with the packet's mark, and only by the packet's own input interface. */
  'fib saddr . mark oif': 'name',
  'fib saddr . iif oif': 'name',
  'fib saddr . mark . iif oif': 'name',
  'fib saddr . mark type': 'name',
  /** The interface the route to the destination leaves by; `` where there is none, or it is this host's own. */
  'fib daddr oif': 'name',
  'fib daddr . mark oif': 'name',
  'fib daddr . iif oif': 'name',
  'fib daddr . oif oif': 'name',
  'fib daddr . mark . iif oif': 'name',
  'fib daddr . mark . oif oif': 'name',
  'fib daddr . mark type': 'name',

  'fib saddr . mark . iif type': 'name',
  /** 1 for a socket bound to any address; absent, like the next, where no socket waits for the packet. */
  'socket wildcard': 'number',
  'socket transparent': 'number',
  'rt nexthop': 'address',
  'meta ipsec': 'number',
  'rt ipsec': 'number',
})

/** Bits that a rule names by their place are a number, too. Undefined for what is never known. */
export const fieldType = (field: string): FieldType | undefined =>
  FIELDS[field] ??
  // as many bits by their place are an address of IPv6
  (/^@\w+,\d+,128$/.test(field) ? 'address' : /^(@|numgen |jhash |symhash )/.test(field) ? 'number' : undefined)
