/** A rule set a mark for a routing rule that is not there, or that stands behind the one of the main table. */
import type { Host, Route, RoutingRule } from '../../model/host.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import {
  asksForMark,
  leadsNowhere,
  lookupRoute,
  type RouteQuestion,
  routeDevices,
  ruleMatches,
  rulesFor,
  tableLedTo,
} from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import { type Proposal, together } from '../changes/proposal.ts'
import type { Mark } from '../changes/rule-changes.ts'
import { type Context, type Detected, finding } from '../context.ts'
import { goals } from '../counterfactual/goals.ts'
import { ALL_BITS, isSameWay, markingStep } from '../counterfactual/marked-way.ts'
import { asked, markGiven } from '../counterfactual/marks.ts'
import { lacksReply, needsSource } from '../counterfactual/undeliverable.ts'
import { wouldMeet } from '../counterfactual/way-by-mark.ts'
import { addRoutingRule, deleteRoutingRule, isOwnTable } from '../host/routes.ts'
import { unledTable } from '../host/unled-table.ts'
import { nameRef } from '../refs.ts'

/** It has a mark that nobody reads, and there is a table that nobody leads to; or who reads it is not asked. */
export function unreadMark(context: Context, last: number, question: RouteQuestion, taken: Route): Detected[] {
  const { journey, world, evidence } = context
  const { routingRules = [] } = world.host
  const mark = (question.mark ?? 0) >>> 0
  const marking = mark === 0 ? undefined : markingStep(context, last, { value: mark, mask: ALL_BITS })
  if (!marking) return []
  const { ref, step } = marking
  const readers = routingRules.filter((one) => one.family === journey.family && !one.not && asksForMark(one, mark))
  const reader = readers.find((one) => ruleMatches(one, question, world.host))
  // who reads it, and chooses by more than the mark, may mean others
  if (readers.length > 0 && !reader) return []
  const family = journey.family as RoutingRule['family']
  const rule = evidence.arrivals[step]!.rule
  const given = (rule && markGiven(rule))?.mask ?? ALL_BITS
  const bits: Mark = { value: (mark & given) >>> 0, mask: given }
  const table = reader ? tableLedTo(reader) : unledTable(world.host, family)
  if (table === undefined || isOwnTable(table)) return []
  const first = reader && askedBefore(reader, question, taken, world.host)
  if (reader && !first) return []
  const led: RoutingRule = { family, priority: 1, mark: bits.value, markMask: bits.mask, action: { table } }
  const way = lookupRoute(question, { ...world.host, routingRules: [...routingRules, led] })
  const sure =
    journey.outcome === 'vanished' || needsSource(context) === 'surely' || isAcceptedBy(context, way, taken, mark)
  // a mark may be for other rules than those of routing
  const isLost = context.inVain === 'unanswered' || lacksReply(context)
  if (!sure && !(isLost && way && !isSameWay(way, taken))) return []
  if (!reader && !isAcceptedBy(context, way, taken, mark) && asked(context, bits) > 0) return []
  const told = reader
    ? `routing rule ${reader.priority}, which matches it and selects table ${table}, comes after routing rule ${first!.priority}, which selects table main: that one has a route for it`
    : `no routing rule matches it, and none selects table ${table}`
  return [
    finding('mark-missing', 'warning', `${nameRef(ref)} set mark ${hex(mark)}, and ${told}.`, {
      steps: [step + 1],
      rules: [ref],
      fix: reader ? earlier(reader, first!, 'affects every packet with this mark') : routed(family, bits, { table }),
      // a rule marked it for another way: with which source it left by this one is beside the point
      ...(way && !isSameWay(way, taken) ? { settles: ['not-masqueraded'] } : {}),
      // what rules do for another mark says less than the way that this one was to lead
      doubt: reader ? -0.1 : 0.1,
    }),
  ]
}

/** The rule of the main table, where that comes first and has the route that was taken. */
function askedBefore(reader: RoutingRule, question: RouteQuestion, taken: Route, host: Host): RoutingRule | undefined {
  if ((taken.table || 'main') !== 'main') return undefined
  return rulesFor(question, host).find((one) => tableLedTo(one) === 'main' && one.priority < reader.priority)
}

/** Where the other way leads, the chain that stopped the packet would let it go. */
function isAcceptedBy(context: Context, way: Route | null | undefined, taken: Route, mark: number): boolean {
  const goal = goals(context).find(({ kind, mendable, pass }) => kind === 'pass' && mendable && pass.hook !== 'output')
  if (!goal || !way || leadsNowhere(way) || isSameWay(way, taken)) return false
  const [device, ...others] = routeDevices(way)
  return device !== undefined && others.length === 0 && goal.wanted(wouldMeet(context, goal, device, mark))
}

export function routed(
  family: RoutingRule['family'],
  { value, mask }: Mark,
  action: RoutingRule['action'],
): Proposal[] {
  const bits = mask >>> 0 === ALL_BITS ? {} : { markMask: mask >>> 0 }
  const table = tableLedTo({ action })
  if (table === undefined || value === 0) return []
  const change = addRoutingRule({ family, mark: value >>> 0, ...bits, action: { table } })
  return propose(`use table ${table} to route packets with this mark`, change, 'affects every packet with this mark')
}

/** In front of the one that is asked now. `affects`: whom else, as a note. */
export const earlier = (reader: RoutingRule, first: RoutingRule, affects: string): Proposal[] =>
  propose(
    `move routing rule ${reader.priority} before routing rule ${first.priority}`,
    together(deleteRoutingRule(reader), addRoutingRule({ ...reader, priority: first.priority - 1 })),
    affects,
  )
