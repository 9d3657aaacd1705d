/** No route, or one that says no. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import { playReply } from '../../../src/explain/reply/played-reply.ts'
import type { Link, Route, RoutingRule } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, saved, TO_ROUTER, told } from './played.ts'

const without = (destination: string) => ROUTER.routes!.filter((route) => route.destination !== destination)
const one = (routes: Route[], packet = SYN): Case => ({ rules: { raw: [], filter: [] }, packet, host: { routes } })

describe('vanished-no-route', () => {
  it('takes a refusing route away', () => {
    const found = told(one(ROUTER.routes!, { ...SYN, dst: '10.9.1.1' }), 'vanished-no-route')
    expect(found?.message).toBe('Routing dropped it: the route to 10.9.1.1 is "unreachable".')
    expect(found?.fix).toMatch(/^ip route del unreachable 10.9.0.0\/16 → /)
  })

  it('gives a link the route of its address back', () => {
    const routes = without('10.0.2.0/24').filter((route) => route.destination !== '0.0.0.0/0')
    expect(told(one(routes), 'vanished-no-route')?.fix).toMatch(/^ip route add 10.0.2.0\/24 dev eth1 → /)
  })

  it.each([
    ['there is a default route', one(without('10.0.2.0/24'))],
    ['it is for this host', one(ROUTER.routes!, TO_ROUTER)],
  ])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'vanished-no-route')).toBeUndefined()
  })
})

const MARKED: Case = {
  rules: { mangle: ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x20000/0xff0000'], filter: [] },
  packet: SYN,
  host: {
    routes: [...ROUTER.routes!, { family: 'ip', type: 'unreachable', destination: '0.0.0.0/0', table: '257' }],
    routingRules: [
      { family: 'ip', priority: 0, action: { table: 'local' } },
      { family: 'ip', priority: 999, mark: 0x20000, markMask: 0xff0000, action: { table: '257' } },
      { family: 'ip', priority: 32_766, action: { table: 'main' } },
    ],
  },
}

it('names the routing rule and the rule whose mark it asks for, and where such packets would go without the route', () => {
  const found = told(MARKED, 'vanished-no-route')
  expect(found?.message).toBe(
    'Routing dropped it: the route to 10.0.2.2 in table 257 is "unreachable". Routing rule 999 selects that table for mark 0x20000, which mangle PREROUTING rule 1 set.',
  )
  expect(found?.rules).toEqual(['mangle PREROUTING rule 1'])
  expect(found?.fix).toMatch(/^ip route del unreachable default table 257 → /)
})

it('says of a table that refuses all it has no route for that it may be there to keep such packets from an uplink', () => {
  const notes = (destination: string) => {
    const routes = MARKED.host!.routes!.map((route) => (route.table === '257' ? { ...route, destination } : route))
    const one = played({ ...MARKED, host: { ...MARKED.host, routes } })
    return findingsOf(one, 'vanished-no-route')[0]?.fix.map(({ note }) => note)
  }
  expect(notes('0.0.0.0/0')).toContain('such packets then leave by eth1, which table 257 may be there to prevent')
  expect(notes('10.0.2.2/32')).toContain('such packets then leave by eth1')
})

it('deletes the routing rule for one host before a route that others may need', () => {
  const routingRules = MARKED.host!.routingRules!.map(({ mark: _, markMask: __, ...rule }) =>
    rule.priority === 999 ? { ...rule, from: '10.0.1.2/32' } : rule,
  )
  const one = { ...MARKED, rules: { raw: [], filter: [] }, host: { ...MARKED.host, routingRules } }
  expect(told(one, 'vanished-no-route')?.fix).toMatch(/^ip rule del from 10.0.1.2\/32 priority 999 table 257 → /)
})

it('names the rule that set the mark before the rule of nat that sent it there', () => {
  const nat = ['-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.2']
  const found = told({ ...MARKED, rules: { ...MARKED.rules, nat }, packet: TO_ROUTER }, 'vanished-no-route')
  expect(found?.message).toContain('. nat PREROUTING rule 1 sends it to 10.0.2.2. Routing rule 999 selects that table')
  expect(found?.rules).toEqual(['mangle PREROUTING rule 1', 'nat PREROUTING rule 1'])
})

it('names the rule that set the bits that are asked for, not one that set others behind it', () => {
  const nat = [
    '-A PREROUTING -d 10.0.1.1/32 -p tcp -j MARK --set-xmark 0x4000/0x4000',
    '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.2',
  ]
  const found = told({ ...MARKED, rules: { ...MARKED.rules, nat }, packet: TO_ROUTER }, 'vanished-no-route')
  expect(found?.message).toContain('for mark 0x20000, which mangle PREROUTING rule 1 set.')
})

it('names the rule that set the mark for which a routing rule says no', () => {
  const [local, marked, main] = MARKED.host!.routingRules!
  const host = { ...MARKED.host, routingRules: [local!, { ...marked!, action: 'prohibit' as const }, main!] }
  expect(told({ ...MARKED, host }, 'vanished-no-route')?.message).toBe(
    'Routing dropped it: routing rule 999 is "prohibit" for such packets. mangle PREROUTING rule 1 gave it the mark 0x20000.',
  )
})

describe('a routing rule that refuses a mark, and the table that no routing rule leads to', () => {
  const [local, marked, main] = MARKED.host!.routingRules!
  const routes = (...tables: string[]): Route[] => [
    ...ROUTER.routes!,
    ...tables.map(
      (table): Route => ({
        ...{ family: 'ip', type: 'unicast', destination: '0.0.0.0/0' },
        ...{ gateway: '10.0.2.254', device: 'eth1', table },
      }),
    ),
  ]
  const refused = (...tables: string[]): Case => ({
    ...MARKED,
    host: { routes: routes(...tables), routingRules: [local!, { ...marked!, action: 'unreachable' }, main!] },
  })

  it('is named with it, and led to first', () => {
    const found = told(refused('120'), 'vanished-no-route')
    expect(found?.message).toBe(
      'Routing dropped it: routing rule 999 is "unreachable" for such packets. mangle PREROUTING rule 1 gave it the mark 0x20000. Table 120 has a route out of eth1, and no routing rule selects it.',
    )
    expect(found?.fix).toBe('ip rule add fwmark 0x20000/0xff0000 priority 998 table 120 → forwarded')
    expect(told(refused('120'), 'mark-missing')).toBeUndefined()
  })

  it('is not guessed where there are two', () => {
    const found = told(refused('120', '121'), 'vanished-no-route')
    expect(found?.message).not.toContain('no routing rule selects it')
    expect(found?.fix).toMatch(/^ip rule del fwmark 0x20000\/0xff0000 priority 999 unreachable → forwarded/)
  })
})

it('names the sources that the only routes are for', () => {
  const route = (destination: string, device: string, more: Partial<Route> = {}): Route => ({
    ...{ family: 'ip6', type: 'unicast', destination, device, table: 'main', ...more },
  })
  const routes = [
    route('fd00:1::/64', 'eth0'),
    route('2001:db8:f::/64', 'eth1'),
    route('::/0', 'eth1', { gateway: '2001:db8:f::9', from: '2001:db8:8403:1e00::/56' }),
  ]
  const world = makeWorld(saved({ filter: [] }), { ...ROUTER, routes })
  const found = (src: string) => {
    const { evidence, ended } = modelEngine.play(world, { ...SYN, src, dst: '2001:db8:99::9' })
    return explain(evidence, world, { ended }).findings.find(({ code }) => code === 'vanished-no-route')
  }
  expect(found('fd00:1::10')?.message).toBe(
    'Routing dropped it: there is no route to 2001:db8:99::9 from fd00:1::10, only for packets from 2001:db8:8403:1e00::/56.',
  )
  expect(found('fd00:1::10')?.fix.map(({ edits }) => edits)).toMatchObject([
    [{ kind: 'route', op: 'add', route: { destination: '::/0', gateway: '2001:db8:f::9', table: 'main' } }],
  ])
  expect(found('2001:db8:8403:1e00::10')).toBeUndefined()
})

describe("a reply of this host's own", () => {
  const FAR = { ...TO_ROUTER, src: '198.51.100.7' }
  const found = (
    table: string,
    mark?: number,
    refuses: RoutingRule = { family: 'ip', priority: 75, action: { table: '75' } },
  ) => {
    const routes: Route[] = [
      ...ROUTER.routes!.filter(({ destination }) => destination !== '0.0.0.0/0'),
      { family: 'ip', type: 'blackhole', destination: '0.0.0.0/0', table: '75' },
      { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.1.9', device: 'eth0', table },
    ]
    const routingRules = [
      { family: 'ip' as const, priority: 0, action: { table: 'local' } },
      { family: 'ip' as const, priority: 50, action: { table: 'main' } },
      ...(mark === undefined ? [] : [{ family: 'ip' as const, priority: 60, mark, action: { table } }]),
      refuses,
    ]
    const world = makeWorld(saved({ filter: [] }), { ...ROUTER, routes, routingRules })
    const { evidence, ended } = modelEngine.play(world, FAR)
    return playReply(evidence, explain(evidence, world, { ended }), world, modelEngine)?.finding
  }

  it('names the route that says no, and the table that leads back', () => {
    const one = found('1005', 5)!
    expect(one.message).toBe(
      'Its reply would be lost on this host (simulated). Routing dropped it: the route to 198.51.100.7 in table 75 is "blackhole". Table 1005 has a route out of eth0, for packets with mark 0x5 (routing rule 60): this host routes its own packets before an output chain can set a mark.',
    )
    expect(one.fix[0]).toMatchObject({ verified: 'model', after: 'delivered' })
    expect(one.fix[0]!.description).toBe('use table 1005 to route packets from 10.0.1.1')
    expect(one.fix.some(({ description }) => description.startsWith('add a route'))).toBe(false)
  })

  it('leaves a routing rule that says no to others: the table that leads back goes in front of it', () => {
    const [first, second] = found('1005', 5, { family: 'ip', priority: 76, action: 'unreachable' })!.fix
    expect(String(fixCommands(first!).command)).toBe('ip rule add from 10.0.1.1/32 priority 75 table 1005')
    expect(first).toMatchObject({ verified: 'model', after: 'delivered' })
    expect(second!.description).toBe('delete routing rule 76')
  })

  it('removes a route that says no to one host of a network first', () => {
    const refuses: Route = { family: 'ip', type: 'prohibit', destination: '10.0.1.2/32', table: 'main' }
    const led: Route = { family: 'ip', type: 'unicast', destination: '10.0.1.0/24', device: 'eth0', table: '101' }
    const world = makeWorld(saved({ filter: [] }), {
      ...ROUTER,
      routes: [...ROUTER.routes!, refuses, led],
      routingRules: [0, 32766].map((priority) => ({
        ...{ family: 'ip', priority, action: { table: priority ? 'main' : 'local' } },
      })) as RoutingRule[],
    })
    const { evidence, ended } = modelEngine.play(world, TO_ROUTER)
    const reply = playReply(evidence, explain(evidence, world, { ended }), world, modelEngine)?.finding
    expect(reply?.fix.map(({ description }) => description)).toEqual([
      'remove the prohibit route',
      'use table 101 to route packets from 10.0.1.1',
    ])
  })

  it('says that a rule for a source needs one, of a UDP service on every address', () => {
    const note = (address?: string) => {
      const [rule] = [{ family: 'ip' as const, priority: 76, action: 'unreachable' as const }]
      const world = makeWorld(saved({ filter: [] }), {
        ...ROUTER,
        routes: [
          ...ROUTER.routes!.filter(({ destination }) => destination !== '0.0.0.0/0'),
          { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.1.9', device: 'eth0', table: '7' },
        ],
        routingRules: [{ family: 'ip', priority: 0, action: { table: 'local' } }, rule!],
        sockets: [
          {
            protocol: 'udp',
            state: 'UNCONN',
            family: 'ip',
            port: 53,
            process: 'dnsd',
            ...(address ? { address } : {}),
          },
        ],
      })
      const { tcpFlags: _, ...asked } = { ...FAR, protocol: 'udp', dport: 53 }
      const { evidence, ended } = modelEngine.play(world, asked)
      return playReply(evidence, explain(evidence, world, { ended }), world, modelEngine)?.finding?.fix[0]?.note
    }
    expect(note()).toBe(
      'all packets from 10.0.1.1 then take that route; if dnsd does not choose its source, the rule does not match its replies: bind it to 10.0.1.1',
    )
    expect(note('10.0.1.1')).toBe('all packets from 10.0.1.1 then take that route')
  })

  it('knows of no mark where no routing rule has one', () => {
    expect(found('1005')?.message).toMatch(/Table 1005 has a route out of eth0\.$/)
  })
})

it('is ::1, to which nothing is routed that comes in', () => {
  const local = (destination: string, device: string): Route => ({
    ...{ family: 'ip6', type: 'local', destination, device, table: 'local' },
  })
  const host = {
    links: [
      {
        index: 1,
        name: 'lo',
        addresses: [{ family: 'ip6' as const, address: '::1', prefixLength: 128, scope: 'host' }],
      },
      {
        index: 2,
        name: 'eth0',
        addresses: [{ family: 'ip6' as const, address: '2001:db8:1::1', prefixLength: 64, scope: 'global' }],
      },
    ],
    routes: [
      local('::1/128', 'lo'),
      local('2001:db8:1::1/128', 'eth0'),
      { ...local('2001:db8:1::/64', 'eth0'), type: 'unicast' as const, table: 'main' },
    ],
  }
  const rules = saved({ nat: ['-A PREROUTING -p tcp -m tcp --dport 53 -j DNAT --to-destination [::1]:5354'] })
  const world = makeWorld(rules, host, 'ip6')
  const packet = { ...SYN, src: '2001:db8:1::2', dst: '2001:db8:1::1', dport: 53 }
  const { evidence, ended } = modelEngine.play(world, packet)
  const [found] = explain(evidence, world, { ended }).findings.filter(({ code }) => code === 'vanished-no-route')
  expect(found?.message).toBe(
    'Routing dropped it: a packet that came in on eth0 cannot be routed to ::1. nat PREROUTING rule 1 sends it to ::1.',
  )
})

/** As `ip -j` and `nft monitor trace` print it: a chain of type route jumps to the one that marks. */
describe('a mark of a chain that a route chain calls', () => {
  const RULES = `table inet mw {
	chain rules {
		meta nfproto ipv6 meta mark set 0x00000100 # handle 3
	}
	chain out {
		type route hook output priority mangle; policy accept;
		jump rules # handle 4
	}
}
`
  const TRACE = `trace id 01 inet mw out packet: oif "lan" ip6 saddr fe80::1 ip6 daddr fe80::20 ip6 hoplimit 64 ip6 nexthdr ipv6-icmp ip6 length 64 icmpv6 type echo-request icmpv6 code no-route
trace id 01 inet mw out rule jump rules # handle 4 (verdict jump rules)
trace id 01 inet mw rules rule meta nfproto ipv6 meta mark set 0x00000100 # handle 3 (verdict continue)
trace id 01 inet mw out policy accept meta mark 0x00000100
`
  const route = (destination: string, device: string, table: string, gateway?: string): Route => ({
    ...{ family: 'ip6', type: 'unicast', destination, device, table, ...(gateway ? { gateway } : {}) },
  })
  const found = (priority: number) => {
    const routingRules = [
      { family: 'ip6', priority: 0, action: { table: 'local' } },
      { family: 'ip6', priority: 2001, mark: 0x100, markMask: 0x3f00, action: { table: '1' } },
      { family: 'ip6', priority, mark: 0x100, markMask: 0x3f00, action: 'unreachable' },
      { family: 'ip6', priority: 32766, action: { table: 'main' } },
    ] as const
    const routes = [
      route('::/0', 'wan', '1', '2001:db8::9'),
      route('fe80::/64', 'lan', 'main'),
      route('fe80::/64', 'wan', 'main'),
    ]
    const world = { ...worldOf(RULES), host: { ...ROUTER, routes, routingRules: [...routingRules] } }
    return explainFile(TRACE, world, [], { engine: modelEngine }).journeys[0]!
  }

  it('is told with the rule that set it: link-local addresses are asked for on their link alone', () => {
    const { outcome, findings } = found(3001)
    expect(outcome).toBe('vanished')
    expect(findings[0]?.message).toBe(
      'Routing dropped it: routing rule 3001 is "unreachable" for such packets. inet mw rules handle 3 gave it the mark 0x100: without this mark, the packet leaves by lan.',
    )
    expect(findings[0]?.fix[0]).toMatchObject({ description: 'do not set the mark on such packets', after: 'sent' })
  })

  it('does no harm where main comes first', () => {
    expect(found(40_000).outcome).toBe('sent')
  })
})

