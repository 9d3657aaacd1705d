/** The way that a packet's mark leads it. */

import type { Route } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { writesMark } from '../../rules/assign.ts'
import {
  knowsRoutingRules,
  leadsOutOf,
  lookupRoute,
  questionOf,
  type RouteQuestion,
  routeDevices,
} from '../../rules/route.ts'
import { type Context, lastPacket } from '../context.ts'
import { refAt } from '../refs.ts'
import { type Mark, markBehind, mayWriteBits } from './mark-behind.ts'

export const ALL_BITS = 0xffffffff

export const isSameWay = (a: Route, b: Route): boolean =>
  a.type === b.type && routeDevices(a).join() === routeDevices(b).join() && a.gateway === b.gateway

/** The last step in front of the routing decision. */
export function markingSteps({ evidence, journey }: Context): { last: number } | undefined {
  const last = evidence.arrivals.findLastIndex(({ hook }) => hook === (journey.packet.in ? 'prerouting' : 'output'))
  return last < 0 ? undefined : { last }
}

/** The packet as it left, with the mark that routing saw: nat's chains behind that may write another one, and nft's trace shows it seldom. */
export function packetRouted(context: Context): Packet {
  const packet = lastPacket(context)
  const steps = markingSteps(context)
  const mark = steps && markBehind(context, steps.last)
  return mark === undefined ? packet : { ...packet, mark }
}

/** What the routes were asked, where all of its marks are shown. */
export function questionAt(context: Context, last: number): RouteQuestion | undefined {
  const { evidence } = context
  const mark = markBehind(context, last)
  if (mark === undefined) return undefined
  return questionOf({ ...evidence.arrivals[last]!.packet, ...(evidence.routed ?? {}), mark })
}

/** What the routes were asked for what has left, and which of them it took; `last`: the step in front of that. */
export interface WayTaken {
  question: RouteQuestion
  taken: Route
  out: string
  last: number
}

/** Undefined where routes or routing rules are not listed, or it has left another way than they say. */
export function wayTaken(context: Context): WayTaken | undefined {
  const { journey, world } = context
  const { routes, routingRules } = world.host
  const marking = markingSteps(context)
  if (!routes || !routingRules || !marking || !hasLeft(journey.outcome)) return undefined
  const question = questionAt(context, marking.last)
  const taken = question && lookupRoute(question, world.host)
  const { out = '' } = lastPacket(context)
  return question && leadsOutOf(taken, out) ? { question, taken, out, last: marking.last } : undefined
}

/**
 * A rule has written its mark in front of the routing decision, and the routing rules are not listed: the mark may have led
 * it where it went, or have been meant to lead it elsewhere.
 */
export function mayBeLedByMark(context: Context): boolean {
  const { dst } = context.journey.packet
  const last = markingSteps(context)?.last ?? -1
  if (dst === undefined || knowsRoutingRules(context.world.host, dst)) return false
  return context.evidence.arrivals.some(
    ({ rule }, i) => i <= last && context.journey.steps[i]!.kind === 'rule' && rule !== undefined && writesMark(rule),
  )
}

/** The rule whose mark may have led it so, in front of step `last`. */
export function ledPerhapsBy(context: Context): { ref: RuleRef; mark: number } | undefined {
  const last = mayBeLedByMark(context) ? markingSteps(context)?.last : undefined
  if (last === undefined) return undefined
  for (const { ref, behind } of marksGiven(context, last)) if (behind !== 0) return { ref, mark: behind }
  return undefined
}

/** Has step `i` given it the mark? Whoever writes other bits has not. */
export const carriesBehind = (context: Context, i: number, { value, mask }: Mark): boolean => {
  const [before, behind] = [markBehind(context, i - 1), markBehind(context, i)]
  if (behind === undefined || (behind & mask) >>> 0 !== value) return false
  return before === undefined ? mayWriteBits(context, i, mask) : (before & mask) >>> 0 !== value
}

/** The rule that has given it the mark, in front of the routing decision. */
export function markingStep(context: Context, last: number, mark: Mark): { ref: RuleRef; step: number } | undefined {
  const step = context.journey.steps.findLastIndex(
    ({ kind }, i) => i <= last && kind === 'rule' && carriesBehind(context, i, mark),
  )
  const ref = step < 0 ? undefined : refAt(context, step)
  return ref && { ref, step }
}

/** Each rule up to step `last` that has given it another mark, the latest first; with the marks before and behind it. */
export function* marksGiven(
  context: Context,
  last: number,
): Generator<{ step: number; ref: RuleRef; before: number; behind: number }> {
  for (let step = last; step >= 0; step--) {
    const [before, behind] = [markBehind(context, step - 1) ?? 0, markBehind(context, step)]
    const ref = refAt(context, step)
    if (behind !== undefined && before !== behind && context.journey.steps[step]!.kind === 'rule' && ref)
      yield { step, ref, before, behind }
  }
}
