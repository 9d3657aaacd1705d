/** What a chain did is remembered: with that and without, a packet goes the same way. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/model/packet.ts'
import type { World } from '../../src/model/world.ts'
import { walk } from '../../src/rules/walk.ts'
import { PACKET_STEPS, WalkBudget } from '../../src/rules/walk-budget.ts'
import { modelEngine } from '../../src/simulate/engine.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { Random } from '../kernel/generate/random.ts'
import { share } from '../share.ts'
import { makeWorld, ROUTER } from '../simulate/world.ts'

const CONDITIONS = [
  '',
  '-p tcp',
  '-s 10.0.1.0/24',
  '-s 10.0.3.0/24',
  '-m mark --mark 0x1/0x1',
  '-m mark ! --mark 0x2/0x2',
  '-m connmark --mark 0x3',
  '-p tcp -m tcp --dport 80',
  '-m limit --limit 1/hour --limit-burst 7',
  '-m conntrack --ctstate NEW',
  '-m statistic --mode random --probability 0.5',
]
const TARGETS = [
  '',
  '-j MARK --set-xmark 0x1/0x0',
  '-j MARK --set-xmark 0x2/0x2',
  '-j MARK --set-xmark 0x0/0xffffffff',
  '-j CONNMARK --set-xmark 0x3/0xffffffff',
  '-j TTL --ttl-dec 1',
  '-j TOS --set-tos 0x10/0xff',
  '-j SET --add-set seen src',
  '-j RETURN',
  '-j LOG',
]
const ENDS = ['-j ACCEPT', '-j DROP']

/** Five chains in mangle, each of which leads only to later ones, and to these several times. */
function ruleset(random: Random): string {
  const chains = ['FORWARD', 'A', 'B', 'C', 'D', 'E']
  const rules = chains.flatMap((chain, i) =>
    Array.from({ length: random.int(2, 5) }, () => {
      const condition = random.chance(0.5) ? random.pick(CONDITIONS) : ''
      const later = chains.slice(i + 1)
      const target =
        later.length > 0 && random.chance(0.6)
          ? `${random.chance(0.2) ? '-g' : '-j'} ${random.pick(later.slice(0, 2))}`
          : random.chance(0.05)
            ? random.pick(ENDS)
            : random.pick(TARGETS)
      return `-A ${chain} ${condition} ${target}`.trim().replace(/ +/g, ' ')
    }),
  )
  const declared = chains.map((chain) => (chain === 'FORWARD' ? ':FORWARD ACCEPT [0:0]' : `:${chain} - [0:0]`))
  return ['*mangle', ...declared, ...rules, 'COMMIT', ''].join('\n')
}

const PACKETS: readonly Packet[] = [80, 443].flatMap((dport) => [
  { in: 'eth0', src: '10.0.1.9', dst: '10.0.2.9', protocol: 'tcp', sport: 1024, dport, tcpFlags: ['syn'], ttl: 64 },
  { in: 'eth0', src: '10.0.3.9', dst: '10.0.2.9', protocol: 'udp', sport: 1024, dport, ttl: 64, mark: 3 },
])

const withSet = (world: World): World => ({ ...world, sets: [{ name: 'seen', type: 'hash:ip', elements: [] }] })

/** All that is told of them, one after the other through one machine. */
function played(world: World, rememberAfter: number) {
  const assume = new Map([['-m statistic --mode random --probability 0.5', true]])
  const budget = new WalkBudget(Number.POSITIVE_INFINITY, rememberAfter)
  const machine = new Simulator(world, { budget, assume })
  return PACKETS.map((packet) => {
    const { evidence, ended, notes, packet: left } = machine.send(packet)
    const { steps } = evidence.journey
    return { steps, callers: evidence.arrivals.map(({ caller }) => caller), ended, notes, left }
  })
}

function walked(world: World, rememberAfter: number, open: 'stop' | 'holds') {
  const table = world.tables[0]!
  const [chain] = table.chains.values()
  return PACKETS.map((packet) => {
    const moment = { packet: { mark: 0, ...packet }, family: 'ip' as const, hook: 'forward' as const, world }
    return walk(table, [{ chain: chain!, index: 0 }], moment, new WalkBudget(PACKET_STEPS, rememberAfter), open)
  })
}

/** Each with its own seed. */
const RULESETS = share(400)

describe('what chains do is remembered', () => {
  it(`${RULESETS} random rulesets: every step is the same`, () => {
    let [remembered, repeated] = [0, 0]
    for (let seed = 1; seed <= RULESETS; seed++) {
      const rules = ruleset(new Random(seed))
      const world = withSet(makeWorld(rules, ROUTER))
      const all = played(world, Number.POSITIVE_INFINITY)
      expect({ rules, played: played(world, 0) }).toEqual({ rules, played: all })
      for (const open of ['stop', 'holds'] as const)
        expect({ rules, walked: walked(world, 0, open) }).toEqual({
          rules,
          walked: walked(world, Number.POSITIVE_INFINITY, open),
        })
      remembered++
      if (all.some(({ steps }) => new Set(steps.map((step) => `${step.chain} ${step.ruleNumber}`)).size < steps.length))
        repeated++
    }
    // else nothing was compared
    expect([remembered, repeated > RULESETS / 4]).toEqual([RULESETS, true])
  })

  it('saves the steps', () => {
    const chains = Array.from({ length: 12 }, (_, i) => `C${i}`)
    const rules = chains.flatMap((chain, i) =>
      i < 11 ? [`-A ${chain} -j C${i + 1}`, `-A ${chain} -j C${i + 1}`] : [`-A ${chain} -s 10.9.9.9 -j DROP`],
    )
    const text = ['*filter', ':FORWARD ACCEPT [0:0]', ...chains.map((one) => `:${one} - [0:0]`), '-A FORWARD -j C0']
    const world = makeWorld([...text, ...rules, 'COMMIT', ''].join('\n'), ROUTER)
    const spent = (rememberAfter: number) => {
      const budget = new WalkBudget(100_000, rememberAfter)
      const { ended } = modelEngine.play(world, PACKETS[0]!, { budget })
      return [ended.outcome, 100_000 - budget.left]
    }
    const [outcome, all] = spent(Number.POSITIVE_INFINITY)
    expect([outcome, Number(all) > 10_000]).toEqual(['forwarded', true])
    const [same, few] = spent(0)
    expect([same, Number(few) < 100]).toEqual(['forwarded', true])
  })
})

describe('a budget', () => {
  it('is one for all packets that it is given to', () => {
    const world = makeWorld('*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp\n-A FORWARD -p udp\nCOMMIT\n', ROUTER)
    const budget = new WalkBudget(5)
    const outcomes = [1, 2, 3].map(() => modelEngine.play(world, PACKETS[0]!, { budget }).ended.outcome)
    expect([outcomes, budget.isUsedUp]).toEqual([['forwarded', 'undetermined', 'undetermined'], true])
  })
})
