import type { Engine, Played, PlayOptions } from '../../journey/engine.ts'
import { NO_WAYS, type Ways, withWay } from '../../journey/ways.ts'
import { turned } from '../../model/direction.ts'
import type { ConntrackEntry } from '../../model/host.ts'
import type { Finding, Journey } from '../../model/journey.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { tupleOf } from '../../rules/conntrack/connection.ts'
import { entryAskedElsewhere, entryOpened } from '../../rules/conntrack/entries.ts'
import { withoutEntry } from '../../rules/conntrack/without-entry.ts'
import { conditionText } from '../../rules/evaluate.ts'
import { addressType, isLocal } from '../../rules/fib.ts'
import { isForNobody, listener } from '../../rules/sockets.ts'
import { isNotListed } from '../../rules/unshown.ts'
import type { WalkBudget } from '../../rules/walk-budget.ts'
import type { Context } from '../context.ts'
import { hasNat, isForNat } from '../counterfactual/asked-of-nat.ts'
import { withoutEffect } from '../counterfactual/rewritten.ts'
import { isSolicitation } from '../neighbours/discovery.ts'
import {
  answerTo,
  asItCame,
  asksForReply,
  isOpening,
  natSeen,
  openingOf,
  refusalTo,
  refusesOpening,
} from '../reply/request-reply.ts'
import { sawOtherLimits, whyNotSeen } from './as-seen.ts'
import { openingBehindPort, portsOf } from './bridge-ports.ts'
import { observedConditions } from './observed-conditions.ts'
import { withSeenHandles } from './seen-handles.ts'
import { seenWays } from './seen-ways.ts'
import { asProposed, withStanding } from './what-stands.ts'

/** Explains what the engine played; handed in, as it would ask for itself. `codes`: of the findings that are wanted; absent: all. */
type ExplainPlayed = (played: Played, world: World, codes?: ReadonlySet<string>) => Journey

export interface Reproduction {
  engine: Engine
  explain: ExplainPlayed
  /** As it was before the packet. */
  world: World
  packet: Packet
  /** What the trace tells of conditions that nothing else does, in their rules' own words. */
  settled: ReadonlyMap<string, boolean>
  /** Where it shows the packet routed, as PlayOptions have it. */
  ways: Ways
  /** Routes of its family are listed. */
  hasRoutes: boolean
  /** What it answers, where that is known; in another zone connection tracking may take it for an opening all the same. */
  opening?: Packet
  budget: WalkBudget
  /**
   * Plays the flow in another World; `assume`: what else to take for given of conditions that nobody can know. `next`: the
   * next such packet, which a balancer may send elsewhere.
   */
  play(world: World, assume?: ReadonlyMap<string, boolean>, next?: boolean): Reproduced
  /** Nobody has the address that it is for, and a rule of nat is there for that, or nearly takes it. */
  isForNat: boolean
  /** nat chose among several. */
  isByTurns: boolean
  /** By which interface the reply is taken to leave; absent: its route is listed, or no such reply is played. */
  returnsBy?: string
  /** With returnsBy: what comes of it where the reply leaves by this interface instead. */
  playReturning?(device: string, after: World): Reproduced
  /** Of the journey as it was seen, as far as it is explained. */
  findings: readonly Finding[]
}

export interface Reproduced {
  /** The journey's own packet; absent where an answer does not come so far, as its question does not arrive. */
  told?: Played
  /** Who asked what, and the answer on its way back, where that is part of it. */
  asked?: Packet
  answer?: Played
}

