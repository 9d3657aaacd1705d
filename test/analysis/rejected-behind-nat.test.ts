/** What a rule rejects in OUTPUT behind a DNAT: its reset's journey ends first, with the address that nat has given. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const packet = (id: string, at: string, link: string, ends: string, flags: string) =>
  `trace id ${id} ip ${at} packet: ${link} ${ends} ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip length 44 ${flags} tcp window 60000 `
const asked = 'tcp sport 40575 tcp dport 3306 tcp flags == syn'
const reset = 'tcp sport 3306 tcp dport 40575 tcp flags == 0x14'
const [out, lo] = ['oif "eth0" ip saddr 192.0.2.1', 'oif "lo" ip saddr 192.0.2.10']

const TRACE = [
  packet('5c64a709', 'nat OUTPUT', out, 'ip daddr 198.51.100.1', asked),
  'trace id 5c64a709 ip nat OUTPUT rule handle 2 (verdict accept)',
  packet('df876965', 'filter OUTPUT', lo, 'ip daddr 192.0.2.1', reset),
  'trace id df876965 ip filter OUTPUT rule handle 4 (verdict accept)',
  packet('a901aae9', 'filter INPUT', 'iif "lo" @ll,0,112 0x800 ip saddr 198.51.100.1', 'ip daddr 192.0.2.1', reset),
  'trace id a901aae9 ip filter INPUT policy accept ',
  packet('5c64a709', 'filter OUTPUT', out, 'ip daddr 192.0.2.10', asked),
  'trace id 5c64a709 ip filter OUTPUT rule handle 3 (verdict drop)',
  '',
].join('\n')

/** Its last chain is known, so a journey ends there, and not only with the trace. */
const RULES = `table ip nat {
	chain OUTPUT {
		type nat hook output priority dstnat; policy accept;
		ip daddr 198.51.100.1 dnat to 192.0.2.10 # handle 2
	}
}
table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy accept;
	}
	chain OUTPUT {
		type filter hook output priority filter; policy accept;
		oifname "lo" accept # handle 4
		tcp dport 3306 reject with tcp reset # handle 3
	}
}
`

test('it is one exchange, and nobody but this host has refused it', async () => {
  const analysis = await open([
    { name: 'trace.txt', text: TRACE },
    { name: 'rules.nft', text: RULES },
  ])
  const { exchanges } = await analysis.exchanges()
  expect(exchanges.map(({ status, journeys }) => [status, journeys.request, journeys.replies])).toEqual([
    ['rejected', ['1'], ['2']],
  ])
})
