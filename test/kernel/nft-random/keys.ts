/** Keys of sets and maps that are more than a field: a part of one, flags, what the routes or connection tracking say. */
import type { Part } from './case.ts'
import { MARKS } from './pools.ts'
import type { Scene } from './scene.ts'

interface Key {
  word: string
  values: readonly (string | number)[]
  /** Named sets are declared by it. Absent: the set stands in the rule. */
  type?: string
  /** nft 1.0.6 fails where the rule lists the elements, or the map gives data. */
  isNamed?: true
  family?: 'ip' | 'ip6'
  transport?: string
  hooks?: readonly string[]
}

const TRACKED = ['prerouting', 'input', 'forward', 'output', 'postrouting']
const BEHIND_ROUTING = ['forward', 'output', 'postrouting']
const FLAGS = ['syn', 'syn | ack', 'ack', 'rst', 'fin | ack']
const TYPES = ['local', 'unicast', 'broadcast', 'blackhole']

const KEYS: readonly Key[] = [
  { word: 'ip saddr & 255.255.255.0', values: ['10.0.1.0', '10.0.2.0'], type: 'ipv4_addr', family: 'ip' },
  { word: 'ip daddr & 0.0.0.3', values: ['0.0.0.1', '0.0.0.2', '0.0.0.3'], type: 'ipv4_addr', family: 'ip' },
  { word: 'ip6 daddr & ::ff', values: ['::1', '::2', '::77'], type: 'ipv6_addr', family: 'ip6' },
  { word: 'tcp dport & 255', values: [22, 53, 80, 144], type: 'inet_service', transport: 'tcp' },
  { word: 'udp sport & 255', values: [22, 53, 80, 160], type: 'inet_service', transport: 'udp' },
  { word: 'meta mark & 3', values: [0, 1, 2, 3], type: 'mark' },
  { word: 'meta mark | 2', values: [2, 3, 7], type: 'mark' },
  { word: 'meta mark >> 1', values: [0, 1, 2, 3], type: 'mark', isNamed: true },
  { word: 'meta mark >> 1 & 3', values: [0, 1, 2, 3], type: 'mark', isNamed: true },
  { word: 'ct mark & 3', values: [0, 1, 2, 3], type: 'mark', hooks: TRACKED },
  { word: 'tcp flags', values: FLAGS, type: 'tcp_flag', transport: 'tcp' },
  { word: 'tcp flags & (fin | syn | rst | ack)', values: FLAGS, type: 'tcp_flag', transport: 'tcp' },
  { word: 'fib daddr type', values: TYPES, type: 'fib_addrtype', hooks: ['prerouting', 'input', 'forward', 'output'] },
  { word: 'fib saddr . iif oifname', values: ['"in0"', '"in1"'], hooks: ['prerouting', 'input', 'forward'] },
  { word: 'ct direction', values: ['original', 'reply'], type: 'ct_dir', hooks: TRACKED },
  { word: 'ct state', values: ['new', 'established', 'related', 'invalid'], type: 'ct_state', hooks: TRACKED },
  { word: 'ct state . meta mark', values: ['new . 0', 'new . 1', 'established . 0'], hooks: TRACKED },
  { word: 'ct state . ip saddr', values: ['new . 10.0.1.2', 'established . 10.0.2.2'], family: 'ip', hooks: TRACKED },
  { word: 'icmp type . icmp code', values: ['echo-request . 0', 'destination-unreachable . 1'], transport: 'icmp' },
  { word: 'icmpv6 type . icmpv6 code', values: ['echo-request . 0', 'echo-reply . 0'], transport: 'icmpv6' },
  { word: 'tcp option maxseg size', values: [1000, 1400, 1460], transport: 'tcp' },
  { word: 'meta length', values: [28, 32, 40, 60, 88] },
  { word: 'ip ttl', values: [1, 2, 9, 63, 64], family: 'ip' },
  { word: 'ip6 hoplimit', values: [1, 2, 9, 63, 64], family: 'ip6' },
  { word: 'ip id', values: [0, 77], family: 'ip' },
  { word: 'jhash ip saddr mod 4 seed 0x7', values: [0, 1, 2, 3], family: 'ip' },
  { word: 'jhash ip6 saddr mod 4 seed 0x7', values: [0, 1, 2, 3], family: 'ip6' },
  { word: 'rt ip nexthop', values: ['10.0.2.9', '10.0.2.2', '10.0.1.2'], family: 'ip', hooks: BEHIND_ROUTING },
  { word: 'meta iifname . meta oifname', values: ['"in0" . "in1"', '"in1" . "in0"'], hooks: ['forward'] },
  {
    word: 'meta l4proto . th dport',
    values: ['tcp . 80', 'udp . 53', 'udp . 80', 'tcp . 1000-5000'],
    transport: 'th',
  },
]

