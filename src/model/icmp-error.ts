/** Errors about another packet, which they quote (RFC 792, RFC 4443). */

export const ICMP_ERRORS: readonly number[] = [3, 4, 5, 11, 12]

export const isIcmpError = (isV6: boolean, type: number): boolean =>
  isV6 ? type >= 1 && type <= 4 : ICMP_ERRORS.includes(type)
