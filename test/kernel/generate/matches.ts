/**
 * Random conditions in iptables' words. All but the last few decide by the packet, its interfaces, its mark or its
 * connection, so a simulator can be asked the same.
 */
import type { Hook } from '../../../src/model/hook.ts'
import type { Random } from './random.ts'
import { allAddresses, CLIENT_PORTS, type Scene, SERVICE_PORTS } from './scene.ts'

/** Where a rule will stand. */
export interface Spot {
  table: string
  /** All hooks that lead there. */
  hooks: readonly Hook[]
  builtIn: boolean
}

export type Protocol = 'tcp' | 'udp' | 'icmp'

/** What a rule asks; `protocol` where `-p` says one that targets may need. */
export interface Conditions {
  text: string
  protocol?: Protocol
}

/** `beyond`: also conditions that more than the packet decides (rates, chance). */
export function randomConditions(random: Random, scene: Scene, spot: Spot, count: number, beyond = true): Conditions {
  const parts: string[] = []
  let protocol: Protocol | undefined
  if (count > 0 && random.chance(0.55)) {
    protocol = random.pick(['tcp', 'tcp', 'udp', 'icmp'] as const)
    parts.push(`-p ${protocolWord(scene, protocol)}`)
    count--
    if (random.chance(0.7)) parts.push(transport(random, scene, protocol))
  }
  const makers = random.some(
    [...GENERAL, ...(beyond && random.chance(0.15) ? BEYOND_PACKET : [])].filter(
      ({ fits }) => !fits || fits(spot, scene),
    ),
    count,
  )
  for (const { make } of makers) {
    const part = make(random, scene, spot)
    // the tool takes each option and each match once
    if (!parts.some((other) => option(other) === option(part))) parts.push(part)
  }
  return { text: parts.join(' '), ...(protocol ? { protocol } : {}) }
}

const option = (part: string) => /^(?:! )?(-m \S+|-\w)/.exec(part)?.[1]

export const protocolWord = (scene: Scene, protocol: Protocol) =>
  protocol === 'icmp' && scene.family === 'ip6' ? 'ipv6-icmp' : protocol

const not = (random: Random, share = 0.2) => (random.chance(share) ? '! ' : '')
const from =
  (...hooks: Hook[]) =>
  (spot: Spot) =>
    spot.hooks.every((hook) => hooks.includes(hook))

function portRange(random: Random, ports: readonly number[]): string {
  const port = random.pick(ports)
  return random.weighted([
    [5, `${port}`],
    [2, `${port - random.int(0, 20)}:${port + random.int(0, 400)}`],
    [1, `${port}:`],
    [1, `:${port}`],
  ])
}

function transport(random: Random, scene: Scene, protocol: Protocol): string {
  if (protocol === 'icmp') {
    if (scene.family === 'ip6')
      return `-m icmp6 ${not(random)}--icmpv6-type ${random.pick(['echo-request', 'echo-reply', 'destination-unreachable', '1/4', 'packet-too-big'])}`
    return `-m icmp ${not(random)}--icmp-type ${random.pick(['echo-request', 'echo-reply', '3', '3/3', '3/13', 'any', '11'])}`
  }
  const destination = () => `${not(random)}--dport ${portRange(random, SERVICE_PORTS)}`
  const source = () => `${not(random)}--sport ${portRange(random, CLIENT_PORTS)}`
  const multiport = () => {
    const list = random.some(SERVICE_PORTS, random.int(1, 4)).join(',')
    return random.pick([
      `-m multiport ${not(random)}--dports ${list}`,
      `-m multiport --ports ${list}`,
      `-m multiport --sports ${random.pick(CLIENT_PORTS)},49000:51000`,
      `-m multiport --dports ${random.pick([22, 53])}:${random.pick([80, 443])},8080`,
    ])
  }
  if (protocol === 'udp')
    return random.weighted([
      [4, `-m udp ${destination()}`],
      [2, `-m udp ${source()}`],
      [2, multiport()],
    ])
  return random.weighted([
    [5, `-m tcp ${destination()}`],
    [2, `-m tcp ${source()}`],
    [1, `-m tcp ${source()} ${destination()}`],
    [1, `-m tcp ${not(random)}--syn`],
    [
      1,
      `-m tcp --tcp-flags ${random.pick(['SYN,ACK SYN', 'FIN,SYN,RST,ACK ACK', 'RST RST', 'ALL NONE', 'SYN,RST,ACK,FIN SYN,ACK'])}`,
    ],
    [1, `-m tcp ${not(random)}--tcp-option 2`],
    [2, multiport()],
  ])
}

interface Maker {
  /** Absent: fits everywhere. */
  fits?(spot: Spot, scene: Scene): boolean
  make(random: Random, scene: Scene, spot: Spot): string
}

const anAddress = (random: Random, scene: Scene) =>
  random.chance(0.4) ? random.pick(scene.networks) : random.pick(allAddresses(scene))

function markCondition(random: Random): string {
  const mask = random.pick(['', '', '/0x1', '/0xff', '/0xf0', '/0xffff0000'])
  return `${not(random, 0.3)}--mark 0x${random.pick([0, 1, 2, 3, 0x10, 0x13, 0x10000]).toString(16)}${mask}`
}

