/** Packets played in the model of one machine, one after the other, and explained. */

import { explain, tryFixesOf } from '../explain/explain.ts'
import { repairs } from '../explain/repair/later.ts'
import { needsRepair } from '../explain/repair/needs-repair.ts'
import { type OpenReply, type PlayedReply, playReply } from '../explain/reply/played-reply.ts'
import { stripOwnSteps } from '../explain/strip-own-steps.ts'
import { noteUnmatched } from '../explain/unmatched.ts'
import { noteTrials } from '../explain/verify-fixes/verify.ts'
import type { Engine } from '../journey/engine.ts'
import { type Evidence, isUntracked, type JourneyTimes } from '../journey/evidence.ts'
import { NO_WAYS, type Ways } from '../journey/ways.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Host } from '../model/host.ts'
import type { Finding, Journey } from '../model/journey.ts'
import type { Member } from '../model/member.ts'
import { memo } from '../model/memo.ts'
import { withoutOwnTables } from '../model/own-table.ts'
import { type Family, isNameless, type Packet } from '../model/packet.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import { noStamp } from '../read/captures/stamp.ts'
import { closest } from '../rules/closest.ts'
import { RunBudget } from '../rules/walk-budget.ts'
import { SimulatedClasses } from '../simulate/alike.ts'
import { modelEngine } from '../simulate/engine.ts'
import type { Simulated } from '../simulate/simulated.ts'
import { Simulator } from '../simulate/simulator.ts'
import type { JourneyClass } from './closed-journey.ts'
import { tupleOf } from './exchanges/join/tuple-of.ts'
import type { Noted } from './exchanges/noted.ts'
import { finer } from './members.ts'

export interface SimulateOptions {
  /** What nobody can know, settled: a condition as nfwhy words it → whether it holds. */
  assume?: ReadonlyMap<string, boolean>
  /** Where a capture shows packets routed, as a Replay has it. */
  ways?: Ways
  /** Of each rule that did not match, which condition failed. */
  unmatched?: boolean
  /** Tries what findings propose; absent: the model. */
  engine?: Engine
}

/** A packet that was played, as reports and exchanges take it. */
export interface Played extends Noted {
  /** Where others like it may have come before. */
  member(): Member | undefined
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
  { assume = new Map(), ways = NO_WAYS, unmatched = false, engine = modelEngine }: SimulateOptions = {},
): Generator<Played> {
  const machine = new Simulator(withoutOwnTables(world), { assume, ways })
  const classes = new SimulatedClasses()
  const walks = new RunBudget()
  const used = new Set<string>()
  const open = new Set<string>()
  for (const [i, packet] of packets.entries()) {
    warnings.push(...absentInterfaces(packet, machine.world, i + 1))
    const before = machine.world
    const simulated = machine.send(packet)
    const { id, ended, notes, assumed } = simulated
    for (const condition of assumed) used.add(condition)
    if (ended.open) open.add(ended.open.condition)
    for (const message of notes) warnings.push({ input: `packet ${id}`, code: 'left-open', message })
    yield new PlayedPacket(simulated, before, {
      walks,
      unmatched,
      engine,
      // later packets of a flow hang on those before them, so only the first says what a change would do
      tries: i === 0,
      ...(i === 0 || unmatched ? {} : { classes }),
    })
  }
  for (const condition of assume.keys()) if (!used.has(condition)) warnings.push(unusedAssumption(condition, [...open]))
}

const NO_TIMES: JourneyTimes = {
  firstStamp: noStamp,
  firstClock: Number.NaN,
  lastStamp: noStamp,
  lastClock: Number.NaN,
}

interface Playing {
  walks: RunBudget
  unmatched: boolean
  engine: Engine
  tries: boolean
  /** Absent: it is told by itself. */
  classes?: SimulatedClasses
}

/** Classes as exchanges know them. */
const journeyClass = memo((_kind: object) => memo((world: World): JourneyClass => ({ world, fine: true })))

class PlayedPacket implements Played {
  readonly id: number
  readonly world: World
  readonly isRetransmission = false
  readonly isRound = false
  readonly times = NO_TIMES
  private readonly simulated: Simulated
  private readonly playing: Playing
  private journey: Journey | undefined = undefined
  /** Null: not looked for yet. */
  private found: Member | undefined | null = null

  constructor(simulated: Simulated, world: World, playing: Playing) {
    this.id = Number(simulated.id)
    this.simulated = simulated
    this.world = world
    this.playing = playing
  }

  get capture(): object {
    return this.playing.walks
  }

