/** Routes taken away: the very one of several that are alike, and all of it given back. */
import { expect, it } from 'vitest'
import { deleteRoute } from '../../../src/explain/host/routes.ts'
import type { Route } from '../../../src/index.ts'
import { said } from '../said.ts'

const PREFIX: Route = { family: 'ip6', type: 'unreachable', destination: '2001:db8:1::/64', table: 'main' }
const UPLINK: Route = { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: '42' }

it.each<[string, Route, string, string]>([
  [
    'names the metric where another route to the network has another one',
    { ...PREFIX, device: 'lo', metric: 203 },
    'ip -6 route del unreachable 2001:db8:1::/64 metric 203',
    'ip -6 route add unreachable 2001:db8:1::/64 metric 203',
  ],
  [
    "leaves out IPv6's own metric",
    { ...PREFIX, metric: 1024 },
    'ip -6 route del unreachable 2001:db8:1::/64',
    'ip -6 route add unreachable 2001:db8:1::/64',
  ],
  [
    'gives back the source, the MTU and what the way is',
    { ...UPLINK, gateway: '10.0.0.1', device: 'eth0', source: '10.0.0.9', mtu: 1400, flags: ['linkdown', 'onlink'] },
    'ip route del default via 10.0.0.1 dev eth0 table 42',
    'ip route add default via 10.0.0.1 dev eth0 table 42 src 10.0.0.9 mtu 1400 onlink',
  ],
  [
    'gives back the next hop object, which a route that is deleted need not name',
    { ...PREFIX, type: 'blackhole', device: 'lo', metric: 20, protocol: '196', nexthopId: 34 },
    'ip -6 route del blackhole 2001:db8:1::/64 metric 20',
    'ip -6 route add 2001:db8:1::/64 nhid 34 metric 20 proto 196',
  ],
])('%s', (_name, route, command, undo) => {
  expect(said(deleteRoute(route))).toEqual({ command, undo })
})
