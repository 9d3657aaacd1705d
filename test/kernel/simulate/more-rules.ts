/** Rules and sets that only a simulator is asked about: zones, sets that rules change, NAT's other forms. */
import type { Random } from '../generate/random.ts'
import type { Table } from '../generate/ruleset.ts'
import { type Scene, SERVICE_PORTS } from '../generate/scene.ts'

/** Their names, types and elements; the lab makes them anew for each case. */
export interface TestSet {
  name: string
  type: string
  elements: string[]
}

/** All types that this kernel has; what they are called with IPv6 ends with 6. */
export function randomSets(random: Random, scene: Scene): TestSet[] {
  const { family, networks, interfaces, macs } = scene
  const hosts = [...scene.hosts.left, ...scene.hosts.right, ...scene.own]
  const some = <T>(list: readonly T[], most: number) => random.some(list, random.int(0, most))
  const each = (most: number, make: () => string) => Array.from({ length: random.int(0, most) }, make)
  const host = () => random.pick(hosts)
  const net = () => random.pick(networks.slice(0, 4))
  const port = () => `${random.pick(['tcp', 'udp'])}:${random.pick(SERVICE_PORTS)}`
  const except = () => (random.chance(0.25) ? ' nomatch' : '')
  const echo = family === 'ip' ? 'icmp:echo-request' : 'icmpv6:echo-request'
  const service = () => (random.chance(0.2) ? echo : port())
  const sets: TestSet[] = [
    { name: 'seen', type: 'hash:ip', elements: some(hosts, 3) },
    {
      name: 'nets',
      type: 'hash:net',
      elements: [...some(networks.slice(0, 4), 2), ...each(1, () => `${host()}${except()}`)],
    },
    { name: 'ends', type: 'hash:ip,port', elements: each(3, () => `${host()},${service()}`) },
    { name: 'netports', type: 'hash:net,port', elements: each(3, () => `${net()},${service()}${except()}`) },
    { name: 'trips', type: 'hash:ip,port,ip', elements: each(3, () => `${host()},${service()},${host()}`) },
    {
      name: 'tripnets',
      type: 'hash:ip,port,net',
      elements: each(3, () => `${host()},${service()},${net()}${except()}`),
    },
    {
      name: 'ifaces',
      type: 'hash:net,iface',
      elements: each(3, () => `${net()},${random.pick([interfaces.left, interfaces.right])}${except()}`),
    },
  ]
  if (family === 'ip') {
    const near = hosts.filter((one) => one.startsWith('10.'))
    const range = `range ${near[0]!.replace(/\d+$/, '0')}/24`
    const [pair = near[0]!] = near
    sets.push(
      { name: 'bits', type: `bitmap:ip ${range}`, elements: some(near, 3) },
      { name: 'macs', type: `bitmap:ip,mac ${range}`, elements: [`${pair},${random.pick(macs)}`] },
    )
  }
  const named = sets.map((set) => ({ ...set, name: nameFor(set.name, family) }))
  const members = some(['seen', 'nets', 'ends'], 2).map((name) => nameFor(name, family))
  return [
    ...named,
    { name: 'ports', type: 'bitmap:port range 0-65535', elements: some(SERVICE_PORTS, 3).map(String) },
    { name: nameFor('lists', family), type: 'list:set', elements: members },
  ]
}

const nameFor = (name: string, family: 'ip' | 'ip6') => (family === 'ip' ? name : `${name}6`)

/** For `ipset restore -exist`: sets cannot be taken away while rules ask for them. */
export const printSets = (sets: readonly TestSet[], family: 'ip' | 'ip6'): string =>
  sets
    .flatMap(({ name, type, elements }) => [
      `create ${name} ${type}${type.startsWith('hash') && family === 'ip6' ? ' family inet6' : ''}`,
      `flush ${name}`,
      ...elements.map((element) => `add ${name} ${element}`),
    ])
    .join('\n')
    .concat('\n')