  get family(): Family {
    return this.simulated.skb.family
  }

  get class(): JourneyClass | undefined {
    const member = this.member()
    return member && journeyClass(member.kind)(this.world)
  }

  packet(): Packet {
    return this.simulated.skb.given
  }

  tuple(into: Int32Array): void {
    // what was left open has the usual values
    if (!tupleOf(this.packet(), into) && !tupleOf(this.explain().packet, into)) into.fill(0)
  }

  datagram(): number {
    const { ipId = 0, fragOffset = 0, dontFragment } = this.packet()
    return dontFragment ? 0 : fragOffset > 0 ? -ipId : ipId
  }

  /** What is played quotes a whole packet. */
  identity(): number {
    return 0
  }

  quotedIdentity(): number {
    return 0
  }

  /** What is played is sent once. */
  segment(): boolean {
    return false
  }

  lastTuple(into: Int32Array): void {
    if (!tupleOf(this.simulated.skb.packet, into)) into.fill(0)
  }

  member(): Member | undefined {
    const { classes } = this.playing
    if (this.found === null) {
      const member = classes?.member(this.simulated, this.world)
      this.found = member && finer(member, this.world)
    }
    return this.found
  }

  explain(): Journey {
    this.journey ??= this.explained()
    return this.journey
  }

  passageOfNat(): Evidence['nat'] {
    return this.simulated.evidence.nat
  }

  isUntracked(): boolean {
    return isUntracked(this.simulated.evidence)
  }

  playReply(): PlayedReply | OpenReply | undefined {
    const { walks, engine } = this.playing
    const { evidence } = this.simulated
    const journey = this.explain()
    return walks.share((budget) => playReply(evidence, journey, this.world, engine, budget))
  }

  severalCauses(): Finding | undefined {
    const { walks, engine, tries } = this.playing
    const { evidence } = this.simulated
    const journey = this.explain()
    if (!tries || !needsRepair(journey)) return undefined
    return walks.share((budget) => repairs()?.severalCauses(evidence, journey, this.world, engine, budget))
  }

  /** What comes of it, the model knows. */
  ifInVain(): undefined {}

  private explained(): Journey {
    const { walks, unmatched, engine, tries } = this.playing
    const { evidence, ended } = this.simulated
    const journey = walks.share((budget) => explain(evidence, this.world, { ended, budget }))
    if (unmatched) noteUnmatched(evidence, this.world)
    if (tries) noteTrials(journey, tryFixesOf(evidence, this.world, engine))
    stripOwnSteps(evidence)
    return journey
  }
}

/** A rule matches an interface's name, whether the interface exists or not; but a name that no listing has is mostly a slip. */
function absentInterfaces(packet: Packet, { host }: World, number: number): Diagnostic[] {
  const names = listedNames(host)
  const isListed = (name: string | undefined) => name === undefined || names.has(name)
  if (names.size === 0 || INTERFACES.every((field) => isListed(packet[field]))) return []
  return INTERFACES.flatMap((field) => {
    const name = packet[field]
    if (name === undefined || isListed(name) || isNameless(name)) return []
    const meant = closest(name, [...names])
    const message = `interface ${name} is not among those listed (${listed([...names])})`
    const said = meant ? `${message}; did you mean ${meant}?` : message
    return [{ input: `packet ${number}`, code: 'no-such-interface', message: said }]
  })
}

const INTERFACES = ['in', 'out', 'physIn', 'physOut'] as const
const listedNames = memo(({ links = [] }: Host): ReadonlySet<string> => new Set(links.map(({ name }) => name)))

const MOST_NAMES = 8
const listed = (names: readonly string[]): string =>
  `${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''}`

/** `CONDITION=true`. Throws UserError. The condition's own words may hold a `=` themselves: the last one counts. */
export function readAssumption(text: string): [string, boolean] {
  const match = /^(.+)=(true|false)$/.exec(text)
  if (!match)
    throw new UserError(
      `--assume ${printable(text)}: write CONDITION=true or CONDITION=false, with the condition exactly as nfwhy prints it.`,
    )
  return [match[1]!, match[2] === 'true']
}

/** Nothing that is known is assumed otherwise; and a condition has to be worded as nfwhy words it. */
function unusedAssumption(condition: string, open: readonly string[]): Diagnostic {
  const instead = open.length === 0 ? '' : `; still unknown: ${open.map((one) => `"${one}"`).join(', ')}`
  return { input: '--assume', code: 'assumption-unused', message: `"${condition}" was never evaluated${instead}` }
}
