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
import { type About, MAKERS, makeRule, randomRule } from './count/conditions.ts'
import { COUNTED_MARK, type Counting, countPackets, HOOKS, type HookName, type Sent } from './count/count.ts'
import { type Place, randomPacket } from './count/packets.ts'
import { Random } from './generate/random.ts'
import { whyNot } from './namespaces.ts'

const reason = whyNot('iptables-legacy', 'ip6tables-legacy', 'ip', 'ipset', 'python3')
if (reason) console.warn(`conditions are not compared with the kernel: ${reason}`)
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? Math.floor(Math.random() * 1e6))

const PLACE: Place = {
  own: { ip: ['10.0.0.1', '10.1.0.1', '127.0.0.1', '10.0.0.9'], ip6: ['2001:db8:a::1', '2001:db8:b::1', '::1'] },
  others: {
    ip: ['10.0.0.7', '10.1.0.7', '10.1.0.200', '192.0.2.7', '198.51.100.7'],
    ip6: ['2001:db8:a::7', '2001:db8:b::7', '2001:db8:b::1:7', '2001:db8:9::7', 'fe80::7'],
  },
  groups: { ip: ['224.0.0.251', '255.255.255.255', '10.0.0.255'], ip6: ['ff02::1', 'ff05::2'] },
}
const SET_UP = `
ip addr add 10.0.0.1/24 brd + dev in0; ip addr add 10.1.0.1/24 brd + dev in1; ip addr add 10.0.0.9/32 dev lo
ip addr add 2001:db8:a::1/64 dev in0 nodad; ip addr add 2001:db8:b::1/64 dev in1 nodad
ip link set in1 group 7
ip route add 198.51.100.0/24 via 10.1.0.7; ip route add blackhole 192.0.2.0/28
ip -6 route add 2001:db8:9::/48 via 2001:db8:b::7
for n in 10.0.0.7 2001:db8:a::7 fe80::7; do ip neigh add $n lladdr 02:00:00:00:00:99 dev in0 nud permanent; done
for n in 10.1.0.7 10.1.0.200 2001:db8:b::7 2001:db8:b::1:7; do ip neigh add $n lladdr 02:00:00:00:00:99 dev in1 nud permanent; done
`
const SHOWN = ['ip -d addr', 'ip route show table all', 'ip rule', 'ip -6 rule', 'uname -r', 'ipset save']

/** Of packets that this host sends over a wire; what is for itself goes over lo. */
const WAYS: Record<string, string> = {
  '10.0': 'in0',
  '2001:db8:a': 'in0',
  '10.1': 'in1',
  '198.': 'in1',
  '2001:db8:b': 'in1',
  '2001:db8:9': 'in1',
}

const tally = { true: 0, false: 0, unknown: new Map<string, number>() }
afterAll(() => {
  if (reason) return
  const open = [...tally.unknown].sort(([, a], [, b]) => b - a).map(([why, count]) => `${count} ${why}`)
  console.log(`seed ${seed}: ${tally.true} true, ${tally.false} false; unknown: ${open.join('; ') || 'none'}`)
})

describe.skipIf(reason)('conditions and the kernel', () => {
  it('agree on what packets tell', () => {
    const random = new Random(seed)
    const rules = rulesFor(random, 150)
    const packets = Array.from({ length: 160 }, (_, i) => randomPacket(random, PLACE, i % 2 ? 'ip' : 'ip6'))
    const { came, counted, shown } = countPackets({ setUp: SET_UP, rules, packets, show: SHOWN })
    const world = readWorld(shown)
    const differences: string[] = []
    for (const [i, sent] of packets.entries())
      for (const hook of came[i]!) differences.push(...compare(sent, hook, came[i]!, rules, counted[i]!, world))
    expect(differences.slice(0, 20), `seed ${seed}: ${differences.length} differences`).toEqual([])
  })
})

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

function readWorld(shown: readonly string[]): World {
  const builder = new WorldBuilder()
  for (const [i, text] of shown.entries()) {
    const recognised = recognise(text)
    if (recognised && recognised.kind !== 'capture') builder.add(SHOWN[i]!, text, recognised)
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
  const differences: string[] = []
  const packet = atHook(sent, hook, came)
  if (!packet) return []
  for (const [i, { family, hook: where, rule }] of rules.entries()) {
    if (where !== hook || family !== sent.family) continue
    const { specs } = readRule(splitWords(rule), family, 'mangle')
    const { conditions } = lowerSpec(specs[0]!, family, 'mangle')
    const moment = { packet, family, world, hook: hook.toLowerCase() as Hook }
    const truth = evaluateAll(conditions, moment)
    if (typeof truth === 'object') tally.unknown.set(truth.unknown, (tally.unknown.get(truth.unknown) ?? 0) + 1)
    else {
      tally[`${truth}`]++
      if (truth !== counted.has(i))
        differences.push(
          `${hook} ${rule}: ${truth}, but ${counted.has(i)}\n${JSON.stringify(packet)}\n${details(conditions, moment)}`,
        )
    }
  }
  return differences
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
    const out = loops ? 'lo' : WAYS[Object.keys(WAYS).find((prefix) => packet.dst!.startsWith(prefix)) ?? '']
    return { ...base, uid: uid ?? 0, gid: uid ?? 0, ...(out === undefined ? {} : { out }) }
  }
  const arrived: Packet = { ...base, in: device, dstMac: dstMac ?? `02:00:00:00:0${device.slice(2)}:0a` }
  if (srcMac) arrived.srcMac = srcMac
  if (hook === 'PREROUTING' || hook === 'INPUT') return arrived
  const onward = Object.keys(WAYS).find((prefix) => packet.dst!.startsWith(prefix))
  return { ...arrived, ttl: packet.ttl! - 1, ...(onward === undefined ? {} : { out: WAYS[onward]! }) }
}
