/** A reply that this host forwards has its server's own address: only a mark of its connection says by which uplink it was asked. */
import { expect, it } from 'vitest'
import type { Change } from '../../../src/explain/changes/proposal.ts'
import { explain } from '../../../src/explain/explain.ts'
import { backOut } from '../../../src/explain/reply/back-out.ts'
import type { Host, Packet, Route, RoutingRule } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { SYN, saved } from '../findings/played.ts'
import { said } from '../said.ts'

const PACKET: Packet = {
  ...SYN,
  in: 'eth1',
  src: '203.0.113.9',
  srcMac: '02:00:00:00:02:fe',
  dst: '10.0.2.1',
  dport: 8080,
}

const to = (destination: string, device: string, table: string, gateway?: string): Route => ({
  ...{ family: 'ip', type: 'unicast', destination, device, table },
  ...(gateway === undefined ? {} : { gateway }),
})

const rule = (priority: number, table: string, more: Partial<RoutingRule> = {}): RoutingRule => ({
  ...{ family: 'ip', priority, action: { table }, ...more },
})

/** Two uplinks, and a bridge of containers. */
const HOST: Host = {
  ...ROUTER,
  links: [
    ...ROUTER.links!,
    {
      ...{ index: 4, name: 'docker0', mtu: 1500 },
      addresses: [{ family: 'ip', address: '172.17.0.1', prefixLength: 16, scope: 'global' }],
    },
  ],
  routes: [
    ...ROUTER.routes!.filter(({ type, gateway }) => type === 'local' && gateway === undefined),
    ...[
      to('10.0.1.0/24', 'eth0', 'main'),
      to('10.0.2.0/24', 'eth1', 'main'),
      to('172.17.0.0/16', 'docker0', 'main'),
    ].map((one): Route => ({ ...one, scope: 'link' })),
    to('0.0.0.0/0', 'eth0', 'main', '10.0.1.254'),
  ],
  routingRules: [rule(0, 'local'), rule(32_766, 'main')],
  neighbours: [{ family: 'ip', address: '10.0.2.254', device: 'eth1', mac: '02:00:00:00:02:fe', state: ['REACHABLE'] }],
}

const OWN_TABLE: Partial<Host> = {
  routes: [...HOST.routes!, to('0.0.0.0/0', 'eth1', '102', '10.0.2.254')],
  routingRules: [...HOST.routingRules!, rule(32_765, '102', { from: '10.0.2.1/32' })],
}

const DNAT = ['-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80']

function fixesOf(rules: string, more: Partial<Host> = {}, packet = PACKET) {
  const world = makeWorld(rules, { ...HOST, ...more })
  const { evidence, ended } = modelEngine.play(world, packet)
  const journey = explain(evidence, world, { ended })
  expect(journey.outcome).toBe('forwarded')
  return backOut(journey, world, packet.dst!, 'eth1')
}

const commandsOf = (...args: Parameters<typeof fixesOf>) => fixesOf(...args).map((fix) => said(fix as Change))

it('marks connections of the uplink, and routes their replies by the table that is there for it', () => {
  expect(commandsOf(saved({ nat: DNAT, filter: [] }), OWN_TABLE)[0]).toEqual({
    command:
      'iptables -t mangle -A PREROUTING -i eth1 -m conntrack --ctstate NEW -j CONNMARK --set-xmark 0x1/0x1 && iptables -t mangle -A PREROUTING -i docker0 -m connmark --mark 0x1/0x1 -j MARK --set-xmark 0x1/0x1 && ip rule add fwmark 0x1/0x1 table 102',
    undo: 'ip rule del fwmark 0x1/0x1 table 102 && iptables -t mangle -D PREROUTING -i docker0 -m connmark --mark 0x1/0x1 -j MARK --set-xmark 0x1/0x1 && iptables -t mangle -D PREROUTING -i eth1 -m conntrack --ctstate NEW -j CONNMARK --set-xmark 0x1/0x1',
  })
})

it('makes a table where none leads out of the uplink', () => {
  expect(commandsOf(saved({ nat: DNAT, filter: [] }))[0]!.command).toMatch(
    / && ip route add 10\.0\.2\.0\/24 dev eth1 table 101 && ip route add default via 10\.0\.2\.254 dev eth1 table 101 && ip rule add fwmark 0x1\/0x1 table 101$/,
  )
})

