/** A forwarded reply is routed with its server's own address and port, whatever nat had made of the request's. */
import { expect, it } from 'vitest'
import type { Change } from '../../../src/explain/changes/proposal.ts'
import { explain } from '../../../src/explain/explain.ts'
import { backOut } from '../../../src/explain/reply/back-out.ts'
import type { Route, RoutingRule } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { SYN, saved } from '../findings/played.ts'
import { said } from '../said.ts'

const PACKET = { ...SYN, in: 'eth1', src: '203.0.113.9', dst: '10.0.2.1', dport: 8080 }

/** What the server sends goes by the first uplink, but for one of its ports. */
function commandsOf(spared: number) {
  const rule = (priority: number, table: string, more: Partial<RoutingRule> = {}): RoutingRule => ({
    ...{ family: 'ip', priority, action: { table }, ...more },
  })
  const way = (device: string, gateway: string, table: string): Route => ({
    ...{ family: 'ip', type: 'unicast', destination: '0.0.0.0/0', device, gateway, table },
  })
  const from = '10.0.1.2/32'
  const world = makeWorld(
    saved({
      nat: ['-A PREROUTING -i eth1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.1.2:80'],
      filter: [],
    }),
    {
      ...ROUTER,
      routes: [...ROUTER.routes!, way('eth1', '10.0.2.254', 'main'), way('eth0', '10.0.1.254', '202')],
      routingRules: [
        rule(0, 'local'),
        rule(100, 'main', { from, protocol: 'tcp', sport: [spared, spared] }),
        rule(200, '202', { from }),
        rule(32_766, 'main'),
      ],
    },
  )
  const { evidence, ended } = modelEngine.play(world, PACKET)
  const journey = explain(evidence, world, { ended })
  expect(journey.outcome).toBe('forwarded')
  return backOut(journey, world, '10.0.2.1', 'eth1').map((fix) => said(fix as Change).command)
}

it('asks routing for the port behind nat, and spares that one by table main', () => {
  expect(commandsOf(8080)).toEqual(['ip rule add from 10.0.1.2/32 to 203.0.113.9/32 ipproto tcp sport 80 table main'])
})
