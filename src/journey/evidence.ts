/**
 * A closed journey as objects: its steps in their hooks and depths, and beside each step what an explanation reads
 * (the packet as it arrived, the rule, who jumped there).
 */
import { DSTNAT, type Hook } from '../model/hook.ts'
import type { Journey, Step } from '../model/journey.ts'
import type { Family, Packet } from '../model/packet.ts'
import { leftByAnother } from '../model/way-out.ts'
import type { World } from '../model/world.ts'
import * as F from '../read/captures/header-fields.ts'
import { timeText } from '../read/captures/stamp.ts'
import type { PacketStates } from '../read/captures/states.ts'
import { hasNatAt, hasNatChains } from './base-chains.ts'
import { ChainStack } from './chain-stack.ts'
import { attributeChanges } from './changes.ts'
import { contradictions } from './contradiction.ts'
import { lacksLines } from './gaps.ts'
import { placeInHooks } from './hooks.ts'
import type { Logged } from './logged.ts'
import { ofLogs } from './logs-later.ts'
import type { OpenJourney } from './open.ts'
import { type Rerouted, rerouted } from './rerouted.ts'
import { priorityAt, type Resolver } from './resolve.ts'
import type { Resolved } from './resolved.ts'
import { baseOf, type StepContext } from './step-context.ts'
import { type TracedSteps, tracedSteps } from './traced-evidence.ts'

export interface Evidence {
  journey: Journey
  /** One for each step. */
  arrivals: StepContext[]
  /** More events of the same capture came after the last one of this journey. */
  followed: boolean
  /** The nat table was passed, was not (the flow's entry decides), or it cannot be told. */
  nat: 'passed' | 'skipped' | 'unknown'
  /** Simulated: connection tracking had no entry for it. */
  begins?: true
  /** Of a capture with trace ids: it proves that it lost nothing, or (false) says that it did. */
  lossless?: boolean
  /** The capture says that it lost events while the packet was under way. */
  lossy?: true
  /** Where LOG lines alone tell of the packet: the rules that may have written the last one, and what follows them. */
  logged?: Logged
  /** As TracedSteps have it. */
  lacksRule?: true
  endsWithHeader?: true
  /** It is not complete, and this host has sent a reset or an ICMP error about it. */
  answered?: NonNullable<OpenJourney['answered']>
  /** Index of the first step that is not captured, but the model's: what answered it stands behind the last line. */
  rest?: number
  /** Behind its last step, which shows the interface that it had before. */
  rerouted?: Rerouted
  /** The packet as it came to routing, where that is known for sure: in a simulation. */
  routed?: Packet
  /** It was played as the reply to this packet. */
  answers?: Packet
}

/** `known`: why the ruleset cannot be the one in force, line by line, where a journey of the same fate has told. */
export function gatherEvidence(
  open: OpenJourney,
  resolver: Resolver,
  states: PacketStates,
  followed: boolean,
  known?: readonly (string | undefined)[],
): Evidence {
  const resolved = Array.from(open.points, (point, i) =>
    resolver.get(point, states.rows[open.states.at(i) * F.COLUMNS + F.FAMILY]!),
  )
  if (open.firstTraceId >= 0) return gatherTraced(open, resolved, resolver, states, followed, known)
  const packets = readPackets(open.states, states)
  const later = ofLogs()
  for (const [i, line] of resolved.entries()) {
    if (line.kind !== 'log' || !later) continue
    const before = resolved[i - 1]
    if (before && later.logs(before, line)) resolved[i] = later.loggedBy(before, line)
    else if (line.candidates.length > 0) resolved[i] = later.onlyLogger(line, packets[i]!, resolver)
  }
  const hooks = placeInHooks(resolved, packets, resolver)
  const logged = later?.addStop(resolved, packets, hooks, resolver)
  const mismatches = known ?? contradictions(resolved, packets, hooks, resolver)
  const stack = new ChainStack()
  const callers = resolved.map((one, i) => stack.arrive(one, hooks[i], i).caller)
  const placed = { resolved, packets, hooks, depths: stack.depths, callers, family: open.family, packet: packets[0]! }
  const evidence = evidenceOf(open, placed, mismatches, resolver, states, followed)
  if (logged) evidence.logged = logged
  return evidence
}

