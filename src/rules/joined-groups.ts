/** Multicast groups that a host joins by itself. */
import type { Host } from '../model/host.ts'
import { linkNamed } from './links.ts'
import { addressBytes } from './values.ts'

/** All hosts of a link (net/ipv4/igmp.c, ip_mc_up; net/ipv6/addrconf.c, ipv6_add_dev). */
export const ALL_HOSTS: readonly string[] = ['224.0.0.1', 'ff02::1']

/** Also the solicited-node group of each of its own addresses there (net/ipv6/addrconf.c, addrconf_join_solict). */
export function joinsByItself(group: string, device: string | undefined, host: Host): boolean {
  if (ALL_HOSTS.includes(group)) return true
  const bytes = addressBytes(group)?.join()
  return (linkNamed(host, device)?.addresses ?? []).some(({ address }) => {
    const solicited = solicitedGroup(address)
    return solicited !== undefined && addressBytes(solicited)?.join() === bytes
  })
}

/** ff02::1:ff00:0/104 with the last three bytes of an IPv6 address (RFC 4291, 2.7.1). */
export function solicitedGroup(address: string): string | undefined {
  const bytes = addressBytes(address)
  if (bytes?.length !== 16) return undefined
  const [high, low] = [0xff00 | bytes[13]!, (bytes[14]! << 8) | bytes[15]!]
  return `ff02::1:${high.toString(16)}:${low.toString(16)}`
}
