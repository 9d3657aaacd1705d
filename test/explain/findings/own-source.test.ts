/** What this host sends with an address of another link, and nobody replies to: by a routing rule, or as IPv6 chooses sources. */
import { describe, expect, it } from 'vitest'
import { open, type Packet, type Route, type RoutingRule } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { repairOf } from '../repaired.ts'
import { type Case, captured, findingsOf, SYN, told } from './played.ts'

const rule = (priority: number, table: string, more: Partial<RoutingRule> = {}): RoutingRule => ({
  ...{ family: 'ip', priority, action: { table } },
  ...more,
})
const VPN: Route = {
  ...{ family: 'ip', type: 'unicast', destination: '0.0.0.0/0' },
  ...{ gateway: '10.0.1.254', device: 'eth0', table: '50' },
}
const DST = '198.51.100.7'

/** eth1 has the source and the default route; the rule is for the networks behind eth0. */
function sent(src: string, ofSource: Partial<RoutingRule>, status = ['unreplied']): Case {
  const { in: _, ...packet }: Packet = { ...SYN, src, dst: DST }
  return {
    rules: { filter: [] },
    packet: { ...packet, out: 'eth0' },
    host: {
      routes: [...ROUTER.routes!, VPN],
      routingRules: [rule(0, 'local'), rule(30010, '50', ofSource), rule(32766, 'main')],
      conntrack: [
        entry({
          original: { src, dst: DST, sport: 40_000, dport: 80 },
          reply: { src: DST, dst: src, sport: 80, dport: 40_000 },
          status,
        }),
      ],
    },
  }
}

describe('a routing rule for sources', () => {
  it("that takes the uplink's address for one of its network is named, and another one goes in front of it", () => {
    const found = told(sent('10.0.2.1', { from: '10.0.0.0/8' }), 'wrong-way-out')
    expect(found?.message).toBe(
      'Routing rule 30010 (from 10.0.0.0/8) sends it out of eth0, but its source 10.0.2.1 is an address of eth1. Without that rule, the default route of table main leads out of eth1.',
    )
    expect(found?.fix).toBe('ip rule add from 10.0.2.1/32 priority 30009 table main → sent')
  })

  it.each([
    ['what was replied to', sent('10.0.2.1', { from: '10.0.0.0/8' }, ['assured'])],
    ['the address of the way out', sent('10.0.1.1', { from: '10.0.0.0/8' })],
    ['a rule that does not go by the source', sent('10.0.2.1', { dport: [80, 80] })],
  ])('is not told of %s', (_name, one) => {
    expect(told(one, 'wrong-way-out')).toBeUndefined()
  })
})

describe('a socket bound to an address of another link', () => {
  /** Default by eth1, which has an address of its own; table 50 leads out of eth0. */
  const bound = (rules: readonly RoutingRule[], status = ['unreplied'], src = '10.0.1.1'): Case => {
    const one = sent(src, {}, status)
    const routingRules = [rule(0, 'local'), ...rules, rule(32766, 'main')]
    return { ...one, packet: { ...one.packet!, out: 'eth1' }, host: { ...one.host, routingRules } }
  }

  const unlisted = { ...bound([]).host, conntrack: [] }
  const nat = ['-A POSTROUTING -o eth1 -j MASQUERADE']
  const masqueraded: Case = { ...bound([]), rules: { nat, filter: [] }, host: unlisted }

  it('is led by the table of that link, which no routing rule selects', () => {
    const found = told(bound([]), 'wrong-way-out')
    expect(found?.message).toBe(
      'It left by eth1, through the default route of table main, with the source 10.0.1.1, an address of eth0. The hosts behind eth1 may drop that source. Table 50 leads out of eth0, but no routing rule selects that table.',
    )
    expect(found?.fix).toBe('ip rule add from 10.0.1.1/32 table 50 → sent')
    expect(told({ ...bound([]), host: unlisted }, 'wrong-way-out')).toBeDefined()
  })

  it.each([
    ['what nat gives another source', masqueraded],
    ['what was replied to', bound([], ['assured'])],
    ['the address of the way out', bound([], ['unreplied'], '10.0.2.1')],
  ])('is not told of %s', (_name, one) => {
    expect(told(one, 'wrong-way-out')).toBeUndefined()
  })

  it('is led there also where a routing rule selects the table for others', () => {
    const found = told(bound([rule(100, '50', { mark: 1 })]), 'wrong-way-out')
    expect(found?.message).toMatch(/ Table 50 leads out of eth0, but no routing rule selects it for this packet\.$/)
    expect(found?.fix).toBe('ip rule add from 10.0.1.1/32 table 50 → sent')
  })

  it('is told with what would stop the reply', () => {
    const { packet, host } = bound([])
    const rules = { mangle: [`-A PREROUTING -s ${DST}/32 -j DROP`], filter: [] }
    const found = repairOf(rules, packet!, host)
    expect(found?.message).toMatch(/ selects that table\. mangle PREROUTING rule 1 would stop its reply\.$/)
    expect(found?.command).toMatch(/^ip rule add from 10.0.1.1\/32 table 50 && iptables -t mangle /)
  })
})