/** The same for a capture with trace ids. */
function gatherTraced(
  open: OpenJourney,
  events: readonly Resolved[],
  resolver: Resolver,
  states: PacketStates,
  followed: boolean,
  known: readonly (string | undefined)[] | undefined,
): Evidence {
  const steps = tracedSteps(open, events, readPackets(open.states, states))
  const mismatches = known ?? contradictions(steps.resolved, steps.packets, steps.hooks, resolver, steps.shownLater)
  const resolved = steps.resolved.map((one, i) => (mismatches[i] === undefined ? one : inOwnWords(one)))
  const evidence = evidenceOf(open, { ...steps, resolved }, mismatches, resolver, states, followed)
  evidence.journey.traceId = open.firstTraceId.toString(16).padStart(8, '0')
  return evidence
}

/** The trace says what its rule is and does; one of the ruleset that cannot be it is not quoted in its place. */
const inOwnWords = (one: Resolved): Resolved =>
  one.rule && one.point.text ? { ...one, rule: undefined, ruleNumber: undefined, alike: [] } : one

function evidenceOf(
  open: OpenJourney,
  { resolved, packets, hooks, depths, callers, shownLater, lacksRule, endsWithHeader, family, packet }: TracedSteps,
  mismatches: readonly (string | undefined)[],
  resolver: Resolver,
  states: PacketStates,
  followed: boolean,
): Evidence {
  const arrivals = resolved.map(
    (one, i): StepContext => ({
      packet: packets[i]!,
      hook: hooks[i],
      rule: one.rule,
      chain: one.inChain,
      table: one.inTable,
      ending: one.ending,
      caller: callers[i],
      mismatch: mismatches[i],
      ...(one.alike.length > 1 ? { alike: one.alike.length } : {}),
    }),
  )
  const steps = resolved.map((one, i) => makeStep(one, packets[i]!, hooks[i], depths[i], i))
  attributeChanges(steps, arrivals, shownLater, { family, world: resolver.world })
  const journey: Journey = {
    id: String(open.id),
    family,
    packet,
    steps,
    outcome: 'undetermined',
    basis: 'observed',
    cause: [],
    findings: [],
  }
  const host = states.names.text(states.rows[open.states.at(0) * F.COLUMNS + F.HOST]!)
  if (host !== '') journey.host = host
  Object.assign(journey, timesOf(open))
  // what is not stopped comes to POSTROUTING, whose chain of nat may be the only one
  const last = resolved.at(-1)
  const goesOn = last !== undefined && !/^(drop|reject)$/.test(last.ending) && hasNatChains(resolver.world, family)
  const skipped =
    open.beforeNat &&
    hooks.some(
      (hook, i) =>
        isPastNat(hook, resolved[i]!, resolver.world, family) || (goesOn && ROUTED.has(hook ?? 'prerouting')),
    )
  const anew = rerouted(arrivals, family, resolver.world)
  if (anew && anew.out !== anew.from) steps.at(-1)!.changes.push(leftByAnother(anew.from, anew.out))
  const isTraced = open.firstTraceId >= 0
  // its next lines, with another id, are not known for its own where somebody made its addresses unreadable
  const isNameless = isTraced && packet.src === undefined && !packet.ipId
  const isLossy = open.lossy || lacksRule === true || isNameless
  const evidence: Evidence = {
    journey,
    arrivals,
    followed,
    ...(isLossy ? { lossy: true } : {}),
    ...(lacksRule ? { lacksRule } : {}),
    ...(endsWithHeader ? { endsWithHeader } : {}),
    ...(open.answered ? { answered: open.answered } : {}),
    // what a monitor loses it tells
    ...(isTraced ? { lossless: !isLossy } : {}),
    ...(anew ? { rerouted: anew } : {}),
    nat: open.natSeen ? 'passed' : 'unknown',
  }
  // a chain of nat may be among the lines that are missing
  if (skipped && !open.natSeen && !lacksLines(evidence)) evidence.nat = 'skipped'
  return evidence
}

