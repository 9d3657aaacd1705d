/** What is for a private network leaves by an uplink to the internet. */
import { describe, expect, it } from 'vitest'
import type { Host, Link, Packet, Route } from '../../../src/index.ts'
import type { IpsecPolicy } from '../../../src/model/host.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { findingsOf, played, SYN } from './played.ts'

const link = (index: number, name: string, address: string): Link => ({
  ...{ index, name, mtu: 1500 },
  addresses: [{ family: 'ip', address, prefixLength: 24, scope: 'global' }],
})
const UPLINK: Route = {
  ...{
    family: 'ip',
    type: 'unicast',
    destination: '0.0.0.0/0',
    table: 'main',
    gateway: '203.0.113.254',
    device: 'wan',
  },
}
const TUNNEL = link(5, 'wg0', '10.7.0.1')
const POLICY: IpsecPolicy = {
  ...{
    direction: 'out',
    src: '10.0.1.0/24',
    dst: '192.168.20.0/24',
    priority: 1,
    action: 'allow',
    templates: [{ src: '203.0.113.1', dst: '198.51.100.1', protocol: 'esp', mode: 'tunnel' }],
  },
}
const packet: Packet = { ...SYN, dst: '192.168.20.5' }

function said({
  uplink = '203.0.113.1',
  more = [TUNNEL],
  status = ['unreplied'],
  dst = '192.168.20.5',
  ipsec = {} as Host,
} = {}) {
  const [lo, eth0] = ROUTER.links!
  const routes = [...ROUTER.routes!.filter(({ device, gateway }) => device === 'eth0' && !gateway), UPLINK]
  const { src, sport, dport } = packet as Required<Packet>
  const reply = { src: dst, dst: uplink, sport: dport, dport: sport }
  const journey = played({
    rules: { nat: ['-A POSTROUTING -o wan -j MASQUERADE'], filter: [] },
    packet: { ...packet, dst },
    host: { links: [lo!, eth0!, link(4, 'wan', uplink), ...more], routes, ...ipsec },
    listed: [entry({ original: { src, dst, sport, dport }, reply, status })],
  })
  return findingsOf(journey, 'wrong-way-out')[0]
}

describe('a private destination that only the default route matches', () => {
  it('may be behind another interface, to which its route is missing', () => {
    expect(said()?.message).toBe(
      'Only the default route matches 192.168.20.5, a private address. The packet left through wan, which has a public address. Routers of the internet have no route to 192.168.20.5; a modem or a network of the provider may have one. If 192.168.20.5 is behind another interface (wg0), the route to its network is missing.',
    )
    expect(said()?.fix[0]?.description).toBe(
      'add the route to the network of 192.168.20.5, through the interface that leads there',
    )
  })

  it.each([
    ['the uplink has a private address: the router there may know the network', { uplink: '192.168.1.2' }],
    ['nothing but its sender’s link and the uplink is there', { more: [] }],
    [
      'nothing but ports of bridges and links without an address is there',
      {
        more: [
          {
            ...link(6, 'veth1', 'fe80::1'),
            addresses: [{ family: 'ip6', address: 'fe80::1', prefixLength: 64, scope: 'link' }],
          } as Link,
        ],
      },
    ],
    ['IPsec takes it on its way out', { ipsec: { ipsecPolicies: [POLICY] } }],
    ['a reply came', { status: ['seen-reply', 'assured'] }],
    ['the destination is public', { dst: '198.51.100.7' }],
  ])('is no sign where %s', (_, made) => {
    expect(said(made)).toBeUndefined()
  })
})
