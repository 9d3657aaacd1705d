/** Packets that end well, and do no good: what rewrote, tracked or led them stands elsewhere. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { astray } from '../../../src/explain/host/routes.ts'
import { nameRef } from '../../../src/explain/refs.ts'
import type { Host, Journey, RoutingRule } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { explainLog } from '../../journey/journeys.ts'
import { dmesg, type TestPacket, trace } from '../../journey/kernel-lines.ts'
import { entry, makeWorld, ROUTER } from '../../simulate/world.ts'
import { findingsOf, type Rules, saved } from './played.ts'

function journeys(
  rules: Rules | string,
  lines: readonly string[],
  host: Host = {},
  family: 'ip' | 'ip6' = 'ip',
): Journey[] {
  const world = makeWorld(typeof rules === 'string' ? rules : saved(rules), { ...ROUTER, ...host }, family)
  return explainLog(dmesg(lines), world, [], { engine: modelEngine }).journeys
}
const messages = (journey: Journey, code: string) =>
  findingsOf(journey, code).map(({ severity, message }) => `${severity}: ${message}`)

const unreplied = (src: string, sport: number, to: number) =>
  entry({
    protocol: 'udp',
    original: { src, dst: '203.0.113.9', sport, dport: 500 },
    reply: { src: '203.0.113.9', dst: '10.0.2.1', sport: 500, dport: to },
  })

describe('a source port that a rule leaves to many', () => {
  const asked: TestPacket = {
    ...{ in: 'eth0', out: 'eth1', src: '10.0.1.3', dst: '203.0.113.9', protocol: 'udp' },
    ...{ sport: 500, dport: 500, ttl: 63 },
  }
  const lines = [trace('filter:FORWARD:policy:1', asked), trace('nat:POSTROUTING:rule:1', { ...asked, in: '' })]
  const rules = (to: string) => ({
    filter: [],
    nat: [`-A POSTROUTING -o eth1 -p udp -j SNAT --to-source 10.0.2.1${to}`],
  })
  const found = (to: string, port: number) =>
    messages(journeys(rules(to), lines, { conntrack: [unreplied('10.0.1.2', 500, port)] })[0]!, 'snat-port-taken')

  it('is told where another connection to the same end has it', () => {
    expect(found(':500', 500)).toEqual([
      'error: nat POSTROUTING rule 1 rewrites its source to 10.0.2.1:500, which the connection of 10.0.1.2:500 to 203.0.113.9:500 already uses. The kernel drops the later packet: it could not distinguish the replies of the two connections.',
    ])
  })

  const all = (...ports: number[]) => ({ conntrack: ports.map((port) => unreplied('10.0.1.2', port, port)) })
  const journeyOf = (to: string, ...ports: number[]) => journeys(rules(to), lines, all(...ports))[0]!

  it('is told where other connections to the same end have all of several', () => {
    const journey = journeyOf(':7472-7473', 7472, 7473)
    expect(messages(journey, 'snat-port-taken')).toEqual([
      'error: nat POSTROUTING rule 1 gives it one of the source ports 7472-7473 of 10.0.2.1, but 2 connections to 203.0.113.9:500 already use all of them. The kernel drops the packet when it confirms its conntrack entry: it could not distinguish the replies.',
    ])
    const [fix] = findingsOf(journey, 'snat-port-taken')[0]!.fix
    expect(fix).toMatchObject({ verified: 'model', after: 'forwarded' })
    const { command, undo } = fixCommands(fix!)
    expect([command, undo].map(String)).toEqual([
      'iptables -t nat -R POSTROUTING 1 -o eth1 -p udp -j SNAT --to-source 10.0.2.1:7472-7475',
      'iptables -t nat -R POSTROUTING 1 -o eth1 -p udp -j SNAT --to-source 10.0.2.1:7472-7473',
    ])
  })

  it('shows which ports are possible where its own is none of them', () => {
    const changes = (to: string) =>
      journeyOf(to, 1)
        .steps.at(-1)!
        .changes.filter(({ field }) => field === 'sport')
    expect(changes(':7472-7473')).toEqual([{ field: 'sport', from: 500, to: 7472, among: [7472, 7473] }])
    expect(changes(':7472')).toEqual([{ field: 'sport', from: 500, to: 7472 }])
    expect(changes(':400-600')).toEqual([])
    expect(changes('')).toEqual([])
  })

  it('is not where one of several is left', () => {
    expect(messages(journeyOf(':7472-7474', 7472, 7473), 'snat-port-taken')).toEqual([])
  })

  it('is not where another port is left, or nobody has it', () => {
    expect(found('', 500)).toEqual([])
    expect(found(':500-510', 500)).toEqual([])
    expect(found(':500', 501)).toEqual([])
  })
})

describe('a packet that a bridge had passed on before it was routed', () => {
  const rules = { filter: [], nat: ['-A POSTROUTING -s 10.0.1.0/24 -o eth1 -j MASQUERADE'] }
  const asked: TestPacket = { in: 'fwbr0', src: '10.0.1.2', dst: '203.0.113.9', sport: 40_000, id: 77 }
  const bridged = { ...asked, out: 'fwbr0', physIn: 'veth0', physOut: 'fwln0' }
  const routed = { ...asked, in: 'eth0', out: 'eth1', ttl: 63 }
  const host: Host = {
    links: [
      ...ROUTER.links!,
      { name: 'fwbr0', kind: 'bridge', addresses: [] },
      { name: 'veth0', kind: 'veth', master: 'fwbr0', addresses: [] },
    ],
    sysctls: new Map([...ROUTER.sysctls!, ['net.bridge.bridge-nf-call-iptables', '1']]),
    conntrack: [
      entry({
        original: { src: '10.0.1.2', dst: '203.0.113.9', sport: 40_000, dport: 80 },
        reply: { src: '203.0.113.9', dst: '10.0.1.2', sport: 80, dport: 40_000 },
        status: ['unreplied'],
      }),
    ],
  }
  const second = (id: number) => both(id)[1]!
  const both = (id: number) =>
    journeys(
      rules,
      [
        trace('filter:FORWARD:policy:1', bridged),
        trace('nat:POSTROUTING:policy:2', { ...bridged, in: '' }),
        trace('filter:FORWARD:policy:1', { ...routed, id }),
      ],
      host,
    )

  it('needs no masquerading on the bridge, and is not helped by a rule where it is routed', () => {
    const [onBridge, onward] = both(77)
    expect(findingsOf(onBridge!, 'not-masqueraded')).toEqual([])
    const [found] = findingsOf(onward!, 'not-masqueraded')
    expect(found?.message).toContain('private source 10.0.1.2')
    expect(found?.fix).toEqual([])
  })

  it('is not tried on bridged packets', () => {
    const [found] = findingsOf(second(77), 'bridge-nf-call')
    expect(found!.fix.map(({ verified, unverified }) => [verified, unverified])).toEqual([
      [undefined, 'not tried on bridged packets'],
      [undefined, 'not tried on bridged packets'],
    ])
  })

  it('has its entry from there, and neither an old one nor been sent again', () => {
    const journey = second(77)
    expect(messages(journey, 'bridge-nf-call')).toEqual([
      'warning: In journey 1, bridge fwbr0 forwarded this packet and called the IP chains: conntrack created the entry there, without NAT. The kernel sets up NAT once per connection, so it does not evaluate nat POSTROUTING rule 1, which would rewrite the packet.',
    ])
    expect(findingsOf(journey, 'stale-conntrack')).toEqual([])
    expect(findingsOf(journey, 'retransmission')).toEqual([])
  })

  it('is told from one that was sent again, by its identification', () => {
    expect(findingsOf(second(78), 'retransmission')).toHaveLength(1)
    expect(findingsOf(second(78), 'bridge-nf-call')).toEqual([])
  })
})

describe('a prefix that is exchanged without connection tracking', () => {
  const [inside, outside, far] = ['fda3:1::10', '2001:db8:a::cfe1:10', '2001:db8:f::9']
  const rules = `*mangle
:PREROUTING ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 2001:db8:a::/64 -i eth1 -j DNPT --src-pfx 2001:db8:a::/64 --dst-pfx fda3:1::/64
-A POSTROUTING -s fda3:1::/64 -o eth1 -j SNPT --src-pfx fda3:1::/64 --dst-pfx 2001:db8:a::/64
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -i eth0 -j ACCEPT
COMMIT
`
  const asked: TestPacket = { in: 'eth0', src: inside, dst: far, sport: 40_000, dport: 80 }
  const replied: TestPacket = { in: 'eth1', src: far, dst: outside, sport: 80, dport: 40_000, flags: 'ACK SYN', seq: 9 }
  const lines = [
    trace('mangle:PREROUTING:policy:2', asked),
    trace('mangle:FORWARD:policy:1', { ...asked, out: 'eth1', ttl: 63 }),
    trace('filter:FORWARD:rule:2', { ...asked, out: 'eth1', ttl: 63 }),
    trace('mangle:POSTROUTING:rule:1', { ...asked, out: 'eth1', ttl: 63 }),
    trace('mangle:POSTROUTING:policy:2', { ...asked, src: outside, out: 'eth1', ttl: 63 }),
    trace('mangle:PREROUTING:rule:1', replied),
    trace('mangle:PREROUTING:policy:2', { ...replied, dst: inside }),
    trace('mangle:FORWARD:policy:1', { ...replied, dst: inside, out: 'eth0', ttl: 63 }),
    trace('filter:FORWARD:policy:3', { ...replied, dst: inside, out: 'eth0', ttl: 63 }),
  ]

  it('keeps a packet one journey, and is told of the reply that no entry knows', () => {
    const [request, reply, ...more] = journeys(rules, lines, {}, 'ip6')
    expect(more).toEqual([])
    expect(findingsOf(request!, 'lost-events')).toEqual([])
    expect(messages(reply!, 'untracked')).toEqual([
      `warning: mangle PREROUTING rule 1 translates its destination prefix after conntrack. Conntrack has no entry with the address ${outside}, so no rule can match the packet as part of a connection.`,
    ])
  })
})

describe('TPROXY where the bridge calls PREROUTING', () => {
  const asked: TestPacket = { in: 'br0', src: '10.0.1.2', dst: '203.0.113.9', sport: 40_000, dport: 80 }
  const host = (calls: string): Host => ({
    links: [...ROUTER.links!, { name: 'br0', kind: 'bridge', addresses: [] }],
    sysctls: new Map([...ROUTER.sysctls!, ['net.bridge.bridge-nf-call-iptables', calls]]),
    routes: [...ROUTER.routes!, { family: 'ip', type: 'local', destination: '0.0.0.0/0', table: '100', device: 'lo' }],
    routingRules: [
      { family: 'ip', priority: 0, action: { table: 'local' } },
      { family: 'ip', priority: 100, mark: 1, action: { table: '100' } },
      { family: 'ip', priority: 32766, action: { table: 'main' } },
    ],
  })
  const found = (calls: string, port: number) => {
    const rules = { mangle: [`-A PREROUTING -p tcp -j TPROXY --on-port ${port} --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1`] }
    const lines = [trace('mangle:PREROUTING:rule:1', asked), trace('mangle:INPUT:policy:1', { ...asked, mark: 1 })]
    return findingsOf(journeys(rules, lines, host(calls))[0]!, 'bridge-nf-call')
  }

  it('loses the socket, unless the proxy has the port that was asked', () => {
    const [one] = found('1', 7894)
    expect(one?.severity).toBe('error')
    expect(one?.rules.map(nameRef)).toEqual(['mangle PREROUTING rule 1'])
    expect(one?.message).toContain('Bridge br0 calls PREROUTING before it passes the packet to IP')
    expect(found('1', 80)).toEqual([])
    expect(found('0', 7894)).toEqual([])
  })
})

describe('a routing rule for what comes in by an uplink', () => {
  const back = { in: 'eth1', out: 'eth1', src: '10.0.2.9', dst: '10.0.2.7' }
  const way = (destination: string, device: string, table = 'main') => ({
    ...{ family: 'ip' as const, type: 'unicast' as const, destination, device, table },
  })
  const rule = (priority: number, table: string, more: Partial<RoutingRule> = {}): RoutingRule => ({
    ...{ family: 'ip', priority, action: { table } },
    ...more,
  })
  const host = (...more: ReturnType<typeof way>[]): Host => ({
    ...ROUTER,
    routes: [...ROUTER.routes!, way('10.0.2.0/24', 'eth1', '100'), ...more],
    routingRules: [rule(0, 'local'), rule(100, '100', { in: 'eth1' }), rule(32766, 'main')],
  })

  it('leads past the route to a guest with an address of that network', () => {
    const guest = way('10.0.2.7/32', 'veth1')
    expect(astray(back, host(guest))).toMatchObject({
      main: guest,
      why: 'it came in on eth1, and table 100 sends it back out of eth1 (route to 10.0.2.0/24); table main has a more specific route to 10.0.2.7/32, through veth1',
    })
  })

  it('is right for whoever else is there', () => {
    expect(astray(back, host())).toBeUndefined()
    expect(astray(back, host(way('10.0.2.7/32', 'veth1'), way('10.0.2.7/32', 'veth1', '100')))).toBeUndefined()
  })
})
