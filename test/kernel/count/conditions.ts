/** Random conditions in iptables' words, on everything that a packet, its way and its host decide. */
import type { Random } from '../generate/random.ts'
import { type Family, type HookName, MACS, SENDER_MAC } from './count.ts'
import { LENGTHS, MARKS, type Place, PORTS } from './packets.ts'

export interface About extends Place {
  random: Random
  family: Family
  hook: HookName
  /** The clients' ports, where connections are asked for. */
  ctPorts?: readonly number[]
}

interface Maker {
  /** Absent: everywhere. */
  hooks?: readonly HookName[]
  family?: Family
  make(about: About): string
}

const not = ({ random }: About): string => (random.chance(0.3) ? '! ' : '')
const address = ({ random, own, others, groups, family }: About): string =>
  random.pick([...own[family], ...others[family], ...groups[family]])

function network(about: About): string {
  const { random, family } = about
  const one = address(about)
  const length = family === 'ip' ? random.pick([8, 16, 24, 25, 30, 32]) : random.pick([16, 32, 48, 64, 120, 128])
  if (random.chance(0.15))
    return `${one}/${random.pick(family === 'ip' ? ['255.0.255.0', '0.0.0.255', '255.255.0.1'] : ['ffff::ffff', '::ff', 'ffff:0:ffff::'])}`
  return random.chance(0.3) ? one : `${one}/${length}`
}

const port = ({ random }: About): string => {
  const one = random.pick(PORTS)
  return random.pick([
    `${one}`,
    `${one}`,
    `${Math.max(0, one - 30)}:${Math.min(65535, one + 30)}`,
    `:${one}`,
    `${one}:`,
  ])
}
const device = ({ random }: About): string => random.pick(['in0', 'in1', 'lo', 'in+', 'i+', 'in', 'eth0', '+'])
const range = (values: readonly number[], { random }: About): string => {
  const one = random.pick(values)
  return random.pick([`${one}`, `${one}`, `${Math.max(0, one - 5)}:${one + 5}`, `:${one}`, `${one}:`])
}
const protocolOf = ({ family }: About): string => (family === 'ip' ? 'icmp' : 'ipv6-icmp')
const PROTOCOLS = ['tcp', 'udp', 'sctp', 'udplite', 'dccp', 'gre', 'esp', '253', '4']
const BITS = ['SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH']
const TYPES: Record<Family, string[]> = {
  ip: [
    'UNSPEC',
    'UNICAST',
    'LOCAL',
    'BROADCAST',
    'ANYCAST',
    'MULTICAST',
    'BLACKHOLE',
    'UNREACHABLE',
    'PROHIBIT',
    'THROW',
  ],
  ip6: ['UNSPEC', 'UNICAST', 'LOCAL', 'ANYCAST', 'MULTICAST', 'UNREACHABLE'],
}
const COMES_IN: readonly HookName[] = ['PREROUTING', 'INPUT', 'FORWARD']
const GOES_OUT: readonly HookName[] = ['FORWARD', 'OUTPUT', 'POSTROUTING']
const SENT: readonly HookName[] = ['OUTPUT', 'POSTROUTING']

const addrtype = (about: About, limit: string): string => {
  const { random, family } = about
  const types = () => random.some(TYPES[family], random.pick([1, 1, 2])).join(',')
  const sides = random.pick([['src'], ['dst'], ['src', 'dst']])
  return `-m addrtype ${sides.map((side) => `${not(about)}--${side}-type ${types()}`).join(' ')} ${limit}`
}

