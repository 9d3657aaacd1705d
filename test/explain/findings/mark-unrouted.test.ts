/** A mark that a rule set for a routing rule, which does not have it: other bits, or a set that holds nearly every address. */
import { describe, expect, it } from 'vitest'
import type { Host, Route, RoutingRule } from '../../../src/index.ts'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const rule = (priority: number, table: string, more: Partial<RoutingRule> = {}): RoutingRule => ({
  family: 'ip',
  priority,
  action: { table },
  ...more,
})
const TABLE_1: Route = {
  ...{ family: 'ip', type: 'unicast', destination: '0.0.0.0/0' },
  ...{ gateway: '10.0.3.254', device: 'eth2', table: '1' },
}
const ADDRESS = { family: 'ip', address: '10.0.3.1', prefixLength: 24, scope: 'global' } as const
const DST = '198.51.100.7'

/** Masqueraded, as everything that leaves by the uplink. */
const entryWith = (status: string[]) =>
  entry({
    original: { src: '10.0.1.2', dst: DST, sport: 40_000, dport: 80 },
    reply: { src: DST, dst: '10.0.2.1', sport: 80, dport: 40_000 },
    status,
  })
const hostWith = (routed: Partial<RoutingRule>): Host => ({
  links: [...ROUTER.links!, { index: 4, name: 'eth2', mtu: 1500, addresses: [ADDRESS] }],
  routes: [
    ...ROUTER.routes!,
    { family: 'ip', type: 'local', destination: '10.0.3.1/32', device: 'eth2', table: 'local' },
    { family: 'ip', type: 'unicast', destination: '10.0.3.0/24', device: 'eth2', table: 'main' },
    TABLE_1,
  ],
  routingRules: [rule(0, 'local'), rule(1000, '1', routed), rule(32766, 'main')],
})
const MASQUERADES = ['-A POSTROUTING -o eth1 -j MASQUERADE', '-A POSTROUTING -o eth2 -j MASQUERADE']
const sent = (mangle: string[], host: Host, sets: NamedSet[] = []): Case => ({
  ...{ rules: { mangle, nat: MASQUERADES, filter: [] }, packet: { ...SYN, dst: DST } },
  ...{ host, sets, listed: [entryWith(['unreplied'])] },
})

describe('a mark that a routing rule has led by', () => {
  const GIVES = '-A PREROUTING -i eth0 -p tcp -j MARK --set-xmark 0x200/0x3f00'
  const [local, , main] = hostWith({}).routingRules!
  const both: Host = {
    ...hostWith({}),
    routingRules: [
      local!,
      rule(2001, '1', { mark: 0x100, markMask: 0x3f00 }),
      rule(2002, '2', { mark: 0x200, markMask: 0x3f00 }),
      main!,
    ],
  }
  const ways = { ...both, routes: [...both.routes!, { ...TABLE_1, gateway: '10.0.2.254', device: 'eth1', table: '2' }] }

  it('is not another one that is missing', () => {
    expect(told(sent([GIVES], ways), 'mark-missing')).toBeUndefined()
  })

  it('is missing where no routing rule matches the one that it has', () => {
    // table 2 is not there
    const found = told(
      sent([GIVES], { ...both, routingRules: both.routingRules!.filter((one) => one.priority !== 2002) }),
      'mark-missing',
    )
    expect(found?.message).toMatch(/^Routing rule 2001 requires mark 0x100\/0x3f00/)
  })

  const away = { ...ways, routes: [...both.routes!, { ...TABLE_1, gateway: '10.0.3.253', table: '2' }] }

  it('is read by no routing rule, and its table is there', () => {
    const routingRules = away.routingRules!.filter((one) => one.priority !== 2002)
    expect(told(sent([GIVES], { ...away, routingRules }), 'mark-missing')).toEqual({
      message: 'mangle PREROUTING rule 1 set mark 0x200, and no routing rule matches it, and none selects table 2.',
      rules: ['mangle PREROUTING rule 1'],
      fix: 'ip rule add fwmark 0x200/0x3f00 table 2 → forwarded',
    })
  })

  it('is read by a routing rule that comes after the one of table main', () => {
    const routingRules = away.routingRules!.map((one) => (one.priority === 2002 ? { ...one, priority: 32800 } : one))
    const found = told(sent([GIVES], { ...away, routingRules }), 'mark-missing')
    expect(found?.message).toBe(
      'mangle PREROUTING rule 1 set mark 0x200, and routing rule 32800, which matches it and selects table 2, comes after routing rule 32766, which selects table main: that one has a route for it.',
    )
    expect(found?.fix).toMatch(/^ip rule del .* && ip rule add fwmark 0x200\/0x3f00 priority 32765 table 2 → forwarded/)
  })

  it('goes before the source that the way of no mark lacks', () => {
    const routingRules = away.routingRules!.map((one) => (one.priority === 2002 ? { ...one, priority: 32800 } : one))
    const { rules, ...rest } = sent([GIVES], { ...away, routingRules })
    const listed = entryWith(['unreplied'])
    const entry = { ...listed, reply: { ...listed.reply, dst: '10.0.1.2' } }
    // by eth1, only what has another mark is masqueraded
    const nat = ['-A POSTROUTING -o eth1 -m mark --mark 0x100/0x3f00 -j MASQUERADE', MASQUERADES[1]!]
    const { findings } = played({ ...rest, rules: { ...rules, nat }, listed: [entry] })
    const [first] = findings.filter(({ severity }) => severity !== 'note')
    expect(first?.message).toContain('set mark 0x200, and routing rule 32800, which matches it')
    expect(findings.find(({ code }) => code === 'not-masqueraded')).toMatchObject({ severity: 'note', fix: [] })
  })

  it('is not read by a routing rule for other senders', () => {
    const routingRules = away.routingRules!.map((one) =>
      one.priority === 2002 ? { ...one, priority: 32800, from: '10.0.9.0/24' } : one,
    )
    const found = told(sent([GIVES], { ...away, routingRules }), 'mark-missing')
    expect(found?.message ?? '').not.toContain('matches it')
  })

  it('is not told of one that a filter reads, while nothing is stopped for it', () => {
    const routingRules = away.routingRules!.filter((one) => one.priority !== 2002)
    const one = sent([GIVES], { ...away, routingRules })
    const filter = ['-A FORWARD -m mark --mark 0x200/0x3f00 -j ACCEPT']
    expect(told({ ...one, rules: { ...one.rules, filter } }, 'mark-missing')?.message ?? '').not.toContain('table 2')
  })
})

