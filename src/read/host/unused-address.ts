import type { AddressFlag, LinkAddress } from '../../model/host.ts'

/**
 * By the flags that `ip addr` shows (iproute2, ip/ipaddress.c print_ifa_flags): the kernel takes nothing for a tentative
 * address, unless it is optimistic (net/ipv6/addrconf.c, ipv6_chk_addr_and_flags), and one that has failed stays tentative.
 */
export const unusedBy = (has: (flag: string) => boolean): LinkAddress['unused'] =>
  has('dadfailed') ? 'dadfailed' : has('tentative') && !has('optimistic') ? 'tentative' : undefined

const OF_CHOICE: readonly AddressFlag[] = ['deprecated', 'temporary', 'optimistic']

/** Those by which the kernel prefers one source address to another (ipv6_get_saddr_eval). */
export function flagsOf(has: (flag: string) => boolean): LinkAddress['flags'] {
  const flags = OF_CHOICE.filter(has)
  return flags.length === 0 ? undefined : flags
}
