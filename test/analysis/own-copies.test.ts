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
    '192.168.1.0/24 dev lan proto kernel scope link src 192.168.1.1\nlocal 192.168.1.1 dev lan table local proto kernel scope host src 192.168.1.1\nbroadcast 192.168.1.255 dev lan table local proto kernel scope link src 192.168.1.1\n',
  'sysctl.txt':
    'net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.lan.rp_filter = 0\nnet.ipv4.conf.all.accept_local = 0\nnet.ipv4.conf.lan.accept_local = 0\n',
}

const datagram = (way: string, src: string, dst: string) =>
  `${way} ip saddr ${src} ip daddr ${dst} ip ttl 64 ip id 62371 ip protocol udp ip length 29 udp sport 52485 udp dport 5001 udp length 9`

const told = (...lines: string[]) => toldWith(RULES, ...lines)

async function toldWith(rules: string, ...lines: string[]) {
  const trace = lines.map((line) => `trace id ${line}\n`).join('')
  const inputs = Object.entries({ 'rules.nft': rules, 'trace.txt': trace, ...STATE })
  const analysis = await open(inputs.map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  const outcomes: string[] = []
  const codes: string[] = []
  const texts: string[] = []
  for await (const { outcome, findings } of analysis.journeys()) {
    outcomes.push(outcome)
    texts.push(...findings.map(({ severity, message }) => `${severity}: ${message}`))
    codes.push(...findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code))
  }
  const found = exchanges.flatMap(({ findings }) => findings.map(({ code }) => code))
  return { outcomes, codes, texts, found, statuses: exchanges.map(({ status }) => status) }
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

const INPUT = `${RULES}table inet fw { # handle 3
	chain input { # handle 1
		type filter hook input priority filter; policy drop;
		iifname "lan" udp dport 67 accept # handle 2
	}
}
`
/** The port beside the one that is asked for. */
const NEAR = INPUT.replace('dport 67', 'dport 5002')
const dropped = (dst: string) => [
  ...comes(dst, '192.168.1.1'),
  `0000000b inet fw input packet: ${datagram('iif "lan"', '192.168.1.1', dst)}`,
  '0000000b inet fw input policy drop',
]

test.each(['192.168.1.255', '255.255.255.255', '224.0.0.251'])(
  'that a policy drops the copy of what went to %s is not said of what was sent',
  async (dst) => {
    const { outcomes, statuses, texts, found } = await toldWith(NEAR, ...sends(dst), ...dropped(dst))
    expect(outcomes).toEqual(['sent', 'dropped'])
    expect(statuses).not.toContain('dropped')
    expect(found).not.toContain('dropped-by-policy')
    expect(texts).toContainEqual(expect.stringMatching(/^warning: .*the packet that this host sent is not affected/))
    // nobody waits for it
    expect(texts).not.toContainEqual(expect.stringMatching(/would have accepted/))
  },
)

test('where the copy alone was captured, it was dropped, and what was sent was not', async () => {
  const { statuses, texts } = await toldWith(INPUT, ...dropped('192.168.1.255'))
  expect(statuses).toEqual(['dropped'])
  expect(texts).toContainEqual(expect.stringMatching(/the packet that this host sent is not affected/))
})

test('no reply goes to who has no address yet', async () => {
  const asked = `iif "lan" ether saddr 02:00:00:00:00:02 ether daddr ff:ff:ff:ff:ff:ff ip saddr 0.0.0.0 ip daddr 255.255.255.255 ip ttl 64 ip id 7 ip protocol udp ip length 300 udp sport 68 udp dport 67 udp length 280`
  const { outcomes, codes, statuses } = await toldWith(
    INPUT,
    `0000000c inet tracing pre packet: ${asked}`,
    '0000000c inet tracing pre rule meta nftrace set 1 # handle 3 (verdict continue)',
    '0000000c inet tracing pre policy accept',
    `0000000c inet fw input packet: ${asked}`,
    '0000000c inet fw input rule iifname "lan" udp dport 67 accept # handle 2 (verdict accept)',
  )
  expect(outcomes).toEqual(['delivered'])
  expect(codes).toEqual([])
  expect(statuses).not.toContain('reply-lost')
})