export const MAKERS: Readonly<Record<string, Maker>> = {
  source: { make: (about) => `${not(about)}-s ${network(about)}` },
  destination: { make: (about) => `${not(about)}-d ${network(about)}` },
  input: { make: (about) => `${not(about)}-i ${device(about)}` },
  output: { make: (about) => `${not(about)}-o ${device(about)}` },
  protocol: { make: (about) => `${not(about)}-p ${about.random.pick([...PROTOCOLS, protocolOf(about)])}` },
  fragment: { family: 'ip', make: (about) => `${not(about)}-f` },
  'tcp ports': {
    make: (about) => `-p tcp -m tcp ${not(about)}--dport ${port(about)} ${not(about)}--sport ${port(about)}`,
  },
  'tcp port': {
    make: (about) => `-p tcp -m tcp ${not(about)}--${about.random.pick(['dport', 'sport'])} ${port(about)}`,
  },
  'tcp flags': {
    make: (about) => {
      const bits = (from: number) => about.random.some(BITS, about.random.int(from, 4)).join(',')
      return `-p tcp -m tcp ${not(about)}--tcp-flags ${bits(1)} ${about.random.pick([bits(1), 'NONE', 'SYN', 'ACK'])}`
    },
  },
  syn: { make: (about) => `-p tcp -m tcp ${not(about)}--syn` },
  'tcp option': { make: (about) => `-p tcp -m tcp ${not(about)}--tcp-option ${about.random.pick([1, 2, 3, 4, 8])}` },
  tcpmss: {
    make: (about) =>
      `-p tcp -m tcp --tcp-flags ALL ${about.random.pick(['SYN', 'SYN,ACK', 'ACK'])} -m tcpmss ${not(about)}--mss ${about.random.pick(['1460', '1400:1500', '1420', '0:65535'])}`,
  },
  'udp port': {
    make: (about) => `-p udp -m udp ${not(about)}--${about.random.pick(['dport', 'sport'])} ${port(about)}`,
  },
  'sctp port': {
    make: (about) => `-p sctp -m sctp ${not(about)}--${about.random.pick(['dport', 'sport'])} ${port(about)}`,
  },
  'dccp port': {
    make: (about) => `-p dccp -m dccp ${not(about)}--${about.random.pick(['dport', 'sport'])} ${port(about)}`,
  },
  icmp: {
    family: 'ip',
    make: (about) =>
      `-p icmp -m icmp ${not(about)}--icmp-type ${about.random.pick(['8', '0', '3', '3/3', '3/1', '11/0', '13', 'any', '8/0'])}`,
  },
  icmp6: {
    family: 'ip6',
    make: (about) =>
      `-p ipv6-icmp -m icmp6 ${not(about)}--icmpv6-type ${about.random.pick(['128', '129', '1', '1/4', '2', '3/0', '128/0'])}`,
  },
  multiport: {
    make: (about) => {
      const { random } = about
      const list = random.some(PORTS, random.int(1, 4)).join(',')
      const ports = random.pick([list, `${list},20:90`, '1024:65535'])
      return `-p ${random.pick(['tcp', 'udp', 'sctp', 'udplite', 'dccp'])} -m multiport ${not(about)}--${random.pick(['sports', 'dports', 'ports'])} ${ports}`
    },
  },
  iprange: {
    make: (about) => {
      const ends = () => [address(about), address(about)].join('-')
      return `-m iprange ${not(about)}--src-range ${ends()} ${not(about)}--dst-range ${ends()}`
    },
  },
  length: {
    make: (about) =>
      `-m length ${not(about)}--length ${range(
        LENGTHS.map((one) => one + (about.family === 'ip' ? 20 : 40)),
        about,
      )}`,
  },
  ttl: {
    family: 'ip',
    make: (about) =>
      `-m ttl ${about.random.pick(['--ttl-eq 64', '! --ttl-eq 64', '--ttl-lt 64', '--ttl-gt 63', '--ttl-eq 63'])}`,
  },
  hl: {
    family: 'ip6',
    make: (about) =>
      `-m hl ${about.random.pick(['--hl-eq 64', '! --hl-eq 64', '--hl-lt 64', '--hl-gt 63', '--hl-eq 63'])}`,
  },
  tos: {
    make: (about) =>
      `-m tos ${not(about)}--tos ${about.random.pick(['0x10', '0x00/0xff', '0xb8/0xfc', '0x03/0x03', '0x28/0x3f'])}`,
  },
  dscp: { make: (about) => `-m dscp ${not(about)}--dscp ${about.random.pick(['0x00', '0x2e', '0x0a', '0x04'])}` },
  ecn: { make: (about) => `-m ecn ${not(about)}--ecn-ip-ect ${about.random.int(0, 3)}` },
  'ecn tcp': {
    make: (about) =>
      `-p tcp -m tcp --sport 0:65535 -m ecn ${about.random.pick(['--ecn-tcp-ece', '! --ecn-tcp-ece', '--ecn-tcp-cwr', '! --ecn-tcp-cwr'])}`,
  },
  mark: {
    make: (about) =>
      `-m mark ${not(about)}--mark 0x${about.random.pick(MARKS).toString(16)}/0x${about.random.pick(['ffffff', 'f', 'f0', '10003', '7fffffff'])}`,
  },
  mac: {
    hooks: COMES_IN,
    make: (about) =>
      `-m mac ${not(about)}--mac-source ${about.random.pick([SENDER_MAC, '02:00:00:00:00:98', 'aa:bb:cc:00:00:01', MACS.in0, '00:00:00:00:00:00'])}`,
  },
  pkttype: {
    make: (about) => `-m pkttype ${not(about)}--pkt-type ${about.random.pick(['unicast', 'broadcast', 'multicast'])}`,
  },
  owner: {
    hooks: SENT,
    make: (about) =>
      `-m owner ${about.random.pick([`${not(about)}--socket-exists`, `${not(about)}--uid-owner 1000`, `${not(about)}--gid-owner 0-1000`, `--uid-owner 0 ${not(about)}--gid-owner 4242`])}`,
  },
  addrtype: { make: (about) => addrtype(about, '') },
  'addrtype in': { hooks: COMES_IN, make: (about) => addrtype(about, '--limit-iface-in') },
  'addrtype out': { hooks: GOES_OUT, make: (about) => addrtype(about, '--limit-iface-out') },
  rpfilter: {
    hooks: ['PREROUTING'],
    make: (about) =>
      `-m rpfilter ${about.random.some(['--loose', '--validmark', '--accept-local', '--invert'], about.random.int(0, 3)).join(' ')}`,
  },
  'devgroup in': {
    hooks: COMES_IN,
    make: (about) => `-m devgroup ${not(about)}--src-group ${about.random.pick(['0', '7', '0x7/0x3', '1'])}`,
  },
  'devgroup out': {
    hooks: GOES_OUT,
    make: (about) => `-m devgroup ${not(about)}--dst-group ${about.random.pick(['0', '7', '0x7/0x3', '1'])}`,
  },
  frag: {
    family: 'ip6',
    make: (about) => `-m frag ${about.random.pick(['--fragfirst', '--fragmore', '--fraglast', '--fragid 1'])}`,
  },
  esp: { make: (about) => `-p esp -m esp ${not(about)}--espspi 256:1000` },
}

