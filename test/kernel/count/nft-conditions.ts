/** Random matches in nft's words, on everything that a packet, its way and its host decide. */
import type { Random } from '../generate/random.ts'
import { type Family, type HookName, MACS, SENDER_MAC } from './count.ts'
import { LENGTHS, MARKS, type Place, PORTS } from './packets.ts'

export interface About extends Place {
  random: Random
  hook: HookName
}

interface Maker {
  /** Absent: everywhere. */
  hooks?: readonly HookName[]
  make(about: About): string
}

const COMES_IN: readonly HookName[] = ['PREROUTING', 'INPUT', 'FORWARD']
const GOES_OUT: readonly HookName[] = ['FORWARD', 'OUTPUT', 'POSTROUTING']

/** `==` is nothing, and stands most often. */
const equals = ({ random }: About): string => random.pick(['', '', '!= '])
const order = ({ random }: About): string => random.pick(['', '!= ', '< ', '<= ', '> ', '>= '])

const address = ({ random, own, others, groups }: About, family: Family): string =>
  random.pick([...own[family], ...others[family], ...groups[family]])

const network = (about: About, family: Family): string => {
  const lengths = family === 'ip' ? [8, 16, 24, 25, 30] : [16, 32, 48, 64, 120]
  return `${address(about, family)}/${about.random.pick(lengths)}`
}

/** Networks that do not overlap: nft refuses others. */
const NETWORKS: Record<Family, string[]> = {
  ip: ['10.0.0.0/29', '10.1.0.0/25', '192.0.2.0/24', '224.0.0.0/4', '10.1.0.200-10.1.0.210'],
  ip6: ['2001:db8:a::/64', '2001:db8:b::/112', 'ff00::/8', 'fe80::/10'],
}

function addresses(about: About): string {
  const { random } = about
  const family = random.pick(['ip', 'ip6'] as const)
  const field = `${family} ${random.pick(['saddr', 'daddr'])} ${equals(about)}`
  return (
    field +
    random.pick([
      () => address(about, family),
      () => network(about, family),
      () => `{ ${[...new Set([address(about, family), address(about, family)])].join(', ')} }`,
      () => `{ ${random.some(NETWORKS[family], 2).join(', ')} }`,
      () => `@${family === 'ip' ? 'nets4' : 'nets6'}`,
      () => `@${family === 'ip' ? 'hosts4' : 'hosts6'}`,
    ])()
  )
}

const range = (one: number, by: number): string => `${Math.max(0, one - by)}-${Math.min(65535, one + by)}`

function ports(about: About): string {
  const { random } = about
  const one = random.pick(PORTS)
  const field = `${random.pick(['tcp', 'udp', 'tcp', 'udp', 'sctp'])} ${random.pick(['sport', 'dport'])} `
  return random.pick([
    () => `${field}${order(about)}${one}`,
    () => `${field}${equals(about)}${range(one, 30)}`,
    () => `${field}${equals(about)}{ ${[...new Set([one, random.pick(PORTS)])].join(', ')} }`,
    () => `${field}${equals(about)}{ 22, 60-90, 1000-2000 }`,
    () => `${field}${equals(about)}@ports`,
  ])()
}

const list = (random: Random, names: readonly string[]): string => `{ ${random.some(names, 2).join(', ')} }`
const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg']
const some = (random: Random, names: readonly string[], most = 3): string[] => random.some(names, random.int(1, most))

function tcpFlags({ random }: About): string {
  const [few, many] = [some(random, FLAGS, 2), some(random, FLAGS)]
  return random.pick([
    `tcp flags ${few.join(',')}`,
    `tcp flags ! ${few.join(',')}`,
    `tcp flags == ${few[0]}`,
    `tcp flags != ${few[0]}`,
    `tcp flags & (${many.join(' | ')}) == ${many[0]}`,
    `tcp flags & (${many.join(' | ')}) != ${many[0]}`,
    `tcp flags { ${few[0]}, syn | ack }`,
  ])
}

