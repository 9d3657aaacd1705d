/**
 * The journey played again in the engine, as a measure of what the engine says of anything else: together with the packet
 * that it answers, or with the answer that would come.
 */
import type { Engine, Played, PlayOptions } from '../../journey/engine.ts'
import type { Journey } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { withoutEntry } from '../../rules/conntrack/without-entry.ts'
import type { WalkBudget } from '../../rules/walk-budget.ts'
import type { Context } from '../context.ts'
import { withoutEffect } from '../counterfactual/rewritten.ts'
import { isNatChain } from '../counterfactual/skipped-rules.ts'
import { answerTo, asItCame, entryOpened, isOpening, openingOf } from '../request-reply.ts'
import { observedConditions } from './observed-conditions.ts'

/** Explains what the engine played; handed in, as it would ask for itself. */
type ExplainPlayed = (played: Played, world: World) => Journey

export interface Reproduction {
  engine: Engine
  explain: ExplainPlayed
  /** As it was before the packet. */
  world: World
  packet: Packet
  /** What it answers, where that is known; in another zone connection tracking may take it for an opening all the same. */
  opening?: Packet
  budget: WalkBudget
  /** Plays the flow in another World; `assume`: what else to take for given of conditions that nobody can know. */
  play(world: World, assume?: ReadonlyMap<string, boolean>): Reproduced
}

export interface Reproduced {
  /** The journey's own packet; absent where an answer does not come so far, as its question does not arrive. */
  told?: Played
  /** Who asked what, and the answer on its way back, where that is part of it. */
  asked?: Packet
  answer?: Played
}

/** Or the reason why the engine does not give what was seen. */
export function reproduce(context: Context, engine: Engine, explain: ExplainPlayed): Reproduction | { reason: string } {
  const { journey, world, budget } = context
  const { src, dst } = journey.packet
  if (src === undefined || dst === undefined)
    return { reason: "not tried: the capture does not show the packet's addresses" }
  const answered = openingOf(journey.packet, world)
  const opening = isOpening(journey, context.evidence.nat, world) ? undefined : answered
  const itself = alone(context, worldBefore(context, journey.packet))
  // the entry may have been there before the packet, which rules tell that ask for the connection's state
  const tries = itself.before === world ? [itself] : [itself, alone(context, world)]
  if (opening) tries.unshift(asAnswer(journey, opening, worldBefore(context, opening)))
  let reason = ''
  for (const { before, play, observed, isUsable } of tries) {
    let options: PlayOptions = { budget }
    if (!isUsable(engine, options)) continue
    let played = observed(engine, options)
    if (played.ended.open) {
      // the trace may have settled what nobody can know
      options = { budget, assume: observedConditions(context) }
      played = observed(engine, options)
    }
    let why = whyNotSeen(journey, played, before)
    if (why !== undefined && !options.assume) {
      // what a limit still allows, only the trace tells
      options = { budget, assume: observedConditions(context) }
      why = whyNotSeen(journey, observed(engine, options), before)
    }
    if (why === undefined) {
      const settled = options.assume ?? new Map<string, boolean>()
      return {
        engine,
        explain,
        world: before,
        packet: journey.packet,
        ...(answered ? { opening: answered } : {}),
        budget,
        play: (after, assume = new Map()) => play(engine, after, { budget, assume: new Map([...settled, ...assume]) }),
      }
    }
    reason ||= why
  }
  return { reason }
}

interface Attempt {
  before: World
  /** Does the engine know enough for it? */
  isUsable(engine: Engine, options: PlayOptions): boolean
  /** Of the packet as the capture has it. */
  observed(engine: Engine, options: PlayOptions): Played
  play(engine: Engine, world: World, options: PlayOptions): Reproduced
}

/** The packet by itself; and if it begins a flow, what would come back. */
function alone({ journey, evidence, world }: Context, before: World): Attempt {
  const packet = asItCame(evidence, world)
  return {
    before,
    isUsable: () => true,
    observed: (engine, options) => engine.play(before, packet, options),
    play(engine, world, options) {
      const told = engine.play(world, packet, options)
      const back = isOpening(journey, evidence.nat, before) ? answerTo(packet, told) : undefined
      if (!back) return { told }
      return { told, asked: packet, answer: engine.play(world, back, { ...options, before: [packet] }) }
    },
  }
}

/** The packet behind the one that it answers. */
const asAnswer = ({ packet }: Journey, opening: Packet, before: World): Attempt => ({
  before,
  isUsable: (engine, options) => engine.play(before, opening, options).ended.outcome !== 'undetermined',
  observed: (engine, options) => engine.play(before, packet, { ...options, before: [opening] }),
  play(engine, world, options) {
    const back = answerTo(opening, engine.play(world, opening, options))
    if (!back) return {}
    const told = engine.play(world, { ...packet, ...back }, { ...options, before: [opening] })
    return { told, asked: opening, answer: told }
  },
})

/** Undefined where it is what was seen. */
function whyNotSeen(journey: Journey, { evidence, ended }: Played, { host }: World): string | undefined {
  if (ended.outcome === 'undetermined') {
    if (!host.routes)
      return "not tried: the host's addresses and routes are not known (ip -j addr, ip -j route show table all)"
    return ended.open
      ? `not tried: it hangs on ${ended.open.condition} (${ended.open.reason})`
      : "not tried: the packet's way cannot be told"
  }
  if (ended.outcome === journey.outcome && samePlace(evidence.journey, journey)) return undefined
  return `not tried: played again, the packet would have been ${ended.outcome}, so something else was in force`
}

function samePlace(a: Journey, b: Journey): boolean {
  const [one, other] = [a.steps.findLast(isWalked), b.steps.findLast(isWalked)]
  if (one?.table !== other?.table || one?.chain !== other?.chain || one?.kind !== other?.kind) return false
  // a policy of nft's has no number
  return one?.kind === 'policy' || one?.ruleNumber === other?.ruleNumber
}

const isWalked = (step: Journey['steps'][number]) => step.kind !== 'log'

const hasNat = (table: Table): boolean => [...table.chains.values()].some((chain) => isNatChain(table, chain))

/** A conntrack dump taken after the capture holds the entry that these packets made: their effect, not their cause. */
function worldBefore(context: Context, opening: Packet): World {
  const { evidence, world, journey } = context
  const { conntrack } = world.host
  // without nat it makes no difference whose entry it is, and what is tried may add nat
  const keeps = evidence.nat !== 'passed' && world.tables.some(hasNat)
  if (!conntrack || (opening === journey.packet && keeps)) return world
  const own = entryOpened(opening, world)
  if (!own) return world
  // unless it was there even before nat was
  const before = withoutEffect(context)
    ? conntrack.map((one) => (one === own ? { ...own, isBeforeNat: true as const } : one))
    : withoutEntry(conntrack, own)
  return { ...world, host: { ...world.host, conntrack: before } }
}
