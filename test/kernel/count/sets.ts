/** Random ipsets of every type that this kernel has, as ipset restores them, and rules that ask for them. */
import type { Random } from '../generate/random.ts'
import type { About } from './conditions.ts'
import type { Family } from './count.ts'
import { MARKS, type Place, PORTS } from './packets.ts'

interface Set {
  name: string
  family: Family | undefined
  parts: number
}

const NETWORKS = { ip: [8, 16, 24, 25, 30, 32], ip6: [16, 32, 48, 64, 112, 128] }
const TYPES = [
  ...['hash:ip', 'hash:net', 'hash:ip,port', 'hash:net,port', 'hash:ip,port,ip', 'hash:ip,port,net', 'hash:net,iface'],
  ...['hash:ip,mark', 'hash:net,net', 'hash:net,port,net', 'hash:mac', 'hash:ip,mac', 'bitmap:ip', 'bitmap:ip,mac'],
  'bitmap:port',
]

/** `types`: those that the kernel has. */
export function randomSets(random: Random, place: Place, types: readonly string[]): { text: string; sets: Set[] } {
  const lines: string[] = []
  const sets: Set[] = []
  for (const type of types)
    for (const family of familiesOf(type))
      for (let n = 0; n < 3; n++) {
        const parts = type.replace(/^.*:/, '').split(',')
        const set = { name: `s${sets.length}`, family, parts: parts.length }
        sets.push(set)
        lines.push(`create ${set.name} ${type} ${createOptions(random, type, family)}`)
        // the kernel takes the interface prefix with the most specific network
        const count = random.int(0, 12)
        // where entries of one network differ in physdev, chance tells whether they are in one bucket of its hash, and that
        // whether less specific networks count (mtype_test_cidrs, net/netfilter/ipset/ip_set_hash_gen.h)
        const physdev = random.chance(0.3)
        for (let i = 0; i < count; i++)
          lines.push(`add ${set.name} ${element(random, place, parts, type, family ?? 'ip', physdev)} -exist`)
      }
  lines.push('create all list:set', ...random.some(sets, 4).map(({ name }) => `add all ${name}`))
  return { text: lines.join('\n'), sets: [...sets, { name: 'all', family: undefined, parts: 3 }] }
}

export const SET_TYPES: readonly string[] = TYPES

const familiesOf = (type: string): (Family | undefined)[] =>
  type === 'bitmap:port' || type === 'hash:mac' ? [undefined] : type.startsWith('bitmap:') ? ['ip'] : ['ip', 'ip6']

function createOptions(random: Random, type: string, family: Family | undefined): string {
  if (type === 'bitmap:port') return 'range 0-65535'
  if (type === 'bitmap:ip')
    return random.pick(['range 10.0.0.0/16', 'range 10.0.0.0/16 netmask 24', 'range 10.0.0.0-10.0.3.255'])
  if (type === 'bitmap:ip,mac') return 'range 10.0.0.0/16'
  const more = random.chance(0.3) ? ' timeout 3000' : ''
  if (family === undefined) return more
  const mask = type === 'hash:ip' && random.chance(0.4) ? ` netmask ${family === 'ip' ? 24 : 64}` : ''
  const markMask = type === 'hash:ip,mark' && random.chance(0.5) ? ' markmask 0xff' : ''
  return `family ${family === 'ip' ? 'inet' : 'inet6'}${mask}${markMask}${more}`
}

function element(
  random: Random,
  place: Place,
  parts: readonly string[],
  type: string,
  family: Family,
  physdev: boolean,
): string {
  const words = parts.map((part) =>
    part === 'iface'
      ? physdev
        ? 'physdev:in0'
        : random.pick(['in0', 'in1', 'lo'])
      : partOf(random, place, part, type, family),
  )
  const nets = parts.includes('net')
  const wildcard = parts.includes('iface') && !physdev && random.chance(0.3)
  if (wildcard) words[words.length - 1] = random.pick(['in', 'i', 'l'])
  return `${words.join(',')}${nets && random.chance(0.25) ? ' nomatch' : ''}${wildcard ? ' wildcard' : ''}`
}

function partOf(random: Random, place: Place, part: string, type: string, family: Family): string {
  const own = [...place.own[family], ...place.others[family]].filter((one) => one !== '::1')
  const address = random.pick(type.startsWith('bitmap:') ? own.filter((one) => one.startsWith('10.0.')) : own)
  switch (part) {
    case 'net':
      if (type === 'hash:net,iface' && random.chance(0.2)) return family === 'ip' ? '0.0.0.0/0' : '::/0'
      return `${address}/${random.pick(NETWORKS[family])}`
    case 'ip':
      if (family === 'ip' && type === 'hash:ip' && random.chance(0.2)) return '10.0.0.0/29'
      return address
    case 'port':
      return type === 'bitmap:port' ? `${random.pick(PORTS)}` : portOf(random, family)
    case 'mark':
      return `0x${((random.pick(MARKS) | (random.chance(0.5) ? 0x80000000 : 0)) >>> 0).toString(16)}`
    default:
      return random.pick(['02:00:00:00:00:99', '02:00:00:00:00:98', 'AA:BB:CC:00:00:01', '02:00:00:00:00:0a'])
  }
}

function portOf(random: Random, family: Family): string {
  const icmp = family === 'ip' ? ['icmp:8/0', 'icmp:0/0', 'icmp:3/1'] : ['icmpv6:128/0', 'icmpv6:129/1', 'icmpv6:1/4']
  const port = `${random.pick(PORTS)}`
  return random.pick([
    `tcp:${port}`,
    `tcp:${port}`,
    `udp:${port}`,
    `sctp:${port}`,
    `udplite:${port}`,
    '33:0',
    '47:0',
    ...icmp,
    port,
  ])
}

/** Too few directions, and too many, are allowed, too. */
export function setRule({ random, family }: About, sets: readonly Set[]): string {
  const fitting = sets.filter((set) => set.family === undefined || set.family === family)
  const set = random.pick(fitting)
  const count = random.weighted([
    [8, set.parts],
    [1, Math.max(1, set.parts - 1)],
    [1, set.parts + 1],
  ])
  const directions = Array.from({ length: count }, () => random.pick(['src', 'dst']))
  return `-m set ${random.chance(0.2) ? '! ' : ''}--match-set ${set.name} ${directions.join(',')}`
}
