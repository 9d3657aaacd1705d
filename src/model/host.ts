/**
 * What is known of the machine besides its rules. An absent list is unknown; an empty one is known to be empty.
 */
export interface Host {
  name?: string
  /** `uname -r`. */
  kernel?: string
  links?: Link[]
  routes?: Route[]
  routingRules?: RoutingRule[]
  sockets?: Socket[]
  conntrack?: ConntrackEntry[]
  /** `net.ipv4.ip_forward` → `1`; dots as sysctl prints them. */
  sysctls?: Map<string, string>
}

export interface Link {
  index: number
  name: string
  mtu?: number
  up?: boolean
  mac?: string
  kind?: string
  /** Name of the bridge or bond it belongs to. */
  master?: string
  addresses: LinkAddress[]
}

export interface LinkAddress {
  family: 'ip' | 'ip6'
  address: string
  prefixLength: number
  scope?: string
  broadcast?: string
  /** The other end of a point-to-point link. */
  peer?: string
}

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
  tos?: number
  /** Several ways out; then `gateway` and `device` are absent. */
  nexthops?: { gateway?: string; device?: string; weight?: number }[]
  /** `linkdown`, `dead`, `onlink` … */
  flags?: string[]
}

export interface RoutingRule {
  family: 'ip' | 'ip6'
  priority: number
  /** Absent: all. With prefix length. */
  from?: string
  to?: string
  not?: boolean
  mark?: number
  markMask?: number
  in?: string
  out?: string
  tos?: number
  protocol?: string
  sport?: [number, number]
  dport?: [number, number]
  uid?: [number, number]
  action: { table: string } | { goto: number } | 'blackhole' | 'unreachable' | 'prohibit' | 'nop'
  suppressPrefixLength?: number
}

export interface Socket {
  protocol: 'tcp' | 'udp' | 'sctp' | 'dccp' | 'raw' | string
  state: string
  /** Absent: any address (`*`, `0.0.0.0`, `::`). */
  address?: string
  /** `*`-bound sockets of IPv6 take IPv4 packets too, unless ss says v6only. */
  family: 'ip' | 'ip6' | 'any'
  port: number
  device?: string
  process?: string
  pid?: number
}

export interface Tuple {
  src: string
  dst: string
  sport?: number
  dport?: number
  icmpType?: number
  icmpCode?: number
  icmpId?: number
}

export interface ConntrackEntry {
  family: 'ip' | 'ip6'
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
  id?: number
}
