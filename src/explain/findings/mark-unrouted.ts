import type { Host, Route, RoutingRule } from '../../model/host.ts'
import type { Table } from '../../model/ruleset.ts'
import { writesMark } from '../../rules/assign.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { leadsHere, leadsNowhere, lookupRoute, type RouteQuestion, rulesFor, tableLedTo } from '../../rules/route.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { together } from '../changes/proposal.ts'
import type { Mark } from '../changes/rule-changes.ts'
import { setOf } from '../changes/sets.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { lookupOf } from '../counterfactual/map-keys.ts'
import { ALL_BITS, carriesBehind, isSameWay, markingSteps, questionAt } from '../counterfactual/marked-way.ts'
import { type WhyUnmarked, whyUnmarked } from '../counterfactual/marks.ts'
import { lacksReply, needsSource } from '../counterfactual/undeliverable.ts'
import { wayByMark } from '../counterfactual/way-by-mark.ts'
import { addRoutingRule, deleteRoutingRule, isDefault, leadsToSender } from '../host/routes.ts'
import { nameRef, refAt } from '../refs.ts'
import { restoresMark } from './mark-lost.ts'
import { type Asker, tellWhy } from './mark-missing.ts'
import { markedInVain } from './marked-in-vain.ts'
import { hasRunOut } from './missing-element.ts'
import { routed, unreadMark } from './unread-mark.ts'
import { takenByWideElement } from './wide-element.ts'

/** A routing rule would have led it another way, had it the mark; or no routing rule goes by the mark that it has. */
export const markUnrouted: Detector = {
  code: 'mark-missing',
  detect(context) {
    const { journey, world } = context
    const { routes, routingRules } = world.host
    const marking = markingSteps(context)
    // that rules would have accepted it there says more
    if (!routes || !routingRules || !marking || wayByMark(context)) return []
    const inVain = markedInVain(context, marking.last)
    if (inVain.length > 0) return inVain
    const question = questionAt(context, marking.last)
    const route = question && lookupRoute(question, world.host)
    if (!question || !route) return []
    // else it may well have gone where it was to go
    const unmarked = question.mark ? lookupRoute({ ...question, mark: 0 }, world.host) : undefined
    // a transparent proxy's mark leads here, whatever mark others had given it before
    if (unmarked && leadsHere(route) && !leadsHere(unmarked)) return []
    const unread = unreadMark(context, marking.last, question, route)
    if (unread.length > 0) return unread
    const sure = journey.outcome === 'vanished' || needsSource(context) === 'surely'
    const honoured = isHonoured(question, route, world.host)
    // many rules may ask for one mark
    const ways = new Map<number, Route | null | undefined>()
    for (const rule of routingRules) {
      if (rule.family !== journey.family || rule.mark === undefined || rule.not) continue
      const mark = { value: rule.mark >>> 0, mask: (rule.markMask ?? ALL_BITS) >>> 0 }
      // it has that one, and another routing rule came first
      if (question.mark !== undefined && (question.mark & mark.mask) >>> 0 === mark.value) continue
      if (!ways.has(mark.value)) ways.set(mark.value, lookupRoute({ ...question, mark: mark.value }, world.host))
      const other = ways.get(mark.value)
      // nobody is meant to have the mark of a rule that refuses, or that leads back to the sender
      if (!other || leadsNowhere(other) || leadsToSender(other, question) || isSameWay(route, other)) continue
      // the route that is there for its destination leads there without any mark: one is too many, and none is missing
      if (unmarked && !isDefault(unmarked) && isSameWay(unmarked, other)) continue
      const found = tell(context, rule, mark, marking.last, sure, honoured)
      if (found.length > 0) return found
    }
    return []
  },
}

/** A routing rule led it by the mark that it has: whoever gave it that mark meant this way, and no other mark is missing. */
const isHonoured = (question: RouteQuestion, route: Route, host: Host): boolean =>
  Boolean(rulesFor(question, host).find((one) => tableLedTo(one) === (route.table || 'main'))?.mark)

