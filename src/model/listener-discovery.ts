/** Multicast listener discovery (RFC 2710, 3810): who listens to which group of IPv6. */
import type { Packet } from './packet.ts'

export const [QUERY, REPORT, DONE, REPORT_2] = [130, 131, 132, 143] as const

/** All of them: a listener has to be asked, and to tell of every group. */
export const LISTENER_TYPES: readonly number[] = [QUERY, REPORT, DONE, REPORT_2]

export const isListenerDiscovery = ({ protocol, icmpType = -1 }: Packet): boolean =>
  protocol === 'icmpv6' && LISTENER_TYPES.includes(icmpType)
