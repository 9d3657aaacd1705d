/** Interfaces with IPv6 switched off: they lose their addresses and routes of IPv6 with that (net/ipv6/addrconf.c, addrconf_ifdown). */
import { deviceWord } from '../../edits/words.ts'
import { command, spoken } from '../../model/command.ts'
import type { Host } from '../../model/host.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import type { Proposal } from '../changes/proposal.ts'

/** The smallest that IPv6 works with: below it the kernel switches IPv6 off (include/uapi/linux/ipv6.h, IPV6_MIN_MTU). */
const LEAST_MTU = 1280

/** More names tell no more. */
const MOST = 3

/** What is to be said where a packet of IPv6 has no route of its own; undefined where none is switched off that could have had one. */
export function ipv6Off(host: Host): { told: string; fix: Proposal } | undefined {
  return bySetting(host) ?? byMtu(host)
}

/** The interfaces whose MTU is too small for IPv6. */
function byMtu({ links = [] }: Host): { told: string; fix: Proposal } | undefined {
  const small = links.filter(
    ({ name, up, master, mtu = LEAST_MTU, addresses = [] }) =>
      name !== 'lo' && up !== false && !master && mtu < LEAST_MTU && !addresses.some(({ family }) => family === 'ip6'),
  )
  const [first] = small
  if (!first || small.length > MOST) return undefined
  const names = small.map(({ name }) => name).join(', ')
  const raise = command('ip', 'link', 'set', deviceWord(first.name), 'mtu', String(LEAST_MTU))
  return {
    told: ` IPv6 is off on ${names}: an MTU of ${first.mtu} is below 1280, the least that IPv6 works with, so the kernel has removed the IPv6 addresses and routes there.`,
    fix: {
      description: `if the destination is behind ${names.replaceAll(', ', ' or ')}: raise the MTU (${spoken(raise) ?? 'to 1280 at least'}), and restore the IPv6 addresses that the interface lost`,
      unverified: 'the right interface is unknown here',
    },
  }
}

function bySetting({ links = [], sysctls }: Host): { told: string; fix: Proposal } | undefined {
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
