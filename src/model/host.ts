import type { Counters } from './counters.ts'
import type { Packet } from './packet.ts'

/**
 * What is known of the machine besides its rules. An absent list is unknown; an empty one is known to be empty.
 */
export interface Host {
  name?: string
  /** The kernel's boot_id: another one each time that the machine starts. */
  boot?: string
  /** `uname -r`. */
  kernel?: string
  links?: Link[]
  routes?: Route[]
  /** Their listing is of all tables (`ip route show table all`): what it has no table of is empty. */
  listsAllTables?: true
  routingRules?: RoutingRule[]
  sockets?: Socket[]
  /** Protocols of which the sockets that listen are all listed, even if there are none. */
  listening?: string[]
  conntrack?: ConntrackEntry[]
  /** IPsec's policies of all packets (not those of single sockets), and the associations that there are to keep them. */
  ipsecPolicies?: IpsecPolicy[]
  ipsecStates?: IpsecState[]
  /** /proc/net/xfrm_stat, by its names; those above 0. */
  ipsecCounters?: Readonly<Record<string, number>>
  /** What each CPU has counted, under the names of `conntrack -S`: `drop`, `early_drop`, `insert_failed` … */
  conntrackCounters?: Readonly<Record<string, number>>[]
  neighbours?: Neighbour[]
  /** NFQUEUE's queues that a program reads (/proc/net/netfilter/nfnetlink_queue). */
  queues?: Queue[]
  /** Kernel modules that are loaded; what is built in is not among them. */
  modules?: string[]
  /** By name (`iptables`, `nft`): which release the machine has. */
  tools?: Readonly<Record<string, Tool>>
  /** Named network namespaces (`ip netns`). */
  namespaces?: string[]
  /** `net.ipv4.ip_forward` → `1`; dots as sysctl prints them. */
  sysctls?: Map<string, string>
  /** Packets that the kernel said it dropped, in time; while it is watched more are added behind, and old ones taken away. */
  drops?: Drop[]
  /** The files are a live trace's. */
  session?: TraceSession
  /** What listings left out of themselves; absent: nothing. */
  unread?: Unread
  /** Of which listings of rules were empty: nf_tables' as a whole, and iptables-legacy's of one family. */
  withoutRules?: readonly ('nf_tables' | 'ip' | 'ip6')[]
}

/** Lines that nobody can read, redacted ones above all: what a list lacks may be there all the same. */
export interface Unread {
  /** This host's own, as written: `x.x.x.5/24`. */
  addresses?: readonly { family: 'ip' | 'ip6'; text: string }[]
  /** Of routing tables, as written. */
  routes?: readonly string[]
  /** Some sockets only: what chose them (`grep nginx`). */
  sockets?: readonly string[]
}

/** A live trace that was saved. */
export interface TraceSession {
  /** The filter; empty: all packets. */
  filter: string
  /** ISO 8601, UTC. */
  from: string
  /** Absent: it did not end by itself. */
  until?: string
}

/** A packet that the kernel dropped (tracepoint skb:kfree_skb). */
export interface Drop {
  /** ISO 8601, UTC, with microseconds. */
  time: string
  /** The kernel's word, without the prefix: `IP_RPFILTER`; `#70000` where it has no name. `NOT_SPECIFIED`: it gives none. */
  reason: string
  /** The kernel's function and offset: `ip_forward+0x1b7`. */
  location?: string
  /** Inode of the network namespace. */
  namespace?: number
  /** As it was then, with what NAT had changed until there. */
  packet: Packet
}

