/** ICMP errors without what they quote, as nft's trace shows them, and neighbour discovery: dropped, they may be why no reply came. */
import { expect, test } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'

const RULES = `table ip fw {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established accept # handle 2
		ip saddr 10.1.0.2 accept # handle 3
	}
}
`
const asked = (
  id: string,
  sport: number,
) => `trace id ${id} ip fw forward packet: iif "in0" oif "out0" ip saddr 10.1.0.2 ip daddr 203.0.113.9 ip ttl 63 ip id ${sport} ip length 1478 udp sport ${sport} udp dport 4500 udp length 1458
trace id ${id} ip fw forward rule ip saddr 10.1.0.2 accept (verdict accept)
`
const error = (
  id: string,
  dst: string,
  verdict = 'drop',
) => `trace id ${id} ip fw forward packet: iif "out0" oif "in0" ip saddr 10.2.0.1 ip daddr ${dst} ip ttl 63 ip id 7 ip protocol icmp ip length 576 icmp type destination-unreachable icmp code frag-needed
trace id ${id} ip fw forward verdict continue
trace id ${id} ip fw forward policy ${verdict}
`

async function tell(trace: string): Promise<Exchange[]> {
  const analysis = await open([
    { name: 'rules.nft', text: RULES },
    { name: 'trace.txt', text: trace },
  ])
  return (await analysis.exchanges()).exchanges
}
const found = ({ findings }: Exchange) => findings.filter(({ code }) => code === 'icmp-error-dropped')

test('is told with the request of the host that it was for', async () => {
  const exchanges = await tell(asked('00000001', 40_003) + error('00000002', '10.1.0.2'))
  expect(exchanges).toHaveLength(1)
  const [one] = found(exchanges[0]!)
  expect(one?.message).toBe(
    'An ICMP error from 10.2.0.1 (#2, "too big for the next link") was dropped by ip fw forward policy. It may be about this request.',
  )
  expect(one?.rules[0]).toMatchObject({ table: 'fw', chain: 'forward' })
  expect(one?.fix.length).toBeGreaterThan(0)
})

test('is no matter of another host', async () => {
  const [exchange] = await tell(asked('00000001', 40_003) + error('00000002', '10.1.0.3'))
  expect(found(exchange!)).toEqual([])
})

test('that passed is no reason, and no exchange of its own', async () => {
  const exchanges = await tell(asked('00000001', 40_003) + error('00000002', '10.1.0.2', 'accept'))
  expect(exchanges).toHaveLength(1)
  expect(found(exchanges[0]!)).toEqual([])
})

test('neighbour discovery is told where the next hop has not answered', async () => {
  const ask = (id: string, more: string) => `trace id ${id} inet fw ${more}\n`
  const rules = `table inet fw {
	chain input {
		type filter hook input priority filter; policy accept;
		meta l4proto ipv6-icmp drop # handle 2
	}
	chain output {
		type filter hook output priority filter; policy accept;
	}
}
`
  const syn =
    ask(
      '00000001',
      'output packet: oif "eth0" ip6 saddr 2001:db8::1 ip6 daddr 2001:db8::2 ip6 hoplimit 64 ip6 nexthdr tcp ip6 length 40 tcp sport 40000 tcp dport 80 tcp flags == syn',
    ) + ask('00000001', 'output policy accept')
  const advert =
    ask(
      '00000002',
      'input packet: iif "eth0" ip6 saddr 2001:db8::2 ip6 daddr 2001:db8::1 ip6 hoplimit 255 ip6 nexthdr ipv6-icmp ip6 length 32 icmpv6 type nd-neighbor-advert icmpv6 code no-route',
    ) + ask('00000002', 'input rule meta l4proto ipv6-icmp drop (verdict drop)')
  const codesOf = async (trace: string) => {
    const analysis = await open([
      { name: 'rules.nft', text: rules },
      { name: 'trace.txt', text: trace },
      { name: 'ip-neigh.txt', text: '2001:db8::2 dev eth0 FAILED\n' },
      {
        name: 'ip-route6.txt',
        text: '2001:db8::/64 dev eth0 proto kernel metric 256 pref medium\nlocal 2001:db8::1 dev eth0 table local proto kernel metric 0 pref medium\n',
      },
    ])
    return (await analysis.exchanges()).exchanges.find(({ id }) => id === '1')!.findings.map(({ code }) => code)
  }
  expect(await codesOf(syn + advert)).toContain('neighbour-discovery-dropped')
  expect(await codesOf(syn)).not.toContain('neighbour-discovery-dropped')
})