describe('a routing rule that compares more bits than were set for it', () => {
  const OTHERS = '-A PREROUTING -j MARK --set-xmark 0x100/0x3f00'
  const SETS = '-A PREROUTING -i eth0 -p tcp -j MARK --set-xmark 0x20000/0xff0000'

  it('is to compare these alone', () => {
    const found = told(sent([OTHERS, SETS], hostWith({ mark: 0x20000 })), 'mark-missing')
    expect(found).toEqual({
      message:
        'Routing rule 1000 requires mark 0x20000, which the packet does not have: mangle PREROUTING rule 2 set it with mask 0xff0000, and mangle PREROUTING rule 1 set other bits: the mark is 0x20100.',
      rules: ['mangle PREROUTING rule 2', 'mangle PREROUTING rule 1'],
      fix: 'ip rule del fwmark 0x20000 priority 1000 table 1 && ip rule add fwmark 0x20000/0xff0000 priority 1000 table 1 → forwarded',
    })
  })

  it('says so of a rule that accepts by the mark, too', () => {
    const asks = '-A FORWARD -m mark --mark 0x20000 -j ACCEPT'
    const answers = '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
    const rules = { mangle: [SETS, OTHERS], filter: ['-P FORWARD DROP', asks, answers] }
    expect(told({ rules }, 'mark-missing')).toEqual({
      message:
        'filter FORWARD rule 1 requires mark 0x20000, which the packet does not have: mangle PREROUTING rule 1 set it with mask 0xff0000, and mangle PREROUTING rule 2 set other bits: the mark is 0x20100.',
      rules: ['mangle PREROUTING rule 1', 'mangle PREROUTING rule 2', 'filter FORWARD rule 1'],
      fix: 'iptables -R FORWARD 1 -m mark --mark 0x20000/0xff0000 -j ACCEPT → forwarded',
    })
  })

  it('is a note without a fix where a reply came back', () => {
    const one = { ...sent([OTHERS, SETS], hostWith({ mark: 0x20000 })), listed: [entryWith(['assured'])] }
    expect(findingsOf(played(one), 'mark-missing').map(({ severity, fix }) => [severity, fix])).toEqual([['note', []]])
  })

  it('is none where the mask is right', () => {
    expect(told(sent([OTHERS, SETS], hostWith({ mark: 0x20000, markMask: 0xff0000 })), 'mark-missing')).toBeUndefined()
  })
})