function mark({ random }: About): string {
  const one = random.pick(MARKS)
  const bits = random.pick([0xff, 0x13, 0x10010, 0x7fffffff])
  return random.pick([
    `meta mark & 0x7fffffff == ${one}`,
    `meta mark & ${bits} ${random.pick(['==', '!='])} ${one & bits}`,
    `meta mark { ${one}, 0x80000010 }`,
    `meta mark 0x80000000-${0x80000000 + one}`,
    `meta mark > ${0x80000000 + one}`,
  ])
}

const DEVICES = ['"in0"', '"in1"', '"lo"', '"in*"', '"eth0"']
const device = (field: string) => (about: About) =>
  about.random.pick([
    `${field} ${equals(about)}${about.random.pick(DEVICES)}`,
    `${field} ${equals(about)}{ ${about.random.some(['"in0"', '"lo"', '"eth*"'], 2).join(', ')} }`,
    `${field} ${equals(about)}@names`,
  ])

const TYPES = ['unicast', 'local', 'broadcast', 'anycast', 'multicast', 'blackhole', 'unreachable', 'prohibit']
const PROTOCOLS = ['tcp', 'udp', 'sctp', 'udplite', 'dccp', 'gre', 'esp', 'icmp', 'ipv6-icmp', '253']

function pairs(about: About): string {
  const { random } = about
  const one = random.pick(PORTS)
  const family = random.pick(['ip', 'ip6'] as const)
  return random.pick([
    () => `ip saddr . tcp dport ${equals(about)}@pairs`,
    () => `ip daddr . meta l4proto ${equals(about)}{ ${address(about, 'ip')} . tcp, ${address(about, 'ip')} . udp }`,
    () => `${family} daddr . th dport ${equals(about)}{ ${address(about, family)} . ${one} }`,
    () => `meta iifname . ${family} saddr ${equals(about)}{ "in0" . ${address(about, family)} }`,
    () => `ip saddr & 255.255.0.0 . tcp dport ${equals(about)}{ 10.0.0.0 . ${one}, 10.1.0.0 . ${one} }`,
  ])()
}