test('of a neighbour that cannot be found, and a reply that would be stopped, both are told with one fix for both', async () => {
  const rules = `table inet fw {
	chain input {
		type filter hook input priority filter; policy drop;
		ip protocol tcp ct state established accept # handle 3
	}
	chain output {
		type filter hook output priority filter; policy accept;
	}
}
`
  const trace = `trace id 00000001 inet fw output packet: oif "eth0" ip6 saddr 2001:db8::1 ip6 daddr 2001:db8::2 ip6 hoplimit 64 ip6 nexthdr tcp ip6 length 40 tcp sport 40000 tcp dport 80 tcp flags == syn
trace id 00000001 inet fw output policy accept
trace id 00000002 inet fw input packet: iif "eth0" ip6 saddr 2001:db8::2 ip6 daddr 2001:db8::1 ip6 hoplimit 255 ip6 nexthdr ipv6-icmp ip6 length 32 icmpv6 type nd-neighbor-advert icmpv6 code no-route
trace id 00000002 inet fw input policy drop
`
  const told = async (listed: string) => {
    const analysis = await open([
      { name: 'rules.nft', text: listed },
      { name: 'trace.txt', text: trace },
      { name: 'ip-neigh.txt', text: '2001:db8::2 dev eth0 FAILED\n' },
      {
        name: 'ip-route6.txt',
        text: '2001:db8::/64 dev eth0 proto kernel metric 256 pref medium\nlocal 2001:db8::1 dev eth0 table local proto kernel metric 0 pref medium\n',
      },
    ])
    return (await analysis.exchanges()).exchanges.find(({ id }) => id === '1')!.findings
  }
  const several = (await told(rules)).find(({ code }) => code === 'several-causes')
  expect(several?.message).toBe(
    'Neighbour discovery fails on this host: a neighbour advertisement from 2001:db8::2 (#2) was dropped by inet fw input policy. Another cause: its reply would be dropped by inet fw input policy (simulated).',
  )
  expect(several?.fix[0]).toMatchObject({ after: 'sent', verified: 'model' })
  expect(several?.fix[0]?.edits).toHaveLength(2)
  // a reply that gets through leaves the one cause
  const alone = await told(rules.replace('ip protocol tcp ct', 'ct'))
  expect(alone.map(({ code }) => code)).not.toContain('several-causes')
  expect(alone.find(({ code }) => code === 'neighbour-discovery-dropped')?.fix[0]).toMatchObject({ after: 'delivered' })
})

test('is told where this host has dropped what is too long, and keeps back its own answer', async () => {
  const trace = `trace id 00000001 ip6 fw prerouting packet: iif "in0" ip6 saddr fd00:1::2 ip6 daddr fd00:2::9 ip6 hoplimit 64 ip6 nexthdr udp ip6 length 1428 udp sport 40003 udp dport 4500 udp length 1428
trace id 00000001 ip6 fw prerouting policy accept
trace id 00000002 ip6 fw output packet: oif "in0" ip6 saddr fd00:1::1 ip6 daddr fd00:1::2 ip6 hoplimit 64 ip6 nexthdr ipv6-icmp ip6 length 1240 icmpv6 type packet-too-big icmpv6 code no-route
trace id 00000002 ip6 fw output policy drop
`
  const rules = `table ip6 fw {
	chain prerouting {
		type filter hook prerouting priority filter; policy accept;
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
	chain output {
		type filter hook output priority filter; policy drop;
	}
}
`
  const link = (index: number, name: string, mtu: number, local: string) => ({
    ...{ ifindex: index, ifname: name, flags: ['UP'], mtu, operstate: 'UP' },
    addr_info: [{ family: 'inet6', local, prefixlen: 64, scope: 'global' }],
  })
  const analysis = await open(
    Object.entries({
      'rules.nft': rules,
      'trace.txt': trace,
      addresses: JSON.stringify([link(2, 'in0', 1500, 'fd00:1::1'), link(3, 'out0', 1400, 'fd00:2::1')]),
      routes:
        'fd00:1::/64 dev in0 proto kernel metric 256 pref medium\nfd00:2::/64 dev out0 proto kernel metric 256 pref medium\n',
      sysctls: 'net.ipv6.conf.all.forwarding = 1\nnet.ipv6.conf.in0.forwarding = 1\n',
    }).map(([name, text]) => ({ name, text })),
  )
  const [exchange] = (await analysis.exchanges()).exchanges
  expect(exchange?.findings.map(({ code }) => code)).toEqual(['vanished-mtu', 'icmp-error-dropped'])
})

