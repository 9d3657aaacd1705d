/**
 * What conditions mean, by this kernel: random packets are sent past random rules, and what the rules' counters say is
 * what evaluateAll has to say. Where it says that it does not know, the packet does not tell.
 */
import { afterAll, describe, expect, it } from 'vitest'
import type { Condition } from '../../src/model/condition.ts'
import type { Hook } from '../../src/model/hook.ts'
import type { Packet } from '../../src/model/packet.ts'
import type { World } from '../../src/model/world.ts'
import { evaluate, evaluateAll } from '../../src/rules/evaluate.ts'
import { lowerSpec } from '../../src/rules/iptables/lower.ts'
import { readRule } from '../../src/rules/iptables/read.ts'
import { splitWords } from '../../src/rules/iptables/words.ts'
import { BRIDGE_SET_UP, bridgedFrames } from './count/bridged.ts'
import { type About, BRIDGE_MAKERS, CONNECTION_MAKERS, MAKERS, makeRule, randomRule } from './count/conditions.ts'
import { type Counting, countPackets, HOOKS, type HookName, type Sent } from './count/count.ts'
import { CT_MARK, FLOW_SET_UP, flows, type Step } from './count/flows.ts'
import { randomPacket } from './count/packets.ts'
import { atHook, PLACE, readWorld, SET_UP, SHOWN } from './count/place.ts'
import { randomSets, SET_TYPES, setRule } from './count/sets.ts'
import { Random } from './generate/random.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const reason = whyNot('iptables-legacy', 'ip6tables-legacy', 'ip', 'bridge', 'ipset', 'conntrack', 'python3')
if (reason) console.warn(`conditions are not compared with the kernel: ${reason}`)
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? 1)

/** What a packet and host state do not tell, and why not. */
const UNTOLD = [
  /^the packet's extension headers are not known$/,
  /^(esp spi|the output interface) is not known$/,
  // rewritten just now, or quoted by an error; what host state lists is later than the packet
  /^the connection's entry is not known$/,
  /^it is unknown (which labels the connection had|how much of the timeout of the connection entry was left|how much the connection had carried) at that moment/,
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
