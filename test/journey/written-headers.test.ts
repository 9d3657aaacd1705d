/** netfilter copies a packet for nft's trace when the first rule of a chain has been executed, so what that has written is in it. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { printedGroup } from '../../src/reports/printed-group.ts'

const head = (chain: string, fields: string) =>
  `trace id 17dbb50e ip rw ${chain} packet: iif "e0" ether saddr 56:31:7e:17:a7:05 ether daddr 6a:5f:c7:2a:db:99 ip saddr 192.0.2.2 ${fields} ip id 38451 ip length 84 icmp type echo-request icmp code net-unreachable icmp id 5063 icmp sequence 1\n`
const line = (chain: string, text: string, handle: number, verdict = 'continue') =>
  `trace id 17dbb50e ip rw ${chain} rule ${text} # handle ${handle} (verdict ${verdict})\n`

/** As kernel 6 and nft 1.0.6 print it. */
const RULES = `table ip rw { # handle 2
	chain pre { # handle 1
		type filter hook prerouting priority raw; policy accept;
		ip daddr 192.0.2.77 ip dscp set cs1 ip daddr set 192.0.2.1 # handle 3
	}

	chain in { # handle 2
		type filter hook input priority filter; policy accept;
		ip dscp cs1 ip ttl 64 ip ttl set 9 # handle 4
		ip ttl 9 ip dscp set cs2 # handle 5
		ip dscp cs2 drop # handle 6
	}
}
`
const TRACE = [
  head('pre', 'ip daddr 192.0.2.1 ip dscp cs1 ip ecn not-ect ip ttl 64'),
  line('pre', 'ip daddr 192.0.2.77 ip dscp set cs1 ip daddr set 192.0.2.1', 3),
  'trace id 17dbb50e ip rw pre policy accept\n',
  head('in', 'ip daddr 192.0.2.1 ip dscp cs1 ip ecn not-ect ip ttl 9'),
  line('in', 'ip dscp cs1 ip ttl 64 ip ttl set 9', 4),
  line('in', 'ip ttl 9 ip dscp set cs2', 5),
  line('in', 'ip dscp cs2 drop', 6, 'drop'),
].join('')

const told = async (rules: string, trace: string) => {
  const analysis = await open([
    { name: 'rules.nft', text: rules },
    { name: 'trace.txt', text: trace },
  ])
  const { groups } = await analysis.groups({})
  const { exchanges } = await analysis.exchanges()
  return { exchange: exchanges[0]!, journey: printedGroup(groups[0]!).journey }
}

test('no rule is contradicted by what it, or a rule before it, has written', async () => {
  const { exchange, journey } = await told(RULES, TRACE)
  expect(exchange).toMatchObject({ status: 'dropped', culprit: { chain: 'in', handle: 6 } })
  expect(exchange.findings.map(({ code }) => code)).not.toContain('ruleset-mismatch')
  expect(journey.steps[2]!.changes).toEqual([{ field: 'ttl', from: 64, to: 9 }])
})

test('a rule that writes nothing is, as before', async () => {
  const other = RULES.replaceAll('ip ttl 64 ip ttl set 9', 'ip ttl 64 counter')
  const { exchange } = await told(other, TRACE.replaceAll('ip ttl 64 ip ttl set 9', 'ip ttl 64 counter'))
  expect(exchange.findings.map(({ code }) => code)).toContain('ruleset-mismatch')
})

const FORWARD = `table ip rw { # handle 2
	chain pre { # handle 1
		type filter hook prerouting priority raw; policy accept;
		ip saddr 192.0.2.2 ip saddr set 192.0.2.99 # handle 3
	}

	chain fwd { # handle 2
		type filter hook forward priority filter; policy accept;
		ip ttl set 65 # handle 4
		ip saddr 192.0.2.99 drop # handle 5
	}
}
table inet tracing { # handle 3
	chain pre { # handle 1
		type filter hook prerouting priority -350; policy accept;
		meta nftrace set 1 # handle 2
	}
}
`
const shown = (chain: string, way: string, src: string, ttl: number) =>
  `trace id 17dbb50e ${chain} packet: ${way} ip saddr ${src} ip daddr 198.51.100.53 ip dscp cs0 ip ecn not-ect ip ttl ${ttl} ip id 38451 ip length 29 udp sport 43003 udp dport 7003 udp length 9\n`
