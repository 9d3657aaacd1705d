/** Address families as netfilter counts them; `inet` exists only for rules, never for a packet. */
export type Family = 'ip' | 'ip6' | 'arp' | 'bridge' | 'netdev'

export type CtState = 'new' | 'established' | 'related' | 'invalid' | 'untracked'

/** An interface of which only the index is known, as captures without names have it: `#3`. */
export const isNameless = (name: string | undefined): boolean => name !== undefined && /^#\d+$/.test(name)

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
 * Numbers are in host order as the kernel log prints them; `length` is the whole IP packet in bytes.
 */
export interface Packet {
  /** Interfaces by their names; `#3` where only the index is known. */
  in?: string
  out?: string
  physIn?: string
  physOut?: string
  vlan?: number
  src?: string
  dst?: string
  /** `tcp` `udp` `icmp` `icmpv6` …, or the number as text. */
  protocol?: string
  sport?: number
  dport?: number
  /** Some of TCP_FLAGS. */
  tcpFlags?: string[]
  tcpSeq?: number
  tcpAck?: number
  tcpWindow?: number
  /** Upper-case hex, as the kernel prints it. */
  tcpOptions?: string
  icmpType?: number
  icmpCode?: number
  icmpId?: number
  icmpSeq?: number
  /** What an ICMP error quotes. */
  inner?: Packet
  ipId?: number
  ttl?: number
  tos?: number
  length?: number
  /** In bytes. */
  fragOffset?: number
  moreFragments?: boolean
  /** The IP header's "don't fragment" bit. */
  dontFragment?: boolean
  /** IPv6 flow label. */
  flowLabel?: number
  mark?: number
  srcMac?: string
  dstMac?: string
  uid?: number
  gid?: number
  ctState?: CtState
  ctStatus?: string[]
  ctMark?: number
  ctZone?: number
  ctDir?: 'original' | 'reply'
}
