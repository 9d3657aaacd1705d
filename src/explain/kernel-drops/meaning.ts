/** What a drop that the kernel told of means, by its reason and by the function that it happened in. */
import type { Drop } from '../../model/host.ts'
import { Later } from '../../model/later.ts'
import type { Packet } from '../../model/packet.ts'
import type { Meaning } from './stages.ts'

const reasons = new Later(() => import('./reasons.ts'))

/** For later.ts alone. */
export const loadReasons = reasons.load

/** It was dropped, and the kernel says nothing of why. */
export const NOT_SPECIFIED = 'NOT_SPECIFIED'

/** `ip_forward` of `ip_forward+0x1b7`, without what compilers add to names. */
export const functionOf = ({ location }: Pick<Drop, 'location'>): string | undefined => /^\w+/.exec(location ?? '')?.[0]

/** Undefined: the kernel dropped another's copy of the packet, or what it drops of every packet of its kind. */
export function meaningOf(drop: Drop): Meaning | undefined {
  const { reason, packet } = drop
  const place = functionOf(drop) ?? ''
  // programs that watch an interface get copies (net/packet/af_packet.c)
  if (reason === 'PACKET_SOCK_ERROR' || /^t?packet_rcv/.test(place)) return undefined
  // ping of old listens with a raw socket, which gets a copy (net/ipv4/ping.c, ping_rcv)
  if (reason === 'NO_SOCKET' && /^icmp/.test(packet.protocol ?? '')) return undefined
  const known = reasons.loaded.MEANINGS[reason]
  if (known) return known
  if (reason !== NOT_SPECIFIED) return { text: `nfwhy does not know the reason ${reason}` }
  const there = reasons.loaded.BY_FUNCTION[place]
  if (there) return there
  return {
    text:
      place === '' ? 'the kernel gives no reason' : `the kernel gives no reason; the drop was in its function ${place}`,
  }
}

/** Findings that are there for it already. */
export interface Codes {
  /** It can be no other. */
  exact?: string
  /** Their detectors may know more of it. Absent: all of them may. */
  likely?: readonly string[]
}

export function codesOf(drop: Drop): Codes {
  const { reason, packet } = drop
  const place = functionOf(drop) ?? ''
  const just = (code: string): Codes => ({ exact: code, likely: [code] })
  switch (reason) {
    case 'IP_RPFILTER':
      return just('vanished-rp-filter')
    case 'IP_INNOROUTES':
    case 'IP_OUTNOROUTES':
      return just('vanished-no-route')
    case 'IP_LOCALNET':
    case 'IP_LOCAL_SOURCE':
    case 'IP_INVALID_SOURCE':
    case 'IP_INVALID_DEST':
      return just('vanished-martian')
    case 'PKT_TOO_BIG':
      return just('vanished-mtu')
    case 'IP_INADDRERRORS':
      return { likely: ['vanished-forwarding-off', 'vanished-no-route', 'vanished-scope'] }
    case 'IP_TTL_EXCEEDED':
      return just('vanished-ttl')
    case 'IP_INHDR':
      return /^ip6?_forward$/.test(place) && (packet.ttl ?? 2) <= 1 ? just('vanished-ttl') : { likely: [] }
    case 'NETFILTER_DROP':
      return { likely: ['conntrack-full', 'proxy-missing'] }
    case NOT_SPECIFIED:
      if (place === 'ip6_mc_input') return just('vanished-no-group')
      return /^(ip_error|ip6_pkt_\w+|dst_discard_out)$/.test(place) ? just('vanished-no-route') : {}
    default:
      return { likely: [] }
  }
}

/** Does it ask for a program, and not for a connection that there is or was? */
export const isOpening = ({ protocol, tcpFlags = [] }: Packet): boolean =>
  protocol === 'udp' || (protocol === 'tcp' && tcpFlags.includes('syn') && !tcpFlags.includes('ack'))

/** In short: drops that have this in common mean the same for packets of one kind. */
export function dropSummaryOf(drop: Drop): string {
  const { reason, packet } = drop
  // nobody listens there, which says nothing of other ports
  const where = reason === 'NO_SOCKET' ? ` ${packet.dst} ${packet.dport}` : ''
  return `${reason} ${functionOf(drop) ?? ''}${where}`
}