describe('a route that refuses the rest of a prefix', () => {
  const [lo, eth0, eth1] = ROUTER.links!
  const eth2: Link = { index: 4, name: 'eth2', mtu: 1500 }
  const rest: Route = { family: 'ip', type: 'unreachable', destination: '10.0.0.0/16', table: 'main', device: 'lo' }
  const links = [lo!, eth0!, eth1!, eth2]
  const to = { ...SYN, dst: '10.0.3.2' }
  const found = (routes: Route[], packet = to) =>
    played({ rules: { raw: [], filter: [] }, packet, host: { routes, links } }).findings.find(
      ({ code }) => code === 'vanished-no-route',
    )
  const descriptions = (routes: Route[]) => found(routes)?.fix.map(({ description }) => description)
  const noDefault = without('0.0.0.0/0')

  it('is said to be that, and stays where without it there is no route either', () => {
    expect(found([...noDefault, rest])?.message).toBe(
      'Routing dropped it: the route to 10.0.3.2 is "unreachable". It refuses what no interface has of 10.0.0.0/16: eth0 has 10.0.1.0/24, eth1 has 10.0.2.0/24.',
    )
    expect(descriptions([...noDefault, rest])).toEqual([
      'give the interface towards 10.0.3.2 an address in the network of 10.0.3.2 (without one: eth2)',
      expect.stringContaining('add a route to 10.0.3.2'),
    ])
  })

  it('may be removed where another route leads on', () => {
    expect(descriptions([...ROUTER.routes!, rest])).toContain('remove the unreachable route')
  })

  it('stays where another one refuses behind it', () => {
    const all: Route = { ...rest, type: 'blackhole', destination: '0.0.0.0/0' }
    expect(descriptions([...noDefault, rest, all])).not.toContain('remove the unreachable route')
  })

  it('is none where no interface has a part of it', () => {
    expect(found(noDefault, { ...SYN, dst: '10.9.1.1' })?.message).toBe(
      'Routing dropped it: the route to 10.9.1.1 is "unreachable".',
    )
  })
})