const isHere = ({ hooks, family, transport }: Key, scene: Scene): boolean =>
  (hooks === undefined || (hooks.includes(scene.hook) && scene.isTracked)) &&
  (family === undefined || family === scene.version) &&
  (transport === undefined || transport === scene.transport)

function drawKey(
  scene: Scene,
  fits: (key: Key) => boolean = () => true,
): { key: Key; values: string[]; words: string[] } {
  const key = scene.random.pick(KEYS.filter((one) => isHere(one, scene) && fits(one)))
  const values = scene.random.some(key.values.map(String), scene.random.int(1, 3))
  return { key, values, words: [`key ${key.word}`] }
}

/** nft 1.0.6 fails when a set has the type of one of these. */
const isUntyped = ({ word }: Key): boolean => word.startsWith('jhash')

/** `typeof` says the same as a type, and takes what has none. */
const declared = (scene: Scene, { word, type }: Key): string =>
  type !== undefined && scene.random.chance(0.5) ? `type ${type}` : `typeof ${word.replace(/ ([&|]|>>) .*/, '')}`

/** What a static element may carry. What counts, and has a comment, the lab takes for a rule. */
function dressed(scene: Scene, value: string, counts: boolean): string {
  const dresses = ['', '', ' timeout 1h', ' timeout 1h expires 30m', ...(counts ? [] : [' comment "one"'])]
  return value + scene.random.pick(dresses)
}

/** `tcp flags & (fin | syn) { syn, fin }`, in the rule or with a name. */
export function askKey(scene: Scene): Part {
  const { random } = scene
  const { key, values, words } = drawKey(scene)
  const not = random.chance(0.3) ? '!= ' : ''
  if (isUntyped(key) || (!key.isNamed && random.chance(0.5)))
    return { words: [...words, 'set'], text: `${key.word} ${not}{ ${values.join(', ')} }` }
  const counter = random.chance(0.2) ? 'counter; ' : ''
  const list = values.map((value) => dressed(scene, value, counter !== ''))
  const flags = [
    ...(list.some((one) => one.includes(' timeout ')) ? ['timeout'] : []),
    ...(list.some((one) => /\d-\d/.test(one)) ? ['interval'] : []),
  ]
  const name = scene.define(
    ['named set', 'typeof'],
    's',
    (one) =>
      `set ${one} { ${declared(scene, key)}; ${flags.length > 0 ? `flags ${flags.join(',')}; ` : ''}${counter}elements = { ${list.join(', ')} } }`,
  )
  return { words, text: `${key.word} ${not}@${name}` }
}

/** `KEY map { … }` or `KEY vmap { … }`, in the rule or with a name. */
export function mapKey(scene: Scene, type: 'verdict' | 'mark', value: () => string): Part {
  const { random } = scene
  // nft takes no `meta mark set fib …`
  const isTaken = ({ word, isNamed }: Key) => !isNamed && !word.startsWith('fib ')
  const { key, values, words } = drawKey(scene, (one) => type === 'verdict' || isTaken(one))
  const pairs = values.map((one) => `${one} : ${value()}`)
  if (random.chance(0.2)) pairs.push(`* : ${value()}`)
  const verb = type === 'verdict' ? 'vmap' : 'map'
  if (isUntyped(key) || (!key.isNamed && random.chance(0.6)))
    return { words: [...words, verb], text: `${key.word} ${verb} { ${pairs.join(', ')} }` }
  const interval = pairs.some((one) => /\d-\d/.test(one)) ? 'flags interval; ' : ''
  const to = declared(scene, key)
  const name = scene.define(
    [`named ${verb}`, 'typeof'],
    'm',
    (one) =>
      `map ${one} { ${to} : ${to.startsWith('typeof') && type === 'mark' ? 'meta mark' : type}; ${interval}elements = { ${pairs.join(', ')} } }`,
  )
  return { words: [...words, `named ${verb}`], text: `${key.word} ${verb} @${name}` }
}

export const markByKey = (scene: Scene): Part => {
  const { words, text } = mapKey(scene, 'mark', () => String(scene.random.pick(MARKS)))
  return { words: ['set meta mark', ...words], text: `meta mark set ${text}` }
}
