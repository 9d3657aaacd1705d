/** A table whose next hop is the very host that sent the packet, as a proxy's own requests come back to it. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Packet, Route, RoutingRule } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { findingsOf, played, SYN } from './played.ts'

it('goes past the table that led it back to its sender, which stays as it is for others', () => {
  const back: Route = {
    ...{ family: 'ip', type: 'unicast', destination: '0.0.0.0/0' },
    ...{ gateway: '10.0.1.2', device: 'eth0', table: '77' },
  }
  const routingRules: RoutingRule[] = [
    { family: 'ip', priority: 90, from: '10.0.1.0/24', action: { table: '77' } },
    { family: 'ip', priority: 32_766, action: { table: 'main' } },
  ]
  const packet: Packet = { ...SYN, dst: '198.51.100.9' }
  const host = { routes: [...ROUTER.routes!, back], routingRules }
  const [found] = findingsOf(played({ rules: { filter: [] }, packet, host }), 'wrong-way-out')
  expect(found!.message).toContain('It went back to its sender: 10.0.1.2 is the next hop')
  expect(found!.fix.map((fix) => `${fixCommands(fix).command}`)).toEqual([
    'ip rule add from 10.0.1.2/32 priority 89 table main',
  ])
})