it('leaves marks alone that rules and routing rules use', () => {
  const rules = saved({
    nat: DNAT,
    mangle: ['-A PREROUTING -i tun0 -j MARK --set-xmark 0x1/0xffffffff'],
    filter: [],
  })
  const routingRules = [...OWN_TABLE.routingRules!, rule(100, '103', { mark: 2, markMask: 6 })]
  expect(commandsOf(rules, { ...OWN_TABLE, routingRules })[0]!.command).toMatch(
    /ip rule add fwmark 0x8\/0x8 table 102$/,
  )
})

it.each([
  ['type mark', '0x1, 0x2'],
  ['type ipv4_addr . mark', '192.0.2.1 . 0x3'],
  ['type ifname : mark', '"tun0" : 0x1, "tun1" : 0x2'],
])('leaves marks alone that sets have: %s', (type, elements) => {
  const kind = type.includes(':') ? 'map' : 'set'
  const rules = `table ip nat {\n ${kind} some {\n  ${type}\n  elements = { ${elements} }\n }\n chain prerouting {\n  type nat hook prerouting priority dstnat; policy accept;\n  tcp dport 8080 dnat to 172.17.0.2:80\n }\n chain postrouting {\n  type nat hook postrouting priority srcnat; policy accept;\n }\n}\n`
  expect(commandsOf(rules, OWN_TABLE)[0]!.command).toMatch(/ip rule add fwmark 0x4\/0x4 table 102$/)
})

it('says it in a chain of its own where only nft has rules', () => {
  const rules =
    'table ip nat {\n chain prerouting {\n  type nat hook prerouting priority dstnat; policy accept;\n  tcp dport 8080 dnat to 172.17.0.2:80\n }\n chain postrouting {\n  type nat hook postrouting priority srcnat; policy accept;\n }\n}\n'
  const [{ command, undo } = {}] = commandsOf(rules, OWN_TABLE)
  expect(command).toContain(
    "nft add chain ip mangle prerouting '{ type filter hook prerouting priority mangle; policy accept; }'",
  )
  expect(command).toContain("iifname eth1 ct state new ct mark set ct mark '|' 0x00000001")
  expect(command).toContain(
    "iifname docker0 ct mark '&' 0x00000001 '==' 0x00000001 meta mark set meta mark '|' 0x00000001",
  )
  expect(undo).toBe('ip rule del fwmark 0x1/0x1 table 102 && nft delete table ip mangle')
})

it('uses the chain that is there', () => {
  const chains = (priority: string) =>
    `table ip nat {\n chain prerouting {\n  type nat hook prerouting priority dstnat; policy accept;\n  tcp dport 8080 dnat to 172.17.0.2:80\n }\n chain postrouting {\n  type nat hook postrouting priority srcnat; policy accept;\n }\n}\ntable ip mangle {\n chain prerouting { # handle 1\n  type filter hook prerouting priority ${priority}; policy accept;\n  udp dport 53 meta mark set 0x1 # handle 2\n }\n}\n`
  const [{ command, undo } = {}] = commandsOf(chains('mangle'), OWN_TABLE)
  expect(command).toMatch(
    /^nft insert rule ip mangle prerouting handle 2 iifname eth1 ct state new ct mark set ct mark '\|' 0x0/,
  )
  expect(undo).not.toContain('delete table')
  // nothing is known of connections there
  expect(commandsOf(chains('raw'), OWN_TABLE).map((one) => one.command)).toEqual([
    'ip route add 203.0.113.9/32 via 10.0.2.254 dev eth1',
  ])
})

it('marks nothing where the address that was asked is none of the uplink', () => {
  const packet = { ...PACKET, dst: '10.0.1.1' }
  expect(commandsOf(saved({ nat: DNAT, filter: [] }), OWN_TABLE, packet)).toEqual([
    {
      command: 'ip route add 203.0.113.9/32 via 10.0.2.254 dev eth1',
      undo: 'ip route del 203.0.113.9/32 via 10.0.2.254 dev eth1',
    },
  ])
})

it('says what a route for one client costs, and nothing of a reverse path filter that is off', () => {
  expect(fixesOf(saved({ nat: DNAT, filter: [] }), OWN_TABLE).at(-1)!.note).toBe(
    'everything sent to 203.0.113.9 then leaves by eth1, replies to what came in elsewhere too',
  )
})