export const MAKERS: Readonly<Record<string, Maker>> = {
  addresses: { make: addresses },
  masked: {
    make: (about) =>
      `ip ${about.random.pick(['saddr', 'daddr'])} & 255.0.255.255 ${about.random.pick(['==', '!='])} 10.0.0.7`,
  },
  ports: { make: ports },
  pairs: { make: pairs },
  tcpFlags: { make: tcpFlags },
  protocol: { make: (about) => `meta l4proto ${equals(about)}${about.random.pick(PROTOCOLS)}` },
  protocols: { make: (about) => `meta l4proto ${equals(about)}${list(about.random, PROTOCOLS)}` },
  ipProtocol: { make: (about) => `ip protocol ${equals(about)}${about.random.pick(['tcp', 'udp', 'icmp', '253'])}` },
  nextHeader: { make: (about) => `ip6 nexthdr ${about.random.pick(['tcp', 'udp', 'ipv6-icmp'])}` },
  version: { make: (about) => `meta nfproto ${equals(about)}${about.random.pick(['ipv4', 'ipv6'])}` },
  etherType: { make: (about) => `meta protocol ${equals(about)}${about.random.pick(['ip', 'ip6', '{ ip, arp }'])}` },
  icmp: {
    make: (about) =>
      about.random.pick([
        `icmp type ${equals(about)}${about.random.pick(['echo-request', 'echo-reply', 'destination-unreachable', '3'])}`,
        `icmp type ${equals(about)}{ echo-request, time-exceeded }`,
        `icmp code ${order(about)}${about.random.pick(['0', '1', 'host-unreachable', '3'])}`,
        `icmp type ${about.random.pick([3, 8])} icmp code ${about.random.pick([0, 1, 3])}`,
      ]),
  },
  icmpv6: {
    make: (about) =>
      about.random.pick([
        `icmpv6 type ${equals(about)}${about.random.pick(['echo-request', 'nd-neighbor-solicit', 'packet-too-big', '1'])}`,
        `icmpv6 type ${equals(about)}{ echo-request, nd-neighbor-advert }`,
        `icmpv6 code ${order(about)}${about.random.pick(['0', '1', '4'])}`,
      ]),
  },
  hops: {
    make: (about) =>
      `${about.random.pick(['ip ttl', 'ip6 hoplimit'])} ${order(about)}${about.random.pick([1, 2, 63, 64, 127])}`,
  },
  service: {
    make: (about) =>
      `${about.random.pick(['ip', 'ip6'])} ${about.random.pick([`dscp ${equals(about)}${about.random.pick(['af11', 'cs0', 'ef', '{ af11, ef }'])}`, `ecn ${equals(about)}${about.random.pick(['not-ect', 'ect0', 'ect1', 'ce'])}`])}`,
  },
  length: {
    make: (about) => {
      const one = about.random.pick(LENGTHS)
      return about.random.pick([
        `meta length ${order(about)}${one}`,
        `ip length ${equals(about)}${range(one, 5)}`,
        `ip6 length ${order(about)}${one - 40}`,
      ])
    },
  },
  fragment: {
    make: (about) =>
      `ip frag-off & ${about.random.pick(['0x1fff', '0x2000', '0x4000', '0x3fff'])} ${about.random.pick(['==', '!='])} 0`,
  },
  mark: { make: mark },
  input: { make: device('iifname') },
  inputIndex: { make: (about) => `iif ${equals(about)}${about.random.pick(['in0', 'in1', 'lo'])}` },
  output: { make: device('oifname') },
  group: { hooks: COMES_IN, make: (about) => `iifgroup ${equals(about)}${about.random.pick([0, 7, 9])}` },
  packetType: {
    make: (about) => `meta pkttype ${equals(about)}${about.random.pick(['unicast', 'multicast', 'broadcast'])}`,
  },
  user: {
    hooks: ['OUTPUT', 'POSTROUTING'],
    make: (about) => `meta skuid ${about.random.pick(['0', '!= 0', '1000', '{ 0, 1001 }', '> 999'])}`,
  },
  frame: {
    hooks: COMES_IN,
    make: (about) =>
      `ether ${about.random.pick(['saddr', 'daddr'])} ${equals(about)}${about.random.pick([SENDER_MAC, MACS.in0, MACS.in1])}`,
  },
  addressType: {
    make: (about) =>
      `fib ${about.random.pick(['saddr', 'daddr'])} type ${equals(about)}${about.random.pick([about.random.pick(TYPES), list(about.random, TYPES)])}`,
  },
  typeIn: {
    hooks: ['PREROUTING', 'INPUT'],
    make: (about) =>
      `fib ${about.random.pick(['saddr', 'daddr'])} . iif type ${equals(about)}${about.random.pick(TYPES)}`,
  },
  typeOut: {
    hooks: GOES_OUT,
    make: (about) => `fib daddr . oif type ${equals(about)}${about.random.pick(TYPES)}`,
  },
  wayBack: {
    hooks: ['PREROUTING', 'INPUT'],
    make: (about) =>
      `fib saddr ${about.random.pick(['', '. mark '])}${about.random.pick(['', '. iif '])}oif ${about.random.pick(['exists', 'missing'])}`,
  },
  wayBackBy: {
    hooks: ['PREROUTING', 'INPUT'],
    make: (about) => `fib saddr oifname ${equals(about)}${about.random.pick(['"in0"', '"in1"', '"lo"'])}`,
  },
  segmentSize: { make: (about) => `tcp option maxseg size ${order(about)}${about.random.pick([1460, 1400])}` },
  option: {
    make: (about) =>
      `tcp option ${about.random.pick(['maxseg', 'window', 'timestamp', 'sack-perm'])} ${about.random.pick(['exists', 'missing'])}`,
  },
}

const STATES = ['new', 'established', 'related', 'invalid', 'untracked']
const STATUSES = ['expected', 'seen-reply', 'assured', 'confirmed', 'snat', 'dnat']
const ENDS: Record<Family, string[]> = {
  ip: ['10.0.0.7', '10.1.0.200', '10.1.0.1', '198.51.100.7', '10.1.0.7'],
  ip6: ['2001:db8:a::7', '2001:db8:b::1:7', '2001:db8:b::1', '2001:db8:b::7'],
}

