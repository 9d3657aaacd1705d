/** Who led a packet to a routing table of its own: a routing rule, and the rule of netfilter that set the mark it matches. */
import type { Route, RoutingRule } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import { writesMark } from '../../rules/assign.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { type RouteQuestion, rulesFor, tableLedTo } from '../../rules/route.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import { type Proposal, SKIPS_LATER } from '../changes/proposal.ts'
import type { Context } from '../context.ts'
import { ALL_BITS, markingStep, markingSteps } from '../counterfactual/marked-way.ts'
import { isOwnTable } from '../host/routes.ts'
import { nameBeside, nameRef, refOf } from '../refs.ts'

export interface Marking {
  ref: RuleRef
  step: number
}

export interface Chooser {
  /** A sentence, with the blank before it. */
  words: string
  /** Absent: it does not go by a mark, or no rule of the trace set that. */
  marked?: Marking
}

/** Undefined for a table that every host has, and where no routing rule is known that chooses packets for the route's. */
export function chooserOf(
  context: Context,
  question: RouteQuestion,
  { table }: Pick<Route, 'table'>,
): Chooser | undefined {
  if (isOwnTable(table)) return undefined
  const rule = rulesFor(question, context.world.host).find((one) => tableLedTo(one) === table)
  if (!rule) return undefined
  const marked = markerOf(context, rule)
  const selector = selectorOf(rule)
  if (selector === '') return undefined
  const by = marked ? `, which ${nameRef(marked.ref)} set` : ''
  const words = ` Routing rule ${rule.priority} selects that table${selector}${by}.${marked ? cutOffBy(context, marked) : ''}`
  return marked ? { words, marked } : { words }
}

/** A rule that marks every packet and lets none go on leaves the marks behind it to nobody: it may have lost a condition. */
function cutOffBy(context: Context, { ref, step }: Marking): string {
  const { chain, rule, ending } = context.evidence.arrivals[step]!
  if (!chain || !rule || rule.conditions.length > 0 || (ending !== 'return' && ending !== 'accept')) return ''
  const behind = chain.rules.slice(rule.ruleNumber).find(writesMark)
  if (!behind) return ''
  return ` That rule matches every packet, so ${nameBeside(refOf(context, ref.table, chain, behind), ref)}, which sets a mark too, is never reached.`
}

/** The rule that gave the packet the mark that the routing rule matches. */
export function markerOf(context: Context, { mark, markMask = ALL_BITS }: RoutingRule): Marking | undefined {
  const last = mark === undefined || mark === 0 ? undefined : markingSteps(context)?.last
  return last === undefined ? undefined : markingStep(context, last, { value: mark!, mask: markMask })
}

function selectorOf({ mark, from, to, in: device, not }: RoutingRule): string {
  if (not) return ''
  if (mark) return ` for mark ${hex(mark)}`
  const ends = [from && `from ${from}`, to && `to ${to}`, device && `that came in on ${device}`].filter(Boolean)
  return ends.length > 0 ? ` for packets ${ends.join(' ')}` : ''
}

export function unmarked({ evidence }: Context, { ref, step }: Marking): Proposal[] {
  const { packet, hook } = evidence.arrivals[step]!
  const accept = acceptBefore(ref, packet, hook === undefined ? {} : { hook })
  return propose('do not set the mark on such packets', accept, SKIPS_LATER)
}
