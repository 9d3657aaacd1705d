/**
 * What conditions mean, by this kernel: random packets are sent past random rules, and what the rules' counters say is
 * what evaluateAll has to say. Where it says that it does not know, the packet does not tell.
 */
import { afterAll, describe, expect, it } from 'vitest'
import type { Condition } from '../../src/model/condition.ts'
import type { Hook } from '../../src/model/hook.ts'
import type { Packet } from '../../src/model/packet.ts'
import type { World } from '../../src/model/world.ts'
import { recognise } from '../../src/read/recognise.ts'
import { WorldBuilder } from '../../src/read/world.ts'
import { evaluate, evaluateAll } from '../../src/rules/evaluate.ts'
import { lowerSpec } from '../../src/rules/iptables/lower.ts'
import { readRule } from '../../src/rules/iptables/read.ts'
import { splitWords } from '../../src/rules/iptables/words.ts'
import { BRIDGE_SET_UP, bridgedFrames } from './count/bridged.ts'
import { type About, BRIDGE_MAKERS, CONNECTION_MAKERS, MAKERS, makeRule, randomRule } from './count/conditions.ts'
import { COUNTED_MARK, type Counting, countPackets, HOOKS, type HookName, type Sent } from './count/count.ts'
import { CT_MARK, FLOW_SET_UP, flows, type Step } from './count/flows.ts'
import { type Place, randomPacket } from './count/packets.ts'
import { randomSets, SET_TYPES, setRule } from './count/sets.ts'
import { Random } from './generate/random.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const reason = whyNot('iptables-legacy', 'ip6tables-legacy', 'ip', 'bridge', 'ipset', 'conntrack', 'python3')
if (reason) console.warn(`conditions are not compared with the kernel: ${reason}`)
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? 1)

const PLACE: Place = {
  own: { ip: ['10.0.0.1', '10.1.0.1', '127.0.0.1', '10.0.0.9'], ip6: ['2001:db8:a::1', '2001:db8:b::1', '::1'] },
  others: {
    ip: [
      '10.0.0.7',
      '10.1.0.7',
      '10.1.0.200',
      '192.0.2.7',
      '198.51.100.7',
      ...['33', '65', '81', '97', '113', '193'].map((n) => `10.1.0.${n}`),
    ],
    ip6: [
      '2001:db8:a::7',
      '2001:db8:b::7',
      '2001:db8:b::1:7',
      '2001:db8:9::7',
      'fe80::7',
      '2001:db8:a::',
      '2001:db8:dead::7',
      '2001:db8:beef::7',
    ],
  },
  groups: { ip: ['224.0.0.251', '255.255.255.255', '10.0.0.255'], ip6: ['ff02::1', 'ff05::2'] },
}
const SET_UP = `
ip addr add 10.0.0.1/24 brd + dev in0; ip addr add 10.1.0.1/24 brd + dev in1; ip addr add 10.0.0.9/32 dev lo
ip addr add 2001:db8:a::1/64 dev in0 nodad; ip addr add 2001:db8:b::1/64 dev in1 nodad
ip link set in1 group 7
ip route add 198.51.100.0/24 via 10.1.0.7; ip route add blackhole 192.0.2.0/28
ip route add anycast 10.1.0.33 dev in1 table local; ip route add local 10.1.0.192/29 dev lo table local
ip route add blackhole 10.1.0.64/28 table local; ip route add unreachable 10.1.0.80/28 table local
ip route add prohibit 10.1.0.96/28 table local; ip route add throw 10.1.0.112/28 table local
ip -6 route add unreachable 2001:db8:dead::/48; ip -6 route add local 2001:db8:beef::/64 dev lo
ip rule add iif lo fwmark 0x13/0xff to 198.51.100.0/24 lookup 100; ip route add default via 10.0.0.7 table 100
ip -6 rule add iif lo fwmark 0x13/0xff to 2001:db8:9::/48 lookup 100; ip -6 route add default via 2001:db8:a::7 table 100
ip -6 route add 2001:db8:9::/48 via 2001:db8:b::7
for n in 10.0.0.7 2001:db8:a::7 fe80::7; do ip neigh add $n lladdr 02:00:00:00:00:99 dev in0 nud permanent; done
for n in 10.1.0.7 10.1.0.200 2001:db8:b::7 2001:db8:b::1:7; do ip neigh add $n lladdr 02:00:00:00:00:99 dev in1 nud permanent; done
`
const SHOWN = ['ip -d addr', 'ip route show table all', 'ip rule', 'ip -6 rule', 'uname -r', 'ipset save']

/** Where packets go out; what is for this host itself goes over lo. */
function wayOut({ dst = '', mark = 0 }: Packet, own: boolean): string | undefined {
  if (/^(198\.|2001:db8:9:)/.test(dst)) return own && (mark & 0xff) === 0x13 ? 'in0' : 'in1'
  return /^(10\.0\.|2001:db8:a:)/.test(dst) ? 'in0' : /^(10\.1\.|2001:db8:b:)/.test(dst) ? 'in1' : undefined
}

