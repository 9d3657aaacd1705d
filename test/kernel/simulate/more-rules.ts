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

export function randomSets(random: Random, scene: Scene): TestSet[] {
  const hosts = [...scene.hosts.left, ...scene.hosts.right, ...scene.own]
  const some = <T>(list: readonly T[], most: number) => random.some(list, random.int(0, most))
  const six = scene.family === 'ip' ? '' : '6'
  return [
    { name: `seen${six}`, type: 'hash:ip', elements: some(hosts, 3) },
    { name: `nets${six}`, type: 'hash:net', elements: some(scene.networks.slice(0, 4), 2) },
    {
      name: `ends${six}`,
      type: 'hash:ip,port',
      elements: some(hosts, 3).map((host) => `${host},${random.pick(['tcp', 'udp'])}:${random.pick(SERVICE_PORTS)}`),
    },
    { name: 'ports', type: 'bitmap:port', elements: some(SERVICE_PORTS, 3).map(String) },
  ]
}

/** For `ipset restore -exist`: sets cannot be taken away while rules ask for them. */
export const printSets = (sets: readonly TestSet[], family: 'ip' | 'ip6'): string =>
  sets
    .flatMap(({ name, type, elements }) => [
      `create ${name} ${type}${type.startsWith('bitmap') ? ' range 0-65535' : family === 'ip' ? '' : ' family inet6'}`,
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
    const fitting = RULES.filter(({ fits }) => fits(table.name, chain.name))
    if (fitting.length === 0) continue
    const made = random.pick(fitting).make(random, scene)
    const rule = scene.family === 'ip' ? made : made.replace(/set (seen|nets|ends)/, 'set $16')
    const first = chain.rules[0] === '-j TRACE' ? 1 : 0
    chain.rules.splice(random.int(first, chain.rules.length), 0, rule)
  }
  return copies
}

interface Made {
  fits(table: string, chain: string): boolean
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
  '--match-set seen src',
  '--match-set seen dst',
  '--match-set nets src',
  '--match-set nets dst',
  '--match-set ends dst,dst',
  '--match-set ends src,src',
  '--match-set ports dst',
]
const CHANGES = [
  '--add-set seen src',
  '--add-set seen dst --exist',
  '--del-set seen src',
  '--add-set ends dst,dst',
  '--del-set ends dst,dst',
]
const ANYWHERE = inTables('raw', 'mangle', 'nat', 'filter', 'security')

const RULES: readonly Made[] = [
  {
    fits: ANYWHERE,
    make: (random) =>
      `-m set ${random.chance(0.3) ? '! ' : ''}${random.pick(MEMBERS)} -j ${random.pick(['RETURN', 'ACCEPT', 'MARK --set-mark 0x3'])}`,
  },
  { fits: inTables('raw', 'mangle', 'filter', 'security'), make: (random) => `-m set ${random.pick(MEMBERS)} -j DROP` },
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
  { fits: inTables('mangle'), make: () => '-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1200' },
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