function tell(
  context: Context,
  rule: RoutingRule,
  mark: Mark,
  last: number,
  sure: boolean,
  honoured: boolean,
): Detected[] {
  const { action } = rule
  const asker: Asker = {
    ...{ name: `Routing rule ${rule.priority}`, ...mark, step: last + 1 },
    askFor: ({ value, mask }) =>
      value === mark.value ? underMask(rule, mask) : routed(rule.family, { value, mask }, action),
  }
  const why = whyUnmarked(context, mark, last + 1)
  if (honoured && (why?.kind === 'other' || (why?.kind === 'skipped' && gaveMark(context, why.step)))) return []
  if (!why || why.kind === 'nobody') return markedTooLate(context, asker, last, sure)
  // marks for others are missed by most packets
  const isTold = why.kind === 'other' || why.kind === 'lost' || why.kind === 'masked' || missesEmptySet(context, why)
  if (!sure && !isTold) return []
  const told = tellWhy(context, asker, why, true)
  // a rule gave it the mark for another way: with which source it left by this one is beside the point
  const isMeant = why.kind === 'lost' && why.setter !== undefined
  const found = isMeant ? told.map((one) => ({ ...one, settles: ['not-masqueraded'] })) : told
  return sure || (why.kind === 'lost' && restoresMark(context, why.step)) || isForThis(context, why)
    ? found
    : found.map((one) => ({ ...one, severity: 'note', fix: [] }))
}

/** What led it past the rule that sets one mark gave it another one itself. */
function gaveMark({ evidence }: Context, step: number): boolean {
  const { rule } = evidence.arrivals[step]!
  return rule !== undefined && writesMark(rule)
}

/** Nothing came back, and the mark was set for this very packet, or would have been but for a set that holds nearly every address. */
function isForThis(context: Context, why: WhyUnmarked): boolean {
  if (context.inVain !== 'unanswered' && !lacksReply(context)) return false
  if (why.kind === 'other')
    return why.instead !== undefined && takenByWideElement(context, why.step, why.instead) !== undefined
  return why.kind === 'masked' || missesEmptySet(context, why) || (why.kind === 'lost' && why.setter !== undefined)
}

/** The likeliest rule asks a set whose elements have all run out: it was not for others alone that it was there. */
function missesEmptySet(context: Context, why: WhyUnmarked): boolean {
  const lookup = why.kind === 'missed' ? lookupOf(why.missed[0]!.miss.condition) : undefined
  const set = lookup && setOf(context, lookup)
  return set !== undefined && hasRunOut(set)
}

/** The same rule in the same place, which compares these bits alone. */
const underMask = (rule: RoutingRule, mask: number): Proposal[] =>
  propose(
    `make routing rule ${rule.priority} compare only the bits ${hex(mask)} of the mark`,
    together(deleteRoutingRule(rule), addRoutingRule({ ...rule, markMask: mask >>> 0 })),
    'affects every packet that has these bits, whatever the rest of its mark is',
  )

/** A rule sets it where the way is chosen already. */
function markedTooLate(context: Context, asker: Asker, last: number, sure: boolean): Detected[] {
  const { journey, evidence } = context
  const step = journey.steps.findIndex(({ kind }, i) => i > last && kind === 'rule' && carriesBehind(context, i, asker))
  const ref = step < 0 ? undefined : refAt(context, step)
  if (!ref) return []
  const words = `${nameRef(ref)} sets the mark after the routing decision`
  const { packet, hook } = evidence.arrivals[last]!
  const table = evidence.arrivals[step]!.table
  const chain = table && chainAt(table, hook)
  const change =
    chain === undefined
      ? undefined
      : changesOf(ref).add(
          { ...ref, chain },
          { chain },
          { kind: 'such', packet, hints: hook === undefined ? {} : { hook } },
          { kind: 'mark', mark: { value: asker.value, mask: asker.mask } },
        )
  return [
    finding(
      'mark-missing',
      sure ? 'warning' : 'note',
      `${asker.name} requires mark ${hex(asker.value)}, and ${words}.`,
      {
        steps: [step + 1],
        rules: [ref],
        fix: sure ? propose(`set the mark in ${chain ?? 'an earlier chain'}`, change) : [],
      },
    ),
  ]
}

/** The table's own base chain at that hook. */
const chainAt = ({ chains }: Table, hook: string | undefined): string | undefined =>
  [...chains.values()].find((one) => one.hook === hook && one.type !== 'nat')?.name
