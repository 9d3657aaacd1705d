import type { Hook } from '../../model/hook.ts'
import type { Packet } from '../../model/packet.ts'

/** What else is known of a packet that a rule is to choose. */
export interface MatchHints {
  /** Where the rule is to stand. */
  hook?: Hook | undefined
  /** It answers what another port had asked, which is another one each time. */
  answer?: boolean
  /** nat has written its destination: others may come there directly. */
  rewritten?: boolean
  /** nat chooses among several: the next packet may be for another, or from another. */
  byTurns?: boolean
}

/**
 * Its own port is the service's. That conntrack has not told so says little: who was asked by a broadcast replies from an
 * address that was not asked, and what nobody tracks has no direction.
 */
export const isAnswer = ({ ctDir, protocol, tcpFlags = [], sport, dport }: Packet, { answer }: MatchHints): boolean =>
  answer ??
  (ctDir === 'reply' ||
    (protocol === 'tcp' && tcpFlags.includes('syn') && tcpFlags.includes('ack')) ||
    (protocol === 'udp' && isOfService(sport, dport)))

/** From a port that only root may have, to one that the system gives to who asks (Linux's ip_local_port_range). */
const isOfService = (sport: number | undefined, dport: number | undefined): boolean =>
  sport !== undefined && dport !== undefined && sport < 1024 && dport >= 32_768