describe('a set of networks that took the packet away from its mark', () => {
  const LOCAL = '-A PREROUTING -m set --match-set local dst -j MARK --set-xmark 0x3f00/0x3f00'
  const SETS = '-A PREROUTING -s 10.0.1.2/32 -m mark --mark 0x0/0x3f00 -j MARK --set-xmark 0x100/0x3f00'
  const routed = { mark: 0x100, markMask: 0x3f00 }
  const setOf = (...networks: string[]): NamedSet[] => [
    { name: 'local', type: 'list:set', elements: [{ parts: ['local_v4'] }] },
    { name: 'local_v4', type: 'hash:net', elements: networks.map((one) => ({ parts: [one] })) },
  ]

  it('loses the halves of the internet', () => {
    const found = told(
      sent([LOCAL, SETS], hostWith(routed), setOf('0.0.0.0/1', '10.0.1.0/24', '128.0.0.0/1')),
      'mark-missing',
    )
    expect(found).toEqual({
      message: `Routing rule 1000 requires mark 0x100/0x3f00, which the packet does not have: mangle PREROUTING rule 1 gave it 0x3f00, because 128.0.0.0/1 in set local_v4 covers ${DST}. Without that, mangle PREROUTING rule 2 would have set the mark.`,
      rules: ['mangle PREROUTING rule 1', 'mangle PREROUTING rule 2'],
      fix: 'ipset del local_v4 0.0.0.0/1 && ipset del local_v4 128.0.0.0/1 → forwarded',
    })
  })

  it('though the packet comes to that rule once more', () => {
    const twice = [
      '-A PREROUTING -j CONNECTED',
      SETS,
      '-A PREROUTING -j CONNECTED',
      LOCAL.replace('PREROUTING', 'CONNECTED'),
    ]
    const found = told(sent(twice, hostWith(routed), setOf('0.0.0.0/1', '128.0.0.0/1')), 'mark-missing')
    expect(found?.message).toContain('covers 198.51.100.7')
  })

  it.each([
    ['a network of its own', setOf('198.51.100.0/24')],
    ['both', setOf('128.0.0.0/1', '198.51.100.0/24')],
  ])('may hold it by %s', (_name, sets) => {
    const found = findingsOf(played(sent([LOCAL, SETS], hostWith(routed), sets)), 'mark-missing')
    expect(found.map(({ severity, fix }) => [severity, fix])).toEqual([['note', []]])
  })
})

describe('a set whose elements have run out', () => {
  const SETS = '-A PREROUTING -m set --match-set domains dst -j MARK --set-xmark 0x8/0x8'
  const setOf = (more: Partial<NamedSet>): NamedSet[] => [{ name: 'domains', type: 'hash:ip', elements: [], ...more }]
  const found = (more: Partial<NamedSet>) =>
    findingsOf(played(sent([SETS], hostWith({ mark: 8, markMask: 8 }), setOf(more))), 'mark-missing')

  it('is why the mark is missing of what nobody replies to', () => {
    expect(told(sent([SETS], hostWith({ mark: 8, markMask: 8 }), setOf({ timeout: 3600 })), 'mark-missing')).toEqual({
      message: `Routing rule 1000 requires mark 0x8/0x8, which the packet does not have: mangle PREROUTING rule 1, which sets this mark, does not match: ${DST} is not in set domains, which is empty: its elements time out.`,
      rules: ['mangle PREROUTING rule 1'],
      fix: `ipset add domains ${DST} → forwarded`,
    })
  })

  it.each<[string, Partial<NamedSet>]>([
    ['others are in it', { timeout: 3600, elements: [{ parts: ['198.51.100.9'] }] }],
    ['its elements stay', {}],
  ])('is none where %s', (_name, more) => {
    expect(found(more)).toEqual([])
  })
})

it('lets no masquerade be the answer on a way that a mark was to lead away from', () => {
  const mangle = [
    '-A PREROUTING -i eth0 -p tcp -j MARK --set-xmark 0x20000/0xff0000',
    '-A PREROUTING -j MARK --set-xmark 0x200/0xffffffff',
  ]
  const entryLeft = entry({
    original: { src: '10.0.1.2', dst: DST, sport: 40_000, dport: 80 },
    reply: { src: DST, dst: '10.0.1.2', sport: 80, dport: 40_000 },
    status: ['unreplied'],
  })
  const one = {
    ...{ rules: { mangle, nat: ['-A POSTROUTING -o eth2 -j MASQUERADE'], filter: [] }, packet: { ...SYN, dst: DST } },
    ...{ host: hostWith({ mark: 0x20000, markMask: 0xff0000 }), listed: [entryLeft] },
  }
  const { findings } = played(one)
  expect(findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code)).toEqual(['mark-missing'])
  const masquerade = findings.find(({ code }) => code === 'not-masqueraded')
  expect([masquerade?.severity, masquerade?.fix]).toEqual(['note', []])
})

it('names a step that is there, where a proxy took the packet from its first chain', () => {
  const mangle = [
    '-A PREROUTING -i eth0 -j MARK --set-xmark 0x2/0xffffffff',
    '-A PREROUTING -p tcp -j TPROXY --on-port 12345 --on-ip 0.0.0.0 --tproxy-mark 0x1/0xffffffff',
  ]
  const { findings, steps } = played({
    ...{ rules: { mangle, filter: [] }, packet: { ...SYN, dst: DST } },
    host: hostWith({ mark: 0x2, markMask: 0xffffffff }),
  })
  const missing = findings.find(({ code }) => code === 'mark-missing')
  expect(missing?.steps).toEqual([steps.length])
})