/** Puts up to `most` of them among the rules that are there, behind the TRACE rules. */
export function addRules(random: Random, scene: Scene, tables: readonly Table[], most: number): Table[] {
  const copies = tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => ({ ...chain, rules: [...chain.rules] })),
  }))
  for (let i = random.int(0, most); i > 0; i--) {
    const table = random.pick(copies)
    const chain = random.pick(table.chains.filter(({ policy }) => policy !== undefined))
    const fitting = RULES.filter(({ fits }) => fits(table.name, chain.name, scene.family))
    if (fitting.length === 0) continue
    const made = random.pick(fitting).make(random, scene)
    const rule = scene.family === 'ip' ? made : made.replace(/set (?!ports)(\w+)/, 'set $16')
    const first = chain.rules[0] === '-j TRACE' ? 1 : 0
    chain.rules.splice(random.int(first, chain.rules.length), 0, rule)
  }
  return copies
}

interface Made {
  fits(table: string, chain: string, family: 'ip' | 'ip6'): boolean
  make(random: Random, scene: Scene): string
}

const inTables =
  (...names: string[]) =>
  (table: string) =>
    names.includes(table)
const inNat =
  (...chains: string[]) =>
  (table: string, chain: string) =>
    table === 'nat' && chains.includes(chain)

const inMangleOfIpv6 =
  (...chains: string[]) =>
  (table: string, chain: string, family: 'ip' | 'ip6') =>
    family === 'ip6' && table === 'mangle' && chains.includes(chain)

/** Prefixes of several lengths, with each other's networks: the subnet's number, or a word of the host's part, makes up for it. */
function prefixes(random: Random, { hosts }: Scene): string {
  const [left, right] = [hosts.left, hosts.right].map(([one]) => `${one!.split('::')[0]}::/64`)
  const all = [left!, right!, left!.replace(/:\d+::\/64$/, '::/48'), left!.replace(/:\d+::\/64$/, ':10::/60')]
  return `--src-pfx ${random.pick(all)} --dst-pfx ${random.pick(all)}`
}

const from = (random: Random, { hosts, interfaces }: Scene) =>
  random.pick([
    `-s ${random.pick(hosts.left)}`,
    `! -s ${random.pick(hosts.right)}`,
    '-p tcp',
    '-p udp',
    `-m mark --mark 0x1/0x1`,
    `-m mark ! --mark ${interfaces.left.length}`,
  ])

const MEMBERS = [
  'seen src',
  'seen dst',
  'nets src',
  'nets dst',
  'ends dst,dst',
  'ends src,src',
  'ends src,dst',
  'netports dst,dst',
  'netports src,dst',
  'trips src,dst,dst',
  'trips dst,src,src',
  'tripnets src,dst,dst',
  'ifaces src,src',
  'ifaces dst,dst',
  'lists src',
  'lists dst,dst',
  'ports dst',
]
const MEMBERS_IPV4 = ['bits src', 'bits dst', 'macs src,src']
const CHANGES = [
  '--add-set seen src',
  '--add-set seen dst --exist',
  '--del-set seen src',
  '--add-set ends dst,dst',
  '--del-set ends dst,dst',
  '--add-set nets src',
  '--add-set netports src,dst',
  '--add-set trips src,dst,dst',
  '--del-set trips src,dst,dst',
  '--add-set tripnets src,dst,dst',
  '--add-set ifaces src,src',
]
const member = (random: Random, { family }: Scene) =>
  `--match-set ${random.pick(family === 'ip' ? [...MEMBERS, ...MEMBERS_IPV4] : MEMBERS)}`
const ANYWHERE = inTables('raw', 'mangle', 'nat', 'filter', 'security')

