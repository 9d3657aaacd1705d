/** What is said to have been tried and to help brings the request and its reply through. test/problems/each-fix.test.ts asks the kernel. */
import { describe, expect, it } from 'vitest'
import { open, type Packet, printedJourney } from '../../../src/index.ts'
import { printCommand } from '../../../src/model/command.ts'

const link = (ifindex: number, ifname: string, addresses: readonly string[], more: object = {}) => ({
  ...{ ifindex, ifname, flags: ['BROADCAST', 'UP', 'LOWER_UP'], mtu: 1500, operstate: 'UP', link_type: 'ether' },
  address: `02:00:00:00:00:0${ifindex}`,
  addr_info: addresses.map((one) => {
    const [local, length] = one.split('/')
    return { family: local!.includes(':') ? 'inet6' : 'inet', local, prefixlen: Number(length), scope: 'global' }
  }),
  ...more,
})

async function fixesFor(packet: Packet, inputs: Readonly<Record<string, string>>) {
  const analysis = await open(Object.entries(inputs).map(([name, text]) => ({ name, text })))
  const [journey] = analysis.simulate([packet]).journeys
  return printedJourney(journey!).findings.flatMap(({ code, fix }) =>
    fix.map(({ command, after, but, unverified }) => ({
      code,
      command: command && printCommand(command),
      told: [after, but, unverified].filter(Boolean).join(', '),
    })),
  )
}

const UPLINKS = {
  addresses: JSON.stringify([link(2, 'eth0', ['203.0.113.10/24']), link(3, 'eth1', ['198.51.100.10/24'])]),
  routes: `default via 203.0.113.1 dev eth0
203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.10
198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.10
local 203.0.113.10 dev eth0 table local proto kernel scope host src 203.0.113.10
local 198.51.100.10 dev eth1 table local proto kernel scope host src 198.51.100.10
`,
  rules: '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n',
  neighbours: '198.51.100.1 dev eth1 lladdr 02:00:00:00:00:09 STALE\n',
  nft: 'table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy accept;\n\t}\n}\n',
}
const ASKED: Packet = {
  ...{ in: 'eth1', src: '192.0.2.9', dst: '198.51.100.10', protocol: 'tcp', sport: 40_000, dport: 443 },
  ...{ tcpFlags: ['syn'], srcMac: '02:00:00:00:00:09', dstMac: '02:00:00:00:00:03' },
}
const strict = (value: number) =>
  ['all', 'eth0', 'eth1'].map((one) => `net.ipv4.conf.${one}.rp_filter = ${value}\n`).join('')
const LOOSE = 'sysctl -w net.ipv4.conf.eth1.rp_filter=2'

describe('a reply that would leave by another uplink', () => {
  it('is led back by a table of its own, and the loose filter alone does not help', async () => {
    const fixes = await fixesFor(ASKED, { ...UPLINKS, sysctl: strict(1) })
    expect(fixes[0]).toEqual({
      code: 'vanished-rp-filter',
      command:
        'ip route add 198.51.100.0/24 dev eth1 table 101 && ip route add default via 198.51.100.1 dev eth1 table 101 && ip rule add from 198.51.100.10/32 priority 32765 table 101',
      told: 'delivered',
    })
    expect(fixes.find(({ command }) => command === LOOSE)?.told).toBe(
      'delivered, its reply would leave by eth0, not by eth1',
    )
  })

  it('is led back by the table that is there for that uplink', async () => {
    const routes = `${UPLINKS.routes}default via 198.51.100.1 dev eth1 table 200\n`
    const fixes = await fixesFor(ASKED, { ...UPLINKS, routes, sysctl: strict(1) })
    expect(fixes[0]).toMatchObject({
      command: 'ip rule add from 198.51.100.10/32 priority 32765 table 200',
      told: 'delivered',
    })
  })

  it('is no fault where its client is a neighbour there', async () => {
    const fixes = await fixesFor({ ...ASKED, src: '203.0.113.77' }, { ...UPLINKS, sysctl: strict(1) })
    expect(fixes.find(({ command }) => command === LOOSE)?.told).toBe('delivered')
  })
})

