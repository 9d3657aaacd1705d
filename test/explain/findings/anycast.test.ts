/** The first address of an IPv6 network is for all of its routers: they take it as their own. */
import { describe, expect, it } from 'vitest'
import { open } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'

const RULES =
  '*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p ipv6-icmp -j ACCEPT\n-A FORWARD -j ACCEPT\nCOMMIT\n'
const ROUTES = (first: string) => `2001:db8:1::/64 dev lan proto kernel metric 256 pref medium
2001:db8:f::/64 dev wan proto kernel metric 256 pref medium
${first} table local proto kernel metric 0 pref medium
local 2001:db8:1::1 dev lan table local proto kernel metric 0 pref medium
local 2001:db8:f::1 dev wan table local proto kernel metric 0 pref medium
`
const SOCKETS = `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
tcp LISTEN 0 128 [::]:22 [::]:* users:(("sshd",pid=7,fd=3))
`

async function told(dst: string, first = 'anycast 2001:db8:1:: dev lan') {
  const asked = { in: 'wan', src: '2001:db8:f::9', dst, sport: 40_000, dport: 80, family: 'ip6' as const }
  const files = {
    'trace.log': `[   10.000000] ${trace('filter:INPUT:policy:2', asked)}\n`,
    'rules.v6': RULES,
    routes: ROUTES(first),
    sockets: SOCKETS,
    sysctl: '/proc/sys/net/ipv6/conf/all/forwarding:1\n/proc/sys/net/ipv6/conf/wan/forwarding:1\n',
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges[0]!
}

describe('a packet for the subnet-router anycast address', () => {
  it('is not forwarded, which is told', async () => {
    const { status, findings } = await told('2001:db8:1::')
    const found = findings.find(({ code }) => code === 'wrong-way-out')
    expect([status, found?.message]).toEqual([
      'dropped',
      'This host kept it: 2001:db8:1:: is the first address of the network on lan. Each router of that network uses this address itself (subnet-router anycast, RFC 4291, 2.6.1), while it forwards IPv6 (net.ipv6.conf.lan.forwarding = 1). So no router forwards packets to 2001:db8:1::.',
    ])
  })

  it('is played on the model as one for this host', async () => {
    const { findings } = await told('2001:db8:1::')
    const [fix] = findings.flatMap(({ fix }) => fix)
    // nobody listens there
    expect(fix).toMatchObject({ after: 'delivered' })
  })

  it.each([
    ['an address of its own', '2001:db8:1::1', undefined],
    ['an address behind it, which it took as its own for a reason that is not known', '2001:db8:1::5', undefined],
  ])('is not told of %s', async (_name, dst, first) => {
    expect((await told(dst, first)).findings.map(({ code }) => code)).not.toContain('wrong-way-out')
  })
})