const interfaceWord = (random: Random, { interfaces }: Scene) =>
  random.weighted([
    [4, interfaces.left],
    [4, interfaces.right],
    [2, 'lo'],
    [1, 'k+'],
    [1, `${interfaces.left.slice(0, 3)}+`],
  ])

const GENERAL: readonly Maker[] = [
  { make: (random, scene) => `${not(random)}-s ${anAddress(random, scene)}` },
  { make: (random, scene) => `${not(random)}-d ${anAddress(random, scene)}` },
  { make: (random, scene) => `${not(random)}-d ${random.pick(allAddresses(scene))}` },
  {
    fits: ({ hooks, builtIn }) => !builtIn || !(hooks.includes('output') || hooks.includes('postrouting')),
    make: (random, scene) => `${not(random)}-i ${interfaceWord(random, scene)}`,
  },
  {
    fits: ({ hooks, builtIn }) => !builtIn || !(hooks.includes('prerouting') || hooks.includes('input')),
    make: (random, scene) => `${not(random)}-o ${interfaceWord(random, scene)}`,
  },
  { make: (random) => `-m mark ${markCondition(random)}` },
  { make: (random) => `-m mark ${markCondition(random)}` },
  { make: (random) => `-m connmark ${markCondition(random)}` },
  {
    make: (random) =>
      `-m conntrack ${not(random)}--ctstate ${random.some(['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED', 'DNAT', 'SNAT'], random.int(1, 3)).join(',')}`,
  },
  {
    make: (random) =>
      `-m state ${not(random)}--state ${random.some(['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED'], random.int(1, 2)).join(',')}`,
  },
  { make: (random) => `-m conntrack --ctdir ${random.pick(['ORIGINAL', 'REPLY'])}` },
  {
    make: (random) =>
      `-m conntrack ${not(random)}--ctstatus ${random.pick(['SEEN_REPLY', 'ASSURED', 'CONFIRMED', 'NONE'])}`,
  },
  { make: (random, scene) => `-m conntrack ${not(random)}--ctorigdst ${random.pick(allAddresses(scene))}` },
  {
    make: (random, { family }) =>
      // the kernel has BLACKHOLE for IPv4 only
      `-m addrtype ${not(random)}--dst-type ${random.pick(['LOCAL', 'UNICAST', 'UNICAST,LOCAL', 'UNREACHABLE', family === 'ip' ? 'BLACKHOLE' : 'MULTICAST'])}`,
  },
  { make: (random) => `-m addrtype ${not(random)}--src-type ${random.pick(['LOCAL', 'UNICAST'])}` },
  {
    fits: (_, { family }) => family === 'ip',
    make: (random) => `-m ttl --ttl-${random.pick(['eq 64', 'eq 63', 'lt 64', 'gt 60', 'lt 5'])}`,
  },
  {
    fits: (_, { family }) => family === 'ip6',
    make: (random) => `-m hl --hl-${random.pick(['eq 64', 'eq 63', 'lt 64', 'gt 60', 'lt 5'])}`,
  },
  {
    make: (random) => `-m length ${not(random)}--length ${random.pick(['40', '44:60', ':80', '100:', '60:200', '84'])}`,
  },
  {
    fits: from('prerouting', 'input', 'forward'),
    make: (random, scene) => `-m mac ${not(random)}--mac-source ${random.pick(scene.macs)}`,
  },
  {
    fits: (_, { family }) => family === 'ip',
    make: (random, { own, hosts }) =>
      `-m iprange ${not(random)}--${random.pick(['src', 'dst'])}-range ${own[0]}-${random.pick([hosts.left[2], hosts.right[0], hosts.right[2]])}`,
  },
  { fits: from('output', 'postrouting'), make: (random) => `-m owner ${not(random)}--uid-owner 0` },
  {
    fits: (spot) => (spot.table === 'raw' || spot.table === 'mangle') && from('prerouting')(spot),
    make: (random) => `-m rpfilter${random.pick(['', ' --invert', ' --loose', ' --validmark'])}`,
  },
  { make: (random) => `-m dscp ${not(random)}--dscp ${random.pick(['0x00', '0x0a', '0x2e'])}` },
  { make: (random) => `-m tos ${not(random)}--tos ${random.pick(['0x00/0xff', '0x10/0x3f', '0xb8/0xfc'])}` },
  { make: (random) => `-m pkttype ${not(random)}--pkt-type ${random.pick(['unicast', 'broadcast'])}` },
  {
    make: (random) =>
      `-m comment --comment "${random.pick(['web', 'to be removed', 'ticket #4711: see -j DROP below', 'a:b:rule:1'])}"`,
  },
]

const BEYOND_PACKET: readonly Maker[] = [
  {
    make: (random) =>
      `-m limit --limit ${random.pick(['1/hour', '5/min', '1000/sec'])} --limit-burst ${random.int(1, 4)}`,
  },
  { make: (random) => `-m statistic --mode random --probability 0.${random.int(2, 8)}` },
  { make: (random) => `-m statistic --mode nth --every ${random.int(2, 3)} --packet 0` },
]