const ctAddress = (about: About): string => {
  const { random, family } = about
  const one = random.pick([...about.own[family], ...about.others[family]])
  return random.pick([one, `${one}/${family === 'ip' ? 24 : 64}`])
}
const STATES = ['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED']
const FLOW_PORTS = [80, 443, 53, 8080, 2048]

/** On the packet's connection. */
export const CONNECTION_MAKERS: Readonly<Record<string, Maker>> = {
  ctstate: {
    make: (about) =>
      `-m conntrack ${not(about)}--ctstate ${about.random.some([...STATES, 'DNAT', 'SNAT'], about.random.int(1, 3)).join(',')}`,
  },
  state: {
    make: (about) => `-m state ${not(about)}--state ${about.random.some(STATES, about.random.int(1, 3)).join(',')}`,
  },
  'ctstate and more': {
    make: (about) =>
      `-m conntrack ${not(about)}--ctstate ${about.random.some(STATES, about.random.int(1, 3)).join(',')} ${not(about)}--ctproto ${about.random.pick(['tcp', 'udp'])} ${not(about)}--ctorigdst ${ctAddress(about)}`,
  },
  ctproto: { make: (about) => `-m conntrack ${not(about)}--ctproto ${about.random.pick(['tcp', 'udp', '1', '58'])}` },
  ctaddress: {
    make: (about) =>
      `-m conntrack ${not(about)}--ct${about.random.pick(['origsrc', 'origdst', 'replsrc', 'repldst'])} ${ctAddress(about)}`,
  },
  ctport: {
    make: (about) =>
      `-m conntrack ${not(about)}--ct${about.random.pick(['origsrc', 'origdst', 'replsrc', 'repldst'])}port ${range([...FLOW_PORTS, ...about.ctPorts!], about)}`,
  },
  ctstatus: {
    make: (about) =>
      `-m conntrack ${not(about)}--ctstatus ${about.random.some(['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'], about.random.int(1, 2)).join(',')}`,
  },
  ctdir: { make: (about) => `-m conntrack --ctdir ${about.random.pick(['ORIGINAL', 'REPLY'])}` },
  ctexpire: { make: (about) => `-m conntrack ${not(about)}--ctexpire ${about.random.pick(['0:10', '20:40', '100:'])}` },
  connmark: {
    make: (about) => `-m connmark ${not(about)}--mark ${about.random.pick(['5', '5/7', '0', '1/1', '4/6'])}`,
  },
  connlabel: { make: (about) => `-m connlabel ${not(about)}--label ${about.random.int(0, 3)}` },
  helper: { make: (about) => `-m helper ${not(about)}--helper ${about.random.pick(['ftp', 'sip', '""'])}` },
  connbytes: {
    make: (about) =>
      `-m connbytes ${not(about)}--connbytes 1:2 --connbytes-mode packets --connbytes-dir ${about.random.pick(['original', 'reply', 'both'])}`,
  },
}