/** Or the reason why the engine does not give what was seen. */
export function reproduce(
  context: Context,
  engine: Engine,
  explain: ExplainPlayed,
  whyNot = whyNotSeen,
): Reproduction | { reason: string } {
  const { journey, world, budget } = context
  const { src, dst } = journey.packet
  if (src === undefined || dst === undefined)
    return { reason: "not tried: the capture does not show the packet's addresses" }
  const answered = openingBehindPort(context, openingOf(journey.packet, world))
  // conntrack takes a reply for an opening where a rule exempted the request
  const isNew = isOpening(journey, natSeen(context.evidence), world) && !journey.findings.some(isOfRequest)
  const opening = isNew ? undefined : answered
  const itself = alone(context, worldBefore(context, journey.packet))
  // the entry may have been there before the packet, which rules tell that ask for the connection's state
  const tries = itself.before === world ? [itself] : [itself, alone(context, world)]
  if (opening) tries.unshift(asAnswer(journey, opening, worldBefore(context, opening)))
  let reason = ''
  const seen = seenWays(context)
  const { ways = NO_WAYS, returnsBy } = seen ?? {}
  for (const { before, play, observed, isUsable } of tries) {
    const given: PlayOptions = { budget, ways, isCaptured: true }
    let options = given
    let byTurns: ReadonlySet<string> = new Set()
    const observe = () => {
      const { settled, own, ...of } = observedConditions(context)
      byTurns = of.byTurns
      options = { ...given, assume: settled, own }
      return observed(engine, options)
    }
    if (!isUsable(engine, options)) continue
    let played = observed(engine, options)
    if (played.ended.open) {
      // the trace may have settled what nobody can know
      played = observe()
    }
    let why = whyNot(context.evidence, played, before)
    if (why !== undefined && !options.assume) {
      // what a limit still allows, only the trace tells
      why = whyNot(context.evidence, observe(), before)
    }
    if (why === undefined && !options.assume && sawOtherLimits(context, played)) {
      const asGuessed = [options, byTurns] as const
      // both end alike, and behind a change they need not: what the trace tells of limits counts
      if (whyNot(context.evidence, observe(), before) !== undefined) [options, byTurns] = asGuessed
    }
    if (why === undefined) {
      const settled = options.assume ?? new Map<string, boolean>()
      const lasting = new Map([...settled].filter(([text]) => !byTurns.has(text)))
      const own = options.own ?? new Map()
      const lastingOwn = new Map([...own].filter(([condition]) => !byTurns.has(conditionText(condition))))
      return {
        engine,
        explain: (one, after, codes) =>
          asProposed(journey, withStanding(context, explain(one, after, codes), one.packet)),
        world: withSeenHandles(before, context.evidence),
        packet: journey.packet,
        settled,
        ways,
        hasRoutes: seen === undefined,
        ...(answered ? { opening: answered } : {}),
        budget,
        play: (after, assume = new Map(), next = false) =>
          play(engine, after, {
            ...given,
            assume: new Map([...(next ? lasting : settled), ...assume]),
            own: next ? lastingOwn : own,
          }),
        isForNat: isForNat(context),
        isByTurns: byTurns.size > 0,
        ...(returnsBy === undefined || opening
          ? {}
          : {
              returnsBy,
              playReturning: (device, after) =>
                play(engine, after, { ...given, ways: withWay(ways, { dst: src }, device), assume: settled, own }),
            }),
        findings: journey.findings,
      }
    }
    reason ||= why
  }
  return { reason }
}

const isOfRequest = ({ code, steps }: Finding): boolean => code === 'untracked' && steps.length === 0

interface Attempt {
  before: World
  /** Does the engine know enough for it? */
  isUsable(engine: Engine, options: PlayOptions): boolean
  /** Of the packet as the capture has it. */
  observed(engine: Engine, options: PlayOptions): Played
  play(engine: Engine, world: World, options: PlayOptions): Reproduced
}

/** The packet by itself; and if it begins a flow, what would come back. */
function alone(context: Context, before: World): Attempt {
  const { journey, evidence, world } = context
  const packet = { ...asItCame(evidence, world), ...portsOf(context) }
  return {
    before,
    isUsable: () => true,
    observed: (engine, options) => engine.play(before, packet, options),
    play(engine, world, options) {
      const isChosenAnew =
        losesSource(packet, before, world) || (before.host !== world.host && isSourceOfRoute(packet, before, engine))
      const sent = isChosenAnew ? withoutSource(packet) : packet
      const told = engine.play(world, sent, options)
      // with the source that the kernel chooses
      const asked = sent === packet ? packet : { ...packet, ...told.evidence.journey.packet }
      const answerOf = isRefused(told, world) ? refusalTo : answerTo
      const back = asksForReply(journey, natSeen(evidence), before) ? answerOf(asked, told, world.host) : undefined
      if (!back) return { told }
      return { told, asked, answer: playBack(engine, world, back, { ...options, before: [asked] }) }
    },
  }
}

