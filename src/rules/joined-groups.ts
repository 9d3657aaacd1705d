/** Multicast groups that a host joins by itself. */
import type { Host } from '../model/host.ts'
import { linkNamed } from './links.ts'
import { solicitedGroup } from './solicited-group.ts'

/** All hosts of a link, or of this host alone (net/ipv4/igmp.c, ip_mc_up; net/ipv6/addrconf.c, ipv6_add_dev). */
export const ALL_HOSTS: readonly string[] = ['224.0.0.1', 'ff01::1', 'ff02::1']

/** Also the solicited-node group of each of its own addresses there (net/ipv6/addrconf.c, addrconf_join_solict). */
export const joinsByItself = (group: string, device: string | undefined, host: Host): boolean =>
  ALL_HOSTS.includes(group) ||
  (linkNamed(host, device)?.addresses?.some(({ address }) => solicitedGroup(address) === group) ?? false)
