/** A map of nft's has the service for an address that this host has lost. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { LISTENS_ON } from './played.ts'

const HEADERS =
  'ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 8443 tcp flags == syn tcp window 64240 '

const TRACE = [
  `trace id 0a0b0c0d ip balancer prerouting packet: iif "eth0" ${HEADERS}`,
  'trace id 0a0b0c0d ip balancer prerouting policy accept',
  `trace id 0a0b0c0d inet filter input packet: iif "eth0" ${HEADERS}`,
  'trace id 0a0b0c0d inet filter input policy drop',
  '',
].join('\n')

const ruleset = (...keys: string[]) => `table ip balancer {
	map services {
		type ipv4_addr . inet_proto . inet_service : verdict
		elements = { ${['10.0.1.1 . tcp . 80 : goto web', ...keys].join(', ')} }
	}

	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr . meta l4proto . th dport vmap @services # handle 7
	}

	chain web {
		dnat to 10.0.2.2 # handle 9
	}

	chain api {
		meta l4proto tcp dnat to 10.0.2.3:8000 # handle 10
	}
}
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
	}
}
`

function found(...keys: string[]) {
  const [journey] = explainFile(TRACE, {
    ...worldOf(ruleset(...keys)),
    host: { ...ROUTER, ...LISTENS_ON(22) },
  }).journeys
  const one = journey!.findings.find(({ code, message }) => code === 'not-in-set' && message.includes('map services'))
  return { message: one?.message, fix: one?.fix.map((each) => String(fixCommands(each).command)) }
}

describe('not-in-set, of a map', () => {
  it('gives what the map gives for the same service of an address that is nobody’s', () => {
    expect(found('10.0.1.9 . tcp . 8443 : goto api')).toEqual({
      message:
        'ip balancer prerouting handle 7 would have rewritten its destination, but 10.0.1.1 . tcp . 8443 is not in map services, which has 10.0.1.9 . tcp . 8443.',
      fix: ['nft add element ip balancer services { 10.0.1.1 . tcp . 8443 : goto api }'],
    })
  })

  it('takes no service of another address of this host for it, nor one of several', () => {
    // 10.0.2.1 is this host's own
    expect(found('10.0.2.1 . tcp . 8443 : goto api').fix ?? []).toEqual([])
    expect(found('10.0.1.9 . tcp . 8443 : goto api', '10.0.1.8 . tcp . 8443 : goto web').fix ?? []).toEqual([])
    expect(found('10.0.1.9 . tcp . 443 : goto api').fix ?? []).toEqual([])
  })
})
