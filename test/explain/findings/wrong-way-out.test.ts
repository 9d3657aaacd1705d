/** The route leads away from the destination. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { astray } from '../../../src/explain/host/routes.ts'
import type { Packet, Route, RoutingRule } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, LISTENS_ON, played, SYN, told } from './played.ts'

const via = (destination: string, device: string): Route => ({
  ...{ family: 'ip', type: 'unicast', destination, gateway: '10.0.1.254', table: 'main', device },
})
const one = (extra: Route[], packet: Packet = SYN): Case => ({
  rules: { filter: [] },
  packet,
  host: { routes: [...ROUTER.routes!, ...extra] },
})

const DNS: Packet = {
  in: 'eth0',
  protocol: 'udp',
  src: '10.0.1.2',
  sport: 40_000,
  dst: '198.51.100.7',
  dport: 53,
  ipId: 1,
}

describe('wrong-way-out', () => {
  it("is a route out of another interface than that of the destination's network", () => {
    const found = told(one([via('10.0.2.2/32', 'eth0')]), 'wrong-way-out')
    expect(found?.message).toBe(
      'It went the wrong way: 10.0.2.2 is in the network of eth1 (10.0.2.0/24), but the route to 10.0.2.2/32 leads out of eth0.',
    )
    expect(found?.fix).toMatch(/^ip route del 10.0.2.2\/32 via 10.0.1.254 dev eth0 → /)
  })

  it('is a wider route that takes what is for the next hop of another one', () => {
    const tunnel = { ...via('0.0.0.0/0', 'wg0'), gateway: '10.7.0.1' }
    const asked = { src: '10.0.1.2', sport: 40_000, dst: '10.7.0.1', dport: 80 }
    const listed = [
      entry({
        original: asked,
        reply: { src: '10.7.0.1', sport: 80, dst: '10.0.1.2', dport: 40_000 },
        status: ['unreplied'],
      }),
    ]
    const wg0 = { index: 9, name: 'wg0', addresses: [{ family: 'ip' as const, address: '10.7.0.2', prefixLength: 32 }] }
    const case_ = (...extra: Route[]): Case => ({
      rules: { filter: [] },
      packet: { ...SYN, dst: '10.7.0.1' },
      host: { links: [...ROUTER.links!, wg0], routes: [...ROUTER.routes!, ...extra], routingRules: [] },
      listed,
    })
    const wide: Route = { ...via('10.0.0.0/8', 'eth1'), gateway: '10.0.2.9' }
    const found = told(case_(tunnel, wide), 'wrong-way-out')
    expect(found?.message).toBe(
      'It went the wrong way: 10.7.0.1 is a router behind wg0 (the next hop of the default route), but the route to 10.0.0.0/8 leads out of eth1.',
    )
    expect(found?.fix).toMatch(/^ip route add 10\.7\.0\.1\/32 dev wg0 → /)
    // a route to that very router is what is wrong
    const narrow: Route = { ...wide, destination: '10.7.0.1/32' }
    expect(told(case_(tunnel, narrow), 'wrong-way-out')?.fix).toMatch(/^ip route replace 10\.7\.0\.1\/32 dev wg0 → /)
    const half = { ...tunnel, destination: '10.7.0.0/16' }
    expect(told(case_(half, narrow), 'wrong-way-out')?.fix).toMatch(
      /^ip route del 10\.7\.0\.1\/32 via 10\.0\.2\.9 dev eth1 → /,
    )
    // of what nobody has for a next hop nothing is known, nor where a reply came
    expect(told(case_(wide), 'wrong-way-out')).toBeUndefined()
    // nor which of two is meant
    const second = { ...via('198.51.100.0/24', 'eth1'), gateway: '10.7.0.1' }
    expect(told(case_(tunnel, second, wide), 'wrong-way-out')).toBeUndefined()
    // nor of a neighbour behind another link, nor of a router of other packets
    const { gateway: _, ...beside } = wide
    expect(told(case_(tunnel, beside), 'wrong-way-out')).toBeUndefined()
    expect(told(case_({ ...tunnel, table: '7' }, wide), 'wrong-way-out')).toBeUndefined()
    expect(
      told({ ...case_(tunnel, wide), listed: [{ ...listed[0]!, status: ['seen-reply'] }] }, 'wrong-way-out'),
    ).toBeUndefined()
  })

  it('is none to a neighbour whose network is that of several links', () => {
    const link = (name: string, own: string) => ({
      ...{ name, up: true, type: 'ether' },
      addresses: [{ family: 'ip6' as const, address: own, prefixLength: 64 }],
    })
    const route = (device: string): Route => ({
      ...{ family: 'ip6', type: 'unicast', destination: 'fe80::/64', table: 'main', device },
    })
    const packet: Packet = {
      ...{ protocol: 'icmpv6', src: 'fe80::1', dst: 'fe80::9', icmpType: 136, icmpCode: 0, out: 'eth1' },
      ...{ uid: 0, gid: 0 },
    }
    const host = {
      links: [link('eth0', 'fe80::2'), link('eth1', 'fe80::1')],
      routes: [route('eth1'), route('eth0')],
    }
    expect(astray(packet, host)).toBeUndefined()
    expect(astray(packet, { ...host, links: host.links.slice(0, 1) })?.why).toBe(
      'fe80::9 is in the network of eth0 (fe80::/64), but the route to fe80::/64 leads out of eth1',
    )
  })

  it('is none where it came in, as long as only the route tells that its destination is on that link', () => {
    const home: Route = { family: 'ip', type: 'unicast', destination: '10.0.9.0/24', table: 'main', device: 'eth0' }
    const routes = [home, via('0.0.0.0/0', 'eth1')]
    const packet: Packet = { ...SYN, in: 'eth0', out: 'eth0', dst: '10.0.9.3' }
    expect(astray(packet, { routes })).toBeUndefined()
    expect(astray(packet, { routes: [{ ...home, gateway: '10.0.1.254' }, routes[1]!] })).toBeDefined()
    // what is listed of IPv6 alone tells nothing of it
    const addresses = [{ family: 'ip6' as const, address: 'fe80::2', prefixLength: 64 }]
    expect(astray(packet, { routes, links: [{ index: 2, name: 'eth0', addresses }] })).toBeUndefined()
    const four = [...addresses, { family: 'ip' as const, address: '10.0.1.1', prefixLength: 24 }]
    expect(astray(packet, { routes, links: [{ index: 2, name: 'eth0', addresses: four }] })).toBeDefined()
  })

  it('is a route back to where it came from, past a wider one that leads on', () => {
    const found = told(one([via('198.51.100.7/32', 'eth0')], { ...SYN, dst: '198.51.100.7' }), 'wrong-way-out')
    expect(found?.message).toContain('it came in on eth0, and the route to 198.51.100.7/32 leads out of eth0 again')
  })

  it('gives the table of an uplink the route that another table has', () => {
    const uplink = { ...via('0.0.0.0/0', 'eth0'), table: '1' }
    const peers: Route = { family: 'ip', type: 'unicast', destination: '100.64.0.9/32', table: '52', device: 'eth1' }
    const rule = (priority: number, table: string, from?: string): RoutingRule => ({
      ...{ family: 'ip', priority, action: { table }, ...(from === undefined ? {} : { in: from }) },
    })
    const routingRules = [rule(0, 'local'), rule(1001, '1', 'eth0'), rule(1370, '52'), rule(32_766, 'main')]
    const given = one([], { ...SYN, dst: '100.64.0.9' })
    const host = { ...given.host, routes: [...ROUTER.routes!, uplink, peers], routingRules }
    const found = told({ ...given, host }, 'wrong-way-out')
    expect(found?.message).toContain('while the route to 100.64.0.9/32 leads out of eth1')
    expect(found?.fix).toBe('ip route add 100.64.0.9/32 dev eth1 table 1 → forwarded')
    // a tunnel for all has two halves of the internet in place of a default route
    const routes = host.routes.with(-1, { ...peers, destination: '128.0.0.0/1' })
    const [half] = findingsOf(
      played({ ...given, packet: { ...SYN, dst: '198.51.100.9' }, host: { ...host, routes } }),
      'wrong-way-out',
    )
    expect(`${fixCommands(half!.fix[0]!).command}`).toBe('ip route add 198.51.100.9/32 dev eth1 table 1')
    expect(half!.fix[0]!.after).toBe('forwarded')
    expect(half!.fix[0]!.note).toMatch(/^affects all traffic to 198\.51\.100\.9\/32 that uses table 1; then check: /)
  })

  it('is a rule that sends it back to whoever sent it', () => {
    const found = told(
      {
        rules: { nat: ['-A PREROUTING -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.1.2'], filter: [] },
        packet: DNS,
      },
      'wrong-way-out',
    )
    expect(found?.message).toBe(
      'nat PREROUTING rule 1 sends it back to 10.0.1.2, which sent it: a host drops packets that come in with its own address as source.',
    )
    expect(found?.fix).toBe(
      'iptables -t nat -I PREROUTING 1 -s 10.0.1.2 -d 198.51.100.7 -i eth0 -p udp --dport 53 -j ACCEPT → forwarded',
    )
  })

  it('is none for who asks for its own service by its address', () => {
    const dnat = '-A PREROUTING -d 198.51.100.7/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.1.2'
    const own = (...more: string[]): Case => ({ rules: { nat: [dnat, ...more], filter: [] }, packet: DNS })
    expect(told(own(), 'wrong-way-out')).toBeUndefined()
    expect(told(own(), 'not-masqueraded')?.fix).toMatch(/-j MASQUERADE → forwarded$/)
    const any = own('-A POSTROUTING -d 10.0.1.2/32 -j MASQUERADE').rules.nat!
    const masqueraded = any.map((rule) => rule.replace('-d 198.51.100.7/32 ', ''))
    expect(told({ rules: { nat: masqueraded, filter: [] }, packet: DNS }, 'wrong-way-out')).toBeUndefined()
  })

  const onLink: Route = {
    ...{ family: 'ip', type: 'unicast', destination: '10.0.2.2/32', table: 'main', device: 'eth0' },
  }
  const asked = (state: string[], destination = '10.0.2.2/32'): Case => ({
    ...one([]),
    host: {
      routes: [...ROUTER.routes!, { ...onLink, destination }],
      neighbours: [{ family: 'ip', address: '10.0.2.2', device: 'eth0', state }],
    },
  })

  it('is no route that says on which link a guest lives, nor one whose neighbour answers there', () => {
    expect(told(one([onLink]), 'wrong-way-out')).toBeUndefined()
    expect(told(asked(['STALE']), 'wrong-way-out')).toBeUndefined()
    expect(told(asked(['STALE'], '10.0.2.0/28'), 'wrong-way-out')).toBeUndefined()
    expect(told(asked(['FAILED']), 'wrong-way-out')?.message).toContain('is in the network of eth1')
    expect(told(one([{ ...onLink, destination: '10.0.2.0/28' }]), 'wrong-way-out')).toBeDefined()
  })

  const UPLINK: Route = {
    ...{ family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.1.254', table: '201', device: 'eth0' },
  }
  const marked = (routes: Route[], dst: string, uplink = UPLINK): Case => ({
    rules: { mangle: ['-A PREROUTING -j MARK --set-xmark 0xc9/0xffffffff'], filter: [] },
    packet: { ...SYN, dst },
    host: {
      routes: [...ROUTER.routes!, uplink, ...routes],
      routingRules: [
        { family: 'ip', priority: 0, action: { table: 'local' } },
        { family: 'ip', priority: 201, mark: 0xc9, action: { table: '201' } },
        { family: 'ip', priority: 32766, action: { table: 'main' } },
      ],
    },
  })

  it("is a table for an uplink that has no routes to this host's networks", () => {
    const found = told(marked([], '10.0.2.2'), 'wrong-way-out')
    expect(found?.message).toContain('10.0.2.2 is in the network of eth1')
    expect(found?.fix).toMatch(/^ip route add 10\.0\.2\.0\/24 dev eth1 table 201 → /)
  })

  it.each([
    ['nth', '-m statistic --mode nth --every 2 --packet 0'],
    ['random', '-m statistic --mode random --probability 0.5'],
  ])('is each table that lacks the network, where marks go by turns: %s', (_, turns) => {
    const { host, rules, packet } = marked([], '10.0.2.2')
    const other: RoutingRule = { family: 'ip', priority: 202, mark: 0xca, action: { table: '202' } }
    const [local, ...rest] = host!.routingRules!
    const more = {
      ...host,
      routes: [...host!.routes!, { ...UPLINK, table: '202' }],
      routingRules: [local!, other, ...rest],
    }
    const mangle = [...rules.mangle!, `-A PREROUTING -m mark --mark 0x0 ${turns} -j MARK --set-xmark 0xca/0xffffffff`]
    const fix = (given: string[]) =>
      told({ rules: { mangle: given }, packet: packet!, host: more }, 'wrong-way-out')?.fix
    expect(fix(mangle)).toMatch(
      /^ip route add 10\.0\.2\.0\/24 dev eth1 table 201 && ip route add 10\.0\.2\.0\/24 dev eth1 table 202 → /,
    )
    // who has the other mark by a rule of its own is not led there by turns
    expect(fix(mangle.map((rule) => rule.replace(turns, '-s 10.0.9.0/24')))).toMatch(
      /^ip route add 10\.0\.2\.0\/24 dev eth1 table 201 → /,
    )
  })

  it('is a table for an uplink, past a narrower route of table main', () => {
    const uplink = { ...UPLINK, gateway: '10.0.2.254', device: 'eth1' }
    const { gateway: _, ...inside } = via('10.2.0.0/24', 'eth0')
    const past = (...routes: Route[]) => told(marked([inside, ...routes], '10.2.0.10', uplink), 'wrong-way-out')
    expect(past()?.message).toBe(
      'It left by eth1 and not by the route to 10.2.0.0/24 through eth0: that route is in table main, but a routing rule selects table 201, where only the default route matches it. Routing rule 201 selects that table for mark 0xc9, which mangle PREROUTING rule 1 set.',
    )
    expect(past()?.fix).toMatch(/^ip route add 10\.2\.0\.0\/24 dev eth0 table 201 → forwarded/)
    expect(past({ ...inside, ...uplink, destination: '10.2.0.0/16' })).toBeUndefined()
    expect(told(marked([inside], '198.51.100.7', uplink), 'wrong-way-out')).toBeUndefined()
  })

  it('keeps onlink of a route that it copies to the table: no network of a link has the gateway of an overlay', () => {
    const uplink = { ...UPLINK, gateway: '10.0.2.254', device: 'eth1' }
    const overlay: Route = { ...via('10.42.1.0/24', 'eth0'), gateway: '10.42.1.0', flags: ['onlink'] }
    expect(told(marked([overlay], '10.42.1.7', uplink), 'wrong-way-out')?.fix).toMatch(
      /^ip route add 10\.42\.1\.0\/24 via 10\.42\.1\.0 dev eth0 table 201 onlink → forwarded/,
    )
  })

  it('is a table that a routing rule selects by the source, where nobody replies, and not one by a mark that is told with its rule', () => {
    const uplink = { ...UPLINK, gateway: '10.0.2.254', device: 'eth1' }
    const { gateway: _, ...inside } = via('10.2.0.10/32', 'eth0')
    const { src, sport, dport } = SYN as Required<Packet>
    const dst = '10.2.0.10'
    const reply = { src: dst, dst: src, sport: dport, dport: sport }
    const conntrack = [entry({ original: { src, dst, sport, dport }, reply, status: ['unreplied'] })]
    const by = (rule: Partial<RoutingRule>) => {
      const { host, packet } = marked([inside], dst, uplink)
      const [local, , main] = host!.routingRules!
      const chosen: RoutingRule = { family: 'ip', priority: 1536, action: { table: '201' }, ...rule }
      const rules = { raw: [], mangle: ['-A PREROUTING -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80'] }
      const own = { ...host, conntrack, routingRules: [local!, chosen, main!] }
      return findingsOf(played({ rules, packet: packet!, host: own }), 'wrong-way-out')[0]
    }
    const found = by({ from: `${src}/32` })
    expect(found?.severity).toBe('warning')
    expect(found?.message).toMatch(
      /a routing rule selects table 201, where only the default route matches it\. Routing rule 1536 /,
    )
    expect(found?.fix[0]?.description).toBe('give table 201 the route to 10.2.0.10/32')
    expect(by({ mark: 0x80, not: true })).toBeUndefined()
  })

  it('names the mark, not the DNAT rule, where the mark selects a table without the route', () => {
    const { rules, ...rest } = marked([], '10.0.1.1')
    const nat = ['-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.2']
    const found = told({ ...rest, rules: { ...rules, nat } }, 'wrong-way-out')
    expect(found?.message).toBe(
      'It went the wrong way: 10.0.2.2 is in the network of eth1 (10.0.2.0/24), but the default route of table 201 leads out of eth0. Routing rule 201 selects that table for mark 0xc9, which mangle PREROUTING rule 1 set.',
    )
    expect(found?.rules).toEqual(['mangle PREROUTING rule 1'])
  })

  describe('an address of this host', () => {
    const [lo, ...others] = ROUTER.links!
    const also = { family: 'ip' as const, address: '10.0.2.2', prefixLength: 32, scope: 'global' }
    const host = {
      links: [{ ...lo!, addresses: [...lo!.addresses!, also] }, ...others],
      routes: [
        { family: 'ip' as const, type: 'local' as const, destination: '10.0.2.2/32', table: 'local', device: 'lo' },
        ...ROUTER.routes!,
      ],
      // that one port has a listener tells that the others have none
      ...LISTENS_ON(22),
    }

    it('keeps a packet from being forwarded', () => {
      const found = told({ rules: { filter: ['-P INPUT DROP'] }, host }, 'wrong-way-out')
      expect(found?.message).toBe(
        'It was not forwarded, because 10.0.2.2 is an address of this host (lo). Without this address, the packet would leave by eth1 (route to 10.0.2.0/24).',
      )
      expect(told({ rules: { filter: [] }, host }, 'wrong-way-out')).toBeDefined()
    })

    it('is where it should be, where a program listens on it', () => {
      const here = { rules: { filter: [] }, host: { ...host, ...LISTENS_ON(80) } }
      expect(told(here, 'wrong-way-out')).toBeUndefined()
    })
  })

  it.each([
    ['it goes to its network', one([])],
    ['it goes on by a route of its own', one([via('198.51.100.7/32', 'eth1')], { ...SYN, dst: '198.51.100.7' })],
    [
      'it goes back, and no other way is there',
      {
        ...one([via('0.0.0.0/0', 'eth0')], { ...SYN, dst: '198.51.100.7' }),
        host: {
          routes: [
            ...ROUTER.routes!.filter(({ destination }) => destination !== '0.0.0.0/0'),
            via('0.0.0.0/0', 'eth0'),
          ],
        },
      },
    ],
  ])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'wrong-way-out')).toBeUndefined()
  })
})

describe('an address on no interface', () => {
  const packet: Packet = { ...SYN, in: 'eth1', src: '198.51.100.9', dst: '203.0.113.7' }
  const { src, dst, sport, dport } = packet as Required<Packet>
  const found = (status: string[]) => {
    const reply = { src: dst, dst: src, sport: dport, dport: sport }
    const conntrack = [entry({ original: { src, dst, sport, dport }, reply, status })]
    return findingsOf(played({ rules: { filter: [] }, packet, host: { conntrack } }), 'wrong-way-out')[0]
  }

  it('sends what is for it back to the router that sent it, and nobody replies', () => {
    expect(found(['unreplied'])).toMatchObject({
      severity: 'warning',
      message: 'It went back to 10.0.2.254, which had sent it: no interface of this host has 203.0.113.7.',
    })
    expect(found([])).toBeUndefined()
  })
})

describe('a packet that went the wrong way', () => {
  it('is asked with the mark that routing saw, whatever a chain behind has made of it', () => {
    const routes: Route[] = [...ROUTER.routes!, { ...via('0.0.0.0/0', 'eth0'), table: '77' }]
    const routingRules: RoutingRule[] = [
      { family: 'ip', priority: 0, action: { table: 'local' } },
      { family: 'ip', priority: 90, mark: 0x77, action: { table: '77' } },
      { family: 'ip', priority: 32_766, action: { table: 'main' } },
    ]
    const mangle = [
      '-A PREROUTING -j MARK --set-xmark 0x77/0xffffffff',
      '-A FORWARD -j MARK --set-xmark 0x0/0xffffffff',
    ]
    const found = told({ rules: { mangle, filter: [] }, packet: SYN, host: { routes, routingRules } }, 'wrong-way-out')
    expect(found?.message).toContain('but the default route of table 77 leads out of eth0')
    expect(found?.message).toContain('mangle PREROUTING rule 1 set')
  })

  it('is led back to its very sender by a table that others use, and goes by table main without the mark', () => {
    const packet: Packet = { ...SYN, dst: '198.51.100.9' }
    const led = (gateway: string, ...status: string[]) => {
      const routes: Route[] = [...ROUTER.routes!, { ...via('0.0.0.0/0', 'eth0'), gateway, table: '77' }]
      const routingRules: RoutingRule[] = [
        { family: 'ip', priority: 90, mark: 0x77, action: { table: '77' } },
        { family: 'ip', priority: 32_766, action: { table: 'main' } },
      ]
      const { src, dst, sport, dport } = packet as Required<Packet>
      const reply = { src: dst, dst: src, sport: dport, dport: sport }
      const conntrack = [entry({ original: { src, dst, sport, dport }, reply, status })]
      const rules = { mangle: ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x77/0xffffffff'], filter: [] }
      return played({ rules, packet, host: { routes, routingRules, conntrack } })
    }
    const [found] = findingsOf(led('10.0.1.2', 'unreplied'), 'wrong-way-out')
    expect(found).toMatchObject({
      severity: 'warning',
      message:
        'It went back to its sender: 10.0.1.2 is the next hop of the default route in table 77. Routing rule 90 selects that table for mark 0x77, which mangle PREROUTING rule 1 set.',
    })
    expect(`${fixCommands(found!.fix[0]!).command}`).toMatch(
      /^iptables -t mangle -I PREROUTING 1 -s 10\.0\.1\.2 .* -j ACCEPT$/,
    )
    const elsewhere = findingsOf(led('10.0.1.7', 'unreplied'), 'wrong-way-out').map(({ message }) => message)
    expect(elsewhere.join()).not.toContain('back to its sender')
    expect(findingsOf(led('10.0.1.2'), 'wrong-way-out').map(({ severity }) => severity)).not.toContain('warning')
  })
})
