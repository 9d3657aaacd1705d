/** Address families as netfilter counts them; `inet` exists only for rules, never for a packet. */
export type Family = 'ip' | 'ip6' | 'arp' | 'bridge' | 'netdev'

/** Connection tracking's state of the packet. */
export type CtState = 'new' | 'established' | 'related' | 'invalid' | 'untracked'

/** An interface of which only the index is known, as captures without names have it: `#3`. */
export const isNameless = (name: string | undefined): boolean => name !== undefined && /^#\d+$/.test(name)

/** For a sentence, where `#3` would be read as a packet's number. */
export const deviceWords = (name: string): string => (isNameless(name) ? `interface ${name.slice(1)}` : name)

/** A connection's status as nft prints it (src/ct.c), in the order of its bits (nf_conntrack_common.h). */
export const CT_STATUS = [
  'expected',
  'seen-reply',
  'assured',
  'confirmed',
  'snat',
  'dnat',
  'seq-adjust',
  'snat-done',
  'dnat-done',
  'dying',
  'fixed-timeout',
  'template',
  'nat-clash',
  'helper',
  'offload',
  'hw-offload',
] as const

/** As `tcpFlags` has them. */
export const TCP_FLAGS = ['syn', 'ack', 'fin', 'rst', 'psh', 'urg', 'ece', 'cwr', 'ae'] as const

/**
 * What is known of a packet. An absent field is unknown, never "none": a mark of 0 is `mark: 0`.
 * Numbers are in host byte order.
 */
export interface Packet {
  /** Input interface; `#3` where only the index is known. */
  in?: string
  /** Output interface. */
  out?: string
  /** Bridge port it came in by. */
  physIn?: string
  /** Bridge port it leaves by. */
  physOut?: string
  /** VLAN id. */
  vlan?: number
  /** Source address. */
  src?: string
  /** Destination address. */
  dst?: string
  /** `tcp` `udp` `icmp` `icmpv6` …, or the number as text. */
  protocol?: string
  /** Source port. */
  sport?: number
  /** Destination port. */
  dport?: number
  /** `syn` `ack` `fin` `rst` `psh` `urg` `ece` `cwr` `ae`. */
  tcpFlags?: string[]
  /** Sequence number. */
  tcpSeq?: number
  /** Acknowledgment number. */
  tcpAck?: number
  /** Window as the header has it, not scaled. */
  tcpWindow?: number
  /** TCP options, upper-case hex. */
  tcpOptions?: string
  /** ICMP or ICMPv6 type. */
  icmpType?: number
  /** ICMP or ICMPv6 code. */
  icmpCode?: number
  /** Identifier of an echo request or reply. */
  icmpId?: number
  /** Sequence number of an echo request or reply. */
  icmpSeq?: number
  /** The packet that an ICMP error quotes. */
  inner?: Packet
  /** IPv4 identification, or that of an IPv6 fragment. */
  ipId?: number
  /** Time to live, or hop limit. */
  ttl?: number
  /** Type of service, or traffic class. */
  tos?: number
  /** Bytes of the whole IP packet. */
  length?: number
  /** Bytes. */
  fragOffset?: number
  /** More fragments follow. */
  moreFragments?: boolean
  /** The IP header's "don't fragment" bit. */
  dontFragment?: boolean
  /** IPv6 flow label. */
  flowLabel?: number
  /** The packet's mark (`nfmark`). */
  mark?: number
  /** Source MAC address. */
  srcMac?: string
  /** Destination MAC address. */
  dstMac?: string
  /** User id of the socket that sends it. */
  uid?: number
  /** Group id of the socket that sends it. */
  gid?: number
  /** Connection tracking's state. */
  ctState?: CtState
  /** The connection's status bits, as nft prints them. */
  ctStatus?: string[]
  /** The connection's mark. */
  ctMark?: number
  /** Connection tracking zone. */
  ctZone?: number
  /** Direction of the connection that the packet belongs to. */
  ctDir?: 'original' | 'reply'
}