export const CONNECTION_MAKERS: Readonly<Record<string, Maker>> = {
  state: {
    make: ({ random }) =>
      random.pick([
        `ct state ${random.some(STATES, random.int(1, 3)).join(',')}`,
        `ct state ! ${random.some(STATES, random.int(1, 3)).join(',')}`,
        `ct state != ${random.pick(STATES)}`,
        `ct state == ${random.pick(STATES)}`,
        `ct state != ${random.some(STATES, 2).join(' | ')}`,
        `ct state ${random.pick(['', '!= '])}{ ${random.some(STATES, 2).join(', ')} }`,
        `ct state & (${random.some(STATES, 2).join(' | ')}) ${random.pick(['==', '!='])} 0`,
      ]),
  },
  status: {
    make: ({ random }) =>
      random.pick([
        `ct status ${random.some(STATUSES, random.int(1, 2)).join(',')}`,
        `ct status ! ${random.some(STATUSES, random.int(1, 2)).join(',')}`,
        `ct status ${random.pick(['==', '!='])} ${random.pick(STATUSES)}`,
        `ct status ${random.pick(['==', '!='])} ${random.some(STATUSES, 2).join(' | ')}`,
        `ct status & (${random.some(STATUSES, 2).join(' | ')}) ${random.pick(['==', '!='])} ${random.pick(['0', 'confirmed', 'dnat'])}`,
      ]),
  },
  direction: { make: (about) => `ct direction ${equals(about)}${about.random.pick(['original', 'reply'])}` },
  mark: {
    make: ({ random }) =>
      random.pick(['ct mark 5', 'ct mark != 5', 'ct mark & 4 == 4', 'ct mark { 0, 5 }', 'ct mark > 4']),
  },
  protocol: {
    make: (about) => `ct protocol ${equals(about)}${about.random.pick(['tcp', 'udp', 'icmp', '{ tcp, udp }'])}`,
  },
  address: {
    make: (about) => {
      const { random } = about
      const family = random.pick(['ip', 'ip6'] as const)
      const field = `ct ${random.pick(['original', 'reply'])} ${family} ${random.pick(['saddr', 'daddr'])}`
      return `${field} ${equals(about)}${random.pick([random.pick(ENDS[family]), `{ ${random.some(ENDS[family], 2).join(', ')} }`])}`
    },
  },
  port: {
    make: (about) => {
      const { random } = about
      const field = `ct protocol ${random.pick(['tcp', 'udp'])} ct ${random.pick(['original', 'reply'])} ${random.pick(['proto-src', 'proto-dst'])}`
      return `${field} ${equals(about)}${random.pick(['80', '443', '8080', '2048', '1024-4000', '{ 53, 80 }'])}`
    },
  },
}

export const SETS = `
set hosts4 { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.7, 10.1.0.7, 198.51.100.7 } }
set hosts6 { type ipv6_addr; elements = { 2001:db8:a::1, 2001:db8:b::7 } }
set nets4 { type ipv4_addr; flags interval; elements = { 10.0.0.0/30, 10.1.0.64-10.1.0.100, 198.51.100.0/24 } }
set nets6 { type ipv6_addr; flags interval; elements = { 2001:db8:b::/64, ff00::/8 } }
set ports { type inet_service; flags interval; elements = { 22, 50-60, 8000-65535 } }
set names { type ifname; elements = { "in0", "lo" } }
set pairs { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/24 . 20-100, 10.1.0.7 . 443 } }
`

/** Each kind by itself, and pairs of them. */
export function rulesAt(about: About, all: Readonly<Record<string, Maker>>, together: number): string[] {
  const makers = Object.values(all).filter(({ hooks }) => !hooks || hooks.includes(about.hook))
  return [
    ...makers.flatMap((maker) => Array.from({ length: 6 }, () => maker.make(about))),
    ...Array.from({ length: together }, () =>
      about.random
        .some(makers, 2)
        .map((maker) => maker.make(about))
        .join(' '),
    ),
  ]
}
