/** What rules do: they write, count, fill sets, change connections. */
import type { Part } from './case.ts'
import { updateSet, useMeter } from './dynamic-sets.ts'
import type { Field } from './fields.ts'
import { markByKey } from './keys.ts'
import { elements, isInterval, keyFields, tuple } from './operators.ts'
import { addresses, MARKS, PORTS, V4, V6 } from './pools.ts'
import type { Scene } from './scene.ts'

interface Statement {
  often: number
  hooks?: readonly string[]
  /** Below connection tracking's own priority. */
  isEarly?: true
  isTracked?: true
  transport?: string
  draw(scene: Scene): Part
}

const part = (text: string, ...words: string[]): Part => ({ words, text })
const TRACKED = ['prerouting', 'input', 'forward', 'output', 'postrouting']

const STATEMENTS: readonly Statement[] = [
  { often: 8, draw: setMark },
  { often: 4, draw: markByKey },
  {
    often: 4,
    isTracked: true,
    draw({ random }) {
      const value = random.pick([
        ...MARKS.map(String),
        'meta mark',
        'ct mark or 0x4',
        'ct mark and 0x3',
        'th dport map { 80 : 5, 22 : 1 }',
      ])
      return part(`ct mark set ${value}`, 'set ct mark', ...(value.includes('map') ? ['map'] : []))
    },
  },
  {
    often: 1,
    isTracked: true,
    draw(scene) {
      const { text, words } = mapOf(scene, 'mark', () => String(scene.random.pick(MARKS)))
      return part(`ct mark set ${text}`, 'set ct mark', ...words)
    },
  },
  {
    often: 0.5,
    isTracked: true,
    hooks: ['prerouting', 'forward'],
    draw: (scene) =>
      part(
        `ct expectation set "${scene.define(['ct expectation'], 'e', (one) => `ct expectation ${one} { protocol tcp; dport 9876; timeout 1m; size 8; }`)}"`,
      ),
  },
  { often: 1, isTracked: true, draw: ({ random }) => part(`ct label set ${random.pick([1, 2])}`, 'set ct label') },
  { often: 2, isEarly: true, hooks: ['prerouting', 'output'], draw: () => part('notrack', 'notrack') },
  {
    often: 2,
    isEarly: true,
    hooks: ['prerouting', 'output'],
    draw: ({ random }) =>
      part(`ct ${random.pick(['', 'original ', 'reply '])}zone set ${random.pick([1, 5])}`, 'set ct zone'),
  },
  { often: 10, draw: writePayload },
  { often: 8, draw: updateSet },
  { often: 3, draw: useMeter },
  { often: 3, draw: useObject },
  {
    often: 3,
    draw: ({ random }) => part(`quota ${random.pick(['over', 'until'])} ${random.pick([30, 60, 100])} bytes`, 'quota'),
  },
  {
    often: 1,
    draw: ({ random }) =>
      part(`limit rate ${random.pick(['', 'over '])}1/hour burst ${random.pick([9, 20])} packets`, 'limit'),
  },
  {
    often: 1,
    draw: ({ random }) =>
      part(
        `limit rate ${random.pick(['', 'over '])}1 bytes/day burst ${random.pick([40, 90])} bytes`,
        'limit of bytes',
      ),
  },
  { often: 1, draw: () => part('last', 'last') },
  {
    often: 1,
    draw: ({ random }) =>
      part(
        random.pick([
          'log prefix "x"',
          'log group 5',
          'log flags all',
          'log level info',
          'log group 5 snaplen 40 queue-threshold 3',
        ]),
        'log',
      ),
  },
  {
    often: 1,
    hooks: ['ingress', 'prerouting', 'input', 'forward', 'postrouting', 'output'],
    draw: ({ random }) => part(`meta priority set 1:${random.pick([1, 2])}`, 'set meta priority'),
  },
  {
    often: 1,
    hooks: ['prerouting', 'input', 'forward', 'postrouting', 'output'],
    draw(scene) {
      const at = scene.version === 'ip' ? 'ip daddr' : 'ip6 daddr'
      const pool = scene.version === 'ip' ? V4 : V6
      const { text, words } = mapOf(
        scene,
        scene.version === 'ip' ? 'ipv4_addr' : 'ipv6_addr',
        () => scene.random.pick(addresses(pool)),
        ({ family }) => family === undefined || family === scene.version,
      )
      return part(`${at} set ${text}`, `set ${at}`, ...words)
    },
  },
  {
    often: 1,
    hooks: ['prerouting', 'input', 'ingress'],
    draw: ({ random }) => part(`meta pkttype set ${random.pick(['unicast', 'broadcast', 'host'])}`, 'set meta pkttype'),
  },
  {
    often: 2,
    transport: 'tcp',
    draw({ random }) {
      const text = random.pick(['maxseg size set 1000', 'maxseg size set 1400'])
      return part(`tcp option ${text}`, 'set tcp option maxseg')
    },
  },
  {
    often: 1,
    transport: 'tcp',
    draw({ random }) {
      const option = random.pick(['sack-perm', 'timestamp', 'window', 'maxseg'])
      return part(`reset tcp option ${option}`, 'reset tcp option')
    },
  },
  { often: 0.5, isTracked: true, draw: () => part('ct event set new,destroy', 'set ct event') },
  {
    often: 0.5,
    isTracked: true,
    hooks: ['prerouting', 'output', 'forward'],
    draw: (scene) =>
      part(
        `ct timeout set "${scene.define(['ct timeout'], 'o', (one) => `ct timeout ${one} { protocol tcp; l3proto ip; policy = { established: 100 }\n}`)}"`,
      ),
  },
  {
    often: 1,
    hooks: ['ingress', 'egress'],
    draw: ({ family }) => (family === 'netdev' ? part('dup to "p0"', 'dup') : part('last', 'last')),
  },
  {
    often: 1,
    hooks: ['prerouting', 'forward'],
    draw: ({ family, version }) =>
      family === 'inet'
        ? part('last', 'last')
        : part(`iifname "in0" dup to ${version === 'ip' ? '10.0.3.9' : '2001:db8:3::9'} device "br0"`, 'dup'),
  },
  {
    often: 1,
    hooks: ['prerouting', 'input'],
    draw: ({ random }) => part(`ether ${random.pick(['saddr', 'daddr'])} set 02:00:00:00:00:98`, 'set ether'),
  },
]

