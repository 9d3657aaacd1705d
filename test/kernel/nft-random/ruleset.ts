/** Tables, chains and rules, drawn. */
import { Random } from '../generate/random.ts'
import type { Part, RandomCase, RandomChain, RandomRule, RandomTable } from './case.ts'
import { drawCondition } from './conditions.ts'
import { drawPackets } from './packets.ts'
import { WIRES } from './pools.ts'
import { Scene } from './scene.ts'
import { drawStatement } from './statements.ts'
import { drawEnding } from './verdicts.ts'

export function drawCase(seed: number): RandomCase {
  const random = new Random(seed)
  // the first numbers of neighbours look alike
  for (let i = 0; i < 4; i++) random.next()
  const names = { rules: 0 }
  const tables = Array.from(
    {
      length: random.weighted([
        [3, 1],
        [4, 2],
        [3, 3],
      ]),
    },
    (_, i) => drawTable(random, i, names),
  )
  return { tables, send: drawPackets(random, random.int(4, 9)) }
}

const FAMILIES = [
  [6, 'inet'],
  [5, 'ip'],
  [2, 'ip6'],
  [2, 'netdev'],
  [0.5, 'bridge'],
  [0.3, 'arp'],
] as const

type Base = NonNullable<RandomChain['base']>

function drawTable(random: Random, at: number, names: { rules: number }): RandomTable {
  const family = random.weighted(FAMILIES)
  const named: Part[] = []
  const users = Array.from(
    {
      length: random.weighted([
        [4, 0],
        [3, 1],
        [2, 2],
      ]),
    },
    (_, i) => `u${i}`,
  )
  const bases = Array.from({ length: random.int(1, 3) }, () => drawBase(random, family, at))
  const chains: RandomChain[] = []
  // a user chain is reached from the first base chain's hook, as far as it can be known here
  for (const [i, user] of users.entries()) {
    const from = bases[0]!
    chains.push({ name: user, rules: drawRules(sceneOf(random, family, from, named, users.slice(0, i)), names) })
  }
  for (const [i, base] of bases.entries()) {
    const reached = base.hook === bases[0]!.hook && base.type === bases[0]!.type ? users : []
    chains.push({ name: `b${i}`, base, rules: drawRules(sceneOf(random, family, base, named, reached), names) })
  }
  return { family, name: `t${at}`, isDormant: random.chance(0.04), named, chains }
}

const sceneOf = (random: Random, family: string, base: Base, named: Part[], chains: readonly string[]): Scene =>
  new Scene(random, { family, hook: base.hook, type: base.type, priority: base.priority }, named, chains)

/** NAT's own, -100 and 100, are left out: whether it or another chain of that priority comes first, no listing tells. */
const PRIORITIES = [-400, -350, -300, -250, -150, -10, 0, 0, 0, 10, 50, 150, 300]

function drawBase(random: Random, family: string, at: number): Base {
  const policy = random.weighted<{ policy?: string }>([
    [8, {}],
    [1, { policy: 'accept' }],
    [1, { policy: 'drop' }],
  ])
  if (family === 'netdev')
    return {
      type: 'filter',
      hook: random.pick(['ingress', 'egress']),
      devices: drawDevices(random),
      priority: random.pick([-10, 0, 10]),
      ...policy,
    }
  if (family === 'arp') return { type: 'filter', hook: 'input', priority: 0, ...policy }
  if (family === 'bridge')
    return {
      type: 'filter',
      hook: random.pick(['prerouting', 'input', 'forward', 'output', 'postrouting']),
      priority: 0,
      ...policy,
    }
  return random.weighted<() => Base>([
    [
      10,
      () => ({
        type: 'filter',
        hook: random.pick(['prerouting', 'prerouting', 'input', 'forward', 'forward', 'output', 'postrouting']),
        priority: random.pick(PRIORITIES),
        ...policy,
      }),
    ],
    [3, () => natBase(random, at)],
    [1, () => ({ type: 'route', hook: 'output', priority: random.pick([-150, 0]), ...policy })],
    [
      family === 'inet' ? 1 : 0,
      () => ({
        type: 'filter',
        hook: 'ingress',
        devices: drawDevices(random),
        priority: random.pick([-10, 0]),
        ...policy,
      }),
    ],
  ])()
}