/** What a packet and host state do not tell, and why not. */
const UNTOLD = [
  /^the packet's extension headers are not known$/,
  /^(esp spi|the output interface) is not known$/,
  // rewritten just now, or quoted by an error; what host state lists is later than the packet
  /^the connection's entry is not known$/,
  /^(which labels the connection had|how long the connection had left|how much the connection had carried) at that moment/,
]

const tally = { true: 0, false: 0, unknown: new Map<string, number>() }
afterAll(() => {
  if (reason) return
  const open = [...tally.unknown].sort(([, a], [, b]) => b - a).map(([why, count]) => `${count} ${why}`)
  expect([...tally.unknown.keys()].filter((why) => !UNTOLD.some((pattern) => pattern.test(why)))).toEqual([])
  console.log(`seed ${seed}: ${tally.true} true, ${tally.false} false; unknown: ${open.join('; ') || 'none'}`)
})

describe.skipIf(reason)('conditions and the kernel', () => {
  it('agree on what packets tell', () => {
    const random = new Random(seed)
    expectSame(random, rulesFor(random, 150), SET_UP)
  })

  it('agree on ipsets', () => {
    const random = new Random(seed)
    const { text, sets } = randomSets(random, PLACE, typesHere())
    const rules = (['ip', 'ip6'] as const).flatMap((family) =>
      HOOKS.flatMap((hook) =>
        Array.from({ length: 150 }, (): Counting => {
          return { family, hook, rule: setRule({ random, family, hook, ...PLACE }, sets) }
        }),
      ),
    )
    expectSame(random, rules, `${SET_UP}\nipset restore <<'@SETS'\n${text}\n@SETS`)
  })

  it('agree on connections', () => {
    const random = new Random(seed)
    const ctPorts = [2048, 3072]
    const steps = ctPorts.flatMap((port) => [...flows('ip', port), ...flows('ip6', port)])
    const setMark = (hook: HookName) =>
      hook === 'PREROUTING' || hook === 'OUTPUT' ? [`-j CONNMARK --set-xmark ${CT_MARK}/0xffffffff`] : []
    const rules = rulesOn(CONNECTION_MAKERS, random, ctPorts, setMark)
    // as it is when all is over
    const entries = ['conntrack -L -f ipv4 2> /dev/null', 'conntrack -L -f ipv6 2> /dev/null']
    expectSteps(steps, rules, SET_UP + FLOW_SET_UP, [...SHOWN, ...entries])
  })

  it('agree on bridged frames', () => {
    const steps = [...bridgedFrames('ip'), ...bridgedFrames('ip6')]
    expectSteps(steps, rulesOn(BRIDGE_MAKERS, new Random(seed)), BRIDGE_SET_UP, SHOWN)
  })
})

type Makers = Readonly<Record<string, (typeof MAKERS)[string]>>

/** Each kind of condition by itself, and some of them in pairs; `first` stand in front of all in a hook. */
function rulesOn(
  makers: Makers,
  random: Random,
  ctPorts: readonly number[] = [],
  first: (hook: HookName) => string[] = () => [],
): Counting[] {
  return (['ip', 'ip6'] as const).flatMap((family) =>
    HOOKS.flatMap((hook) => {
      const about: About = { random, family, hook, ...PLACE, ctPorts }
      const fitting = Object.values(makers).filter(({ hooks }) => !hooks || hooks.includes(hook))
      const alone = fitting.flatMap((maker) => Array.from({ length: 12 }, () => makeRule(about, [maker])))
      const together = Array.from({ length: 60 }, () => makeRule(about, random.some(fitting, 2)))
      return [...first(hook), ...alone, ...together].map((rule): Counting => ({ family, hook, rule }))
    }),
  )
}

/** Packets of which it is known what they are in each hook. */
function expectSteps(steps: readonly Step[], rules: readonly Counting[], setUp: string, show: readonly string[]): void {
  const { came, counted, shown } = countPackets({ setUp, rules, packets: steps, show })
  const world = readWorld(shown, show)
  const differences: string[] = []
  for (const [i, step] of steps.entries()) {
    expect(came[i], JSON.stringify(step.packet)).toEqual(Object.keys(step.at))
    for (const [hook, packet] of Object.entries(step.at) as [HookName, Packet][])
      differences.push(...compareAt(packet, step.family, hook, rules, counted[i]!, world))
  }
  expect(differences.slice(0, 20), `seed ${seed}: ${differences.length} differences`).toEqual([])
}

function expectSame(random: Random, rules: readonly Counting[], setUp: string): void {
  const packets = Array.from({ length: 200 }, (_, i) => randomPacket(random, PLACE, i % 2 ? 'ip' : 'ip6'))
  const { came, counted, shown } = countPackets({ setUp, rules, packets, show: SHOWN })
  const world = readWorld(shown, SHOWN)
  const differences: string[] = []
  for (const [i, sent] of packets.entries())
    for (const hook of came[i]!) differences.push(...compare(sent, hook, came[i]!, rules, counted[i]!, world))
  expect(differences.slice(0, 20), `seed ${seed}: ${differences.length} differences`).toEqual([])
}