function setMark(scene: Scene): Part {
  const { random } = scene
  const constant = () => String(random.pick(MARKS))
  const value = random.weighted<() => [string, ...string[]]>([
    [5, () => [constant()]],
    [2, () => [`meta mark and 0x${random.pick(['f', 'f0', '3'])} or 0x${random.pick(['1', '10'])}`, '&', '|']],
    [1, () => [`meta mark xor 0x${random.pick(['1', '3'])}`, '^']],
    [1, () => [`meta mark or 0x2`, '|']],
    [1, () => ['meta length', 'meta length']],
    [scene.isTracked ? 2 : 0, () => ['ct mark', 'ct mark']],
    [1, () => [`jhash ${scene.version} saddr mod 3 seed 0x${random.pick(['7', '2a'])}`, 'jhash']],
    [0.5, () => [`numgen inc mod 2 map { 0 : 5, 1 : 5 }`, 'numgen', 'map']],
    [0.5, () => [`jhash ${scene.version} saddr mod 2 seed 0x7 map { 0 : 5, 1 : 1 }`, 'jhash', 'map']],
    [1, () => [scene.version === 'ip' ? random.pick(['ip ttl', 'ip dscp']) : 'ip6 hoplimit', 'field copied']],
    [
      3,
      () => {
        const { text, words } = mapOf(scene, 'mark', constant)
        return [text, ...words]
      },
    ],
  ])()
  return part(`meta mark set ${value[0]}`, 'set meta mark', ...value.slice(1))
}

/** `tcp dport map { 80 : …, * : … }`, or a map with a name. */
export function mapOf(
  scene: Scene,
  type: string,
  value: () => string,
  fits: (field: Field) => boolean = () => true,
): Part {
  const { random } = scene
  const isMany = random.chance(0.3)
  const may = (field: Field) => field.type !== undefined && fits(field)
  const fields = isMany ? keyFields(scene, 2).filter(may) : [scene.field(may)]
  if (fields.length === 0) fields.push(scene.field(may))
  const key = fields.map(({ word }) => word).join(' . ')
  const withIntervals = random.chance(0.3)
  const keys = withIntervals
    ? fields.length === 1
      ? elements(scene, fields[0]!, true)
      : [tuple(scene, fields, true)]
    : [
        ...new Set(
          Array.from({ length: random.int(1, 4) }, () => fields.map(({ values }) => random.pick(values)).join(' . ')),
        ),
      ]
  const interval = withIntervals && isInterval(keys)
  const pairs = keys.map((one) => `${one} : ${value()}`)
  const isCatchAll = random.chance(0.25)
  if (isCatchAll) pairs.push(`* : ${value()}`)
  const words = [
    ...fields.map(({ word }) => word),
    ...(fields.length > 1 ? ['concatenation'] : []),
    ...(isCatchAll ? ['catch-all element'] : []),
    ...(interval ? ['intervals of a map'] : []),
  ]
  if (random.chance(0.5)) return { text: `${key} map { ${pairs.join(', ')} }`, words: ['map', ...words] }
  const keyType = fields.map((field) => field.type).join(' . ')
  const name = scene.define(
    ['named map'],
    'm',
    (one) =>
      `map ${one} { type ${keyType} : ${type}; ${interval ? 'flags interval; ' : ''}elements = { ${pairs.join(', ')} } }`,
  )
  return { text: `${key} map @${name}`, words: ['named map', ...words] }
}

