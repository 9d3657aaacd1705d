/** Errors about another packet, which they quote (RFC 792, RFC 4443). */
import type { Packet } from './packet.ts'

export const ICMP_ERRORS: readonly number[] = [3, 4, 5, 11, 12]

export const isIcmpError = (isV6: boolean, type: number): boolean =>
  isV6 ? type >= 1 && type <= 4 : ICMP_ERRORS.includes(type)

/** Errors that the host that was asked sends itself, RFC 792 and 4443: its protocol or port is unreachable. */
export const isRefusal = ({ protocol, icmpType, icmpCode }: Packet): boolean =>
  protocol === 'icmp' ? icmpType === 3 && (icmpCode === 2 || icmpCode === 3) : icmpType === 1 && icmpCode === 4
