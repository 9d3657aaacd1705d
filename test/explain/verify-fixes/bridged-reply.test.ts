/** What a bridge passes on meets IP's rules in both directions: a fix for the request alone does not help. */
import { describe, expect, it } from 'vitest'
import { open } from '../../../src/index.ts'

const [ONE, OTHER, BRIDGE] = ['02:00:00:00:00:11', '02:00:00:00:00:12', '02:00:00:00:00:01']
const link = (ifindex: number, ifname: string, address: string, more: object) => ({
  ...{ ifindex, ifname, flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'], mtu: 1500, operstate: 'UP' },
  ...{ link_type: 'ether', address, addr_info: [] },
  ...more,
})
const inet = (family: string, local: string, prefixlen: number) => ({ family, local, prefixlen, scope: 'global' })
const port = { linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge' }, master: 'virbr1' }
/** The host has no address in the network of its guests. */
const LINKS = JSON.stringify([
  link(2, 'eth0', '02:00:00:00:00:02', {
    addr_info: [inet('inet', '192.0.2.1', 24), inet('inet6', '2001:db8:1::1', 64)],
  }),
  link(3, 'virbr1', BRIDGE, { linkinfo: { info_kind: 'bridge' } }),
  link(4, 'vnet0', '02:00:00:00:00:03', port),
  link(5, 'vnet1', '02:00:00:00:00:04', port),
])
const ROUTES = `local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
default via 192.0.2.9 dev eth0
`
const ROUTES6 = `local 2001:db8:1::1 dev eth0 table local proto kernel metric 0 pref medium
2001:db8:1::/64 dev eth0 proto kernel metric 256 pref medium
default via 2001:db8:1::9 dev eth0 metric 1024 pref medium
`
const SYSCTLS = `net.bridge.bridge-nf-call-ip6tables = 1
net.bridge.bridge-nf-call-iptables = 1
net.core.somaxconn = 4096
net.ipv4.icmp_echo_ignore_all = 0
net.ipv4.ip_forward = 1
net.ipv6.conf.all.forwarding = 1
`
const RULES = `table inet fw { # handle 1
	chain rpfilter { # handle 1
		type filter hook prerouting priority mangle + 10; policy drop;
		fib saddr . mark . iif oif exists accept # handle 3
	}
}
`
const ENDS = { ip: ['198.51.100.10', '198.51.100.11'], ip6: ['2001:db8:2::10', '2001:db8:2::11'] } as const

async function exchange(family: 'ip' | 'ip6', dstMac: string) {
  const [src, dst] = ENDS[family]
  const ip =
    family === 'ip'
      ? `ip saddr ${src} ip daddr ${dst} ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60`
      : `ip6 saddr ${src} ip6 daddr ${dst} ip6 dscp cs0 ip6 ecn not-ect ip6 hoplimit 64 ip6 flowlabel 0 ip6 nexthdr tcp ip6 length 40`
  const trace = `trace id 0a inet fw rpfilter packet: iif "virbr1" ether saddr ${ONE} ether daddr ${dstMac} ${ip} tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240
trace id 0a inet fw rpfilter policy drop
`
  const files = { trace, 'rules.nft': RULES, LINKS, ROUTES, ROUTES6, SYSCTLS }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const [one] = (await analysis.exchanges()).exchanges
  const said = (code: string) => one!.findings.find((found) => found.code === code)
  const fixes = one!.findings.flatMap(({ fix }) => fix)
  const accepts = fixes.filter(({ description }) => description === 'accept such packets')
  return { status: one!.status, said, accepts }
}

describe.each(['ip', 'ip6'] as const)('a reverse path filter on bridged packets, %s', (family) => {
  it('is seen to drop the reply as well, and br_netfilter is named', async () => {
    const { status, said, accepts } = await exchange(family, OTHER)
    expect(status).toBe('dropped')
    const setting = `net.bridge.bridge-nf-call-ip${family === 'ip6' ? '6' : ''}tables`
    expect(said('bridge-nf-call')?.message).toBe(
      `Bridge virbr1 forwards it and does not route it. inet fw rpfilter policy sees it only because ${setting} is 1.`,
    )
    expect(said('bridge-nf-call')?.fix).toMatchObject([
      { edits: [{ kind: 'sysctl', name: setting, value: '0' }], verified: 'model', after: 'forwarded' },
    ])
    // both at once, and before the setting, which is for all bridges
    expect(said('several-causes')?.message).toBe('inet fw rpfilter policy stops the request, and would stop its reply.')
    expect(said('several-causes')?.fix[0]).toMatchObject({ verified: 'model', after: 'forwarded' })
    expect(said('several-causes')?.fix[0]?.edits).toHaveLength(2)
    // for the request alone it is not said to help
    for (const { verified, but } of accepts) expect(verified === undefined || but !== undefined).toBe(true)
  })

  it("is not the bridge's business where the frame is for this host, which routes it", async () => {
    const { said } = await exchange(family, BRIDGE)
    expect(said('bridge-nf-call')).toBeUndefined()
  })
})