export interface Link {
  /** Absent where the listing does not tell it (`ip -br link`). */
  index?: number
  name: string
  mtu?: number
  up?: boolean
  mac?: string
  kind?: string
  /** Name of the bridge or bond it belongs to. */
  master?: string
  /** The network namespace of its other end, where that is another one: its name, or the number that it has here. */
  peerNamespace?: string
  /** Of a bridge's port: whether a packet may leave by the port that it came in by. */
  hairpin?: boolean
  /** Of a bridge's port: it reaches no other port that is. */
  isolated?: boolean
  /** Of a bridge's port that spanning tree lets forward nothing, or not yet: `listening`, `learning`, `blocking`. */
  portState?: string
  /** Of a bridge: it gives multicast frames only to ports that have reported their groups, and asks for reports itself. */
  snoops?: true
  /** Of a bridge, whatever br_netfilter's settings say for all: whose chains its packets meet (`nf_call_iptables`). */
  callsTables?: ('ip' | 'ip6' | 'arp')[]
  /** Of packets that leave by it; absent: one that the kernel gives by itself. */
  qdisc?: string
  /** It takes frames for other link addresses than its own: for a bridge, a macvlan or a capture. */
  promiscuous?: true
  /** It neither asks for link addresses nor answers who does (NOARP); many tunnels have none to ask for. */
  noArp?: true
  /** `default`, or the group's number or name (`meta iifgroup`). */
  group?: string
  /** Absent where the listing had none to show (`ip link`). */
  addresses?: LinkAddress[]
}

export interface LinkAddress {
  family: 'ip' | 'ip6'
  address: string
  prefixLength: number
  scope?: string
  broadcast?: string
  /** The other end of a point-to-point link. */
  peer?: string
  /** IPv6: the kernel does not use it; nobody has objected yet, or another host has it (`dadfailed`). */
  unused?: 'tentative' | 'dadfailed'
  /** IPv6: what the choice of a source address goes by; absent where the listing has no flags (`ip -br`), and no `scope`. */
  flags?: readonly AddressFlag[]
}

/** `optimistic`: used, though its check for duplicates has not ended. */
export type AddressFlag = 'deprecated' | 'temporary' | 'optimistic'

export interface Route {
  family: 'ip' | 'ip6'
  type:
    | 'unicast'
    | 'local'
    | 'broadcast'
    | 'multicast'
    | 'anycast'
    | 'unreachable'
    | 'blackhole'
    | 'prohibit'
    | 'throw'
    | 'nat'
  /** `0.0.0.0/0` for the default route; always with a prefix length. */
  destination: string
  /** `main` where the listing leaves it out. */
  table: string
  gateway?: string
  device?: string
  source?: string
  metric?: number
  mtu?: number
  scope?: string
  /** Who made it, as `ip route` prints it (`66`, `static`, `bird`); absent: the kernel, or whoever did not say. */
  protocol?: string
  tos?: number
  /** Only for packets from there (IPv6 source routing); with prefix length. */
  from?: string
  /** Several ways out; then `gateway` and `device` are absent. */
  nexthops?: { gateway?: string; device?: string; weight?: number; flags?: string[] }[]
  /** Its way out, or that it has none, is this object's (`ip nexthop`), which several routes may share; what is said of it here is what the object says. */
  nexthopId?: number
  /** `linkdown`, `dead`, `onlink` … */
  flags?: string[]
}

/** Applies when all that is given holds (and, with `not`, when it does not). */
export interface RoutingRule {
  family: 'ip' | 'ip6'
  priority: number
  /** Absent: all. With prefix length. */
  from?: string
  to?: string
  not?: boolean
  mark?: number
  /** Absent: all bits. */
  markMask?: number
  in?: string
  out?: string
  tos?: number
  protocol?: string
  sport?: [number, number]
  dport?: [number, number]
  uid?: [number, number]
  /** `l3mdev`: the table of the VRF that the packet's interface belongs to. */
  action: { table: string } | { goto: number } | 'l3mdev' | 'blackhole' | 'unreachable' | 'prohibit' | 'nop'
  suppressPrefixLength?: number
  suppressInterfaceGroup?: string
  /** Selectors that were not understood, as printed: whether the rule applies cannot be told. */
  unknown?: string[]
}