/** Deprecated addresses give way to those of other links. */
async function sixes(wlan: string) {
  const asked = { out: 'wlan0', src: '2001:db8:85c8::4', dst: 'fdef:1:b2::9', sport: 40_000, dport: 80 }
  const tuple = 'sport=40000 dport=80'
  const files = {
    'trace.log': `[   10.000000] ${trace('filter:OUTPUT:policy:1', asked)}\n`,
    'rules.v6':
      '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p ipv6-icmp -j ACCEPT\nCOMMIT\n',
    addresses: `2: wlan0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n${wlan}    inet6 fe80::1/64 scope link\n3: tun0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n    inet6 2001:db8:85c8::4/120 scope global\n`,
    routes:
      'fdef:1:b1::/64 dev wlan0 proto kernel metric 256 pref medium\n2001:db8:85c8::/120 dev tun0 proto kernel metric 256 pref medium\ndefault via fdef:1:b1::1 dev wlan0 metric 1024 pref medium\n',
    conntrack: `ipv6     10 tcp      6 115 SYN_SENT src=2001:db8:85c8::4 dst=fdef:1:b2::9 ${tuple} [UNREPLIED] src=fdef:1:b2::9 dst=2001:db8:85c8::4 sport=80 dport=40000 mark=0 use=1\n`,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges[0]!.findings.find(({ code }) => code === 'not-masqueraded')
}

describe('a source that IPv6 has chosen from another link', () => {
  it('is told where the way out has an address as well, and the route can choose that', async () => {
    const found = await sixes('    inet6 fdef:1:b1::88/64 scope global deprecated\n')
    expect(found).toMatchObject({
      severity: 'note',
      message:
        'It left by wlan0 with the source 2001:db8:85c8::4, an address of tun0, although wlan0 has fdef:1:b1::88. No reply was seen: the hosts behind wlan0 may drop that source, or reply to 2001:db8:85c8::4 by another way.',
    })
    // the model plays the packet with the source that it has
    expect(found?.fix).toMatchObject([
      {
        edits: [{ kind: 'route', op: 'replace', route: { source: 'fdef:1:b1::88' } }],
        unverified: 'the model does not choose the source of a packet',
      },
    ])
  })

  it('is not told where the way out has none that is used beyond the link', async () => {
    expect(await sixes('')).toBeUndefined()
    expect(await sixes('    inet6 fdef:1:b1::88/64 scope global tentative dadfailed\n')).toBeUndefined()
  })
})

/** The uplink has an address of its link alone, and the tunnel a table of its own. */
async function uplinkWithout(rules: string, uplink = '', table = 'default via 2001:db8:40::1 dev wg0 table 1005') {
  const asked = { out: 'eth0', src: '2001:db8:40::2', dst: '2001:db8:f::9', sport: 40_000, dport: 443 }
  const tuple = 'sport=40000 dport=443'
  const files = {
    'trace.log': `[   10.000000] ${trace('filter:OUTPUT:policy:1', asked)}\n`,
    'rules.v6':
      '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p ipv6-icmp -j ACCEPT\nCOMMIT\n',
    addresses: `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n${uplink}    inet6 fe80::20/64 scope link\n3: wg0: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1420 state UNKNOWN\n    inet6 2001:db8:40::2/64 scope global\n`,
    routes: `2001:db8:40::/64 dev wg0 proto kernel metric 256 pref medium\ndefault via fe80::1 dev eth0 metric 1024 pref medium\n${table}\n`,
    rules: `0:\tfrom all lookup local\n${rules}32766:\tfrom all lookup main\n`,
    conntrack: `ipv6     10 tcp      6 115 SYN_SENT src=2001:db8:40::2 dst=2001:db8:f::9 ${tuple} [UNREPLIED] src=2001:db8:f::9 dst=2001:db8:40::2 sport=443 dport=40000 mark=0 use=1\n`,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges[0]!.findings.find(({ code }) => code === 'wrong-way-out')
}

describe('the table of the link that has the source', () => {
  const BY_MARK = '60:\tfrom all fwmark 0x3ed lookup 1005\n'

  it('is named where no routing rule selects it, and is looked up by destination', async () => {
    const found = await uplinkWithout(BY_MARK)
    expect(found).toMatchObject({
      severity: 'warning',
      message:
        'It left by eth0, through the default route of table main, with the source 2001:db8:40::2, an address of wg0: eth0 has no address that is used beyond its link. The hosts behind eth0 may drop that source. Table 1005 leads out of wg0, but no routing rule selects it for this packet.',
    })
    // the source is chosen once the route is known, so `from` would not select the table
    expect(found?.fix).toMatchObject([
      {
        edits: [{ kind: 'routing-rule', op: 'add', rule: { priority: 32765, to: '2001:db8:f::9/128' } }],
        verified: 'model',
        after: 'sent',
      },
    ])
  })

  it.each([
    ['the way out has an address of its own', ['', '    inet6 2001:db8:1::20/64 scope global\n']],
    ['no table leads out of that link', ['', '', 'default via fe80::1 dev eth0 table 1005 metric 1024 pref medium']],
  ] as const)('is not named where %s', async (_name, [rules, ...more]) => {
    expect(await uplinkWithout(rules, ...more)).toBeUndefined()
  })
})

describe('the source of what nat sent elsewhere in OUTPUT', () => {
  const [src, service, server] = ['10.0.2.1', '10.96.0.1', '10.0.1.9']
  const rules = { nat: [`-A OUTPUT -d ${service}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${server}:80`] }
  const asked = { out: 'eth1', src, dst: service, sport: 40_000, dport: 80 }
  const lines = [
    trace('nat:OUTPUT:rule:1', asked),
    trace('filter:OUTPUT:policy:1', { ...asked, dst: server }),
    trace('nat:POSTROUTING:policy:1', { ...asked, out: 'eth0', dst: server }),
  ]
  const found = (status: string[]) => {
    const conntrack = [
      entry({
        original: { src, dst: service, sport: 40_000, dport: 80 },
        reply: { src: server, dst: src, sport: 80, dport: 40_000 },
        status,
      }),
    ]
    return findingsOf(captured(rules, lines, { ...ROUTER, conntrack }), 'not-masqueraded')
  }

  it('was chosen for the service, and belongs to another interface than the packet left by', () => {
    const [one] = found(['unreplied'])
    expect(one?.message).toBe(
      'It left by eth0 with the source 10.0.2.1, an address of eth1: this host chose the source before nat rewrote the destination 10.96.0.1 to 10.0.1.9. Connection tracking has seen no reply: 10.0.1.9 may have no route to 10.0.2.1, or its reply may get lost on the way to eth1.',
    )
    expect(one?.fix[0]?.edits).toMatchObject([{ table: 'nat', chain: 'POSTROUTING' }])
  })

  it('is not told where a reply has come back', () => {
    expect(found(['assured'])).toEqual([])
  })
})