const RULES: readonly Made[] = [
  {
    fits: ANYWHERE,
    make: (random, scene) =>
      `-m set ${random.chance(0.3) ? '! ' : ''}${member(random, scene)} -j ${random.pick(['RETURN', 'ACCEPT', 'MARK --set-mark 0x3'])}`,
  },
  {
    fits: inTables('raw', 'mangle', 'filter', 'security'),
    make: (random, scene) => `-m set ${member(random, scene)} -j DROP`,
  },
  {
    fits: inTables('mangle', 'filter', 'nat'),
    make: (random, scene) => `${from(random, scene)} -j SET ${random.pick(CHANGES)}`,
  },
  {
    fits: inTables('raw'),
    make: (random, scene) => `${from(random, scene)} -j CT --zone ${random.pick(['5', '6', 'mark'])}`,
  },
  {
    fits: inTables('raw'),
    make: (random, scene) => `${from(random, scene)} -j CT ${random.pick(['--zone-orig 5', '--zone-reply 7'])}`,
  },
  {
    fits: inTables('mangle', 'filter'),
    make: (random) =>
      `-j CONNMARK ${random.pick(['--save-mark --nfmask 0xff --ctmask 0xffff', '--set-xmark 0x12/0xf', '--restore-mark --nfmask 0xf0 --ctmask 0xff', '--or-mark 0x4', '--and-mark 0x7', '--save-mark --nfmask 0xff --ctmask 0xff00 --left-shift-mark 8'])}`,
  },
  {
    fits: inTables('mangle'),
    // what has no such option gets one, and is another packet to those who tell packets by their length
    make: (random) =>
      `-p tcp -m tcp --tcp-flags SYN,RST SYN --tcp-option 2 -j TCPMSS --set-mss ${random.pick([800, 1200, 1460])}`,
  },
  {
    fits: inTables('mangle', 'filter'),
    make: (random) =>
      `-p tcp -m tcp --tcp-flags SYN,RST SYN -m tcpmss ${random.chance(0.3) ? '! ' : ''}--mss ${random.pick(['1200', '800:1300', '1460', '1:1400'])} -j MARK --xor-mark 0x80`,
  },
  {
    fits: inTables('mangle', 'filter', 'nat'),
    make: (random, scene) =>
      `${from(random, scene)} -m limit --limit ${random.pick(['1/hour --limit-burst 39', `1/hour --limit-burst ${random.int(2, 37)}`, `12/hour --limit-burst ${random.int(2, 40)}`])} -j ${random.pick(['RETURN', 'MARK --set-mark 0x5', 'LOG'])}`,
  },
  {
    fits: inTables('mangle', 'filter', 'raw'),
    make: (random, scene) => {
      const mode = random.pick([
        '',
        ' --hashlimit-mode srcip',
        ' --hashlimit-mode srcip,dstport',
        ' --hashlimit-mode dstip',
      ])
      const kind = random.pick(['upto', 'upto', 'above'])
      const burst = random.pick([4, 9])
      // rules that share a name share what is left
      const name = `h${mode.length}${random.chance(0.9) ? `b${burst}` : ''}`
      return `${from(random, scene)} -m hashlimit --hashlimit-${kind} 1/hour --hashlimit-burst ${burst}${mode} --hashlimit-name ${name} -j ${random.pick(['RETURN', 'MARK --set-mark 0x7', 'DROP'])}`
    },
  },
  {
    fits: inTables('mangle', 'filter'),
    make: (random, scene) =>
      `${from(random, scene)} -m quota ${random.chance(0.3) ? '! ' : ''}--quota ${random.pick([40, 100, 250, 400])} -j ${random.pick(['RETURN', 'MARK --set-mark 0x6', 'DROP'])}`,
  },
  {
    fits: inTables('mangle'),
    make: (random) => `-j TOS ${random.pick(['--and-tos 0xfc', '--xor-tos 0x10', '--set-tos 0x02/0x03'])}`,
  },
  {
    fits: inTables('mangle', 'filter'),
    make: (random) => `-m conntrack --ctstate ${random.pick(['SNAT', 'DNAT', 'SNAT,DNAT'])} -j MARK --or-mark 0x10`,
  },
  {
    fits: inTables('mangle', 'filter'),
    make: (random) =>
      `-m conntrack --ctstatus ${random.pick(['CONFIRMED', 'ASSURED', 'SEEN_REPLY', 'EXPECTED'])} -j MARK --xor-mark 0x20`,
  },
  {
    fits: inTables('mangle', 'filter'),
    make: (random, { own, hosts }) =>
      `-m conntrack --ctreplsrc ${random.pick([...own, ...hosts.right])} -j MARK --or-mark 0x40`,
  },
  {
    fits: inTables('mangle', 'filter'),
    make: (random, { own, hosts }) => {
      const address = random.pick([...own, ...hosts.left, ...hosts.right])
      const port = random.pick([...SERVICE_PORTS, '80:8080'])
      return `-m conntrack ${random.chance(0.2) ? '! ' : ''}${random.pick([
        `--ctorigsrc ${address}`,
        `--ctrepldst ${address}`,
        `--ctorigdstport ${port}`,
        `--ctorigsrcport 40000:40002`,
        `--ctreplsrcport ${port}`,
        `--ctrepldstport 40000:40001`,
        '--ctproto 6',
        '--ctproto 17',
      ])} -j MARK --or-mark 0x100`
    },
  },
  {
    fits: inTables('raw', 'mangle', 'filter'),
    make: (random) =>
      `-m ecn ${random.chance(0.2) ? '! ' : ''}--ecn-ip-ect ${random.int(0, 3)} -j MARK --xor-mark 0x200`,
  },
  {
    fits: inTables('mangle', 'filter'),
    make: (random) =>
      `-p tcp -m ecn ${random.chance(0.2) ? '! ' : ''}--ecn-tcp-${random.pick(['cwr', 'ece'])} -j MARK --xor-mark 0x400`,
  },
  {
    fits: (table, chain) =>
      ['raw', 'mangle', 'filter'].includes(table) && ['PREROUTING', 'INPUT', 'FORWARD'].includes(chain),
    make: (random) =>
      `-m addrtype ${random.chance(0.3) ? '! ' : ''}--${random.pick(['src', 'dst'])}-type ${random.pick(['LOCAL', 'UNICAST'])} --limit-iface-in -j MARK --xor-mark 0x800`,
  },
  {
    fits: (table, chain) =>
      ['raw', 'mangle', 'filter'].includes(table) && ['OUTPUT', 'FORWARD', 'POSTROUTING'].includes(chain),
    make: (random) =>
      `-m addrtype --${random.pick(['src', 'dst'])}-type ${random.pick(['LOCAL', 'UNICAST'])} --limit-iface-out -j MARK --xor-mark 0x1000`,
  },
  {
    fits: inTables('mangle', 'filter', 'raw'),
    make: (random) =>
      `-m pkttype ${random.chance(0.3) ? '! ' : ''}--pkt-type ${random.pick(['broadcast', 'multicast', 'unicast'])} -j MARK --xor-mark 0x2000`,
  },
  {
    fits: inTables('mangle', 'filter', 'raw'),
    make: (random, { family }) =>
      `-m addrtype --dst-type ${family === 'ip6' ? 'MULTICAST' : random.pick(['BROADCAST', 'MULTICAST', 'BROADCAST,MULTICAST'])} -j MARK --xor-mark 0x4000`,
  },
  {
    fits: (table, chain) => table === 'mangle' && ['FORWARD', 'OUTPUT', 'POSTROUTING'].includes(chain),
    make: () => '-j CLASSIFY --set-class 1:1',
  },
  {
    fits: inMangleOfIpv6('POSTROUTING', 'INPUT'),
    make: (random, scene) => `${from(random, scene)} -j SNPT ${prefixes(random, scene)}`,
  },
  {
    fits: inMangleOfIpv6('PREROUTING', 'OUTPUT'),
    make: (random, scene) => `${from(random, scene)} -j DNPT ${prefixes(random, scene)}`,
  },
  {
    fits: inNat('PREROUTING', 'OUTPUT'),
    make: (random) => `-p tcp -j DNAT --to-destination :${random.pick(SERVICE_PORTS)}`,
  },
  {
    fits: inNat('PREROUTING', 'OUTPUT'),
    make: (random) => `-p tcp -j REDIRECT --to-ports ${random.pick(['31000-31003', '8080'])}`,
  },
  {
    fits: inNat('PREROUTING', 'OUTPUT'),
    make: (random, { hosts }) =>
      `-p udp -j DNAT --to-destination ${range(hosts.right)}${random.chance(0.3) ? ' --random' : ''}`,
  },
  {
    fits: inNat('POSTROUTING', 'INPUT'),
    make: (random, { hosts }) =>
      `-j SNAT --to-source ${range(hosts.right)}${random.chance(0.3) ? ' --persistent' : ''}`,
  },
  {
    fits: inNat('POSTROUTING'),
    make: (random) =>
      `-p tcp -j MASQUERADE ${random.pick(['--to-ports 80', '--random', '--to-ports 32000-32003', '--random-fully'])}`,
  },
]

/** Neighbours that have an address each. */
function range(hosts: readonly string[]): string {
  return `${hosts[0]}-${hosts[2]}`
}