export interface Socket {
  /** `tcp` `udp` `sctp` `dccp` `mptcp` `raw`. */
  protocol: string
  /** As ss prints it: `LISTEN`, `UNCONN`, `ESTAB` … */
  state: string
  /** Absent: any address (`*`, `0.0.0.0`, `::`). */
  address?: string
  /** `*`-bound sockets of IPv6 take IPv4 packets too, unless ss says v6only. */
  family: 'ip' | 'ip6' | 'any'
  /** For `raw`, the number of the IP protocol. Absent: any (`*`). */
  port?: number
  device?: string
  /** Has it IP_TRANSPARENT (IPV6_TRANSPARENT)? Absent: not listed (`ss --inet-sockopt` lists it). */
  transparent?: boolean
  /** The other end; absent where it is not connected. */
  peerAddress?: string
  peerPort?: number
  process?: string
  pid?: number
  /** Of a TCP listener whose queue of connections that no program has accepted yet is full. */
  fullQueue?: { waiting: number; backlog: number }
  /** Of UDP: bytes of datagrams that no program has read yet. */
  unread?: number
}

/** Who has which IP address on a link: ARP's and neighbour discovery's table. */
export interface Neighbour {
  family: 'ip' | 'ip6'
  address: string
  device: string
  mac?: string
  /** `REACHABLE` `STALE` `FAILED` `INCOMPLETE` `PERMANENT` … */
  state: string[]
  router?: boolean
  /** This host answers for it. */
  proxy?: boolean
}

/** `ip xfrm policy`: what packets of a direction must have had, or get, of IPsec. The lowest priority counts. */
export interface IpsecPolicy {
  /** With prefix length. */
  src: string
  dst: string
  protocol?: string
  sport?: number
  dport?: number
  device?: string
  direction: 'in' | 'out' | 'fwd'
  action: 'allow' | 'block'
  priority: number
  mark?: number
  markMask?: number
  /** Belongs to an xfrm interface, and counts there alone. */
  interfaceId?: number
  /** None: the packet goes as it is. */
  templates: IpsecTemplate[]
}

export interface IpsecTemplate {
  /** The tunnel's ends; the any-address stands for the packet's own. */
  src: string
  dst: string
  /** `esp`, `ah`, `comp`. */
  protocol: string
  mode: string
  /** Absent: any. */
  reqid?: number
  /** `level use`: without it is well, too. */
  optional?: true
}

/** `ip xfrm state`, without its keys. One of SPI 0 is asked for, and not there yet. */
export interface IpsecState {
  src: string
  dst: string
  protocol: string
  spi: number
  reqid: number
  mode: string
}

export interface Queue {
  number: number
  /** The netlink socket that reads it. */
  portId: number
  /** Packets that wait for a verdict. */
  waiting: number
  /** Dropped because the queue was full, and because the program's socket was. */
  dropped: number
  userDropped: number
}

export interface Tool {
  version: string
  /** Of iptables and its like: which of the kernel's two packet filters it speaks to. */
  backend?: 'legacy' | 'nft'
}

/** Addresses and ports of one direction. */
export interface Tuple {
  src: string
  dst: string
  sport?: number
  dport?: number
  icmpType?: number
  icmpCode?: number
  icmpId?: number
  /** GRE has keys where others have ports. */
  sourceKey?: number
  destinationKey?: number
}

export interface ConntrackEntry {
  family: 'ip' | 'ip6'
  /** `tcp` `udp` `icmp` `icmpv6` `sctp` `dccp` `udplite` `gre`, or the number as text. */
  protocol: string
  /** Seconds until it expires. */
  timeout?: number
  state?: string
  original: Tuple
  reply: Tuple
  /** `unreplied` `assured` `offload` … as printed, lower case. */
  status: string[]
  mark?: number
  zone?: number
  /** Where only one direction has a zone. */
  originalZone?: number
  replyZone?: number
  id?: number
  helper?: string
  labels?: string[]
  secctx?: string
  /** Only where `nf_conntrack_acct` counts. */
  counters?: { original: Counters; reply: Counters }
  /** Concluded, not read: it began without nat, whose rules match its packets and change nothing. */
  isBeforeNat?: true
}