/** Where it is read behind this again, or seen on the wire. */
function writePayload(scene: Scene): Part {
  const { random } = scene
  const port = () => random.pick(PORTS)
  const transport = ['tcp', 'udp'].includes(scene.transport) ? scene.transport : 'th'
  const tcp = scene.transport === 'tcp' ? 1 : 0
  const [address, at, ttl, dscp, ecn] =
    scene.version === 'ip'
      ? [random.pick(addresses(V4)), 'ip', 'ip ttl', 'ip dscp', 'ip ecn']
      : [random.pick(addresses(V6)), 'ip6', 'ip6 hoplimit', 'ip6 dscp', 'ip6 ecn']
  const text = random.weighted<() => string>([
    [2, () => `${at} ${random.pick(['saddr', 'daddr'])} set ${address}`],
    [3, () => `${ttl} set ${random.pick([1, 2, 9, 64])}`],
    [3, () => `${dscp} set ${random.pick(['ef', 'cs1', 'cs0'])}`],
    [2, () => `${ecn} set ${random.pick(['ce', 'not-ect'])}`],
    [4, () => `${transport} ${random.pick(['sport', 'dport'])} set ${port()}`],
    [2, () => `@th,${random.pick([0, 16])},16 set ${port()}`],
    [0.5, () => `@th,0,32 set ${port() * 65536 + port()}`],
    // where nobody looks at checksums any more
    [
      ['inet', 'netdev'].includes(scene.family) && ['forward', 'postrouting', 'egress'].includes(scene.hook) ? 2 : 0,
      () => `@nh,8,8 set ${random.pick([0xb8, 3, 0])}`,
    ],
    [transport === 'th' ? 0 : 0.5, () => `${transport} checksum set ${random.pick([0, 1])}`],
    [tcp, () => `tcp window set 512`],
    [tcp, () => `tcp sequence set 1000`],
    [tcp, () => `tcp flags set ${random.pick(['syn', 'ack', 'rst'])}`],
    [at === 'ip' ? 1 : 0, () => 'ip id set 77'],
    [at === 'ip6' ? 1 : 0, () => 'ip6 flowlabel set 5'],
    [
      tcp,
      () =>
        `tcp dport set ${
          mapOf(
            scene,
            'inet_service',
            () => String(port()),
            ({ word }) => /^(tcp|ip6? saddr)/.test(word),
          ).text
        }`,
    ],
  ])()
  return part(text, `set ${text.slice(0, text.indexOf(' set'))}`, ...(text.includes(' map ') ? ['map'] : []))
}

function useObject(scene: Scene): Part {
  const { random } = scene
  return random.weighted<() => Part>([
    [2, () => part(`counter name "${scene.define(['named counter'], 'c', (one) => `counter ${one} { }`)}"`)],
    [3, () => part(`quota name "${defineQuota(scene)}"`)],
    [
      1,
      () =>
        part(
          `limit name "${scene.define(['named limit'], 'l', (one) => `limit ${one} { rate ${random.pick(['', 'over '])}1/hour burst ${random.pick([2, 9])} packets }`)}"`,
        ),
    ],
    [
      1,
      () => {
        const quota = defineQuota(scene)
        const field = scene.field(({ type }) => type !== undefined)
        return part(
          `quota name ${field.word} map { ${random.pick(field.values)} : "${quota}" }`,
          'object by a map',
          field.word,
        )
      },
    ],
    [
      1,
      () => {
        const [kind, of] = random.pick([
          ['counter', ''],
          ['limit', 'rate 1/hour burst 9 packets'],
        ] as const)
        const name = scene.define([`named ${kind}`], 'n', (one) => `${kind} ${one} { ${of} }`)
        const map = mapOf(scene, kind, () => `"${name}"`)
        return part(`${kind} name ${map.text}`, 'object by a map', ...map.words)
      },
    ],
    [
      scene.isTracked ? 1 : 0,
      () =>
        part(
          `ct helper set "${scene.define(['ct helper'], 'h', (one) => `ct helper ${one} { type "ftp" protocol tcp; }`)}"`,
        ),
    ],
  ])()
}

function defineQuota(scene: Scene): string {
  const known = scene.named.filter(({ words }) => words.includes('named quota'))
  if (known.length > 0 && scene.random.chance(0.5)) return /^quota (\w+)/.exec(scene.random.pick(known).text)![1]!
  const { random } = scene
  return scene.define(
    ['named quota'],
    'q',
    (one) =>
      `quota ${one} { ${random.pick(['over ', ''])}${random.pick([40, 100])} bytes${random.pick(['', ' used 30 bytes'])} }`,
  )
}

export function drawStatement(scene: Scene): Part {
  const fits = STATEMENTS.filter(
    ({ hooks, isEarly, isTracked, transport }) =>
      (!transport || transport === scene.transport) &&
      (!hooks || hooks.includes(scene.hook)) &&
      (!isEarly || scene.priority < -200) &&
      (!isTracked || (scene.isTracked && TRACKED.includes(scene.hook))),
  )
  return scene.random.weighted(fits.map((one) => [one.often, one] as const)).draw(scene)
}
