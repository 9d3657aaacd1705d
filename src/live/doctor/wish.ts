/** What of a filter decides where a packet can be traced: its family, and whether it comes in or is sent by this host. */
import type { Condition, Value } from '../../model/condition.ts'
import { isLoopback } from '../../model/loopback.ts'
import type { Packet } from '../../model/packet.ts'
import type { Facts } from '../survey/facts.ts'

export type IpFamily = 'ip' | 'ip6'

export interface Wish {
  /** The filter as it was written. */
  filter?: string
  /** The families that such packets can be of. */
  families: readonly IpFamily[]
  /** What every such packet has. */
  packet: Packet
  /** The filter's own; absent: any packet is meant. */
  condition?: Condition
}

export const ANY_PACKET: Wish = { families: ['ip', 'ip6'], packet: {} }

/** `condition`: the filter's, by parseFilter. */
export function wishOf(filter: string, condition: Condition): Wish {
  const { packet, family } = requiredOf(condition)
  return { filter, families: family === undefined ? ANY_PACKET.families : [family], packet, condition }
}

/** What every packet has for which it holds. */
export function requiredOf(condition: Condition): { packet: Packet; family: IpFamily | undefined } {
  const packet: Packet = {}
  let family: IpFamily | undefined
  for (const { field, value } of required(condition)) {
    family ??= familyOf(field, value)
    if (typeof value !== 'string' && typeof value !== 'number') continue
    const [, transport, end] = /^(tcp|udp|sctp|th) ([sd]port)$/.exec(field) ?? []
    if (end !== undefined) {
      packet[end as 'sport' | 'dport'] = Number(value)
      if (transport !== 'th') packet.protocol = transport!
    } else if (FIELDS[field]) Object.assign(packet, { [FIELDS[field]]: value })
  }
  return { packet, family }
}

const FIELDS: Readonly<Record<string, keyof Packet>> = {
  'ip saddr': 'src',
  'ip6 saddr': 'src',
  'ip daddr': 'dst',
  'ip6 daddr': 'dst',
  'meta iifname': 'in',
  'meta oifname': 'out',
  'meta l4proto': 'protocol',
}

function familyOf(field: string, value: Value): IpFamily | undefined {
  if (field === 'meta nfproto') return value === 'ipv4' ? 'ip' : 'ip6'
  if (field === 'meta l4proto') return value === 'icmp' ? 'ip' : value === 'icmpv6' ? 'ip6' : undefined
  const [, family] = /^(ip6?) [sd]addr$/.exec(field) ?? []
  return family as IpFamily | undefined
}

type Comparison = Condition & { kind: 'compare' }

/** The comparisons that hold for every packet of the filter. */
function required(condition: Condition): Comparison[] {
  if (condition.kind === 'all') return condition.of.flatMap(required)
  if (condition.kind === 'any') {
    const [first = [], ...others] = condition.of.map(required)
    // `host 192.0.2.1`: whichever end it is, the packet is of IPv4
    return [...sameFamily([first, ...others]), ...first.filter((one) => others.every((other) => has(other, one)))]
  }
  return condition.kind === 'compare' && condition.op === '==' && condition.mask === undefined ? [condition] : []
}

const has = (list: readonly Comparison[], { field, value }: Comparison): boolean =>
  list.some((one) => one.field === field && one.value === value)

function sameFamily(ways: readonly (readonly Comparison[])[]): Comparison[] {
  const families = ways.map((way) => {
    for (const { field, value } of way) {
      const family = familyOf(field, value)
      if (family) return family
    }
    return undefined
  })
  const [first] = families
  if (first === undefined || families.some((family) => family !== first)) return []
  return [{ kind: 'compare', field: 'meta nfproto', op: '==', value: first === 'ip' ? 'ipv4' : 'ipv6' }]
}

/** Whose such packets can be; what the filter does not tell is true. */
export interface Ways {
  /** From others, for this host or through it. */
  incoming: boolean
  /** From this host to others. */
  sent: boolean
  /** From this host to itself, over lo: through output and then prerouting, and the trace bit stays (kernel 6.18). */
  looped: boolean
}

export function waysOf({ packet: { in: name, src, dst } }: Wish, facts: Facts): Ways {
  if (name !== undefined) return { incoming: name !== 'lo', sent: false, looped: name === 'lo' }
  const own = ownAddresses(facts)
  /** Undefined: not known. */
  const isOwn = (address: string | undefined): boolean | undefined => {
    if (address === undefined) return undefined
    return isLoopback(address) || own.has(address) || (own.size > 0 ? false : undefined)
  }
  const [from, to] = [isOwn(src), isOwn(dst)]
  return { incoming: from !== true, sent: from !== false && to !== true, looped: from !== false && to !== false }
}

/** Of `ip -o addr`, without prefix lengths. */
export function ownAddresses({ texts }: Facts): ReadonlySet<string> {
  const found = (texts.get('addr') ?? []).map((line) => /\sinet6? ([^\s/]+)/.exec(line)?.[1])
  return new Set(found.filter((address) => address !== undefined))
}
