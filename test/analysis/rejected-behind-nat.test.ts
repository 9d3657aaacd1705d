/** What a rule rejects behind a DNAT: the reset, or the ICMP error, has the address that nat has given, and may be complete first. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const packet = (id: string, at: string, link: string, ends: string, flags: string) =>
  `trace id ${id} ip ${at} packet: ${link} ${ends} ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip length 44 ${flags} `
const asked = 'tcp sport 40575 tcp dport 3306 tcp flags == syn tcp window 60000'
const reset = 'tcp sport 3306 tcp dport 40575 tcp flags == 0x14 tcp window 0'
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

const NFT_FORWARD = `table ip nat {
	chain PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 8443 dnat to 192.168.1.10:443 # handle 2
	}
}
table ip filter {
	chain FORWARD {
		type filter hook forward priority filter; policy accept;
		oifname "lan" REJECT # handle 3
	}
	chain OUTPUT {
		type filter hook output priority filter; policy accept;
		accept # handle 5
	}
}
`
const CLIENT = 'ip saddr 203.0.113.9'
const toUs = 'tcp sport 40003 tcp dport 8443 tcp flags == syn'
const toServer = 'tcp sport 40003 tcp dport 443 tcp flags == syn'

/** A router rejects what it forwards: what it sends for that is complete before. */
const rejected = (id: string, sent: readonly string[]) => [
  packet(id, 'nat PREROUTING', `iif "wan" ${CLIENT}`, 'ip daddr 203.0.113.1', toUs),
  `trace id ${id} ip nat PREROUTING rule tcp dport 8443 dnat to 192.168.1.10:443 # handle 2 (verdict accept)`,
  packet(id, 'filter FORWARD', `iif "wan" oif "lan" ${CLIENT}`, 'ip daddr 192.168.1.10', toServer),
  ...sent,
  `trace id ${id} ip filter FORWARD rule oifname "lan" REJECT # handle 3 (verdict drop)`,
]
const sentBy = (id: string, from: string, to: string, what: string) => [
  packet(id, 'filter OUTPUT', `oif "wan" ip saddr ${from}`, `ip daddr ${to}`, what),
  `trace id ${id} ip filter OUTPUT rule accept # handle 5 (verdict accept)`,
]
const joinedBy = async (reject: string, lines: readonly string[]) => {
  const text = `${lines.join('\n').replaceAll('REJECT', reject)}\n`
  const analysis = await open([
    { name: 'trace.txt', text },
    { name: 'rules.nft', text: NFT_FORWARD.replace('REJECT', reject) },
  ])
  const { exchanges } = await analysis.exchanges()
  return exchanges.map(({ status, journeys }) => [status, ...Object.values(journeys).map((ids) => ids.join())])
}

const RESET = 'tcp sport 443 tcp dport 40003 tcp flags == 0x14 tcp window 0'
const ERROR = 'icmp type destination-unreachable icmp code port-unreachable icmp id 0 icmp sequence 0'
const [TCP_RESET, ICMP_ERROR] = ['reject with tcp reset', 'reject']

test('a reset in the name of whom nat had chosen belongs to the request', async () => {
  const lines = rejected('5c64a709', sentBy('6356de38', '192.168.1.10', '203.0.113.9', RESET))
  expect(await joinedBy(TCP_RESET, lines)).toEqual([['rejected', '1', '', '2', '']])
})

test('a reset from elsewhere does not', async () => {
  const lines = rejected('5c64a709', sentBy('6356de38', '192.168.1.11', '203.0.113.9', RESET))
  expect((await joinedBy(TCP_RESET, lines)).length).toBe(2)
})

test('an ICMP error whose quotation is not traced belongs to the request that was rejected meanwhile', async () => {
  const lines = rejected('5c64a709', sentBy('6356de38', '203.0.113.1', '203.0.113.9', ERROR))
  expect(await joinedBy(ICMP_ERROR, lines)).toEqual([['rejected', '1', '', '', '2']])
})

test.each([
  ['to somebody else', ICMP_ERROR, rejected('5c64a709', sentBy('6356de38', '203.0.113.1', '203.0.113.8', ERROR))],
  ['where a reset is sent', TCP_RESET, rejected('5c64a709', sentBy('6356de38', '203.0.113.1', '203.0.113.9', ERROR))],
  [
    'that was sent before the request came',
    ICMP_ERROR,
    [...sentBy('6356de38', '203.0.113.1', '203.0.113.9', ERROR), ...rejected('5c64a709', [])],
  ],
])('an ICMP error %s does not', async (_, reject, lines) => {
  expect((await joinedBy(reject, lines)).map(([status, , , , errors]) => [status, errors])).toEqual([['rejected', '']])
})

const IPTABLES = `*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8443 -j DNAT --to-destination 192.168.1.10:443
COMMIT
*filter
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -o lan -p tcp -j REJECT
COMMIT
`
const asks = { in: 'wan', src: '203.0.113.9', sport: 40_003 }
const quoted = (from: string) =>
  trace('filter:OUTPUT:policy:1', { out: 'wan', src: '203.0.113.1', dst: '203.0.113.9' }).replace(
    /PROTO=.*$/,
    `PROTO=ICMP TYPE=3 CODE=3 [SRC=${from} DST=192.168.1.10 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=40003 DPT=443 WINDOW=64240 RES=0x00 SYN URGP=0 ] `,
  )
const back = { out: 'wan', src: '192.168.1.10', dst: '203.0.113.9', sport: 443, dport: 40_003, flags: 'ACK RST', id: 0 }

test.each([
  ['reset', ' --reject-with tcp-reset', trace('filter:OUTPUT:policy:1', back), ['2', '']],
  ['ICMP error', '', quoted('203.0.113.9'), ['', '2']],
])('iptables: the %s belongs to the request that was rejected', async (_, how, sent, [replies, errors]) => {
  const text = [
    trace('nat:PREROUTING:rule:1', { ...asks, dst: '203.0.113.1', dport: 8443 }),
    trace('filter:FORWARD:rule:1', { ...asks, out: 'lan', dst: '192.168.1.10', dport: 443 }),
    sent,
  ]
  const analysis = await open([
    { name: 'trace.log', text: text.map((line, i) => `[   10.00000${i}] ${line}\n`).join('') },
    { name: 'rules.v4', text: IPTABLES.replace('REJECT', `REJECT${how}`) },
  ])
  const { exchanges } = await analysis.exchanges()
  expect(
    exchanges.map(({ status, journeys }) => [status, journeys.request, journeys.replies, journeys.errors]),
  ).toEqual([['rejected', ['1'], [replies].filter(Boolean), [errors].filter(Boolean)]])
})
