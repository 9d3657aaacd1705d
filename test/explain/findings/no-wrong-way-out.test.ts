/** Routes that look as if they led away from the destination, and lead there. */
import { describe, expect, it } from 'vitest'
import type { Link, Neighbour, Packet, Route } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { type Case, played, SYN, TO_ROUTER, told } from './played.ts'

const via = (destination: string, device: string, gateway: string, more: Partial<Route> = {}): Route => ({
  ...{ family: 'ip', type: 'unicast', destination, gateway, table: 'main', device },
  ...more,
})
const neighbour = (address: string, device: string, state: string, mac = '02:00:00:00:00:02'): Neighbour => ({
  ...{ family: 'ip', address, device, mac, state: [state] },
})
const link = (name: string, kind: string, address: string, prefixLength: number): Link => ({
  ...{ index: 9, name, kind },
  addresses: [{ family: 'ip', address, prefixLength }],
})
const { src, sport, dport } = SYN as Required<Packet>
const listed = (dst: string, status: string[]) => [
  entry({ original: { src, dst, sport, dport }, reply: { src: dst, dst: src, sport: dport, dport: sport }, status }),
]

describe('no wrong-way-out', () => {
  // the next hop that an overlay's tunnel takes is another node's own address
  const toNode = (kind: string, node: Route[] = []): Case => ({
    rules: { filter: [] },
    packet: { ...SYN, dst: '192.168.2.12' },
    host: {
      links: [...ROUTER.links!, link('tunl0', kind, '10.42.0.0', 32)],
      routes: [...ROUTER.routes!, via('10.42.1.0/26', 'tunl0', '192.168.2.12', { flags: ['onlink'] }), ...node],
    },
    listed: listed('192.168.2.12', ['unreplied']),
  })

  it('is said of a node that does not reply, to which a tunnel sends packets in its own packets', () => {
    const node = via('192.168.2.12/32', 'eth1', '10.0.2.254')
    expect(told(toNode('ipip'), 'wrong-way-out')).toBeUndefined()
    expect(told(toNode('ipip', [node]), 'wrong-way-out')).toBeUndefined()
    expect(told(toNode('veth'), 'wrong-way-out')?.message).toContain('is a router behind tunl0')
  })

  const RESERVE = via('10.7.0.1/32', 'eth1', '10.0.2.9', { metric: 100 })
  const toRouter = (flags: string[]): Case => ({
    rules: { filter: [] },
    packet: { ...SYN, dst: '10.7.0.1' },
    host: {
      links: [...ROUTER.links!, link('eth2', 'veth', '10.8.0.2', 24)],
      routes: [...ROUTER.routes!, via('10.77.0.0/24', 'eth2', '10.7.0.1', { flags }), RESERVE],
    },
    listed: listed('10.7.0.1', ['unreplied']),
  })

  it('is said of a router whose own link has no carrier', () => {
    expect(told(toRouter(['onlink', 'linkdown']), 'wrong-way-out')).toBeUndefined()
  })

  it('changes the very route that there is, which another metric would leave in place', () => {
    expect(told(toRouter(['onlink']), 'wrong-way-out')?.fix).toMatch(
      /^ip route replace 10\.7\.0\.1\/32 dev eth2 metric 100 → /,
    )
  })

  const ROAMING = via('10.0.2.2/32', 'eth0', '10.0.1.254')
  const FORWARD = '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination '

  it.each([
    ['10.0.2.2', ROAMING],
    ['198.51.100.7', { ...ROAMING, destination: '198.51.100.7/32' }],
  ])('is said of what nat sends on to a host behind the router that handed it over: %s', (to, route) => {
    const rules = { nat: [FORWARD + to, '-A POSTROUTING -j MASQUERADE'], filter: [] }
    const host = { routes: [...ROUTER.routes!, route], neighbours: [neighbour('10.0.1.254', 'eth0', 'REACHABLE')] }
    expect(told({ rules, packet: TO_ROUTER, host }, 'wrong-way-out')).toBeUndefined()
    // who was to reach that very host goes in a circle
    expect(told({ rules: { filter: [] }, packet: { ...SYN, dst: to }, host }, 'wrong-way-out')).toBeDefined()
  })

  it('is said of a host behind a tunnel, on whose link no neighbour is listed', () => {
    const said = (kind: string) =>
      told(
        {
          rules: { filter: [] },
          host: {
            links: [...ROUTER.links!, link('tun0', kind, '10.8.0.2', 24)],
            routes: [...ROUTER.routes!, via('10.0.2.2/32', 'tun0', '10.8.0.1')],
          },
        },
        'wrong-way-out',
      )
    expect(said('tun')).toBeUndefined()
    expect(said('veth')?.message).toContain('It went the wrong way')
  })

  it('is said of what has a reply', () => {
    const said = (status: string[]) => {
      const host = { routes: [...ROUTER.routes!, ROAMING], neighbours: [neighbour('10.0.2.2', 'eth1', 'PERMANENT')] }
      return played({ rules: { filter: [] }, host, listed: listed('10.0.2.2', status) }).findings.map(
        ({ code }) => code,
      )
    }
    expect(said(['assured', 'seen-reply'])).not.toContain('wrong-way-out')
    expect(said(['unreplied'])).toContain('wrong-way-out')
  })
})