const FORWARDED = [
  shown('inet tracing pre', 'iif "lan"', '192.0.2.2', 64),
  'trace id 17dbb50e inet tracing pre rule meta nftrace set 1 # handle 2 (verdict continue)\n',
  'trace id 17dbb50e inet tracing pre policy accept\n',
  shown('ip rw pre', 'iif "lan"', '192.0.2.99', 64),
  line('pre', 'ip saddr 192.0.2.2 ip saddr set 192.0.2.99', 3),
  'trace id 17dbb50e ip rw pre policy accept\n',
  shown('ip rw fwd', 'iif "lan" oif "wan"', '192.0.2.99', 65),
  line('fwd', 'ip ttl set 65', 4),
  line('fwd', 'ip saddr 192.0.2.99 drop', 5, 'drop'),
].join('')

test('a packet whose source a rule has written is one packet, and a router had taken one from its TTL', async () => {
  const { exchange, journey } = await told(FORWARD, FORWARDED)
  expect(exchange).toMatchObject({
    status: 'dropped',
    asked: { src: '192.0.2.2' },
    culprit: { chain: 'fwd', handle: 5 },
  })
  expect(journey.steps.find(({ handle }) => handle === 4)!.changes).toEqual([{ field: 'ttl', from: 63, to: 65 }])
  expect(journey.steps.find(({ handle }) => handle === 3)!.changes).toEqual([
    { field: 'src', from: '192.0.2.2', to: '192.0.2.99' },
  ])
})

test('an exchanged prefix is told with the rule of iptables that exchanges it', async () => {
  const rules =
    '*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j DNPT --src-pfx fd8d:1df0::/48 --dst-pfx fd8d:1df0:1::/64\nCOMMIT\n'
  const traced = (at: string, point: string, dst: string) =>
    `[ 10.00000${at}] TRACE: mangle:PREROUTING:${point} IN=eth0 OUT= SRC=fd8d:1df0:0001::10 DST=${dst} LEN=64 TC=0 HOPLIMIT=64 FLOWLBL=5 PROTO=ICMPv6 TYPE=128 CODE=0 ID=3 SEQ=104 \n`
  const [from, to] = ['fd8d:1df0:1::1', 'fd8d:1df0:1:0:fffe::1']
  const { journey } = await told(rules, traced('1', 'rule:1', from) + traced('2', 'policy:2', to))
  expect(journey.steps[0]!.changes).toEqual([{ field: 'dst', from, to }])
})

const NATTED = `table ip rw { # handle 2
	chain nat { # handle 1
		type nat hook prerouting priority dstnat; policy accept;
		udp dport 7003 dnat to 10.0.2.5 # handle 3
	}

	chain pre { # handle 2
		type filter hook prerouting priority filter; policy accept;
		counter # handle 4
		ip daddr 10.0.2.5 ip ttl set 9 ip daddr set 10.0.2.6 # handle 5
		counter # handle 6
	}

	chain fwd { # handle 7
		type filter hook forward priority filter; policy accept;
		counter # handle 8
		ip daddr 10.0.2.6 drop # handle 9
	}
}
`
const sent = (chain: string, way: string, dst: string, ttl: number) =>
  shown(`ip rw ${chain}`, way, '192.0.2.2', ttl).replace('ip daddr 198.51.100.53', `ip daddr ${dst}`)

test.each([
  ['before the end of its chain', [line('pre', 'counter', 6), 'trace id 17dbb50e ip rw pre policy accept\n'], ''],
  ['at the end of its chain', [], ' accept'],
])('what a rule behind nat writes is told with that rule alone: %s', async (_where, after, verdict) => {
  const writes = 'ip daddr 10.0.2.5 ip ttl set 9 ip daddr set 10.0.2.6'
  const trace = [
    sent('nat', 'iif "lan"', '198.51.100.53', 64),
    line('nat', 'udp dport 7003 dnat to 10.0.2.5', 3, 'accept'),
    sent('pre', 'iif "lan"', '10.0.2.5', 64),
    line('pre', 'counter', 4),
    line('pre', `${writes}${verdict}`, 5, verdict === '' ? 'continue' : 'accept'),
    ...after,
    sent('fwd', 'iif "lan" oif "wan"', '10.0.2.6', 8),
    line('fwd', 'counter', 8),
    line('fwd', 'ip daddr 10.0.2.6 drop', 9, 'drop'),
  ]
  const { journey } = await told(NATTED.replace(writes, `${writes}${verdict}`), trace.join(''))
  const changes = journey.steps.flatMap(({ handle, changes }) => (changes.length > 0 ? [[handle, changes]] : []))
  expect(changes).toEqual([
    [3, [{ field: 'dst', from: '198.51.100.53', to: '10.0.2.5' }]],
    // a router takes one from the TTL behind it
    [
      5,
      [
        { field: 'ttl', from: 64, to: 9 },
        { field: 'dst', from: '10.0.2.5', to: '10.0.2.6' },
      ],
    ],
  ])
})
