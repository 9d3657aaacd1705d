/** Neighbour discovery (RFC 4861): a solicitation asks for the link address of a neighbour, and its advertisement tells it. */
import type { Packet } from './packet.ts'

export const SOLICITATION = 135
export const ADVERTISEMENT = 136

/** Each host asks, and answers: a rule for one of them alone helps nobody. */
export const DISCOVERY_TYPES: readonly number[] = [SOLICITATION, ADVERTISEMENT]

export const isDiscovery = ({ protocol, icmpType }: Packet): boolean =>
  protocol === 'icmpv6' && icmpType !== undefined && DISCOVERY_TYPES.includes(icmpType)