test('for an address of this host it is about the one request that waits, also where its way on is not shown', async () => {
  const rules = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*nat
:OUTPUT ACCEPT [0:0]
-A OUTPUT -d 192.0.2.99/32 -p udp -j REDIRECT
COMMIT
`
  const packet = (id: string, chain: string, more: string) =>
    `trace id ${id} ip raw ${chain} packet: ${more}\ntrace id ${id} ip raw ${chain} policy accept\n`
  const sent = 'ip saddr 10.1.0.2 ip daddr 10.2.0.1 ip ttl 64 ip id 7 ip length 60'
  const ask = packet('01', 'OUTPUT', `oif "eth0" ${sent} udp sport 40000 udp dport 53 udp length 40`)
  const refuse = (from: string) =>
    packet(
      '02',
      'PREROUTING',
      `iif "eth0" ip saddr ${from} ip daddr 10.1.0.2 ip ttl 64 ip id 8 ip protocol icmp ip length 88 icmp type destination-unreachable icmp code port-unreachable`,
    )
  const routes = JSON.stringify([
    { type: 'local', dst: '10.1.0.2', dev: 'eth0', table: 'local', scope: 'host', prefsrc: '10.1.0.2', flags: [] },
    { dst: 'default', gateway: '10.1.0.1', dev: 'eth0', flags: [] },
  ])
  const statusOf = async (trace: string) => {
    const inputs = { 'iptables-nft.rules': rules, 'ip-route4.txt': routes, 'trace.txt': trace }
    const analysis = await open(Object.entries(inputs).map(([name, text]) => ({ name, text })))
    return (await analysis.exchanges()).exchanges.map(({ status, basis }) => `${status} ${basis}`)
  }
  expect(await statusOf(ask + refuse('10.2.0.1'))).toEqual(['refused inferred'])
  expect(await statusOf(ask + refuse('10.9.0.1'))).not.toEqual(['refused inferred'])
})

test('names the rule that dropped a neighbour advertisement, not the one that sent it there', async () => {
  const rules = `table inet firewalld {
	chain filter_INPUT {
		type filter hook input priority filter + 10; policy accept;
		iifname "eth0" goto filter_IN_drop # handle 13
	}
	chain filter_IN_drop {
		drop # handle 16
	}
}
`
  const trace = `trace id 00000001 inet firewalld filter_OUTPUT packet: oif "eth0" ip6 saddr 2001:db8:1::1 ip6 daddr 2001:db8:1::2 ip6 hoplimit 64 ip6 nexthdr tcp ip6 length 40 tcp sport 40002 tcp dport 80 tcp flags == syn
trace id 00000001 inet firewalld filter_OUTPUT verdict continue
trace id 00000001 inet firewalld filter_OUTPUT policy accept
trace id 00000002 inet firewalld filter_INPUT packet: iif "eth0" ip6 saddr 2001:db8:1::2 ip6 daddr 2001:db8:1::1 ip6 hoplimit 255 ip6 nexthdr ipv6-icmp ip6 length 32 icmpv6 type nd-neighbor-advert icmpv6 code 0
trace id 00000002 inet firewalld filter_INPUT rule iifname "eth0" goto filter_IN_drop # handle 13 (verdict goto filter_IN_drop)
trace id 00000002 inet firewalld filter_IN_drop rule drop # handle 16 (verdict drop)
`
  const neighbours = '2001:db8:1::2 dev eth0 FAILED\n'
  const analysis = await open([
    {
      name: 'ruleset.nft',
      text: rules.replace(
        'table inet firewalld {',
        `table inet firewalld {\n\tchain filter_OUTPUT {\n\t\ttype filter hook output priority filter + 10; policy accept;\n\t}`,
      ),
    },
    { name: 'trace.txt', text: trace },
    { name: 'ip-neigh.txt', text: neighbours },
    { name: 'ip-route6.txt', text: '2001:db8:1::/64 dev eth0 proto kernel metric 256 pref medium\n' },
  ])
  const { exchanges } = await analysis.exchanges()
  const [one] = exchanges.flatMap(({ findings }) =>
    findings.filter(({ code }) => code === 'neighbour-discovery-dropped'),
  )
  expect(one?.message).toMatch(/was dropped by inet firewalld filter_IN_drop handle 16\.$/)
  expect(one?.rules.map(({ handle }) => handle)).toEqual([16, 13])
})

test('is about no request that came later', async () => {
  const [, later] = await tell(asked('00000001', 40_003) + error('00000002', '10.1.0.2') + asked('00000003', 40_004))
  expect(found(later!)).toHaveLength(0)
})
