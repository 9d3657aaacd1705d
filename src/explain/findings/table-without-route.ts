import type { Host, Route, RoutingRule } from '../../model/host.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { lookupRoute, type RouteQuestion, routeDevices, rulesFor } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { ALL_BITS, markingStep, markingSteps, questionAt } from '../counterfactual/marked-way.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { KERNEL_TABLES } from '../host/routes.ts'
import { addToTable } from '../host/routes-of-tables.ts'

/** A routing rule was there for such packets, and its table has no route for them, so that a later rule's led them. */
export const tableWithoutRoute: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { journey, world } = context
    const { host } = world
    const { outcome } = journey
    const isLost = outcome === 'vanished' || isStoppedByRule(outcome)
    const last = markingSteps(context)?.last
    const { out } = lastPacket(context)
    if (last === undefined || out === undefined || !(isLost || lacksReply(context))) return []
    const question = questionAt(context, last)
    const past = question && passedBy(question, host)
    if (!past || !routeDevices(past.route).includes(out)) return []
    const { rule, table, route } = past
    const { mark, markMask, priority } = rule
    const ref = mark ? markingStep(context, last, { value: mark, mask: markMask ?? ALL_BITS }) : undefined
    const why = mark ? `mark ${hex(mark)}` : `from ${rule.from}`
    const led = `table ${route.table || 'main'} routed the packet out of ${out}`
    const message = `Routing rule ${priority} (${why}) selects table ${table}, which has no route to ${question.dst}: ${led}.`
    return [
      finding('wrong-way-out', 'warning', message, {
        steps: [last + 1],
        rules: ref ? [ref.ref] : [],
        ...(ref ? { culprit: ref.step } : {}),
        fix: otherWay(past, question, host),
        doubt: 0.1,
      }),
    ]
  },
}

interface Passed {
  rule: RoutingRule
  table: string
  /** What a later rule found. */
  route: Route
}

/** The first rule for this mark or source whose table has nothing for the packet, of those in front of the one that led it. */
function passedBy(question: RouteQuestion, host: Host): Passed | undefined {
  // without tables of others, theirs were not listed
  if (!host.routes?.some(({ table }) => table === 'local')) return undefined
  let first: Omit<Passed, 'route'> | undefined
  for (const rule of rulesFor(question, host)) {
    const { family, action } = rule
    if (typeof action !== 'object' || !('table' in action) || rule.unknown) return undefined
    const route = lookupRoute(question, { ...host, routingRules: [{ family, priority: 1, action }] })
    if (route === undefined) return undefined
    if (route) return first && route.type === 'unicast' ? { ...first, route } : undefined
    const isChosen = (rule.mark || rule.from !== undefined) && !rule.not && rule.suppressPrefixLength === undefined
    if (isChosen && !KERNEL_TABLES.has(action.table)) first ??= { rule, table: action.table }
  }
  return undefined
}

/** By the only other route that leads there, which was put into another table. */
function otherWay({ table, route }: Passed, question: RouteQuestion, host: Host): Proposal[] {
  const others = (host.routes ?? []).filter(
    (one) =>
      one.family === route.family &&
      one.type === 'unicast' &&
      one.destination === route.destination &&
      routeDevices(one).join() !== routeDevices(route).join() &&
      lookupRoute(question, { ...host, routes: [{ ...one, table: 'main' }], routingRules: [] }),
  )
  const [other] = others
  if (other && others.length === 1)
    return propose(
      `give table ${table} the route out of ${routeDevices(other).join(' or ')}`,
      addToTable(other, table, host),
    )
  return [
    {
      description: `give table ${table} a route: ip route add default via GATEWAY dev DEVICE table ${table}`,
      unverified: 'the right gateway is unknown here',
    },
  ]
}
