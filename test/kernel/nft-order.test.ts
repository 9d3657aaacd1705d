/**
 * nft evaluates a rule from left to right: random rules with statements in front of their conditions, random packets past
 * them, and this kernel's counters tell which rules matched. Both ways to walk a table have to say the same.
 */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/model/packet.ts'
import type { World } from '../../src/model/world.ts'
import { readNft } from '../../src/read/rulesets/nft-text.ts'
import { walk } from '../../src/rules/walk.ts'
import { PACKET_STEPS, WalkBudget } from '../../src/rules/walk-budget.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { share } from '../share.ts'
import { countPackets } from './count/count.ts'
import { randomPacket } from './count/packets.ts'
import { atHook, PLACE, readWorld, SET_UP, SHOWN } from './count/place.ts'
import { Random } from './generate/random.ts'
import { whyNot } from './namespaces.ts'

const reason = whyNot('nft', 'ip', 'python3')
if (reason) console.warn(`the order in a rule is not compared with the kernel: ${reason}`)
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? 1)
const RULESETS = share(8)

/** A chain that a map leads to, and what it leaves behind. */
const OUT = 'chain out { meta mark set meta mark or 0x800; }'

const CONDITIONS: ((random: Random) => string)[] = [
  (random) => `meta mark and 0x${random.pick(['1', '2', '4', '7'])} ${random.pick(['== ', '!= '])}${random.int(0, 3)}`,
  (random) => `ip ttl ${random.pick(['< ', '> '])}${random.pick([5, 60, 64])}`,
  (random) => `ip dscp ${random.pick(['', '!= '])}${random.int(0, 3)}`,
  (random) => `tcp dport ${random.pick(['!= ', '< ', '> '])}${random.pick([80, 443, 1024])}`,
  (random) => `ip saddr ${random.pick(['', '!= '])}10.0.0.0/24`,
  (random) => `meta mark and 0x7 vmap { ${random.int(0, 3)} : continue, ${random.int(4, 7)} : goto out }`,
]
const STATEMENTS: ((random: Random) => string)[] = [
  (random) => `meta mark set meta mark or 0x${random.pick(['1', '2', '4'])}`,
  (random) => `meta mark set meta mark xor 0x${random.pick(['1', '2', '7'])}`,
  (random) => `meta mark set meta mark and 0xfffffff${random.pick(['8', 'c', 'e'])}`,
  (random) => `ip ttl set ${random.int(2, 70)}`,
  (random) => `ip dscp set ${random.int(0, 3)}`,
  () => 'log level debug',
  () => 'continue',
]

const parts = (random: Random): string[] =>
  Array.from({ length: random.int(2, 6) }, () => random.pick(random.chance(0.5) ? CONDITIONS : STATEMENTS)(random))

/** A rule and what it counts: that it matched to its end. */
const randomRule = (random: Random): string => parts(random).join(' ')

describe.skipIf(reason)('statements and conditions in one rule', () => {
  it.each(Array.from({ length: RULESETS }, (_, i) => seed + i))('go from left to right: seed %d', (one) => {
    const random = new Random(one)
    const rules = Array.from({ length: 40 }, () => randomRule(random))
    const sent = Array.from({ length: 400 }, () => randomPacket(random, PLACE, 'ip'))
    const packets = sent.filter((packet) => packet.in !== undefined && packet.packet.fragOffset === undefined)
    const asked = rules.map((rule) => ({ hook: 'PREROUTING' as const, rule }))
    const { came, counted, shown } = countPackets({
      ...{ setUp: SET_UP, rules: [], packets, show: SHOWN },
      nft: { sets: OUT, rules: asked },
    })
    const world = worldOf(rules, readWorld(shown, SHOWN))
    const differences: string[] = []
    let [compared, early] = [0, 0]
    for (const [i, packet] of packets.entries()) {
      const arrived = came[i]!.includes('PREROUTING') ? atHook(packet, 'PREROUTING', came[i]!) : undefined
      if (!arrived) continue
      const kernel = [...counted[i]!].sort((a, b) => a - b).join(' ')
      const told = { 'what if': supposed(world, arrived), played: played(world, arrived) }
      for (const [way, model] of Object.entries(told))
        if (model !== kernel) differences.push(`${way}: ${model}, kernel: ${kernel}: ${JSON.stringify(arrived)}`)
      compared++
      if (kernel !== '') early++
    }
    expect(differences.slice(0, 5), `${rules.join('\n')}\n${differences.length} differences`).toEqual([])
    expect([compared > 100, early > 50]).toEqual([true, true])
  })
})

function worldOf(rules: readonly string[], world: World): World {
  const chain = (lines: readonly string[]) => lines.map((line) => `${line} counter`).join('\n')
  const text = `table inet counted {\n${OUT}\nchain rules {\n${chain(rules)}\n}\nchain hook {\ntype filter hook prerouting priority mangle;\njump rules\n}\n}`
  const [ruleset] = readNft(text, (code, message) => expect.fail(`${code}: ${message}`))
  return { ...world, tables: ruleset!.tables, sets: ruleset!.sets ?? [] }
}

interface Seen {
  chain: string
  index: number
}

/** The rules that matched to their ends, by their places: not where a map led away from one. */
const counting = (seen: readonly Seen[]): string =>
  seen
    .filter(({ chain }, i) => chain === 'rules' && seen[i + 1]?.chain !== 'out')
    .map(({ index }) => index)
    .join(' ')

function supposed(world: World, packet: Packet): string {
  const table = world.tables[0]!
  const start = [{ chain: table.chains.get('hook')!, index: 0 }]
  const moment = { packet, family: 'ip' as const, hook: 'prerouting' as const, world }
  const { matched, because } = walk(table, start, moment, new WalkBudget(PACKET_STEPS))
  if (because) return because.unknown
  return counting(matched.map(({ chain, rule }) => ({ chain: chain.name, index: rule.ruleNumber - 1 })))
}

function played(world: World, packet: Packet): string {
  const { steps } = new Simulator(world).send(packet).evidence.journey
  const first = steps.filter(({ hook, kind }) => hook === 'prerouting' && kind === 'rule')
  return counting(first.map(({ chain = '', ruleNumber = 0 }) => ({ chain, index: ruleNumber - 1 })))
}
