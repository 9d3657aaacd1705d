/**
 * The kernel judges nft's tracing: random rulesets, real packets, what both monitors print, and the journeys compared
 * with the rules' counters and with what arrived.
 *
 *     NFWHY_KERNEL_TRACES=200 NFWHY_KERNEL_SEED=4711 npx vitest run test/kernel/trace-nft.test.ts
 */
import { describe, expect, it } from 'vitest'
import type { Journey, Step } from '../../src/model/journey.ts'
import type { World } from '../../src/model/world.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { explainFile, worldOf } from '../journey/journeys.ts'
import { share } from '../share.ts'
import { Random } from './generate/random.ts'
import { whyNot } from './namespaces.ts'
import { buildReceiver, whyNoReceiver } from './receiver/build.ts'
import { randomIptables } from './trace-nft/iptables.ts'
import { playRuleset, type Sending, type Taken } from './trace-nft/lab.ts'
import { OWN, PORTS, RIGHT, randomRuleset } from './trace-nft/ruleset.ts'

const cases = Number(process.env.NFWHY_KERNEL_TRACES ?? share(6))
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? 1)

const reason = whyNot('nft', 'xtables-monitor', 'python3', 'ip', 'nsenter', 'ping', 'iptables-nft')
if (reason) console.warn(`traces of nft are not compared with the kernel: ${reason}`)

const noReceiver = reason ?? whyNoReceiver()
if (noReceiver) console.warn(`traces as netlink messages are not compared with the kernel: ${noReceiver}`)
const receiver = noReceiver ? undefined : await buildReceiver()

function sendingsOf(random: Random): Sending[] {
  return Array.from({ length: 40 }, (_, i) => {
    const from = random.chance(0.7) ? 'left' : 'own'
    const dst = random.pick(from === 'left' ? [RIGHT, RIGHT, ...OWN] : [RIGHT, RIGHT, OWN[1]!])
    return { from, dst, sport: 20_000 + i, dport: random.pick(PORTS), length: random.pick([8, 40]) }
  })
}

const ARRIVED = ['delivered', 'forwarded', 'sent']

/** Which packet arrived where, as the sockets say. */
const truthOf = ({ own, right }: Taken, sending: Sending): string | undefined => {
  if (own.includes(sending.sport)) return 'delivered'
  if (right.includes(sending.sport)) return sending.from === 'own' ? 'sent' : 'forwarded'
  return undefined
}

function check(taken: Taken, sendings: readonly Sending[], name: string, world: World): Journey[] {
  const { journeys, told, stats } = explainFile(taken.captures[name]!, world)
  expect([told, stats.skipped, stats.lost], name).toEqual([[], 0, 0])
  // what reject answers is traced as well
  const sent = journeys.filter(({ packet }) => packet.sport !== undefined)
  expect(sent.map(({ packet }) => packet.sport).sort(), name).toEqual(sendings.map(({ sport }) => sport).sort())
  for (const journey of sent) {
    const sending = sendings.find(({ sport }) => sport === journey.packet.sport)!
    const truth = truthOf(taken, sending)
    const shown = `${name} ${JSON.stringify(sending)}\n${JSON.stringify(journey, null, 1)}`
    expect(journey.packet.dst, shown).toBe(sending.dst)
    expect(journey.packet.dport, shown).toBe(sending.dport)
    if (truth === undefined) expect(ARRIVED, shown).not.toContain(journey.outcome)
    else expect(journey.outcome, shown).toBe(truth)
    expect(
      journey.findings.map(({ code }) => code),
      shown,
    ).not.toContain('ruleset-mismatch')
  }
  return journeys
}

/** How often each rule that counts was met, by its chain and its place in it. */
function metOf(journeys: readonly Journey[]): Map<string, number> {
  const met = new Map<string, number>()
  for (const { steps } of journeys)
    for (const { kind, family, table, chain, ruleNumber } of steps)
      if (kind === 'rule') {
        const key = `${family} ${table} ${chain} ${ruleNumber}`
        met.set(key, (met.get(key) ?? 0) + 1)
      }
  return met
}

function checkCounters(journeys: readonly Journey[], world: World, name: string): void {
  const met = metOf(journeys)
  for (const { family, name: table, chains } of world.tables)
    for (const chain of chains.values())
      for (const { counters, ruleNumber, text } of chain.rules)
        if (counters)
          expect(
            `${text}: ${met.get(`${family} ${table} ${chain.name} ${ruleNumber}`) ?? 0}`,
            `${name}: ${family} ${table} ${chain.name} ${ruleNumber}`,
          ).toBe(`${text}: ${counters.packets}`)
}

const capturesOf = ({ monitorEnded, captures }: Taken): string[] =>
  Object.keys(captures).filter((name) => name !== 'monitor' || !monitorEnded)

