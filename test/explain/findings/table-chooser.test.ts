/** Who led a packet to a routing table of its own. */
import { expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import type { Route } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { SYN } from './played.ts'

const UPLINK: Route = {
  ...{ family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.2.254', table: '201', device: 'eth1' },
}
const INSIDE: Route = { family: 'ip', type: 'unicast', destination: '10.2.0.0/24', table: 'main', device: 'eth0' }

it.each([
  ['meta mark set 0xc9 return', true],
  // those that it is not for go on
  ['ip saddr 10.0.1.2 meta mark set 0xc9 return', false],
  // what goes on is marked anew
  ['meta mark set 0xc9', false],
])('a rule that marks every packet leaves none to the marks behind it: %s', (rule, isAlone) => {
  const world = worldOf(`table inet m {
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		jump choose # handle 3
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
	chain choose {
		${rule} # handle 4
		ip saddr 10.0.1.9 meta mark set 0xca # handle 5
	}
}
`)
  Object.assign(world.host, ROUTER, {
    routes: [...ROUTER.routes!, INSIDE, UPLINK],
    routingRules: [
      { family: 'ip', priority: 0, action: { table: 'local' } },
      { family: 'ip', priority: 201, mark: 0xc9, action: { table: '201' } },
      { family: 'ip', priority: 32766, action: { table: 'main' } },
    ],
  })
  const { evidence, ended } = modelEngine.play(world, { ...SYN, dst: '10.2.0.10' })
  const found = explain(evidence, world, { ended }).findings.find(({ code }) => code === 'wrong-way-out')
  expect(found?.message).toMatch(
    isAlone
      ? / handle 4 set\. That rule matches every packet, so handle 5, which sets a mark too, is never reached\.$/
      : / handle 4 set\.$/,
  )
})