/** The types of ipsets that this kernel has. */
function typesHere(): string[] {
  const options = (type: string) =>
    type === 'bitmap:port' ? 'range 0-9' : type.startsWith('bitmap:') ? 'range 10.0.0.0/24' : ''
  const tries = SET_TYPES.map((type, i) => `ipset create t${i} ${type} ${options(type)} && echo '@HAS ${type}'`)
  return [...runInNamespace(tries.join('\n')).matchAll(/^@HAS (.*)$/gm)].map((match) => match[1]!)
}

/** Each kind of condition by itself, and random ones together. */
function rulesFor(random: Random, count: number): Counting[] {
  return (['ip', 'ip6'] as const).flatMap((family) =>
    HOOKS.flatMap((hook) => {
      const about: About = { random, family, hook, ...PLACE }
      const fits = Object.values(MAKERS).filter(
        (one) => (!one.hooks || one.hooks.includes(hook)) && (!one.family || one.family === family),
      )
      const rules = [
        ...fits.map((maker) => makeRule(about, [maker])),
        ...Array.from({ length: count }, () => randomRule(about)),
      ]
      return rules.map((rule): Counting => ({ family, hook, rule }))
    }),
  )
}

function readWorld(shown: readonly string[], commands: readonly string[]): World {
  const builder = new WorldBuilder()
  for (const [i, text] of shown.entries()) {
    const recognised = recognise(text)
    if (recognised && recognised.kind !== 'capture') builder.add(commands[i]!, text, recognised)
  }
  expect(builder.warnings).toEqual([])
  return builder.world
}

function compare(
  sent: Sent,
  hook: HookName,
  came: HookName[],
  rules: readonly Counting[],
  counted: Set<number>,
  world: World,
): string[] {
  const packet = atHook(sent, hook, came)
  return packet ? compareAt(packet, sent.family, hook, rules, counted, world) : []
}

function compareAt(
  packet: Packet,
  family: 'ip' | 'ip6',
  hook: HookName,
  rules: readonly Counting[],
  counted: ReadonlySet<number>,
  world: World,
): string[] {
  const differences: string[] = []
  const moment = { packet, family, world, hook: hook.toLowerCase() as Hook }
  for (const [i, asked] of rules.entries()) {
    if (asked.hook !== hook || asked.family !== family) continue
    const conditions = conditionsOf(asked)
    const truth = evaluateAll(conditions, moment)
    const counts = counted.has(i)
    if (typeof truth === 'object') tally.unknown.set(truth.unknown, (tally.unknown.get(truth.unknown) ?? 0) + 1)
    else tally[`${truth}`]++
    if (typeof truth === 'boolean' && truth !== counts)
      differences.push(
        `${hook} ${asked.rule}: ${truth}, but ${counts}\n${JSON.stringify(packet)}\n${details(conditions, moment)}`,
      )
  }
  return differences
}

const lowered = new Map<Counting, Condition[]>()

function conditionsOf(asked: Counting): Condition[] {
  const known =
    lowered.get(asked) ??
    lowerSpec(readRule(splitWords(asked.rule), asked.family, 'mangle').specs[0]!, asked.family, 'mangle').conditions
  lowered.set(asked, known)
  return known
}

const details = (conditions: readonly Condition[], moment: Parameters<typeof evaluate>[1]): string =>
  conditions.map((one) => JSON.stringify([one, evaluate(one, moment)])).join('\n')

/** The packet as it is in that hook; undefined where two packets come of it. */
function atHook({ packet, in: device, uid, family }: Sent, hook: HookName, came: HookName[]): Packet | undefined {
  const mark = ((packet.mark ?? 0) | COUNTED_MARK) >>> 0
  const own = device === undefined
  const { srcMac, dstMac, ...rest } = packet
  const base: Packet = { ...rest, mark }
  if (own) {
    const toGroup = PLACE.groups[family].includes(packet.dst!)
    // a copy for this host's own listeners goes with it, from POSTROUTING on, without a socket
    if (toGroup && hook !== 'OUTPUT') return undefined
    if (hook === 'PREROUTING' || hook === 'INPUT') return { ...base, in: 'lo' }
    const loops = came.includes('PREROUTING') && !toGroup
    const out = loops ? 'lo' : wayOut(packet, true)
    return { ...base, uid: uid ?? 0, gid: uid ?? 0, ...(out === undefined ? {} : { out }) }
  }
  const arrived: Packet = { ...base, in: device, dstMac: dstMac ?? `02:00:00:00:0${device.slice(2)}:0a` }
  if (srcMac) arrived.srcMac = srcMac
  if (hook === 'PREROUTING' || hook === 'INPUT') return arrived
  const out = wayOut(packet, false)
  return { ...arrived, ttl: packet.ttl! - 1, ...(out === undefined ? {} : { out }) }
}
