/** What a new connection was opened for is known only where the trace began in front of nat. */
import { expect, it } from 'vitest'
import { explainFile, worldOf } from '../journey/journeys.ts'

const RULES = (priority: string) => `table ip gateway { # handle 1
	chain marking { # handle 1
		type filter hook prerouting priority ${priority}; policy accept;
		meta nftrace set 1 # handle 2
	}
	chain destinations { # handle 3
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr 203.0.113.1 tcp dport 80 dnat to 10.0.0.2:8080 # handle 4
	}
	chain forward { # handle 5
		type filter hook forward priority filter; policy drop;
		iifname "eth2" tcp dport 8080 ct original proto-dst 8080 accept # handle 6
	}
}
`
const packet = (chain: string, to: string) =>
  `trace id 11112222 ip gateway ${chain} packet: iif "eth0" ${chain === 'forward' ? 'oif "lan" ' : ''}ip saddr 198.51.100.9 ip daddr ${to.split(':')[0]} ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 7 ip protocol tcp ip length 60 tcp sport 40001 tcp dport ${to.split(':')[1]} tcp flags == syn tcp window 64240\n`
const HERE = '203.0.113.1:80'
const THERE = '10.0.0.2:8080'
const FORWARD = `${packet('forward', THERE)}trace id 11112222 ip gateway forward policy drop\n`
const marking = (to: string) =>
  `${packet('marking', to)}trace id 11112222 ip gateway marking rule meta nftrace set 1 (verdict continue)\ntrace id 11112222 ip gateway marking verdict continue\ntrace id 11112222 ip gateway marking policy accept\n`
const DESTINATIONS = `${packet('destinations', HERE)}trace id 11112222 ip gateway destinations rule ip daddr 203.0.113.1 tcp dport 80 dnat to 10.0.0.2:8080 (verdict accept)\n`

const nearMisses = (priority: string, trace: string) =>
  explainFile(trace + FORWARD, worldOf(RULES(priority)))
    .journeys.flatMap(({ findings }) => findings)
    .filter(({ code }) => code === 'near-miss')
    .map(({ message }) => message)

it('a rule for another port than it was opened for is no near miss', () => {
  expect(nearMisses('raw', marking(HERE) + DESTINATIONS)).toEqual([])
  expect(nearMisses('filter', marking(THERE))).toEqual([])
})

it('one for that port is', () => {
  const rules = RULES('raw').replace('proto-dst 8080', 'proto-dst 80')
  const { journeys } = explainFile(marking(HERE) + DESTINATIONS + FORWARD, worldOf(rules))
  expect(journeys.flatMap(({ findings }) => findings.map(({ message }) => message)).join('\n')).toContain(
    'would have accepted it, but only matches iifname "eth2"',
  )
})
