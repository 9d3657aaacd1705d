/** Which own address a packet gets, as Linux 6.18 chose it in a namespace with these addresses (`ip route get`, MASQUERADE). */
import { describe, expect, it } from 'vitest'
import type { Host, LinkAddress } from '../../src/index.ts'
import { ipAddrJson } from '../../src/read/host/ip-addr-json.ts'
import { ipAddrText } from '../../src/read/host/ip-addr-text.ts'
import { sourceIpv4, sourceIpv6 } from '../../src/simulate/source-address.ts'
import { Undetermined } from '../../src/simulate/undetermined.ts'

const six = (address: string, more: Partial<LinkAddress> = {}, prefixLength = 64): LinkAddress => {
  return { family: 'ip6', address, prefixLength, scope: address.startsWith('fe80') ? 'link' : 'global', ...more }
}
const host = (eth0: LinkAddress[], eth1: LinkAddress[] = [], sysctls: Record<string, string> = {}): Host => ({
  links: [
    { index: 2, name: 'eth0', addresses: eth0 },
    { index: 3, name: 'eth1', addresses: eth1 },
  ],
  sysctls: new Map(Object.entries(sysctls)),
})
const OLD = { flags: ['deprecated'] } as const
const LINK = six('fe80::2')
const FAR = '2001:db8:e::25'

describe('a source of IPv6', () => {
  it.each<[string, Host, string, string | undefined]>([
    ['the first of equal ones', host([six('2001:db8:5::25'), six('2001:db8:5::1')]), FAR, '2001:db8:5::25'],
    ['not a deprecated one', host([six('2001:db8:5::25', OLD), six('2001:db8:5::1')]), FAR, '2001:db8:5::1'],
    ['a deprecated one, if there is no other', host([LINK, six('2001:db8:5::25', OLD)]), FAR, '2001:db8:5::25'],
    [
      'rather of another interface than a deprecated one',
      host([six('2001:db8:5::25', OLD)], [six('2001:db8:f::1')]),
      FAR,
      '2001:db8:f::1',
    ],
    [
      'of the output interface, whatever prefix another has',
      host([six('2001:db8:5::25')], [six('2001:db8:e::1')]),
      FAR,
      '2001:db8:5::25',
    ],
    [
      'of the output interface for a group of any scope',
      host([six('2001:db8:5::25', OLD)], [six('2001:db8:f::1')]),
      'ff0e::1',
      '2001:db8:5::25',
    ],
    [
      'of the output interface where it is set so',
      host([six('2001:db8:5::25', OLD)], [six('2001:db8:f::1')], { 'net.ipv6.conf.eth0.use_oif_addrs_only': '1' }),
      FAR,
      '2001:db8:5::25',
    ],
    [
      'a ULA rather than deprecated ones',
      host([six('fd00::1'), six('2001:db8:5::1', OLD)], [six('2001:db8:f::1', OLD)]),
      FAR,
      'fd00::1',
    ],
    [
      'a temporary one where they are preferred',
      host([six('2001:db8:9::9'), six('2001:db8:9::aa', { flags: ['temporary'] })], [], {
        'net.ipv6.conf.eth0.use_tempaddr': '2',
      }),
      FAR,
      '2001:db8:9::aa',
    ],
    ['else not', host([six('2001:db8:9::aa', { flags: ['temporary'] }), six('2001:db8:9::9')]), FAR, '2001:db8:9::9'],
    ['not a tentative one', host([six('2001:db8:5::1', { unused: 'tentative' }), LINK]), FAR, 'fe80::2'],
  ])('is %s', (_, where, dst, expected) => {
    expect(sourceIpv6(where, 'eth0', dst)).toBe(expected)
  })

  it('is unknown where no flags are listed and one would decide', () => {
    const brief = (...addresses: string[]) =>
      host(addresses.map((address) => ({ family: 'ip6', address, prefixLength: 64 })))
    expect(() => sourceIpv6(brief('2001:db8:5::25', '2001:db8:5::1'), 'eth0', FAR)).toThrow(Undetermined)
    expect(sourceIpv6(brief('2001:db8:5::25', 'fe80::2'), 'eth0', FAR)).toBe('2001:db8:5::25')
  })
})

it('reads the flags from text and from JSON', () => {
  const text = `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet6 2001:db8:5::25/128 scope global deprecated
       valid_lft forever preferred_lft 0sec
    inet6 2001:db8:5::1/128 scope global nodad
       valid_lft forever preferred_lft forever
`
  const json = JSON.stringify([
    {
      ...{ ifindex: 2, ifname: 'eth0', flags: ['UP'], mtu: 1500, operstate: 'UP', link_type: 'ether' },
      addr_info: [
        { family: 'inet6', local: '2001:db8:5::25', prefixlen: 128, scope: 'global', deprecated: true },
        { family: 'inet6', local: '2001:db8:5::1', prefixlen: 128, scope: 'global', nodad: true },
      ],
    },
  ])
  for (const { links } of [ipAddrText.read(text, () => {}).host!, ipAddrJson.read(json, () => {}).host!]) {
    expect(links?.[0]?.addresses?.map(({ flags }) => flags)).toEqual([['deprecated'], undefined])
    expect(sourceIpv6({ links: links! }, 'eth0', FAR)).toBe('2001:db8:5::1')
  }
})

describe('a source of IPv4', () => {
  const four = (address: string, scope = 'global'): LinkAddress => ({ family: 'ip', address, prefixLength: 24, scope })
  const where = host([four('10.0.0.1'), four('10.1.0.1'), four('10.0.0.7')], [four('10.3.0.1', 'link')])
  it.each<[string, string, string | undefined, string[] | undefined, string]>([
    ["the one in the next hop's network", 'eth0', '10.1.0.9', undefined, '10.1.0.1'],
    ['the first, where a route on the link names no next hop', 'eth0', undefined, ['global', 'link'], '10.0.0.1'],
    ["a link's own, by a route on that link", 'eth1', undefined, ['global', 'link'], '10.3.0.1'],
    ['else one that the world sees', 'eth1', '10.3.0.9', undefined, '10.0.0.1'],
  ])('is %s', (_, device, nexthop, scopes, expected) => {
    expect(sourceIpv4(where, device, nexthop, scopes)).toBe(expected)
  })
})
