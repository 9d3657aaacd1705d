/**
 * What nft's matches mean, by this kernel: random packets are sent past random rules, and what the rules' counters say is
 * what their conditions have to say. Where they say that they do not know, the packet does not tell.
 */
import { afterAll, describe, expect, it } from 'vitest'
import type { Hook } from '../../src/model/hook.ts'
import type { Packet } from '../../src/model/packet.ts'
import type { World } from '../../src/model/world.ts'
import { readNft } from '../../src/read/rulesets/nft-text.ts'
import type { EvalContext } from '../../src/rules/eval-context.ts'
import { evaluate } from '../../src/rules/evaluate.ts'
import { match } from '../../src/rules/match.ts'
import { share } from '../share.ts'
import { countPackets, type Family, HOOKS, type HookName } from './count/count.ts'
import { CT_MARK, FLOW_SET_UP, flows } from './count/flows.ts'
import { CONNECTION_MAKERS, MAKERS, rulesAt, SETS } from './count/nft-conditions.ts'
import { randomPacket } from './count/packets.ts'
import { atHook, PLACE, readWorld, SET_UP, SHOWN } from './count/place.ts'
import { Random } from './generate/random.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const reason = whyNot('nft', 'ip', 'python3', 'conntrack', 'iptables-legacy', 'ip6tables-legacy')
if (reason) console.warn(`nft's conditions are not compared with the kernel: ${reason}`)
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? 1)

/** What a packet and host state do not tell, and why not. */
const UNTOLD = [
  /^the packet's extension headers are not known$/,
  /^(ip6 nexthdr|the output interface) is not known$/,
  /^some of the connection's status bits have no name in nft, and these bits are unknown$/,
  // rewritten just now, or quoted by an error; what host state lists is later than the packet
  /^the connection's entry is not known$/,
  // kernels differ, or iptables does
  /^a later fragment does not contain that header/,
  /^the protocol has no ports; the bytes at their position/,
  /^it is unknown whether a route leads back to \w+ addresses/,
]

const tally = { true: 0, false: 0, unknown: new Map<string, number>() }
afterAll(() => {
  if (reason) return
  const open = [...tally.unknown].sort(([, a], [, b]) => b - a).map(([why, count]) => `${count} ${why}`)
  expect([...tally.unknown.keys()].filter((why) => !UNTOLD.some((pattern) => pattern.test(why)))).toEqual([])
  console.log(`seed ${seed}: ${tally.true} true, ${tally.false} false; unknown: ${open.join('; ') || 'none'}`)
})

describe.skipIf(reason)('nft and its conditions', () => {
  it('agree on what packets tell', () => {
    const random = new Random(seed)
    const rules = accepted(rulesOn(random, MAKERS))
    const packets = Array.from({ length: share(200) }, (_, i) => randomPacket(random, PLACE, i % 2 ? 'ip' : 'ip6'))
    const nft = { sets: SETS, rules }
    const { came, counted, shown } = countPackets({ setUp: SET_UP, rules: [], nft, packets, show: SHOWN })
    const judge = new Judge(rules, readWorld(shown, SHOWN))
    for (const [i, sent] of packets.entries())
      for (const hook of came[i]!) {
        const packet = atHook(sent, hook, came[i]!)
        if (packet) judge.compare(packet, sent.family, hook, counted[i]!)
      }
    judge.expectNone()
  })

  it('agree on connections', () => {
    const random = new Random(seed)
    const steps = [2048, 3072].flatMap((port) => [...flows('ip', port), ...flows('ip6', port)])
    const marks = (['PREROUTING', 'OUTPUT'] as const).map((hook) => ({ hook, rule: `ct mark set ${CT_MARK}` }))
    const rules = [...marks, ...accepted(rulesOn(random, CONNECTION_MAKERS))]
    const nft = { sets: SETS, rules }
    const show = [...SHOWN, 'conntrack -L -f ipv4 2> /dev/null', 'conntrack -L -f ipv6 2> /dev/null']
    const { came, counted, shown } = countPackets({ setUp: SET_UP + FLOW_SET_UP, rules: [], nft, packets: steps, show })
    const judge = new Judge(rules, readWorld(shown, show))
    for (const [i, step] of steps.entries()) {
      expect(came[i], JSON.stringify(step.packet)).toEqual(Object.keys(step.at))
      for (const [hook, packet] of Object.entries(step.at) as [HookName, Packet][])
        judge.compare(packet, step.family, hook, counted[i]!)
    }
    judge.expectNone()
  })
})

/** What the rules' conditions say, beside what the kernel has counted. */
class Judge {
  private readonly rules: readonly Asked[]
  private readonly read: ReturnType<typeof read>
  private readonly world: World
  private readonly differences: string[] = []

  constructor(rules: readonly Asked[], world: World) {
    this.rules = rules
    this.read = read(rules.map(({ rule }) => rule))
    this.world = { ...world, sets: this.read.sets }
  }

  compare(packet: Packet, family: Family, hook: HookName, counted: ReadonlySet<number>): void {
    const moment: EvalContext = { packet, family, world: this.world, hook: hook.toLowerCase() as Hook }
    for (const [n, asked] of this.rules.entries()) {
      if (asked.hook !== hook) continue
      const rule = this.read.rules[n]!
      const { truth } = match(rule, moment)
      const counts = counted.has(n)
      if (typeof truth === 'object') tally.unknown.set(truth.unknown, (tally.unknown.get(truth.unknown) ?? 0) + 1)
      else tally[`${truth}`]++
      if (typeof truth !== 'boolean' || truth === counts) continue
      const parts = rule.conditions.map((one) => JSON.stringify([one, evaluate(one, moment)]))
      this.differences.push(
        `${hook} ${asked.rule}: ${truth}, but ${counts}\n${JSON.stringify(packet)}\n${parts.join('\n')}`,
      )
    }
  }

  expectNone(): void {
    const { differences } = this
    expect(differences.slice(0, 10), `seed ${seed}: ${differences.length} differences`).toEqual([])
  }
}

const rulesOn = (random: Random, makers: typeof MAKERS): Asked[] =>
  HOOKS.flatMap((hook) => rulesAt({ random, hook, ...PLACE }, makers, share(60)).map((rule) => ({ hook, rule })))

interface Asked {
  hook: (typeof HOOKS)[number]
  rule: string
}

/** Without those that contradict themselves: nft refuses them. */
function accepted(rules: readonly Asked[]): Asked[] {
  const script = rules.map(({ rule }, i) => `nft 'add rule inet counted c ${rule}' 2> /dev/null || echo '@NO ${i}'`)
  const links = 'for n in in0 in1; do ip link add $n type veth peer name p$n; done'
  const output = runInNamespace(
    [links, `nft -f - <<'@RULES'\ntable inet counted {\n${SETS}\nchain c { }\n}\n@RULES`, ...script].join('\n'),
  )
  const refused = new Set([...output.matchAll(/^@NO (\d+)$/gm)].map((match) => Number(match[1])))
  expect(refused.size).toBeLessThan(rules.length / 3)
  return rules.filter((_, i) => !refused.has(i))
}

function read(rules: readonly string[]) {
  const [ruleset] = readNft(`table inet counted {\n${SETS}\nchain c {\n${rules.join('\n')}\n}\n}`, (code, message) =>
    expect.fail(`${code}: ${message}`),
  )
  return { sets: ruleset!.sets!, rules: ruleset!.tables[0]!.chains.get('c')!.rules }
}
