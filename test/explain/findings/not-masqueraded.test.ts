/** It left with a source to which no answer finds back. */
import { describe, expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import type { ConntrackEntry, Host, Packet } from '../../../src/index.ts'
import type { Route } from '../../../src/model/host.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { entry, makeWorld, ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, saved, TO_ROUTER, told } from './played.ts'

const ABROAD: Packet = { ...SYN, dst: '198.51.100.7' }
const MASQUERADE = '-A POSTROUTING -s 10.0.3.0/24 -o eth1 -j MASQUERADE'
const DNAT = '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9'
const PUBLIC = { family: 'ip', address: '198.51.100.1', prefixLength: 24, scope: 'global' } as const
const severity = (one: Case) => findingsOf(played(one), 'not-masqueraded').map((found) => found.severity)

describe('not-masqueraded', () => {
  it('is a packet that its entry, not nat, sends back to the network of its sender', () => {
    const [original, reply] = [
      { src: '10.0.1.2', dst: '10.0.1.1', sport: 40_000, dport: 80 },
      { src: '10.0.1.9', dst: '10.0.1.2', sport: 80, dport: 40_000 },
    ]
    const listed = (status: ConntrackEntry['status']) => {
      const world = makeWorld(saved({ nat: [DNAT], filter: [] }), {
        ...ROUTER,
        conntrack: [entry({ original, reply, status })],
      })
      const { evidence, ended } = modelEngine.play(world, TO_ROUTER)
      return explain(evidence, world, { ended }).findings.filter(({ code }) => code === 'not-masqueraded')
    }
    expect(listed(['unreplied'])).toMatchObject([{ severity: 'warning' }])
    // its sender has had a reply by way of this host
    expect(listed(['seen-reply'])).toEqual([])
  })

  it("is its sender's own packet, which nat sends back to it by the address that it asked", () => {
    const port = { name: 'veth1', kind: 'veth', master: 'br-lan' }
    const bridge = { name: 'br-lan', kind: 'bridge', mac: '02:00:00:00:00:01' }
    const found = (physical: Partial<Packet>) => {
      const nat = ['-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.3.2']
      const world = makeWorld(saved({ nat, filter: [] }), {
        ...ROUTER,
        links: [
          ...ROUTER.links!,
          port,
          { ...bridge, addresses: [{ family: 'ip', address: '10.0.3.1', prefixLength: 24, scope: 'global' }] },
        ],
        routes: [
          ...ROUTER.routes!,
          { family: 'ip', type: 'local', destination: '10.0.3.1/32', device: 'br-lan', table: 'local' },
          { family: 'ip', type: 'unicast', destination: '10.0.3.0/24', device: 'br-lan', table: 'main' },
        ],
      })
      const packet = { ...SYN, in: 'br-lan', src: '10.0.3.2', dst: '10.0.1.1' }
      const { evidence, ended } = modelEngine.play(world, packet)
      for (const arrival of evidence.arrivals) Object.assign(arrival.packet, physical)
      return explain(evidence, world, { ended }).findings.filter(({ code }) => code === 'not-masqueraded')
    }
    const words =
      'It left by br-lan for 10.0.3.2, which sent it, and kept its source: a host drops packets that come in with its own address as source.'
    expect(found({})).toMatchObject([{ severity: 'warning', message: words }])
    // the bridge passes it on by the port by which it came
    expect(found({ physIn: 'veth1', physOut: 'veth1' })).toMatchObject([{ severity: 'warning', message: words }])
  })

  it('is a private source abroad, where this host masquerades others', () => {
    const one: Case = { rules: { nat: [MASQUERADE], filter: [] }, packet: ABROAD }
    expect(severity(one)).toEqual(['warning'])
    expect(told(one, 'not-masqueraded')?.fix).toBe(
      'iptables -t nat -A POSTROUTING -s 10.0.1.2 -o eth1 -j MASQUERADE → forwarded',
    )
  })

  it('says that a bridge of this host takes the reply past conntrack, where its setting does that', () => {
    const port = (name: string) => ({ name, kind: 'veth', master: 'br-lan' })
    const bridge = {
      ...{ name: 'br-lan', kind: 'bridge', mac: '02:00:00:00:00:01' },
      addresses: [{ family: 'ip', address: '10.0.3.1', prefixLength: 24, scope: 'global' } as const],
    }
    const way = (type: Route['type'], destination: string): Route => ({
      ...{ family: 'ip', type, destination, device: 'br-lan', table: type === 'local' ? 'local' : 'main' },
    })
    const words = (value: string) => {
      const host: Host = {
        links: [...ROUTER.links!, port('veth1'), port('veth2'), bridge],
        routes: [...ROUTER.routes!, way('local', '10.0.3.1/32'), way('unicast', '10.0.3.0/24')],
        sysctls: new Map([...ROUTER.sysctls!, ['net.bridge.bridge-nf-call-iptables', value]]),
      }
      const nat = ['-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.3.3']
      const packet = { ...SYN, in: 'br-lan', src: '10.0.3.2', dst: '10.0.1.1' }
      return told({ rules: { nat, filter: [] }, packet, host }, 'not-masqueraded')
    }
    expect(words('0')).toMatchObject({
      message:
        "It left by br-lan, where it came in, and kept its source 10.0.3.2: 10.0.3.3 replies directly to 10.0.3.2, over bridge br-lan and past this host's conntrack (net.bridge.bridge-nf-call-iptables is 0). So the reply comes from an address that 10.0.3.2 never contacted.",
      fix: 'iptables -t nat -A POSTROUTING -s 10.0.3.2 -d 10.0.3.3 -o br-lan -j MASQUERADE → forwarded',
    })
    // conntrack sees the reply on the bridge, and undoes the DNAT
    expect(words('1')).toBeUndefined()
  })

  it.each([
    ['has', '10.0.1.7', [], 'has no rules'],
    ['has not', '10.0.1.7', ['unreplied'], 'has no rules'],
    ['has not', '10.0.2.7', [], 'has no rules'],
    ['has not', '10.0.1.7', [], 'routes by mark'],
    ['has not', '10.0.9.7', [], 'routes by mark'],
    ['has not', '198.51.100.9', [], 'has no rules'],
  ])(
    'is known to need no other source where its destination %s replied to its network (%s, %j, %s)',
    (known, src, status, routing) => {
      const [original, reply] = [
        { src, dst: '198.51.100.7', sport: 40_001, dport: 443 },
        { src: '198.51.100.7', dst: src, sport: 443, dport: 40_001 },
      ]
      const one: Case = {
        rules: { nat: [MASQUERADE], filter: [] },
        packet: ABROAD,
        host: {
          conntrack: [entry({ original, reply, status })],
          ...(routing === 'routes by mark'
            ? {
                routingRules: [
                  { family: 'ip', priority: 100, mark: 7, action: { table: '7' } },
                  { family: 'ip', priority: 32_766, action: { table: 'main' } },
                ],
              }
            : {}),
        },
      }
      expect(severity(one)).toEqual(known === 'has' ? [] : ['warning'])
    },
  )

  it('is a note where the other IP version is masqueraded on the same way, and nothing came back', () => {
    const src = '2001:db8:1::2'
    const dst = '2001:db8:9::9'
    const original = { src, dst, sport: 40_000, dport: 80 }
    const host = (status: string[]): Host => ({
      ...ROUTER,
      routes: [
        { family: 'ip6', type: 'unicast', destination: '2001:db8:1::/64', device: 'eth0', table: 'main' },
        { family: 'ip6', type: 'unicast', destination: '::/0', gateway: 'fe80::9', device: 'eth1', table: 'main' },
      ],
      conntrack: [
        { ...entry({ original, reply: { src: dst, dst: src, sport: 80, dport: 40_000 }, status }), family: 'ip6' },
      ],
      sysctls: new Map([['net.ipv6.conf.all.forwarding', '1']]),
    })
    const accepts =
      'table inet fw {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n'
    const found = (status: string[], rule: string) => {
      const world = makeWorld(saved({ nat: [rule] }), host(status))
      world.tables.push(...worldOf(accepts).tables)
      const { evidence, ended } = modelEngine.play(world, { ...SYN, src, dst })
      return explain(evidence, world, { ended }).findings.find(({ code }) => code === 'not-masqueraded')?.message
    }
    const all = '-A POSTROUTING -s 10.0.1.0/24 ! -d 224.0.0.0/4 -j MASQUERADE'
    expect(found(['unreplied'], all)).toBe(
      `For packets that come in by eth0, only IPv4 is masqueraded. This packet left for ${dst} with its own source ${src}, and connection tracking has seen no reply: routers behind eth1 need a route to ${src} through this host.`,
    )
    expect(found(['assured'], all)).toBeUndefined()
    expect(found(['unreplied'], all.replace('10.0.1.0', '10.0.7.0'))).toBeUndefined()
  })

  it('is mended in front of what ends the chain', () => {
    const rules = { nat: ['-A POSTROUTING -o eth1 -j ACCEPT', MASQUERADE], filter: [] }
    expect(told({ rules, packet: ABROAD }, 'not-masqueraded')?.fix).toBe(
      'iptables -t nat -I POSTROUTING 1 -s 10.0.1.2 -o eth1 -j MASQUERADE → forwarded',
    )
  })

  it('is mended in front of a goto, behind which nothing is met', () => {
    const nat = ['-A POSTROUTING -o eth1 -g zone', '-A zone -s 10.0.3.0/24 -j MASQUERADE']
    expect(told({ rules: { nat, filter: [] }, packet: ABROAD }, 'not-masqueraded')?.fix).toBe(
      'iptables -t nat -I POSTROUTING 1 -s 10.0.1.2 -o eth1 -j MASQUERADE → forwarded',
    )
  })

  it('is a note where this host rewrites no source: a router behind may', () => {
    expect(
      severity({ rules: { nat: [], filter: ['-A FORWARD -m conntrack --ctstate INVALID -j DROP'] }, packet: ABROAD }),
    ).toEqual(['note'])
  })

  it('is a warning where strangers come to that network by an address of this host', () => {
    const from = (src: string): Case => ({
      rules: { nat: [], filter: ['-A FORWARD -m conntrack --ctstate INVALID -j DROP'] },
      packet: ABROAD,
      host: {
        conntrack: [
          entry({
            original: { src, dst: '10.0.2.1', sport: 4000, dport: 25 },
            reply: { src: '10.0.1.9', dst: src, sport: 25, dport: 4000 },
          }),
        ],
      },
    })
    expect(severity(from('203.0.113.7'))).toEqual(['warning'])
    // who is near may know that network
    expect(severity(from('10.0.3.7'))).toEqual(['note'])
  })

  it('is a network that is mapped to one of the uplink, of which this host has not that address', () => {
    const rules = { nat: ['-A POSTROUTING -s 10.0.1.0/24 -o eth1 -j NETMAP --to 10.0.2.0/24'], filter: [] }
    const found = told({ rules, packet: ABROAD }, 'not-masqueraded')
    expect(found?.message).toBe(
      'nat POSTROUTING rule 1 gives it source 10.0.2.2, which is in the network of eth1, but is not an address of this host: this host does not reply to ARP for it.',
    )
    const elsewhere = { ...rules, nat: [rules.nat[0]!.replace('10.0.2.0', '192.0.2.0')] }
    expect(told({ rules: elsewhere, packet: ABROAD }, 'not-masqueraded')).toBeUndefined()
  })

  it('is a source that a rule gives to what is for anybody else', () => {
    const rules = { nat: ['-A POSTROUTING ! -d 10.0.2.77/32 -o eth1 -j SNAT --to-source 10.0.2.77'], filter: [] }
    expect(told({ rules, packet: ABROAD }, 'not-masqueraded')?.message).toContain('gives it source 10.0.2.77')
    // what comes for it has a rule
    const back = '-A PREROUTING -d 10.0.2.77/32 -j DNAT --to-destination 10.0.1.2'
    expect(told({ rules: { ...rules, nat: [...rules.nat, back] }, packet: ABROAD }, 'not-masqueraded')).toBeUndefined()
  })

  it('is a packet that goes back to where it came from with a new destination', () => {
    expect(severity({ rules: { nat: [DNAT], filter: [] }, packet: TO_ROUTER })).toEqual(['warning'])
  })

  it('is a note where a neighbour may have a route back', () => {
    const rules = { nat: [MASQUERADE], filter: [] }
    const links = [...ROUTER.links!.slice(0, 2), { ...ROUTER.links![2]!, addresses: [PUBLIC] }]
    const routes = [...ROUTER.routes!, { ...ROUTER.routes![4]!, destination: '198.51.100.0/24' }]
    const one: Case = { rules, packet: ABROAD, host: { links, routes } }
    expect(findingsOf(played(one), 'not-masqueraded').map((found) => [found.severity, found.message])).toEqual([
      [
        'note',
        'It left for 198.51.100.7 with the private source 10.0.1.2: no reply can come back, unless 198.51.100.7 has a route back through this host.',
      ],
    ])
  })

  it('is known where connection tracking has seen no reply, even without a table nat', () => {
    const original = { src: '10.0.1.2', dst: '198.51.100.7', sport: 40_000, dport: 80 }
    const reply = { src: '198.51.100.7', dst: '10.0.1.2', sport: 80, dport: 40_000 }
    const one = (status: string[]): Case => ({
      rules: { filter: [] },
      packet: ABROAD,
      host: { conntrack: [entry({ original, reply, status })] },
    })
    expect(severity(one(['unreplied']))).toEqual(['warning'])
    expect(told(one(['unreplied']), 'not-masqueraded')?.fix).toMatch(/^iptables -t nat -A POSTROUTING .* → forwarded$/)
    expect(severity(one([]))).toEqual([])
  })

  it('is a note where nat sent it from one network behind a router to another, and no reply was seen', () => {
    const src = '10.44.1.10'
    const via = (destination: string, device: string, gateway: string): Route => ({
      ...{ family: 'ip', type: 'unicast', table: 'main', destination, device, gateway },
    })
    const found = (status: string[], to = '10.44.3.10', from = src) => {
      const nat = [`-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${to}`]
      const routes = [via('10.44.1.0/24', 'eth0', '10.0.1.9'), via('10.44.3.0/24', 'eth1', '10.0.2.9')]
      const original = { src: from, dst: '10.0.1.1', sport: 40_000, dport: 80 }
      const reply = { src: to, dst: from, sport: 80, dport: 40_000 }
      const host: Host = { ...ROUTER, routes: [...ROUTER.routes!, ...routes] }
      const before = makeWorld(saved({ nat, filter: [] }), host)
      const { evidence, ended } = modelEngine.play(before, { ...TO_ROUTER, src: from })
      const listed = makeWorld(saved({ nat, filter: [] }), { ...host, conntrack: [entry({ original, reply, status })] })
      return explain(evidence, listed, { ended }).findings.filter(({ code }) => code === 'not-masqueraded')
    }
    const [told] = found(['unreplied'])
    expect(told?.severity).toBe('note')
    expect(told?.message).toBe(
      'It left for 10.44.3.10 with its own source, and no reply was seen: unless the route from 10.44.3.10 to 10.44.1.10 leads through this host, the reply comes from an address that 10.44.1.10 never contacted.',
    )
    expect(told?.fix[0]?.edits).toMatchObject([{ kind: 'rule', chain: 'POSTROUTING' }])
    // answered; on this host's own link; a stranger, to whom replies come by the way that it came
    expect(found([])).toEqual([])
    expect(found(['unreplied'], '10.0.2.9')).toEqual([])
    expect(found(['unreplied'], '10.44.3.10', '203.0.113.9')).toEqual([])
  })

  it('is 127.0.0.1 that leaves this host', () => {
    const nat = ['-A OUTPUT -d 127.0.0.1/32 -p tcp -j DNAT --to-destination 10.0.2.9']
    const { in: _, ...own } = SYN
    const one: Case = {
      rules: { nat, filter: [] },
      packet: { ...own, src: '127.0.0.1', dst: '127.0.0.1' },
      host: { sysctls: new Map([...ROUTER.sysctls!, ['net.ipv4.conf.all.route_localnet', '1']]) },
    }
    const found = told(one, 'not-masqueraded')
    expect(found?.message).toBe(
      'It left by eth1 with the source 127.0.0.1, which every other host treats as its own address.',
    )
    expect(found?.fix).toBe('iptables -t nat -A POSTROUTING -s 127.0.0.1 -o eth1 -j MASQUERADE → sent')
  })

  it('is a note where this host masquerades others, and whoever was asked has another router', () => {
    const one: Case = { rules: { nat: [MASQUERADE], filter: [] } }
    expect(severity(one)).toEqual(['note'])
    expect(told(one, 'not-masqueraded')?.message).toBe(
      'It left for 10.0.2.2 and kept its source 10.0.1.2. Unless 10.0.2.2 has a route back through this host, 10.0.2.2 sends the reply to its own router (here 10.0.2.254).',
    )
  })

  it('keeps a rule that only accepts from passing for a repair there', () => {
    const one: Case = { rules: { nat: [MASQUERADE], filter: ['-A FORWARD -s 10.0.1.2/32 -j DROP'] } }
    expect(told(one, 'dropped-by-rule')?.fix).toContain(
      'but its reply comes back here only if 10.0.2.2 has a route to 10.0.1.2 through this host',
    )
  })

  it('is a note of IPv6, of the network of the link that it leaves by, for which this host does not stand in', () => {
    const address = (address: string, prefixLength: number) => ({ family: 'ip6' as const, address, prefixLength })
    const links = [
      { index: 2, name: 'eth0', addresses: [address('2001:db8:1:0:1::1', 80)] },
      { index: 3, name: 'eth1', addresses: [address('2001:db8:1::2', 64)] },
    ]
    const way = (destination: string, device: string, more: object = {}) => ({
      ...{ family: 'ip6' as const, type: 'unicast' as const, table: 'main', destination, device },
      ...more,
    })
    const routes = [
      way('2001:db8:1:0:1::/80', 'eth0'),
      way('2001:db8:1::/64', 'eth1'),
      way('::/0', 'eth1', { gateway: '2001:db8:1::1' }),
    ]
    const entry = { family: 'ip6', device: 'eth1', proxy: true } as const
    const found = (proxied: string, src = '2001:db8:1:0:1::9', listed: string[] = []) => {
      const neighbours = listed.map((address) => ({ ...entry, state: [], address }))
      const sysctls = new Map([
        ['net.ipv6.conf.all.forwarding', '1'],
        ['net.ipv6.conf.eth1.forwarding', '1'],
        ['net.ipv6.conf.all.proxy_ndp', '0'],
        ['net.ipv6.conf.eth1.proxy_ndp', proxied],
      ])
      const world = makeWorld(
        '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n',
        { ...ROUTER, links, routes, sysctls, neighbours },
        'ip6',
      )
      const { evidence, ended } = modelEngine.play(world, { ...SYN, src, dst: '2001:db8:f::9' })
      return explain(evidence, world, { ended }).findings.filter(({ code }) => code === 'not-masqueraded')
    }
    expect(found('0')).toMatchObject([
      {
        severity: 'note',
        message: expect.stringContaining(
          'It left by eth1 with its own source 2001:db8:1:0:1::9, and this host does not reply to neighbour solicitations for it there (net.ipv6.conf.eth1.proxy_ndp=0): that address is in the network of eth1 (2001:db8:1::/64), but the host with that address is behind eth0.',
        ),
      },
    ])
    expect(found('1')).toEqual([])
    expect(found('0', '2001:db8:2::9')).toEqual([])
    // the setting alone is not enough
    expect(found('1', '2001:db8:1:0:1::9', ['2001:db8:1:0:1::9'])).toEqual([])
    const [unlisted] = found('1', '2001:db8:1:0:1::9', ['2001:db8:1:0:1::8'])
    expect(unlisted?.message).toContain('for it there ("ip -6 neigh show proxy" does not list it): that address')
    expect(unlisted?.fix[0]?.description).toBe(
      'make this host reply to neighbour solicitations for it: ip -6 neigh add proxy 2001:db8:1:0:1::9 dev eth1',
    )
  })

  it('asks for IPv4 whether this host answers ARP in its place', () => {
    const way = { family: 'ip', type: 'unicast', destination: '10.0.2.7/32', device: 'eth0', table: 'main' } as const
    const found = (proxied: string) =>
      findingsOf(
        played({
          rules: { filter: [] },
          packet: { ...SYN, src: '10.0.2.7', dst: '10.0.2.9' },
          host: {
            routes: [...ROUTER.routes!, way],
            sysctls: new Map([...ROUTER.sysctls!, ['net.ipv4.conf.eth1.proxy_arp', proxied]]),
          },
        }),
        'not-masqueraded',
      )
    const [told] = found('0')
    expect(told?.message).toContain('does not reply to ARP requests for it there (net.ipv4.conf.eth1.proxy_arp=0)')
    const line = (value: string) => [{ kind: 'sysctl', name: 'net.ipv4.conf.eth1.proxy_arp', value }]
    expect(told?.fix).toMatchObject([{ edits: line('1'), undo: line('0') }])
    expect(found('1')).toEqual([])
  })

  it.each([
    ['it is masqueraded', { rules: { nat: [MASQUERADE.replace('10.0.3', '10.0.1')], filter: [] }, packet: ABROAD }],
    ['both are private', { rules: { nat: ['-A OUTPUT -j ACCEPT'], filter: [] } }],
    [
      'another router of its own network gets it',
      { rules: { nat: [MASQUERADE], filter: [] }, packet: { ...ABROAD, in: 'eth1', src: '10.0.2.7' } },
    ],
    ['its source is public', { rules: { nat: [MASQUERADE], filter: [] }, packet: { ...ABROAD, src: '203.0.113.5' } }],
    [
      'it goes back and is rewritten both ways',
      { rules: { nat: [DNAT, '-A POSTROUTING -d 10.0.1.9/32 -j MASQUERADE'], filter: [] }, packet: TO_ROUTER },
    ],
  ] satisfies [string, Case][])('is not told where %s', (_name, one) => {
    expect(severity(one)).toEqual([])
  })
})
