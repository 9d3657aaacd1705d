/** A map of nft's gives servers for ports, and lacks the packet's: nothing tells which server was meant. */
import { expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { LISTENS_ON, TO_ROUTER } from './played.ts'

function found(dport: number) {
  const world = worldOf(`table ip nat {
	map forwards {
		type ipv4_addr . inet_service : ipv4_addr . inet_service
		elements = { 10.0.1.1 . 8080 : 10.0.2.2 . 80 }
	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		dnat ip to ip daddr . tcp dport map @forwards # handle 4
	}
}
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
	}
}
`)
  Object.assign(world.host, ROUTER, LISTENS_ON(22))
  const { evidence, ended } = modelEngine.play(world, { ...TO_ROUTER, dport })
  const one = explain(evidence, world, { ended }).findings.find(({ code }) => code === 'not-in-set')
  return one && { severity: one.severity, message: one.message, fix: one.fix.map(({ description }) => description) }
}

it('says what the element is that the map lacks, where nobody listens to the port here', () => {
  expect(found(8443)).toEqual({
    severity: 'note',
    message:
      'ip nat prerouting handle 4 would have rewritten its destination, but 10.0.1.1 . 8443 is not in map forwards.',
    fix: ['if such packets are to be forwarded: add 10.0.1.1 . 8443 to map forwards, with the address of the server'],
  })
  expect(found(22)).toBeUndefined()
})
