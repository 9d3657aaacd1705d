/** IPv6's addresses of one link, of one host, and of none: what is routed where, as Linux 6.18 did with such frames. */
import { expect, it } from 'vitest'
import type { Host, Link, Route } from '../../src/index.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { makeWorld } from './world.ts'

const link = (index: number, name: string, ...addresses: string[]): Link => ({
  ...{ index, name, mtu: 1500 },
  addresses: addresses.map((address) => ({
    ...{ family: 'ip6', address, prefixLength: 64 },
    scope: address.startsWith('fe80') ? 'link' : 'global',
  })),
})
const route = (type: Route['type'], destination: string, device: string): Route => ({
  ...{ family: 'ip6', type, destination, device },
  table: type === 'local' ? 'local' : 'main',
})
const HOST: Host = {
  kernel: '6.18.0',
  links: [link(2, 'a0', '2001:db8:a::1', 'fe80::a0'), link(3, 'b0', '2001:db8:b::1', 'fe80::b0')],
  routes: [
    route('local', '2001:db8:a::1/128', 'a0'),
    route('local', '2001:db8:b::1/128', 'b0'),
    route('local', 'fe80::a0/128', 'a0'),
    route('local', 'fe80::b0/128', 'b0'),
    route('unicast', '2001:db8:a::/64', 'a0'),
    route('unicast', '2001:db8:b::/64', 'b0'),
    route('unicast', 'fe80::/64', 'b0'),
    route('unicast', 'fe80::/64', 'a0'),
  ],
  sysctls: new Map([['net.ipv6.conf.all.forwarding', '1']]),
}
const RULES = '*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n'

it.each<[string, string, string, string[]]>([
  ['2001:db8:a::9', '2001:db8:b::2', 'forwarded b0', ['PREROUTING', 'FORWARD']],
  ['fec0::9', '2001:db8:b::2', 'forwarded b0', ['PREROUTING', 'FORWARD']],
  ['::ffff:192.0.2.1', '2001:db8:b::2', 'forwarded b0', ['PREROUTING', 'FORWARD']],
  ['fe80::9', '2001:db8:b::2', 'vanished', ['PREROUTING']],
  ['fe80::9', '2001:db8:a::8', 'forwarded a0', ['PREROUTING', 'FORWARD']],
  ['::', '2001:db8:b::2', 'vanished', ['PREROUTING']],
  ['::', '2001:db8:a::8', 'forwarded a0', ['PREROUTING', 'FORWARD']],
  ['2001:db8:a::9', 'fe80::98', 'forwarded a0', ['PREROUTING', 'FORWARD']],
  ['fe80::9', 'fe80::98', 'forwarded a0', ['PREROUTING', 'FORWARD']],
  ['::1', '2001:db8:b::2', 'vanished', []],
  ['ff02::5', '2001:db8:b::2', 'vanished', []],
  ['2001:db8:a::9', '::1', 'vanished', []],
  ['2001:db8:a::9', 'ff01::1', 'vanished', []],
  ['2001:db8:a::9', 'ff00::1', 'vanished', []],
  ['2001:db8:a::9', 'ff02::1', 'delivered', ['PREROUTING', 'INPUT']],
])('from %s to %s: %s', (src, dst, end, chains) => {
  const packet = { in: 'a0', protocol: 'udp', src, dst, sport: 5555, dport: 4001, ttl: 64 }
  const { ended, evidence } = new Simulator(makeWorld(RULES, HOST, 'ip6')).send(packet)
  const out = evidence.arrivals.at(-1)?.packet.out
  expect([ended.outcome, out].filter((one) => one !== undefined).join(' ')).toBe(end)
  expect(evidence.journey.steps.map(({ chain }) => chain)).toEqual(chains)
})