/** A rule kept it from connection tracking: one of the ruleset, or, without that, one that the trace itself quotes. */
export const isUntracked = ({ arrivals, journey }: Evidence): boolean =>
  arrivals.some(({ rule }, i) =>
    rule
      ? rule.statements.some(({ kind }) => kind === 'notrack')
      : NOTRACK.test(journey.steps[i]!.rule?.replaceAll(QUOTED, '') ?? ''),
  )

const QUOTED = /"[^"]*"/g
const NOTRACK = /(?:^| )(?:notrack|-j NOTRACK|--notrack)(?: |$)/

/** Of the base chain that this step is in. */
export const priorityHere = ({ journey, arrivals }: Evidence, step: number, hook: Hook): number =>
  priorityAt({ inChain: baseOf(arrivals, step), table: journey.steps[step]!.table }, hook)

/** Whether it was first seen where no chain of nat can have rewritten its destination yet. */
export function isFromBeforeNat(evidence: Evidence, world: World): boolean {
  const { arrivals, journey } = evidence
  const [first] = arrivals
  const has = (hook: Hook) => hasNatAt(world, journey.family, hook)
  if (first?.hook !== 'prerouting' && first?.hook !== 'output') return !has('prerouting') && !has('output')
  if (!has(first.hook)) return true
  // none is asked once one has rewritten the packet
  const isNat = (baseOf(arrivals, 0)?.type ?? journey.steps[0]!.table) === 'nat'
  return isNat || priorityHere(evidence, 0, first.hook) < DSTNAT
}

/** When it began and ended, as the capture has it. */
export type JourneyTimes = Readonly<Pick<OpenJourney, 'firstStamp' | 'firstClock' | 'lastStamp' | 'lastClock'>>

/** The same as a Journey tells it. */
export function timesOf({ firstStamp, firstClock, lastStamp, lastClock }: JourneyTimes) {
  const times: Pick<Journey, 'time' | 'uptime'> = {}
  const [first, last] = [timeText(firstStamp, firstClock), timeText(lastStamp, lastClock)]
  if (first !== undefined && last !== undefined) times.time = { first, last }
  if (firstStamp.uptime && lastStamp.uptime) times.uptime = { first: firstClock / 1e6, last: lastClock / 1e6 }
  return times
}

/** Behind a chain that rewrites destinations, or sources: one that was not seen by then was not passed. */
function isPastNat(hook: Hook | undefined, at: Resolved, world: World, family: Family): boolean {
  const has = (where: Hook) => hasNatAt(world, family, where)
  switch (hook) {
    case 'input':
    case 'forward':
      return has('prerouting')
    case 'postrouting':
      return has('prerouting') || has('output') || (has(hook) && priorityAt(at, hook) > 100)
    case 'output':
      return has(hook) && priorityAt(at, hook) > DSTNAT
    default:
      return false
  }
}

const ROUTED: ReadonlySet<Hook> = new Set(['input', 'forward', 'postrouting'])

/** One object per distinct state, shared by the steps that have it. */
function readPackets(stateNumbers: Iterable<number>, states: PacketStates): Packet[] {
  const read = new Map<number, Packet>()
  return Array.from(stateNumbers, (state) => {
    let packet = read.get(state)
    if (!packet) {
      packet = states.packet(state)
      read.set(state, packet)
    }
    return packet
  })
}

/** What a step shows of the packet, on arrival. */
export const SHOWN = ['in', 'out', 'src', 'dst', 'sport', 'dport', 'mark', 'ttl'] as const

function makeStep(one: Resolved, packet: Packet, hook: Hook | undefined, depth: number | undefined, i: number): Step {
  const step = { n: i + 1 } as Step
  const put = <K extends keyof Step>(key: K, value: Step[K] | undefined) => {
    if (value !== undefined) step[key] = value
  }
  put('hook', hook)
  step.family = one.tableFamily
  put('table', one.table)
  put('chain', one.chain)
  step.kind = one.kind
  put('reported', one.reported)
  put('ruleNumber', one.ruleNumber)
  put('handle', one.rule?.handle ?? one.point.handle)
  put('rule', one.rule?.text ?? (one.point.text || undefined))
  put('verdict', one.verdict)
  put('depth', depth)
  for (const key of SHOWN) put(key, packet[key])
  if (one.kind === 'log') put('prefix', one.point.prefix)
  step.known = one.isInferred ? 'simulated' : 'observed'
  step.changes = []
  return step
}
