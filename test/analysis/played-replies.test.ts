/** What a simulated packet's sender gets: a refusal, nothing for want of a neighbour, nothing from a bridge's own port. */
import { expect, it } from 'vitest'
import { open } from '../../src/analysis/analysis.ts'
import { explain } from '../../src/explain/explain.ts'
import { playReply } from '../../src/explain/reply/played-reply.ts'
import type { Host } from '../../src/index.ts'
import { modelEngine } from '../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../simulate/world.ts'

it('refuses UDP to a port of its own where nobody listens', () => {
  const world = makeWorld('', { ...ROUTER, listening: ['tcp', 'udp'], sockets: [] })
  const packet = { in: 'eth0', protocol: 'udp', src: '10.0.1.2', sport: 40_000, dst: '10.0.1.1', dport: 444 }
  const { evidence, ended } = modelEngine.play(world, packet)
  expect(explain(evidence, world, { ended }).findings.map(({ code }) => code)).toContain('closed-port')
})

const ROUTE = { family: 'ip6', device: 'lan' } as const
const SIX: Host = {
  links: [
    { name: 'lan', mac: '02:00:00:00:00:01', addresses: [{ family: 'ip6', address: '2001:db8::1', prefixLength: 64 }] },
  ],
  routes: [
    { ...ROUTE, type: 'local', destination: '2001:db8::1/128', table: 'local' },
    { ...ROUTE, type: 'unicast', destination: '2001:db8::/64', table: 'main' },
    { ...ROUTE, type: 'multicast', destination: 'ff00::/8', table: 'local' },
  ],
  conntrack: [],
}

it('loses a reply for which a neighbour has to be found, unless it is known', () => {
  const rules =
    '*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n'
  const packet = {
    in: 'lan',
    protocol: 'tcp',
    src: '2001:db8::2',
    sport: 4000,
    dst: '2001:db8::1',
    dport: 22,
    tcpFlags: ['syn'],
  }
  const replyOf = (host: Host) => {
    const world = makeWorld(rules, { ...SIX, ...host }, 'ip6')
    const { evidence, ended } = modelEngine.play(world, packet)
    return playReply(evidence, explain(evidence, world, { ended }), world, modelEngine)
  }
  expect(replyOf({ neighbours: [] })?.finding?.message).toContain('drops neighbour advertisements')
  const known = {
    family: 'ip6',
    address: '2001:db8::2',
    device: 'lan',
    mac: '02:00:00:00:00:02',
    state: ['STALE'],
  } as const
  const found = replyOf({ neighbours: [{ ...known, state: ['STALE'] }] })
  expect(found).toBeDefined()
  expect(found?.finding).toBeUndefined()
  // whether it is known, nothing says
  expect(replyOf({})).toBeUndefined()
})

it.each([
  ['off', 'vanished'],
  ['on', 'forwarded'],
])('sends nothing back out of the only port of a bridge with hairpin %s', async (hairpin, outcome) => {
  const link = (ifindex: number, ifname: string, more: object, addresses: object[] = []) => ({
    ...{
      ifindex,
      ifname,
      flags: ['UP'],
      mtu: 1500,
      operstate: 'UP',
      link_type: 'ether',
      address: `02:00:00:00:00:0${ifindex}`,
    },
    ...more,
    addr_info: addresses,
  })
  const slave = { info_slave_kind: 'bridge', info_slave_data: { hairpin: hairpin === 'on' } }
  const links = [
    link(2, 'br0', { linkinfo: { info_kind: 'bridge' } }, [
      { family: 'inet', local: '10.1.0.1', prefixlen: 24, scope: 'global' },
    ]),
    link(3, 'lan', { master: 'br0', linkinfo: { info_kind: 'veth', ...slave } }),
  ]
  const analysis = await open([
    {
      name: 'rules',
      text: '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.1.0.3:80\nCOMMIT\n',
    },
    { name: 'addr.json', text: JSON.stringify(links) },
    {
      name: 'routes',
      text: 'local 10.1.0.1 dev br0 table local proto kernel scope host src 10.1.0.1\n10.1.0.0/24 dev br0 proto kernel scope link src 10.1.0.1\n',
    },
    {
      name: 'sysctl',
      text: 'net.bridge.bridge-nf-call-iptables = 1\nnet.ipv4.ip_forward = 1\nnet.core.somaxconn = 4096\nnet.ipv4.icmp_echo_ignore_all = 0\n',
    },
  ])
  const { journeys } = analysis.simulate(['in br0 tcp 10.1.0.2:40000 > 10.1.0.1:8080 syn'])
  expect(journeys[0]!.outcome).toBe(outcome)
  expect(journeys[0]!.findings.some(({ code }) => code === 'vanished-at-port')).toBe(hairpin === 'off')
})
