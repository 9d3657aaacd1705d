/** Marks that routing goes by: past a better route, into the way back, behind another program's routing rule. */
import { describe, expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import type { ConntrackEntry, Host, RoutingRule } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { entry, makeWorld, ROUTER } from '../../simulate/world.ts'
import { type Case, captured, findingsOf, played, SYN, told } from './played.ts'

const rule = (priority: number, table: string, more: Partial<RoutingRule> = {}): RoutingRule => ({
  family: 'ip',
  priority,
  action: { table },
  ...more,
})
const LOCAL = rule(0, 'local')
const MAIN = rule(32766, 'main')
const MARKS = '-A PREROUTING -i eth0 -p tcp -j MARK --set-xmark 0x100/0x3f00'
/** Only the default route, out of eth0. */
const TABLE_1 = {
  family: 'ip',
  type: 'unicast',
  destination: '0.0.0.0/0',
  gateway: '10.0.1.254',
  device: 'eth0',
  table: '1',
} as const
const unreplied = (dst: string) =>
  entry({
    original: { src: '10.0.1.2', dst, sport: 40_000, dport: 80 },
    reply: { src: dst, dst: '10.0.1.2', sport: 80, dport: 40_000 },
    status: ['unreplied'],
  })
const sent = (dst: string, status: string[] = ['unreplied']): Case => ({
  rules: { mangle: [MARKS], filter: [] },
  packet: { ...SYN, dst },
  host: {
    routes: [...ROUTER.routes!, TABLE_1],
    routingRules: [LOCAL, rule(2001, '1', { mark: 0x100, markMask: 0x3f00 }), MAIN],
    conntrack: [{ ...unreplied(dst), status }],
  },
})

describe('a mark that leads past a route', () => {
  it('is told where nothing has come back', () => {
    const found = told(sent('10.0.8.9'), 'wrong-way-out')
    expect(found?.message).toBe(
      'mangle PREROUTING rule 1 sets mark 0x100, so the packet leaves by eth0. Without that mark, the route to 10.0.8.0/24 sends it out of eth1.',
    )
    expect(found?.fix).toMatch(/^iptables -t mangle -I PREROUTING 1 .*-d 10\.0\.8\.9 .*-j ACCEPT → forwarded$/)
  })

  it.each([
    [514, false],
    [2055, false],
    [53, false],
  ])('is told of UDP only where the service always answers: port %s', (dport, isTold) => {
    const udp = sent('10.0.8.9')
    const ends = ({ original, reply }: ConntrackEntry) => ({
      original: { ...original, dport },
      reply: { ...reply, sport: dport },
    })
    const [entry] = udp.host!.conntrack!
    const rules = { ...udp.rules, mangle: [MARKS.replace(' -p tcp', '')] }
    const { tcpFlags: _, tcpOptions: __, tcpSeq: ___, ...packet } = { ...udp.packet!, protocol: 'udp', dport }
    const conntrack = [{ ...entry!, protocol: 'udp', ...ends(entry!) }]
    const found = told({ rules, packet, host: { ...udp.host, conntrack } }, 'wrong-way-out')
    expect(found?.message.includes('gives it mark') ?? false).toBe(isTold)
  })

  it.each([
    ['something has', sent('10.0.8.9', [])],
    ['the other route is as wide', sent('198.51.100.7')],
  ])('is not where %s', (_name, one) => {
    expect(told(one, 'wrong-way-out')?.message ?? '').not.toContain('gives it mark')
  })
})

describe('a mark that leads past the routing rule for its source', () => {
  const bySource = (src: string, status = ['unreplied']): Case => ({
    rules: { mangle: ['-A PREROUTING -p tcp -j MARK --set-xmark 0x80/0x80'], filter: [] },
    packet: { ...SYN, src, dst: '198.51.100.7', in: 'eni7' },
    host: {
      routes: [...ROUTER.routes!, { ...TABLE_1, table: '2' }],
      routingRules: [
        LOCAL,
        rule(1024, 'main', { mark: 0x80, markMask: 0x80 }),
        rule(1536, '2', { from: `${src}/32` }),
        MAIN,
      ],
      conntrack: [
        entry({
          original: { src, dst: '198.51.100.7', sport: 40_000, dport: 80 },
          reply: { src: '198.51.100.7', dst: src, sport: 80, dport: 40_000 },
          status,
        }),
      ],
    },
  })
  const found = (one: Case) => findingsOf(played(one), 'wrong-way-out')[0]

  it('is told where its source is of the network that the rule leads to', () => {
    expect(found(bySource('10.0.1.20'))?.message).toBe(
      'mangle PREROUTING rule 1 sets mark 0x80, so the packet leaves by eth1. Without that mark, routing rule 1536 (from 10.0.1.20/32) sends it out of eth0.',
    )
    expect(found(bySource('10.0.1.20'))?.severity).toBe('warning')
    expect(told(bySource('10.0.1.20'), 'wrong-way-out')?.fix).toMatch(
      /-t mangle -I PREROUTING 1 .*-j ACCEPT → forwarded$/,
    )
  })

  it('is a note for a source from elsewhere, and nothing where a reply came', () => {
    expect(found(bySource('10.7.7.7'))?.severity).toBe('note')
    expect(found(bySource('10.0.1.20', []))).toBeUndefined()
  })
})

describe("a mark that leads a provider's prefix out of another provider's uplink", () => {
  const SOURCE = '2001:db8:b::10'
  const dst = '2001:db8:f::9'
  /** As OpenWrt's netifd has them: table main's default routes are each for the sources of one delegated prefix. */
  function found(status: string[], given = SOURCE) {
    const link = (index: number, name: string, address: string) => ({
      ...{ index, name, mtu: 1500 },
      addresses: [{ family: 'ip6' as const, address, prefixLength: 64, scope: 'global' }],
    })
    const six = { family: 'ip6', type: 'unicast', table: 'main' } as const
    const world = makeWorld(
      `*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i eth0 -j MARK --set-xmark 0x100/0x3f00\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n`,
      {
        links: [link(2, 'eth0', '2001:db8:b::1'), link(3, 'eth1', '2001:db8:1::2'), link(4, 'eth2', '2001:db8:2::2')],
        routes: [
          { ...six, destination: '2001:db8:b::/64', device: 'eth0' },
          { ...six, destination: '::/0', from: '2001:db8:a::/48', gateway: '2001:db8:1::1', device: 'eth1' },
          { ...six, destination: '::/0', from: '2001:db8:b::/48', gateway: '2001:db8:2::1', device: 'eth2' },
          { ...six, destination: '::/0', gateway: '2001:db8:1::1', device: 'eth1', table: '1' },
        ],
        routingRules: [
          { ...rule(0, 'local'), family: 'ip6' },
          { ...rule(2001, '1', { mark: 0x100, markMask: 0x3f00 }), family: 'ip6' },
          { ...rule(32766, 'main'), family: 'ip6' },
        ],
        conntrack: [
          entry({
            ...{ family: 'ip6', status },
            original: { src: SOURCE, dst, sport: 40_000, dport: 80 },
            reply: { src: dst, dst: given, sport: 80, dport: 40_000 },
          }),
        ],
        sysctls: new Map([['net.ipv6.conf.all.forwarding', '1']]),
      },
      'ip6',
    )
    const { evidence, ended } = modelEngine.play(world, { ...SYN, src: SOURCE, dst })
    return explain(evidence, world, { ended }).findings.find(({ code }) => code === 'wrong-way-out')
  }

  it('names the route for that source that it leads past', () => {
    expect(found(['unreplied'])).toMatchObject({
      severity: 'warning',
      message:
        'mangle PREROUTING rule 1 sets mark 0x100, so the packet leaves by eth1. Without that mark, the default route from 2001:db8:b::/48 sends it out of eth2.',
    })
  })

  it('says nothing where nat rewrites the source, or where a reply came', () => {
    expect(found(['unreplied'], '2001:db8:1::2')).toBeUndefined()
    expect(found([])).toBeUndefined()
  })
})

/** With a mark that leads to this host, as a transparent proxy has it. */
const counting = (value: string): Case => ({
  rules: { mangle: ['-A PREROUTING -i eth0 -p tcp -j MARK --set-xmark 0x81/0xffffffff'], filter: [] },
  packet: { ...SYN, dst: '203.0.113.9' },
  host: {
    routes: [...ROUTER.routes!, { family: 'ip', type: 'local', destination: '0.0.0.0/0', table: '81', device: 'lo' }],
    routingRules: [LOCAL, rule(1024, '81', { mark: 0x81 }), MAIN],
    sysctls: new Map([
      ['net.ipv4.ip_forward', '1'],
      ['net.ipv4.conf.all.src_valid_mark', value],
      ['net.ipv4.conf.eth0.src_valid_mark', '0'],
    ]),
  },
})

describe('src_valid_mark', () => {
  it('has a mark that leads to this host make every source one of its own', () => {
    const found = told(counting('1'), 'vanished-martian')
    expect(found?.message).toContain(
      'its mark 0x81 is used for the route back to 10.0.1.2 (net.ipv4.conf.all.src_valid_mark is 1)',
    )
    expect(found?.fix).toBe('sysctl -w net.ipv4.conf.all.src_valid_mark=0 → delivered')
    expect(told(counting('0'), 'vanished-martian')).toBeUndefined()
  })

  it('is proposed where the mark would lead back the way it came', () => {
    const tunnelled: Case = {
      rules: { mangle: ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x80000/0xff0000'], filter: [] },
      host: {
        routes: [...ROUTER.routes!, { ...TABLE_1, table: '52', device: 'eth1', gateway: '10.0.2.254' }],
        routingRules: [LOCAL, rule(5210, 'main', { mark: 0x80000, markMask: 0xff0000 }), rule(5270, '52'), MAIN],
        sysctls: new Map([
          ['net.ipv4.ip_forward', '1'],
          ['net.ipv4.conf.all.rp_filter', '1'],
          ['net.ipv4.conf.all.src_valid_mark', '0'],
        ]),
      },
    }
    const found = told(tunnelled, 'vanished-rp-filter')
    expect(found?.message).toContain(
      'With its mark 0x80000, the route back would leave by eth0, but the filter ignores the mark',
    )
    expect(found?.fix).toMatch(/^sysctl -w net.ipv4.conf.all.src_valid_mark=1 → forwarded/)
  })
})

it("another program's routing rule takes what a proxy's mark was to lead here", () => {
  const rules = {
    mangle: ['-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 1602 --tproxy-mark 0x105/0xffffffff'],
  }
  const host: Host = {
    routes: [
      ...ROUTER.routes!,
      TABLE_1,
      { family: 'ip', type: 'local', destination: '0.0.0.0/0', table: '105', device: 'lo' },
    ],
    routingRules: [
      LOCAL,
      rule(2001, '1', { mark: 0x100, markMask: 0x3f00 }),
      rule(20105, '105', { mark: 0x105 }),
      MAIN,
    ],
    sockets: [{ protocol: 'tcp', family: 'ip', state: 'LISTEN', port: 1602 }],
  }
  const at = { in: 'eth0', src: '10.0.1.2', dst: '198.18.0.5' }
  const lines = [
    trace('mangle:PREROUTING:rule:1', at),
    trace('mangle:PREROUTING:policy:2', { ...at, dport: 81, id: 2 }),
  ]
  const [found] = findingsOf(captured(rules, lines, host), 'proxy-missing')
  expect(found?.message).toBe(
    'mangle PREROUTING rule 1 hands it to a transparent proxy on tcp port 1602. Routing rule 2001 matches its mark 0x105 first and sends it out of eth0. Rule 20105, which would deliver it to this host, is never reached. The proxy also needs a socket with IP_TRANSPARENT.',
  )
  // thousands of rules for other marks, and for this one, change nothing
  const others = Array.from({ length: 2000 }, (_, i) => rule(30_000 + (i >> 1), '1', { mark: i % 2 ? 0x105 : i << 12 }))
  const many = { ...host, routingRules: [...host.routingRules!, ...others] }
  expect(findingsOf(captured(rules, lines, many), 'proxy-missing')[0]?.message).toBe(found?.message)
  expect(found?.fix[0]?.edits).toMatchObject([
    { op: 'add', rule: { priority: 2000, mark: 0x105, action: { table: '105' } } },
  ])
})
