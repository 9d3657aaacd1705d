/** What this host sends to many comes back to it, with the route that it has already: no chain of INPUT shows that, and nobody replies from such an address. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const RULES = `table inet tracing { # handle 2
	chain pre { # handle 1
		type filter hook prerouting priority -350; policy accept;
		meta nftrace set 1 # handle 3
	}

	chain out { # handle 2
		type filter hook output priority -350; policy accept;
		meta nftrace set 1 # handle 4
	}
}
`
const STATE = {
  'ip-addr.txt':
    '2: lan    inet 192.168.1.1/24 brd 192.168.1.255 scope global lan\\       valid_lft forever preferred_lft forever\n',
  'ip-route4.txt':
    'default via 192.168.1.254 dev lan\n192.168.1.0/24 dev lan proto kernel scope link src 192.168.1.1\nlocal 192.168.1.1 dev lan table local proto kernel scope host src 192.168.1.1\nbroadcast 192.168.1.255 dev lan table local proto kernel scope link src 192.168.1.1\n',
  'sysctl.txt':
    'net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.lan.rp_filter = 0\nnet.ipv4.conf.all.accept_local = 0\nnet.ipv4.conf.lan.accept_local = 0\n',
}

const datagram = (way: string, src: string, dst: string) =>
  `${way} ip saddr ${src} ip daddr ${dst} ip ttl 64 ip id 62371 ip protocol udp ip length 29 udp sport 52485 udp dport 5001 udp length 9`

async function told(...lines: string[]) {
  const trace = lines.map((line) => `trace id ${line}\n`).join('')
  const inputs = Object.entries({ 'rules.nft': RULES, 'trace.txt': trace, ...STATE })
  const analysis = await open(inputs.map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  const outcomes: string[] = []
  const codes: string[] = []
  for await (const { outcome, findings } of analysis.journeys()) {
    outcomes.push(outcome)
    codes.push(...findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code))
  }
  return { outcomes, codes, statuses: exchanges.map(({ status }) => status) }
}

const sends = (dst: string) => [
  `0000000a inet tracing out packet: ${datagram('oif "lan"', '192.168.1.1', dst)}`,
  '0000000a inet tracing out rule meta nftrace set 1 # handle 4 (verdict continue)',
  '0000000a inet tracing out policy accept',
]
const comes = (dst: string, src: string, mac = '') => [
  `0000000b inet tracing pre packet: ${datagram(`iif "lan" ${mac}`, src, dst)}`,
  '0000000b inet tracing pre rule meta nftrace set 1 # handle 3 (verdict continue)',
  '0000000b inet tracing pre policy accept',
]

test.each(['192.168.1.255', '255.255.255.255'])('to %s', async (dst) => {
  const found = await told(...sends(dst), ...comes(dst, '192.168.1.1'))
  expect(found.outcomes).toEqual(['sent', 'delivered'])
  expect(found.codes).toEqual([])
  expect(found.statuses).not.toContain('lost')
})

test('to a group: who of it answers is not known, and nobody does so with its address', async () => {
  const found = await told(...sends('239.1.1.1'))
  expect(found).toMatchObject({ outcomes: ['sent'], codes: [] })
  expect(found.statuses).not.toContain('reply-lost')
})

test('what comes from the wire with an address of this host is dropped, as before', async () => {
  const found = await told(
    ...comes('192.168.1.255', '192.168.1.1', 'ether saddr 02:00:00:00:00:02 ether daddr ff:ff:ff:ff:ff:ff'),
  )
  expect(found.codes).toEqual(['vanished-martian'])
})

test('what anybody sends to all of the link is for this host, without a route', async () => {
  const found = await told(
    ...comes('255.255.255.255', '192.168.1.9', 'ether saddr 02:00:00:00:00:02 ether daddr ff:ff:ff:ff:ff:ff'),
  )
  expect(found).toMatchObject({ outcomes: ['delivered'], codes: [] })
})
