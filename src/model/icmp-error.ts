/** Errors about another packet, which they quote (RFC 792, RFC 4443). */
import type { Packet } from './packet.ts'

export const ICMP_ERRORS: readonly number[] = [3, 4, 5, 11, 12]

export const isIcmpError = (isV6: boolean, type: number): boolean =>
  isV6 ? type >= 1 && type <= 4 : ICMP_ERRORS.includes(type)

/** Errors that the host that was asked sends itself, RFC 792 and 4443: its protocol or port is unreachable. */
export const isRefusal = ({ protocol, icmpType, icmpCode }: Packet): boolean =>
  protocol === 'icmp' ? icmpType === 3 && (icmpCode === 2 || icmpCode === 3) : icmpType === 1 && icmpCode === 4

/** Of the datagram sockets of the host that was asked; a firewall that rejects may say the same. */
export const isPortUnreachable = ({ protocol, icmpType, icmpCode }: Packet): boolean =>
  protocol === 'icmpv6' ? icmpType === 1 && icmpCode === 4 : protocol === 'icmp' && icmpType === 3 && icmpCode === 3

/** The kernel's own words where a next hop has no link address, or no tunnel leads there (RFC 792: host, RFC 4443: address unreachable). */
export const isUnreached = ({ protocol, icmpType, icmpCode }: Packet): boolean =>
  protocol === 'icmp' ? icmpType === 3 && icmpCode === 1 : icmpType === 1 && icmpCode === 3

/** A router on the way says that the TTL was used up. */
export const isTimeExceeded = ({ protocol, icmpType, icmpCode }: Packet): boolean =>
  icmpCode === 0 && (protocol === 'icmp' ? icmpType === 11 : icmpType === 3)

/** A router names a shorter way, and has sent the packet on all the same. */
export const isRedirect = ({ protocol, icmpType }: Packet): boolean => protocol === 'icmp' && icmpType === 5

/** What it quotes arrived nowhere. Who sent too large a packet sends a smaller one (RFC 1191, RFC 8201). */
export function isLossReport({ protocol, icmpType, icmpCode }: Packet): boolean {
  if (protocol !== 'icmp') return icmpType === 1 || icmpType === 3
  return (icmpType === 3 && icmpCode !== 4) || icmpType === 11
}

/** The finding that says why the kernel itself sends this error about a packet that it was to forward. */
export const whyNotForwarded = ({ protocol, icmpType, icmpCode }: Packet): string | undefined =>
  KERNELS_OWN[`${protocol} ${icmpType} ${icmpCode}`]

const KERNELS_OWN: Readonly<Record<string, string>> = {
  ...{ 'icmp 3 0': 'vanished-no-route', 'icmp 3 4': 'vanished-mtu', 'icmp 11 0': 'vanished-ttl' },
  ...{ 'icmpv6 1 0': 'vanished-no-route', 'icmpv6 1 2': 'vanished-scope', 'icmpv6 2 0': 'vanished-mtu' },
  'icmpv6 3 0': 'vanished-ttl',
}
