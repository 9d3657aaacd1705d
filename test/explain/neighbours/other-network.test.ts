/** A neighbour that does not reply, where another way leads to a network of the same addresses. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { otherNetworkHint } from '../../../src/explain/neighbours/other-network.ts'
import type { Host, Route, RoutingRule } from '../../../src/index.ts'

const MAIN = { family: 'ip', type: 'unicast', table: 'main' } as const
const OWN: Route = { ...MAIN, destination: '192.168.1.0/24', device: 'wlan0' }
const UPLINK: Route = { ...MAIN, destination: '0.0.0.0/0', gateway: '192.168.1.1', device: 'wlan0' }
const TUNNEL: Route = { ...MAIN, destination: '0.0.0.0/0', device: 'wg0', table: '51820' }

/** As wg-quick has them. */
const RULES: RoutingRule[] = [
  { family: 'ip', priority: 0, action: { table: 'local' } },
  { family: 'ip', priority: 32764, action: { table: 'main' }, suppressPrefixLength: 0 },
  { family: 'ip', priority: 32765, not: true, mark: 0xca6c, action: { table: '51820' } },
  { family: 'ip', priority: 32766, action: { table: 'main' } },
]

function hint(
  routes: Route[],
  { routingRules, neighbours, dst = '192.168.1.64' }: Pick<Host, 'routingRules' | 'neighbours'> & { dst?: string } = {},
) {
  const host: Host = {
    links: [
      {
        name: 'wlan0',
        mac: '02:00:00:00:00:01',
        addresses: [{ family: 'ip', address: '192.168.1.12', prefixLength: 24 }],
      },
      { name: 'wg0', kind: 'wireguard', addresses: [{ family: 'ip', address: '10.6.0.2', prefixLength: 24 }] },
    ],
    routes,
    ...(neighbours ? { neighbours } : {}),
    ...(routingRules ? { routingRules } : {}),
  }
  const found = otherNetworkHint(host, { dst, src: '192.168.1.12', mark: 0 }, OWN, 'wlan0')
  return found && { words: found.words, commands: found.fix.map((fix) => JSON.parse(JSON.stringify(fixCommands(fix)))) }
}

it('names the tunnel that takes everything else over this very link', () => {
  expect(hint([OWN, UPLINK, TUNNEL], { routingRules: RULES })).toMatchObject({
    words:
      ' 192.168.1.64 is in the network of wlan0 (192.168.1.0/24), whose route comes first. Without that route, the default route of table 51820 leads out of wg0.',
  })
})

it('names the other route to a network of the same addresses, with its next hop', () => {
  const other: Route = { ...OWN, device: 'wg0', gateway: '10.6.0.1', metric: 600 }
  const found = hint([OWN, other])
  expect(found?.words).toContain('Without that route, the route to 192.168.1.0/24 leads out of wg0.')
  const way = '192.168.1.64/32 via 10.6.0.1 dev wg0'
  expect(found?.commands).toMatchObject([{ command: `ip route add ${way}`, undo: `ip route del ${way}` }])
})

it('knows where it is if it is a neighbour on the other link', () => {
  const other: Route = { ...OWN, device: 'eth0' }
  const neighbour = (state: string) => ({
    family: 'ip' as const,
    device: 'eth0',
    address: '192.168.1.64',
    state: [state],
  })
  const words = ' leads out of eth0, where 192.168.1.64 is a known neighbour.'
  expect(hint([OWN, other], { neighbours: [neighbour('DELAY')] })?.words).toContain(words)
  // an old entry may be of another time
  for (const state of ['STALE', 'FAILED'])
    expect(hint([OWN, other], { neighbours: [neighbour(state)] })?.words).not.toContain(words)
})

it.each<[string, Route[], object?]>([
  ['nothing but the uplink leads further', [OWN, UPLINK]],
  [
    'the link is no uplink: a LAN, with everything else behind another one',
    [OWN, { ...UPLINK, gateway: '203.0.113.1', device: 'wan' }],
  ],
  ['no other route leads there', [OWN]],
  ['it is not of this network', [OWN, UPLINK, TUNNEL], { routingRules: RULES, dst: '192.168.7.9' }],
])('says nothing where %s', (_name, routes, more = {}) => {
  expect(hint(routes, more)).toBeUndefined()
})