describe('a port without brackets', () => {
  const host = {
    addresses: JSON.stringify([link(2, 'eth0', ['fd00:10:42::5/64'])]),
    routes: `fd00:10:42::/64 dev eth0 proto kernel metric 256
default via fd00:10:42::1 dev eth0 metric 1024
local fd00:10:42::5 dev eth0 table local proto kernel metric 0
`,
    sysctl: 'net.ipv6.conf.all.forwarding = 1\n',
  }
  const packet: Packet = {
    ...{ in: 'eth0', src: '2001:db8:1::9', dst: 'fd00:10:42::5', protocol: 'tcp', sport: 40_000, dport: 8080 },
    tcpFlags: ['syn'],
  }
  const iptables = (other: string) =>
    `*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination fd00:10:43::a:80\n-A POSTROUTING -d ${other}/128 -p tcp -j MASQUERADE\nCOMMIT\n`
  const ours = async (rules: string, name: string) =>
    (await fixesFor(packet, { ...host, [name]: rules })).filter(
      ({ code, command }) => code === 'dnat-mismatch' && command?.includes(']:80'),
    )

  it('is set apart from the address, in the words of either tool', async () => {
    expect(await ours(iptables('fd00:10:43::a'), 'ip6tables-save')).toMatchObject([
      {
        command: "ip6tables -t nat -R PREROUTING 1 -p tcp --dport 8080 -j DNAT --to-destination '[fd00:10:43::a]:80'",
        told: 'forwarded',
      },
    ])
    const nft = `table ip6 nat {
	chain prerouting { # handle 1
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 8080 dnat to fd00:10:43::a:80 # handle 3
	}
	chain postrouting { # handle 2
		type nat hook postrouting priority srcnat; policy accept;
		ip6 daddr fd00:10:43::a masquerade # handle 4
	}
}
`
    const [fix] = await ours(nft, 'nft')
    expect(fix?.command).toContain("dnat to '[fd00:10:43::a]:80'")
    expect(fix?.told).toBe('forwarded')
  })

  it('is left where nothing else has the address without it', async () => {
    expect(await ours(iptables('fd00:10:43::b'), 'ip6tables-save')).toEqual([])
    expect(await ours(iptables('fd00:10:43::a:80'), 'ip6tables-save')).toEqual([])
  })
})

describe('a bridge that lets in prefixes', () => {
  const host = {
    addresses: JSON.stringify([
      link(2, 'br0', [], { linkinfo: { info_kind: 'bridge' } }),
      link(3, 'client0', [], { master: 'br0', linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge' } }),
      link(4, 'mesh0', [], { master: 'br0', linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge' } }),
    ]),
    routes: '127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1\n',
    sysctl: 'net.bridge.bridge-nf-call-ip6tables = 0\n',
    nft: `table bridge filter {
	chain forward { # handle 1
		type filter hook forward priority filter; policy accept;
		oifname "mesh0" jump sources # handle 3
	}
	chain sources { # handle 2
		ip saddr 10.8.0.0/16 return # handle 5
		ip6 saddr 2001:db8:1:f000::/64 return # handle 6
		ip6 saddr fd12:3456::/64 return # handle 7
		drop # handle 8
	}
}
`,
  }
  const packet: Packet = {
    ...{ in: 'br0', physIn: 'client0', physOut: 'mesh0', srcMac: '02:00:00:00:00:0a', dstMac: '02:00:00:00:00:0b' },
    ...{ src: '2001:db8:1:f001::20', dst: '2001:db8:1:f001::1', protocol: 'tcp', sport: 40_000, dport: 443 },
    tcpFlags: ['syn'],
  }

  it('is not mended for one service while neighbour discovery is dropped', async () => {
    const fixes = await fixesFor(packet, host)
    const own = fixes.filter(({ code }) => code === 'dropped-by-rule')
    expect(own.map(({ told }) => told)).toEqual(['forwarded, neighbour discovery would be stopped'])
  })

  it('has dropped by its last rule, and the near rule is of the same version of IP', async () => {
    const analysis = await open(Object.entries(host).map(([name, text]) => ({ name, text })))
    const [journey] = analysis.simulate([packet]).journeys
    expect(journey!.culprit).toMatchObject({ chain: 'sources', handle: 8 })
    const near = journey!.findings.filter(({ code }) => code === 'near-miss').map(({ rules }) => rules[0]!.handle)
    expect(near).toEqual([6, 7])
  })
})

describe('a change that is tried on a packet that nothing stops', () => {
  const untracked = async (nat = '') => {
    const rules = `table ip6 raw {\n\tchain prerouting { # handle 1\n\t\ttype filter hook prerouting priority raw; policy accept;\n\t\tnotrack # handle 2\n\t}\n}\n${nat}`
    const addresses = JSON.stringify([link(2, 'mesh', ['2001:db8:2::1/64']), link(3, 'uplink', ['2001:db8:f::1/64'])])
    const routes = '2001:db8:2::/64 dev mesh metric 256\n2001:db8:f::/64 dev uplink metric 256\n'
    const packet: Packet = {
      in: 'mesh',
      src: '2001:db8:2::20',
      dst: '2001:db8:f::123',
      protocol: 'udp',
      sport: 123,
      dport: 123,
    }
    const sysctl = 'net.ipv6.conf.all.forwarding = 1\n'
    const fixes = await fixesFor(packet, { rules, addresses, routes, sysctl })
    return fixes.find(({ code }) => code === 'untracked')?.told
  }

  it('is not said to help where no reply is known', async () => {
    const nat =
      'table ip6 nat {\n\tchain prerouting { # handle 1\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t\tmeta cpu 3 dnat to 2001:db8:f::123 # handle 2\n\t}\n}\n'
    expect(await untracked(nat)).toBe(
      'not tried: the packet gets through without the change, too, and its reply cannot be played',
    )
  })

  it('is none where nat would leave it alone', async () => {
    expect(await untracked()).toBeUndefined()
  })
})