const drawDevices = (random: Random): string[] => (random.chance(0.2) ? [...WIRES] : [random.pick(WIRES)])

/** Each table has priorities of its own: the first chain of NAT that rewrites is the last that is asked. */
function natBase(random: Random, at: number): Base {
  const hook = random.pick(['prerouting', 'prerouting', 'postrouting', 'postrouting', 'output', 'input'])
  const isFirst = hook === 'prerouting' || hook === 'output'
  return { type: 'nat', hook, priority: (isFirst ? -101 : 99) + 3 * at + random.int(0, 2) }
}

const drawRules = (scene: Scene, names: { rules: number }): RandomRule[] =>
  Array.from({ length: scene.random.int(1, 4) }, () => drawRule(scene, `r${names.rules++}`))

function drawRule(scene: Scene, name: string): RandomRule {
  const { random } = scene
  const parts: Part[] = []
  scene.startRule()
  for (
    let i = random.weighted([
      [2, 0],
      [5, 1],
      [3, 2],
    ]);
    i > 0;
    i--
  )
    parts.push(drawCondition(scene))
  if (scene.family !== 'arp' && scene.family !== 'bridge')
    for (
      let i = random.weighted([
        [5, 0],
        [5, 1],
        [2, 2],
      ]);
      i > 0;
      i--
    )
      parts.push(drawStatement(scene))
  // what a rule wrote it may read again
  if (random.chance(0.15)) parts.push(drawCondition(scene))
  // nft lists bytes that are written by their place as a field of a header that the rule has asked for
  if (parts.filter(({ text }) => /^(?!@).*\b(ip6?|tcp|udp) /.test(text)).length > 0)
    parts.splice(0, parts.length, ...parts.filter(({ text }) => !/^@\w+,\d+,\d+ set/.test(text)))
  // and takes two comparisons for a range
  const has = (pattern: RegExp) => parts.some(({ text }) => pattern.test(text))
  if (has(/^(\S+ )?\S+ >/)) parts.splice(0, parts.length, ...parts.filter(({ text }) => !/^(\S+ )?\S+ <=? /.test(text)))
  // and leaves out any protocol in front of an option of TCP's
  if (parts.some(({ text }) => /\btcp option/.test(text)))
    parts.splice(0, parts.length, ...parts.filter(({ text }) => !/^(meta l4proto|ip protocol|ip6 nexthdr)/.test(text)))
  // and leaves out a protocol without ports in front of `th`
  if (parts.some(({ text }) => /@th|\bth /.test(text)))
    parts.splice(0, parts.length, ...parts.filter(({ text }) => !/^(meta l4proto|ip protocol) .*icmp/.test(text)))
  const { condition, verdict, mayMiss } = drawEnding(scene)
  if (condition) parts.push(condition)
  // beside a part that asks for a header nft's listing leaves out what other parts ask of its protocol
  if ([...parts, verdict].some((one) => /@|(ip6?|th|tcp|udp|icmp|icmpv6) |^meta l4proto/.test(one?.text ?? '')))
    parts.splice(
      0,
      parts.length,
      ...parts.filter(({ text }) => !/^(ct (l3)?proto|meta protocol|ether type (\{ )?\w+( \})?$)/.test(text)),
    )
  // and `meta protocol` and `ether type` in front of `ct protocol`
  if (parts.some(({ text }) => /^ct protocol/.test(text)))
    parts.splice(0, parts.length, ...parts.filter(({ text }) => !/^(meta protocol|ether type)/.test(text)))
  // after several versions of IP nft reads addresses of one by their place, where the other has a checksum; what it writes
  // into one is another field of the other
  if ([...parts, verdict].some((one) => /ip6 ([sd]addr|\w+ set)/.test(one?.text ?? '')))
    parts.splice(
      0,
      parts.length,
      ...parts.filter(({ text }) => !/^(ether type|meta protocol|meta nfproto) .*[@{<>!]/.test(text)),
    )
  return { parts, counts: !mayMiss, ...(verdict ? { verdict } : {}), name }
}
