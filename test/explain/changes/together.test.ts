/** Several changes are undone backwards, as far as the kernel takes that. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { together } from '../../../src/explain/changes/proposal.ts'
import { addRoute, deleteRoute } from '../../../src/explain/host/routes.ts'
import { addConnected } from '../../../src/explain/host/routes-of-tables.ts'
import type { Route } from '../../../src/index.ts'

const far: Route = {
  ...{ family: 'ip', type: 'unicast', table: 'main', device: 'eth1' },
  ...{ destination: '203.0.113.7/32', gateway: '10.0.2.138' },
}
const network = (of: string) => addConnected({ link: { index: 3, name: 'eth1', addresses: [] }, network: of }, {})

it.each([
  // whoever restores a route needs the one to its next hop
  ['10.0.2.128/25', 'ip route add 203.0.113.7/32 via 10.0.2.138 dev eth1 && ip route del 10.0.2.128/25 dev eth1'],
  // two routes to one network do not stand side by side
  ['203.0.113.7/32', 'ip route del 203.0.113.7/32 dev eth1 && ip route add 203.0.113.7/32 via 10.0.2.138 dev eth1'],
])('a route by a next hop is restored while the route to %s is there that the next hop needs', (added, undo) => {
  const change = together(deleteRoute(far), network(added))
  expect(`${fixCommands({ description: '', ...change }).undo}`).toBe(undo)
})

it('a default route is restored behind the one that stands in its place: two alike are not taken', () => {
  const byRouter = (gateway: string): Route => ({ ...far, destination: '0.0.0.0/0', gateway })
  const change = together(deleteRoute(byRouter('10.0.2.138')), addRoute(byRouter('10.0.2.139')))
  expect(`${fixCommands({ description: '', ...change }).undo}`).toBe(
    'ip route del default via 10.0.2.139 dev eth1 && ip route add default via 10.0.2.138 dev eth1',
  )
})

it('a network that was routed by a router is restored behind the link that took its place', () => {
  const network: Route = { ...far, destination: '10.0.0.0/8' }
  const { gateway: _, ...link } = network
  const change = together(deleteRoute(network), addRoute(link))
  expect(`${fixCommands({ description: '', ...change }).undo}`).toBe(
    'ip route del 10.0.0.0/8 dev eth1 && ip route add 10.0.0.0/8 via 10.0.2.138 dev eth1',
  )
})
