/** Interfaces with IPv6 switched off: they lose their addresses and routes of IPv6 with that (net/ipv6/addrconf.c, addrconf_ifdown). */
import type { Host } from '../../model/host.ts'
import type { Proposal } from '../changes/proposal.ts'
import { sysctlName } from '../findings/routing.ts'

/** More names tell no more. */
const MOST = 3

/** What is to be said where a packet of IPv6 has no route of its own; undefined where none is switched off that could have had one. */
export function ipv6Off({ links = [], sysctls }: Host): { told: string; fix: Proposal } | undefined {
  const setting = (name: string) => `net.ipv6.conf.${sysctlName(name)}.disable_ipv6`
  const off = links
    // what is part of a bridge has no addresses of its own
    .filter(({ name, up, master, addresses = [] }) => name !== 'lo' && up !== false && !master && addresses.length > 0)
    .filter(({ name }) => sysctls?.get(setting(name)) === '1')
  const [first] = off
  if (!first || off.length > MOST) return undefined
  const [names, settings] = [off.map(({ name }) => name).join(', '), off.map(({ name }) => `${setting(name)} = 1`)]
  return {
    told: ` IPv6 is off on ${names} (${settings.join(', ')}), so this host has no IPv6 routes on ${off.length > 1 ? 'those interfaces' : 'that interface'}.`,
    fix: {
      description: `if the destination is behind ${off.map(({ name }) => name).join(' or ')}: enable IPv6 there (sysctl -w ${setting(first.name)}=0), and restore the IPv6 addresses that the interface lost`,
      unverified: 'the right interface is unknown here',
    },
  }
}
