/** A multicast router forwards what is for a group only with more than one hop left. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'

const RULES = `table inet fw { # handle 2
	chain pre { # handle 1
		type filter hook prerouting priority -350; policy accept;
		meta nftrace set 1 # handle 3
	}

	chain forward { # handle 6
		type filter hook forward priority filter; policy accept;
	}
}
`
const SOCKETS =
  'Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port\ntcp LISTEN 0 128 *:22 *:*\nudp UNCONN 0 0 *:68 *:*\n'

interface Sent {
  ttl?: number
  dst?: string
  routes?: boolean
  sockets?: string
}

async function told({ ttl = 1, dst = 'ff08:1500::1', routes = true, sockets = SOCKETS }: Sent) {
  const is6 = dst.includes(':')
  const src = is6 ? '2001:db8:a::2' : '192.0.2.2'
  const header = is6
    ? `ip6 saddr ${src} ip6 daddr ${dst} ip6 hoplimit ${ttl} ip6 nexthdr udp ip6 length 12`
    : `ip saddr ${src} ip daddr ${dst} ip ttl ${ttl} ip id 7 ip protocol udp ip length 32`
  const lines = [
    `pre packet: iif "eth0" ether saddr 02:00:00:00:00:02 ether daddr ${is6 ? '33:33:00:00:00:01' : '01:00:5e:01:02:03'} ${header} udp sport 40000 udp dport 5006 udp length 12`,
    'pre rule meta nftrace set 1 # handle 3 (verdict continue)',
    'pre policy accept',
  ]
  const files = {
    'rules.nft': RULES,
    'trace.txt': lines.map((line) => `trace id 0000000a inet fw ${line}\n`).join(''),
    'ip-addr.txt': '2: eth0    inet 192.0.2.1/24 scope global eth0\n2: eth0    inet6 2001:db8:a::1/64 scope global\n',
    'ip-route4.txt': '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1\n',
    'sysctl.txt': `net.ipv6.conf.all.forwarding = 1\nnet.ipv4.ip_forward = 1\nnet.ipv6.conf.eth0.mc_forwarding = ${routes ? 1 : 0}\nnet.ipv4.conf.eth0.mc_forwarding = ${routes ? 1 : 0}\n`,
    sockets,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const said: string[] = []
  for await (const { findings } of analysis.journeys())
    said.push(...findings.filter(({ code }) => code === 'vanished-ttl').map(({ message }) => message))
  const { exchanges } = await analysis.exchanges()
  return { said, status: exchanges.map(({ status }) => status) }
}

it.each([
  ['ff08:1500::1', 'hop limit 1'],
  ['239.1.2.3', 'TTL 1'],
])('drops what is for %s without an error', async (dst, left) => {
  const { said, status } = await told({ dst })
  expect(said).toEqual([expect.stringContaining(`It arrived with ${left}, `)])
  expect(status).not.toContain('undetermined')
})

it.each<[string, Sent]>([
  ['has hops left', { ttl: 2 }],
  ['is for a group of the link', { dst: 'ff02::1:3' }],
  ['came in where no multicast is routed', { routes: false }],
  ['may be for a program of this host', { sockets: `${SOCKETS}udp UNCONN 0 0 *:5006 *:*\n` }],
])('nothing is said of what %s', async (_name, sent) => {
  expect((await told(sent)).said).toEqual([])
})
