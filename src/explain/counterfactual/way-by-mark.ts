/** A packet that was stopped where it leaves by one interface, and would not be by another: a mark leads there that it lacks. */
import type { RoutingRule } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import { lookupRoute, type RouteQuestion, routeDevices } from '../../rules/route.ts'
import { type Walk, walk } from '../../rules/walk.ts'
import { type Context, momentAt } from '../context.ts'
import { leadsToSender } from '../host/routes.ts'
import { type Goal, goals } from './goals.ts'
import type { Mark } from './mark-behind.ts'
import { isForOthers } from './marked-for-others.ts'
import { ALL_BITS, isSameWay, markingSteps, questionAt } from './marked-way.ts'
import { type WhyUnmarked, whyUnmarked } from './marks.ts'

export interface WayByMark {
  goal: Goal
  /** Leads packets with the mark there. */
  rule: RoutingRule
  mark: Mark
  /** The interface by which the packet would be let go. */
  device: string
  /** What the table that stopped the packet does with it there. */
  then: Walk
  /** Why the packet lacks the mark. */
  why: WhyUnmarked
  /** The last step in front of the routing decision. */
  last: number
}

/** The one by which the packet was meant to go; undefined where no rule would have marked it, had one thing been otherwise. */
export const wayByMark = memo(findWay)

export const deviceByMark = (context: Context): string | undefined => wayByMark(context)?.device

function findWay(context: Context): WayByMark | undefined {
  const { world, evidence, ended } = context
  const { routes, routingRules } = world.host
  const { out } = evidence.arrivals[ended.step]?.packet ?? {}
  // chains at OUTPUT see the interface that was chosen first, whatever mark others there set (nf_hook_state's out)
  const goal = goals(context).find(({ kind, mendable, pass }) => kind === 'pass' && mendable && pass.hook !== 'output')
  const marking = markingSteps(context)
  if (!routes || !routingRules || !marking || !goal || out === undefined) return undefined
  const question = questionAt(context, marking.last)
  const taken = question && lookupRoute(question, world.host)
  if (!question || !taken || !routeDevices(taken).includes(out)) return undefined
  const unmarked = lookupRoute({ ...question, mark: 0 }, world.host)
  /** A rule has marked it for another way on purpose. */
  const isMarked = question.mark !== 0 && !(unmarked && isSameWay(taken, unmarked))
  for (const { rule, mark, marked, device } of markedWays(context, question, out)) {
    const then = wouldMeet(context, goal, device, marked)
    if (!goal.wanted(then)) continue
    const why = whyUnmarked(context, mark, marking.last)
    if (!why || why.kind === 'nobody' || (why.kind === 'other' && isMarked) || isForOthers(context, why)) continue
    return { goal, rule, mark, device, then, why, last: marking.last }
  }
  return undefined
}

interface MarkedWay extends Pick<WayByMark, 'rule' | 'mark' | 'device'> {
  /** What its mark would be. */
  marked: number
}

/** Where routing rules would lead it, had it their marks: out of another interface than `out`. Each mark once. */
export function* markedWays(
  { journey, world: { host } }: Context,
  question: RouteQuestion,
  out: string,
): Generator<MarkedWay> {
  const tried = new Set<string>()
  for (const rule of host.routingRules ?? []) {
    if (rule.family !== journey.family || !rule.mark || rule.not) continue
    const mark = { value: rule.mark >>> 0, mask: (rule.markMask ?? ALL_BITS) >>> 0 }
    const key = `${mark.value}/${mark.mask}`
    if (tried.has(key)) continue
    tried.add(key)
    const marked = (((question.mark ?? 0) & ~mark.mask) | mark.value) >>> 0
    const route = lookupRoute({ ...question, mark: marked }, host)
    const [device, ...others] = route?.type === 'unicast' && !leadsToSender(route, question) ? routeDevices(route) : []
    if (device !== undefined && others.length === 0 && device !== out) yield { rule, mark, marked, device }
  }
}

/** The table that stopped the packet, had it left by that interface. */
export function wouldMeet(context: Context, { pass }: Goal, out: string, mark: number): Walk {
  const there = momentAt(context, pass.steps[0]!)
  const moment = { ...there, packet: { ...there.packet, out, mark } }
  return walk(pass.table, [{ chain: pass.base, index: 0 }], moment, context.budget)
}
