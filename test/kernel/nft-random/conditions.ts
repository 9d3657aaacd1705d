/** Conditions that are more than a field and its values. */
import type { Part } from './case.ts'
import { askKey } from './keys.ts'
import { ask, concatenation } from './operators.ts'
import { MARKS, PORTS, SEQUENCES } from './pools.ts'
import type { Scene } from './scene.ts'

/** How often it is drawn, where it can stand, and what it looks like. */
interface Condition {
  often: number
  /** Only of it. */
  transport?: string
  hooks?: readonly string[]
  draw(scene: Scene): Part
}

const part = (text: string, ...words: string[]): Part => ({ words, text })
const TRACKED = ['prerouting', 'input', 'forward', 'output', 'postrouting']
const STATES = ['new', 'established', 'related', 'invalid', 'untracked']
const STATUSES = ['seen-reply', 'assured', 'confirmed', 'snat', 'dnat', 'dying', 'expected']

const CONDITIONS: readonly Condition[] = [
  { often: 30, draw: (scene) => ask(scene, scene.field()) },
  {
    often: 10,
    draw: (scene) =>
      ask(
        scene,
        scene.field(({ word }) => /^(ip6? [sd]addr|(tcp|udp|th) [sd]port|meta mark)$/.test(word)),
      ),
  },
  { often: 6, draw: concatenation },
  { often: 8, draw: askKey },
  {
    often: 4,
    hooks: TRACKED,
    draw({ random }) {
      const some = random.some(STATES, random.int(1, 2))
      const text = random.pick([some.join(','), `!= ${some[0]}`, `{ ${some.join(', ')} }`, `!= { ${some.join(', ')} }`])
      return part(`ct state ${text}`, 'ct state', ...(text.includes('{') ? ['set'] : ['any of some flags']))
    },
  },
  {
    often: 2,
    hooks: TRACKED,
    draw({ random }) {
      const some = random.some(STATUSES, random.int(1, 2))
      const text = random.pick([some.join(','), `& ${some[0]} == ${some[0]}`, `& ${some[0]} == 0`, `!= ${some[0]}`])
      return part(`ct status ${text}`, 'ct status')
    },
  },
  {
    often: 6,
    transport: 'tcp',
    draw({ random }) {
      const text = random.pick([
        'syn',
        '!= syn',
        '& (syn | ack) == syn',
        '& (fin | syn | rst | ack) != syn',
        'syn / syn,ack',
        '{ syn, syn | ack }',
        '& rst == rst',
        'ack,rst',
        '!= { ack, rst }',
      ])
      return part(`tcp flags ${text}`, 'tcp flags')
    },
  },
  {
    often: 4,
    transport: 'tcp',
    draw({ random }) {
      const text = random.pick([
        'maxseg exists',
        'maxseg missing',
        'maxseg size 1460',
        'maxseg size < 1461',
        'window exists',
        'sack-perm missing',
        'sack-perm exists',
        'timestamp exists',
        'nop exists',
        'maxseg size { 1000, 1460 }',
        'fastopen exists',
        '@2,16,16 1460',
        'sack exists',
        'eol exists',
        'mptcp exists',
        'md5sig missing',
        'echo exists',
      ])
      return part(`tcp option ${text}`, `tcp option ${text.split(' ')[0]}`)
    },
  },
  {
    often: 3,
    hooks: ['prerouting', 'input', 'forward', 'output'],
    draw({ random, hook }) {
      const type = random.pick(['local', 'unicast', '!= local', '{ local, unicast }', 'blackhole', 'broadcast'])
      const isFirst = hook === 'prerouting' || hook === 'input'
      const key = random.pick([
        'daddr',
        'saddr',
        'daddr . mark',
        ...(hook === 'forward' || isFirst ? ['daddr . iif'] : []),
        ...(hook === 'output' ? ['daddr . oif'] : []),
      ])
      return part(`fib ${key} type ${type}`, `fib ${key} type`)
    },
  },
  {
    often: 3,
    hooks: ['prerouting', 'input', 'forward'],
    draw({ random }) {
      const key = random.pick(['daddr', 'saddr', 'saddr . iif', 'saddr . mark . iif', 'daddr . mark', 'saddr . mark'])
      const said = random.pick(['oif exists', 'oif missing', 'oifname "in1"', 'oif "in0"', 'oifname != "in1"'])
      return part(`fib ${key} ${said}`, `fib ${key} ${said.split(' ')[0]}`)
    },
  },
  {
    often: 2,
    hooks: ['forward', 'output', 'postrouting'],
    draw(scene) {
      return scene.version === 'ip'
        ? part(`rt ip nexthop ${scene.random.pick(['10.0.2.9', '10.0.2.2', '10.0.1.2'])}`, 'rt ip nexthop')
        : part(`rt ip6 nexthop ${scene.random.pick(['2001:db8:2::9', '2001:db8:2::2'])}`, 'rt ip6 nexthop')
    },
  },
  {
    often: 2,
    draw(scene) {
      const { random } = scene
      const [one, other] = scene.version === 'ip' ? ['ip saddr', 'ip daddr'] : ['ip6 saddr', 'ip6 daddr']
      const key = random.pick([
        one!,
        `${one} . ${other}`,
        ...(['tcp', 'udp'].includes(scene.transport) ? [`${one} . ${scene.transport} dport`] : []),
        'meta mark',
      ])
      const offset = random.pick(['', ' offset 10'])
      const at = offset ? 10 : 0
      const mod = random.pick([2, 3, 4])
      const asked = random.pick([`${at}`, `!= ${at}`, `< ${at + 1}`, `${at}-${at + mod - 1}`, `{ ${at}, ${at + 1} }`])
      return part(`jhash ${key} mod ${mod} seed 0x${random.int(1, 255).toString(16)}${offset} ${asked}`, 'jhash')
    },
  },
  {
    often: 1,
    draw({ random }) {
      const text = random.pick(['inc mod 1 0', 'inc mod 2 offset 5 3', 'random mod 4 0-3', 'random mod 2 offset 4 < 4'])
      return part(`numgen ${text}`, 'numgen')
    },
  },
  {
    often: 0.3,
    draw({ random }) {
      const text = random.pick([
        'numgen inc mod 3 1',
        'meta cpu 0',
        'meta cgroup 0',
        'meta hour > "00:00"',
        'meta random > 5',
      ])
      return part(text, text.split(' ').slice(0, 2).join(' '))
    },
  },
  {
    often: 2,
    hooks: TRACKED,
    draw: ({ random }) => part(`ct count ${random.pick(['', 'over '])}${random.pick([1, 2])}`, 'ct count'),
  },
  {
    often: 2,
    hooks: TRACKED,
    draw({ random }) {
      const text = random.pick([
        'original packets 1',
        'packets > 1',
        'bytes < 100',
        'avgpkt > 40',
        'reply packets 0',
        'reply bytes != 0',
        'original proto-dst 53',
        'original proto-src 4000-4001',
        'reply proto-src 53',
      ])
      const protocol = text.includes('proto-') ? `meta l4proto ${random.pick(['tcp', 'udp'])} ` : ''
      return part(`${protocol}ct ${text}`, `ct ${text.replace(/ [^a-z].*/, '')}`)
    },
  },
  {
    often: 1,
    hooks: ['prerouting', 'input', 'forward'],
    draw({ random }) {
      const text = random.pick([
        'iifname "in*"',
        'iifname != "in*"',
        'meta iifkind "tun"',
        'meta iiftype ether',
        'iifname { "in*", "lo" }',
      ])
      return part(text, text.startsWith('iifname') ? 'beginning of a name' : text.split(' ').slice(0, 2).join(' '))
    },
  },
  {
    often: 0.5,
    hooks: ['prerouting', 'forward', 'postrouting'],
    draw: ({ random }) => part(`meta priority set 1:2 meta priority ${random.pick(['', '!= '])}1:2`, 'meta priority'),
  },
  { often: 1, draw: ({ random }) => part(`symhash mod 1 ${random.pick(['0', '!= 0'])}`, 'symhash') },
  {
    often: 2,
    hooks: TRACKED,
    draw: ({ random }) =>
      part(`meta mark ${random.pick(['==', '!='])} ct mark`, 'meta mark', 'ct mark', 'two fields compared'),
  },
  {
    often: 2,
    draw({ random }) {
      const mark = random.pick(MARKS)
      const text = random.pick([
        `and 0xf == ${mark & 15}`,
        `or 0x3 == ${mark | 3}`,
        `xor 0x3 == ${mark ^ 3}`,
        `>> 1 == ${mark >> 1}`,
        `<< 1 == ${mark << 1}`,
        `or 0x3 != ${mark | 3}`,
      ])
      return part(`meta mark ${text}`, 'meta mark', text.split(' ')[0]!)
    },
  },
  {
    often: 1,
    transport: 'tcp',
    draw({ random }) {
      return part(`tcp sequence ${random.pick(SEQUENCES)} tcp dport ${random.pick(PORTS)}`, 'tcp sequence', 'tcp dport')
    },
  },
]

export function drawCondition(scene: Scene): Part {
  const fits = CONDITIONS.filter(
    ({ hooks, transport }) =>
      (hooks === undefined || (hooks.includes(scene.hook) && scene.isTracked)) &&
      (transport === undefined || transport === scene.transport),
  )
  return scene.random.weighted(fits.map((one) => [one.often, one] as const)).draw(scene)
}
