/** ICMP errors of this host about what it did not forward, in a trace that does not show what they quote. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'

const HOST = [
  {
    name: 'rules.nft',
    text: `table ip fw {
	chain pre { # handle 1
		type filter hook prerouting priority filter; policy accept;
	}

	chain forward { # handle 2
		type filter hook forward priority filter; policy accept;
	}

	chain out { # handle 3
		type filter hook output priority filter; policy accept;
	}
}
`,
  },
  {
    name: 'ip-addr.txt',
    text: `2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP
    inet 192.0.2.1/24 scope global eth0
3: eth1: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP
    inet 198.51.100.1/24 scope global eth1
`,
  },
  {
    name: 'ip-route.txt',
    text: `192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.1
local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
local 198.51.100.1 dev eth1 table local proto kernel scope host src 198.51.100.1
`,
  },
  { name: 'sysctl.txt', text: 'net.ipv4.ip_forward = 1\n' },
]
const asked = (id: number, ttl: number, more: Partial<{ sport: number; dst: string; src: string }> = {}) => {
  const { sport = 40000, dst = '198.51.100.9', src = '192.0.2.9' } = more
  return `trace id ${id} ip fw pre packet: iif "eth0" ip saddr ${src} ip daddr ${dst} ip ttl ${ttl} ip id ${id} ip length 60 tcp sport ${sport} tcp dport 80 tcp flags == syn
trace id ${id} ip fw pre policy accept
`
}
const said = (id: number, error = 'time-exceeded icmp code net-unreachable', to = '192.0.2.9') =>
  `trace id ${id} ip fw out packet: oif "eth0" ip saddr 192.0.2.1 ip daddr ${to} ip ttl 64 ip id 0 ip length 88 icmp type ${error} icmp id 0 icmp sequence 0
trace id ${id} ip fw out policy accept
`
const END = `trace id 99 ip fw out packet: oif "eth1" ip saddr 198.51.100.1 ip daddr 198.51.100.7 ip ttl 64 ip id 5 ip length 60 udp sport 1 udp dport 2
trace id 99 ip fw out policy accept
`

async function errorsOf(...trace: string[]): Promise<[asked: string, status: string, errors: number][]> {
  const { exchanges } = await (await open([{ name: 'trace.txt', text: [...trace, END].join('') }, ...HOST])).exchanges()
  return exchanges
    .filter((one) => one.asked.protocol === 'tcp')
    .map(({ asked: { src, sport }, status, journeys }) => [`${src}:${sport}`, status, journeys.errors.length])
}

it('joins each error to the only exchange that vanished for its reason', async () => {
  expect(await errorsOf(asked(1, 1), said(2), asked(3, 1), said(4))).toEqual([['192.0.2.9:40000', 'lost', 2]])
})

it('knows which one it is by the reason', async () => {
  const noRoute = asked(3, 64, { sport: 40001, dst: '203.0.113.1' })
  const errors = await errorsOf(
    asked(1, 1),
    said(2),
    noRoute,
    said(4, 'destination-unreachable icmp code net-unreachable'),
  )
  expect(errors).toEqual([
    ['192.0.2.9:40000', 'lost', 1],
    ['192.0.2.9:40001', 'lost', 1],
  ])
})

it.each<[string, string[]]>([
  ['two exchanges of the same host', [asked(1, 1), asked(3, 1, { sport: 40001 }), said(4)]],
  ['another host', [asked(1, 1), said(2, undefined, '192.0.2.10')]],
  ['what came before', [said(1), asked(2, 1)]],
  ['another reason', [asked(1, 1), said(2, 'destination-unreachable icmp code host-prohibited')]],
])('leaves an error alone that may be about %s', async (_, trace) => {
  const errors = await errorsOf(...trace)
  expect(errors.length).toBeGreaterThan(0)
  expect(errors.map(([, status, count]) => [status, count])).toEqual(errors.map(() => ['lost', 0]))
})