/**
 * The marks with which the packet comes to the lines of its first hook: what the trace tells of them is what the model
 * says. How many were compared.
 */
function checkMarks({ packet, steps }: Journey, world: World): number {
  // not every form tells the protocol
  const { mark: _, ...sent } = packet
  // nft does not print that a chain ended
  const printed = (all: readonly Step[]) => all.filter(({ kind }) => kind !== 'return')
  const model = printed(new Simulator(world).send({ mark: 0, protocol: 'udp', ...sent }).evidence.journey.steps)
  let compared = 0
  for (const [i, step] of printed(steps).entries()) {
    const other = model[i]
    if (!other || step.hook !== steps[0]!.hook) break
    const name = ({ table, chain, ruleNumber, kind }: Step) =>
      `${table} ${chain} ${kind === 'rule' ? ruleNumber : kind}`
    expect(name(step), JSON.stringify(steps, null, 1)).toBe(name(other))
    if (step.mark === undefined) continue
    expect([name(step), step.mark], JSON.stringify(steps, null, 1)).toEqual([name(other), other.mark])
    compared++
  }
  return compared
}

/** What every capture of the same packets shows alike. */
const walkOf = (journey: Journey): string[] =>
  journey.steps.map(({ family, table, chain, kind, verdict }) => `${family} ${table} ${chain} ${kind} ${verdict}`)
const asDropped = (step: string): string => step.replace(/ reject$/, ' drop')
const bySport = (journeys: readonly Journey[]): Journey[] =>
  journeys.filter(({ packet }) => packet.sport !== undefined).sort((a, b) => a.packet.sport! - b.packet.sport!)

describe.skipIf(reason)('nft monitor trace and the kernel', () => {
  it.each(Array.from({ length: cases }, (_, i) => seed + i))('agree with seed %d', (one) => {
    const random = new Random(one)
    const ruleset = randomRuleset(random)
    const sendings = sendingsOf(random)
    const taken = playRuleset(`nft -f - <<'EOF'\n${ruleset}\nEOF`, sendings, receiver)
    const all: Journey[][] = []
    let marks = 0
    for (const form of ['nft', 'json']) {
      const world = worldOf(taken.rulesets[form]!, HOST)
      for (const name of capturesOf(taken)) {
        const journeys = check(taken, sendings, name, world)
        checkCounters(journeys, world, `${name}, ${form}\n${taken.rulesets.nft}`)
        if (form === 'nft') for (const journey of bySport(journeys)) marks += checkMarks(journey, world)
        all.push(journeys)
      }
    }
    for (const journeys of all) expect(bySport(journeys).map(walkOf)).toEqual(bySport(all[0]!).map(walkOf))
    // else nothing was compared
    expect(marks).toBeGreaterThan(20)
    // without rules nothing may be said that is not so
    for (const name of capturesOf(taken))
      for (const { outcome, packet, steps } of bySport(explainFile(taken.captures[name]!).journeys)) {
        const truth = truthOf(taken, sendings.find(({ sport }) => sport === packet.sport)!)
        const shown = `${name} ${outcome} ${JSON.stringify(steps, null, 1)}`
        if (truth === undefined) expect(ARRIVED, shown).not.toContain(outcome)
        else expect([truth, 'undetermined'], shown).toContain(outcome)
      }
  })
})

describe.skipIf(reason)("iptables-nft's TRACE and the kernel", () => {
  it.each(Array.from({ length: cases }, (_, i) => seed + i))('agree with seed %d', (one) => {
    const random = new Random(one)
    const rules = randomIptables(random)
    const sendings = sendingsOf(random)
    const taken = playRuleset(`iptables-nft-restore <<'EOF'\n${rules}EOF`, sendings, receiver)
    const all: string[][][] = []
    for (const form of ['save', 'nft', 'json']) {
      const world = worldOf(taken.rulesets[form]!, HOST)
      for (const name of capturesOf(taken)) {
        const journeys = check(taken, sendings, name, world)
        // nft's words and handles name no rule of iptables-save; JSON has no words for iptables' targets
        const laid = form === 'save' ? name === 'monitor' : form === 'nft' || name !== 'trace'
        if (laid) checkCounters(journeys, world, `${name}, ${form}\n${rules}`)
        const walks = bySport(journeys).map(walkOf)
        // netlink's messages name rules by handles alone: that one rejects only its words tell, where the ruleset has them
        if (name === 'netlink' && form !== 'nft')
          expect(walks.map((walk) => walk.map(asDropped))).toEqual(all[0]!.map((walk) => walk.map(asDropped)))
        else all.push(walks)
      }
    }
    for (const walks of all) expect(walks).toEqual(all[0])
  })
})

const HOST = `2: lan    inet 192.0.2.1/24 scope global lan\\       valid_lft forever preferred_lft forever
3: wan    inet 198.51.100.1/24 scope global wan\\       valid_lft forever preferred_lft forever
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
`
