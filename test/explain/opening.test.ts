/** What a new connection was opened for is known only where the trace began in front of nat. */
import { expect, it } from 'vitest'
import { explainFile, worldOf } from '../journey/journeys.ts'

const RULES = (priority: string, port: number) => `table ip gateway { # handle 1
	chain marking { # handle 1
		type filter hook prerouting priority ${priority}; policy accept;
		meta nftrace set 1 # handle 2
	}
	chain destinations { # handle 3
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr 203.0.113.1 tcp dport 80 dnat to 10.0.0.2:8080 # handle 4
	}
	chain sources { # handle 5
		type nat hook postrouting priority srcnat; policy accept;
	}
	chain leaving { # handle 6
		type filter hook postrouting priority 300; policy drop;
		oifname "eth2" tcp dport 8080 ct original proto-dst ${port} accept # handle 7
	}
}
`
const line = (chain: string, said: string) => `trace id 11112222 ip gateway ${chain} ${said}\n`
const packet = (chain: string, interfaces: string, [address, port]: readonly [string, number]) =>
  line(
    chain,
    `packet: ${interfaces} ip saddr 198.51.100.9 ip daddr ${address} ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 7 ip protocol tcp ip length 60 tcp sport 40001 tcp dport ${port} tcp flags == syn tcp window 64240`,
  )
const ASKED = ['203.0.113.1', 80] as const
const SERVER = ['10.0.0.2', 8080] as const

const marking = (to: readonly [string, number]) =>
  packet('marking', 'iif "eth0"', to) +
  line('marking', 'rule meta nftrace set 1 (verdict continue)') +
  line('marking', 'policy accept')
const EARLY =
  marking(ASKED) +
  packet('destinations', 'iif "eth0"', ASKED) +
  line('destinations', 'rule ip daddr 203.0.113.1 tcp dport 80 dnat to 10.0.0.2:8080 (verdict accept)')
const LATE = marking(SERVER)
const LEAVES =
  packet('sources', 'iif "eth0" oif "lan"', SERVER) +
  line('sources', 'policy accept') +
  packet('leaving', 'iif "eth0" oif "lan"', SERVER) +
  line('leaving', 'policy drop')

const nearMisses = (trace: string, rules: string) =>
  explainFile(trace + LEAVES, worldOf(rules))
    .journeys.flatMap(({ findings }) => findings)
    .flatMap(({ message }) => (message.includes('would have accepted it') ? [message] : []))

it('a rule for that port is a near miss', () => {
  expect(nearMisses(EARLY, RULES('raw', 80))).toEqual([
    expect.stringContaining('would have accepted it, but only matches oifname "eth2"'),
  ])
})

it('a rule for another port is none', () => {
  expect(nearMisses(EARLY, RULES('raw', 8080))).toEqual([])
  expect(nearMisses(LATE, RULES('filter', 8080))).toEqual([])
})