/** On what a bridge passes on. */
export const BRIDGE_MAKERS: Readonly<Record<string, Maker>> = {
  'physdev in': {
    make: (about) =>
      `-m physdev ${not(about)}${about.random.pick(['--physdev-is-in', '--physdev-in in0', '--physdev-in in+', '--physdev-in br0'])}`,
  },
  'physdev out': {
    hooks: ['FORWARD', 'POSTROUTING'],
    make: (about) =>
      `-m physdev ${not(about)}${about.random.pick(['--physdev-is-out', '--physdev-is-bridged', '--physdev-out in1', '--physdev-out in+'])}`,
  },
  'physdev both': {
    hooks: ['FORWARD', 'POSTROUTING'],
    make: (about) => `-m physdev ${not(about)}--physdev-in in0 ${not(about)}--physdev-out in1`,
  },
  interfaces: {
    make: (about) =>
      `${not(about)}-i ${about.random.pick(['br0', 'in0', 'b+'])} ${not(about)}-o ${about.random.pick(['br0', 'in1', 'lo'])}`,
  },
  pkttype: {
    make: (about) =>
      `-m pkttype ${not(about)}--pkt-type ${about.random.pick(['unicast', 'broadcast', 'multicast', 'otherhost'])}`,
  },
  mac: {
    hooks: COMES_IN,
    make: (about) => `-m mac ${not(about)}--mac-source ${about.random.pick([SENDER_MAC, MACS.in0])}`,
  },
}

/** One to three conditions that may stand in this hook. */
export function randomRule(about: About): string {
  const fitting = Object.values(MAKERS).filter(
    ({ hooks, family }) => (!hooks || hooks.includes(about.hook)) && (!family || family === about.family),
  )
  return makeRule(about, about.random.some(fitting, about.random.pick([1, 1, 1, 2, 3])))
}

/** `-p` may stand only once. */
export function makeRule(about: About, makers: readonly Maker[]): string {
  const parts: string[] = []
  for (const { make } of makers) {
    const part = make(about)
    if (!/(^|! )-p /.test(part) || !parts.some((one) => /(^|! )-p /.test(one))) parts.push(part)
  }
  return parts.join(' ')
}