/** This host sends it from an address that the change takes from it: the next one gets another source. */
const losesSource = ({ in: from, src }: Packet, before: World, after: World): boolean =>
  before !== after &&
  before.host !== after.host &&
  from === undefined &&
  isLocal(src, before.host) === true &&
  isLocal(src, after.host) === false

/** A reply from another address than the one that was asked: the program is bound to none, and the kernel took that of the route. */
function isSourceOfRoute(packet: Packet, before: World, engine: Engine): boolean {
  const { in: from, src, sport, protocol } = packet
  if (from !== undefined || src === undefined || sport === undefined || protocol !== 'udp') return false
  const program = listener(before.host, { protocol, dst: src, dport: sport })
  if (!program || program.address !== undefined || !entryAskedElsewhere(packet, before)) return false
  return engine.play(before, withoutSource(packet)).evidence.journey.packet.src === src
}

const withoutSource = ({ src: _, ...packet }: Packet): Packet => packet

/** Conditions that nobody can know about an answer, at most; each is tried either way. */
const MOST_OPEN = 3

/** An answer that is stopped whatever they are is stopped: where it comes the farthest. */
function playBack(engine: Engine, world: World, back: Packet, options: PlayOptions, left = MOST_OPEN): Played {
  const played = engine.play(world, back, options)
  const { outcome, open } = played.ended
  if (outcome !== 'undetermined' || !open || open.endless || left === 0) return played
  if (isNotListed({ unknown: open.reason })) return played
  const ways = [true, false].map((holds) =>
    playBack(
      engine,
      world,
      back,
      { ...options, assume: new Map([...(options.assume ?? []), [open.condition, holds]]) },
      left - 1,
    ),
  )
  const [one, other] = ways.sort((a, b) => b.evidence.journey.steps.length - a.evidence.journey.steps.length)
  return isStopped(one!.ended.outcome) && isStopped(other!.ended.outcome) ? one! : played
}

/** It comes to this host, whose sockets are known, and none of them takes it. */
const isRefused = ({ packet, ended }: Played, { host }: World): boolean =>
  ended.outcome === 'delivered' && isForNobody(host, packet) && addressType(packet.dst, host) === 'local'

/** The packet behind the one that it answers. */
function asAnswer({ packet }: Journey, opening: Packet, before: World): Attempt {
  const answerOf = refusesOpening(packet) ? refusalTo : answerTo
  return {
    before,
    isUsable(engine, options) {
      const asked = engine.play(before, opening, options)
      if (asked.ended.outcome === 'undetermined') return false
      // sent another way than the real one was, its answer would come in elsewhere, whatever is changed
      const back = answerOf(opening, asked, before.host)
      return back?.in === undefined || packet.in === undefined || back.in === packet.in
    },
    observed: (engine, options) => engine.play(before, packet, { ...options, before: [opening] }),
    play(engine, world, options) {
      const back = answerOf(opening, engine.play(world, opening, options), world.host)
      if (!back) return {}
      const told = engine.play(world, { ...packet, ...back }, { ...options, before: [opening] })
      return { told, asked: opening, answer: told }
    },
  }
}

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

/** The answer's own journey, told as what it is: its connection is there by then. */
export function explainAnswer({ explain }: Reproduction, asked: Packet, answer: Played, world: World): Journey {
  const { packet } = answer.evidence.journey
  // neighbour discovery is not tracked
  if (isSolicitation(asked)) return explain(answer, world)
  const entry: ConntrackEntry = {
    family: asked.src?.includes(':') ? 'ip6' : 'ip',
    protocol: asked.protocol ?? '',
    original: tupleOf(asked),
    // an ICMP error quotes what it is about
    reply: tupleOf(packet.inner ? turned(packet.inner) : packet),
    status: [],
  }
  const { conntrack = [] } = world.host
  answer.evidence.answers = asked
  return explain(answer, { ...world, host: { ...world.host, conntrack: [entry, ...conntrack] } })
}
