/** Packets played in the model of one machine, one after the other, and explained. */
import { explain, tryFixesOf } from '../explain/explain.ts'
import { stripOwnSteps } from '../explain/strip-own-steps.ts'
import { noteUnmatched } from '../explain/unmatched.ts'
import { noteTrials } from '../explain/verify-fixes/verify.ts'
import type { Engine } from '../journey/engine.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Journey } from '../model/journey.ts'
import type { Member } from '../model/member.ts'
import { withoutOwnTables } from '../model/own-table.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import { closest } from '../rules/closest.ts'
import { RunBudget } from '../rules/walk-budget.ts'
import { SimulatedClasses } from '../simulate/alike.ts'
import { modelEngine } from '../simulate/engine.ts'
import { Simulator } from '../simulate/simulator.ts'
import { finer } from './members.ts'

export interface SimulateOptions {
  /** What nobody can know, settled: a condition as nfwhy words it → whether it holds. */
  assume?: ReadonlyMap<string, boolean>
  /** Of each rule that did not match, which condition failed. */
  unmatched?: boolean
  /** Tries what findings propose; absent: the model. */
  engine?: Engine
}

/** A packet that was played. */
export interface Played {
  explain(): Journey
  /** Where others like it may have come before. */
  member?(): Member | undefined
}

/** As playPackets, each explained. */
export function* simulatePackets(...given: Parameters<typeof playPackets>): Generator<Journey> {
  for (const played of playPackets(...given)) yield played.explain()
}

/** The packets share one connection tracking table, in order. `warnings` are added to; some are known only at the end. */
export function* playPackets(
  world: World,
  packets: readonly Packet[],
  warnings: Diagnostic[],
  { assume = new Map(), unmatched = false, engine = modelEngine }: SimulateOptions = {},
): Generator<Played> {
  const machine = new Simulator(withoutOwnTables(world), { assume })
  const classes = new SimulatedClasses()
  const walks = new RunBudget()
  const used = new Set<string>()
  const open = new Set<string>()
  for (const [i, packet] of packets.entries()) {
    warnings.push(...absentInterfaces(packet, machine.world, `packet ${i + 1}`))
    const before = machine.world
    const simulated = machine.send(packet)
    const { id, ended, notes, assumed } = simulated
    for (const condition of assumed) used.add(condition)
    if (ended.open) open.add(ended.open.condition)
    for (const message of notes) warnings.push({ input: `packet ${id}`, code: 'left-open', message })
    const explained = () => {
      const { evidence } = simulated
      const journey = walks.share((budget) => explain(evidence, before, { ended, budget }))
      if (unmatched) noteUnmatched(evidence, before)
      // later packets of a flow hang on those before them, so only the first says what a change would do
      if (i === 0) noteTrials(journey, tryFixesOf(evidence, before, engine))
      stripOwnSteps(evidence)
      return journey
    }
    yield i === 0 || unmatched
      ? { explain: explained }
      : {
          explain: explained,
          member: () => {
            const member = classes.member(simulated, before)
            return member && finer(member, before)
          },
        }
  }
  for (const condition of assume.keys()) if (!used.has(condition)) warnings.push(unusedAssumption(condition, [...open]))
}

/** A rule matches an interface's name, whether the interface exists or not; but a name that no listing has is mostly a slip. */
function absentInterfaces(packet: Packet, { host }: World, input: string): Diagnostic[] {
  const names = host.links?.map(({ name }) => name)
  if (!names || names.length === 0) return []
  return (['in', 'out', 'physIn', 'physOut'] as const).flatMap((field) => {
    const name = packet[field]
    if (name === undefined || isNameless(name) || names.includes(name)) return []
    const meant = closest(name, names)
    const message = `interface ${name} is not among those listed (${listed(names)})`
    return [{ input, code: 'no-such-interface', message: meant ? `${message}; did you mean ${meant}?` : message }]
  })
}

const MOST_NAMES = 8
const listed = (names: readonly string[]): string =>
  `${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''}`

/** `CONDITION=true`. Throws UserError. The condition's own words may hold a `=` themselves: the last one counts. */
export function readAssumption(text: string): [string, boolean] {
  const match = /^(.+)=(true|false)$/.exec(text)
  if (!match)
    throw new UserError(
      `--assume ${printable(text)}: it is CONDITION=true or CONDITION=false, the condition as nfwhy words it.`,
    )
  return [match[1]!, match[2] === 'true']
}

/** Nothing that is known is assumed otherwise; and a condition has to be worded as nfwhy words it. */
function unusedAssumption(condition: string, open: readonly string[]): Diagnostic {
  const instead = open.length === 0 ? '' : `; open is ${open.map((one) => `"${one}"`).join(', ')}`
  return { input: '--assume', code: 'assumption-unused', message: `"${condition}" was not asked for${instead}` }
}
