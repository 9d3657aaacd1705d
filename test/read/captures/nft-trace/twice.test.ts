/** Two programs write the trace into one file: every line stands there twice, one behind the other. */
import { expect, test } from 'vitest'
import { open } from '../../../../src/index.ts'

const HEAD = 'ip saddr 192.0.2.7 ip daddr 198.51.100.9 ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 38833'
const TCP = 'ip protocol tcp ip length 60 tcp sport 40842 tcp dport 22 tcp flags == syn tcp window 64240 '
const EVENTS = [
  `inet f pre packet: iif "a" ${HEAD} ${TCP}`,
  'inet f pre rule counter (verdict continue)',
  'inet f pre rule counter (verdict continue)',
  'inet f pre policy accept ',
  `inet f fw packet: iif "a" oif "b" ${HEAD.replace('63', '62')} ${TCP}`,
  'inet f fw policy drop ',
]
const RULESET = `table inet f { # handle 1
	chain pre { # handle 5
		type filter hook prerouting priority raw; policy accept;
		counter # handle 6
		counter # handle 7
	}
	chain fw { # handle 1
		type filter hook forward priority filter; policy drop;
	}
}
`
const line = (event: string) => `trace id 2b1ea9ab ${event}\n`
const CONNTRACK = 'inet f pre conntrack: ct direction original ct state new ct id 1234 '

async function read(events: readonly string[], times: number) {
  const text = events.map((event) => line(event).repeat(times)).join('')
  const analysis = await open([
    { name: 'trace.txt', text },
    { name: 'ruleset.nft', text: RULESET },
  ])
  const { exchanges } = await analysis.exchanges()
  const told = exchanges.map(({ status, basis, journeys }) => [status, basis, journeys.request.length])
  const steps: number[] = []
  for await (const journey of analysis.journeys()) steps.push(journey.steps.length)
  return { told, steps, codes: analysis.warnings.map(({ code }) => code) }
}

test.each([
  ['as nft prints it', EVENTS],
  ['with connection tracking', [CONNTRACK, ...EVENTS]],
])('counts each line once, and equal rules each: %s', async (_name, events) => {
  const once = await read(events, 1)
  expect(once).toEqual({ told: [['dropped', 'observed', 1]], steps: [4], codes: [] })
  expect(await read(events, 2)).toEqual({ ...once, codes: ['line-repeated'] })
  expect(await read(events, 3)).toEqual({ ...once, codes: ['line-repeated'] })
})
