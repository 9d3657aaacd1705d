/** Two routing rules match, and the one that selects the table with the nearer route comes second. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Link, Packet, Route, RoutingRule } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { findingsOf, played, SYN } from './played.ts'

const rule = (priority: number, table: string, more: Partial<RoutingRule> = {}): RoutingRule => ({
  ...{ family: 'ip', priority, action: { table } },
  ...more,
})
const via = (destination: string, gateway: string, device: string, table: string): Route => ({
  ...{ family: 'ip', type: 'unicast', destination, gateway, device, table },
})
const link = (index: number, name: string, address: string): Link => ({
  ...{ index, name, mtu: 1500 },
  addresses: [{ family: 'ip', address, prefixLength: 24, scope: 'global' }],
})
const packet: Packet = { ...SYN, dst: '172.20.1.5' }
/** By the uplink eth2, or by the tunnel tun11. */
const ROUTES = [
  via('0.0.0.0/0', '203.0.113.254', 'eth2', '100'),
  via('172.20.1.0/24', '10.8.0.1', 'tun11', '111'),
  via('0.0.0.0/0', '10.8.0.1', 'tun11', '111'),
]

function found(rules: RoutingRule[], { routes = ROUTES, status = ['unreplied'] as string[] | null } = {}) {
  const { src, dst, sport, dport } = packet as Required<Packet>
  const reply = { src: dst, dst: '203.0.113.1', sport: dport, dport: sport }
  const conntrack = status ? { conntrack: [entry({ original: { src, dst, sport, dport }, reply, status })] } : {}
  const host = {
    links: [...ROUTER.links!, link(4, 'eth2', '203.0.113.1'), link(5, 'tun11', '10.8.0.2')],
    routes: [...ROUTER.routes!, ...routes],
    routingRules: [rule(0, 'local'), ...rules, rule(32_766, 'main')],
    ...conntrack,
  }
  return findingsOf(played({ rules: { filter: [] }, packet, host }), 'wrong-way-out')
}
const FROM = { from: '10.0.1.2/32' }
const TO = { ...FROM, to: '172.20.1.0/24' }

describe('wrong-way-out', () => {
  it('is a routing rule for the tunnel behind one for the uplink, and moves it', () => {
    const [late, ...more] = found([rule(100, '100', FROM), rule(10_301, '111', TO)])
    expect(late).toMatchObject({
      severity: 'warning',
      message:
        'It left by eth2: routing rule 100 matches first and selects table 100, where only the default route leads to 172.20.1.5. Routing rule 10301 matches too and comes later: it selects table 111, which has the route to 172.20.1.0/24 through tun11.',
    })
    expect(`${fixCommands(late!.fix[0]!).command}`).toBe(
      'ip rule del from 10.0.1.2/32 to 172.20.1.0/24 priority 10301 table 111 && ip rule add from 10.0.1.2/32 to 172.20.1.0/24 priority 99 table 111',
    )
    // and says of no route that it is missing
    expect(more).toEqual([])
  })

  it('is that also where no connection is listed: no router of the internet has a way to a private address', () => {
    expect(found([rule(100, '100', FROM), rule(10_301, '111', TO)], { status: null })[0]?.severity).toBe('warning')
  })

  it.each<[string, RoutingRule[], Route[]?]>([
    ['the later rule is for another sender', [rule(100, '100', FROM), rule(10_301, '111', { from: '10.0.1.9/32' })]],
    [
      'the later rule leads by a default route as well',
      [rule(100, '100', FROM), rule(10_301, '111', TO)],
      [ROUTES[0]!, ROUTES[2]!],
    ],
    [
      'the later table has a VPN for everyone, which the first rule spares this sender',
      [rule(100, '100', FROM), rule(10_301, '111')],
      [ROUTES[0]!, via('0.0.0.0/1', '10.8.0.1', 'tun11', '111'), via('128.0.0.0/1', '10.8.0.1', 'tun11', '111')],
    ],
    ['the tunnel comes first', [rule(99, '111', TO), rule(100, '100', FROM)]],
  ])('is not told where %s', (_, rules, routes) => {
    const told = found(rules, routes ? { routes } : {}).map(({ message }) => message)
    expect(told.join()).not.toContain('comes later')
  })

  it('is not told where a reply came', () => {
    expect(found([rule(100, '100', FROM), rule(10_301, '111', TO)], { status: [] })).toEqual([])
  })
})
