import type { Host, Route, RoutingRule } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { LEGACY_TOS } from '../../rules/longest-prefix.ts'
import { lookupRoute, type RouteQuestion, routeDevices, rulesFor, tableLedTo } from '../../rules/route.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import { SKIPS_LATER } from '../changes/proposal.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { isSameWay, wayTaken } from '../counterfactual/marked-way.ts'
import { staysUnanswered } from '../counterfactual/undeliverable.ts'
import { nameRef, refAt } from '../refs.ts'

/** A routing rule goes by the type of service, and no reply came by the way that it chose. Many a machine works so. */
export const tosAstray: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { world, ended } = context
    if (context.inVain !== 'unanswered' && !staysUnanswered(context)) return []
    const way = wayTaken(context)
    if (!way) return []
    const { question, taken, out, last } = way
    const rule = ruleOfTos(question, taken, world.host)
    if (!rule || question.tos === undefined) return []
    const set = tosGiven(context, last)
    const asked = { ...question, tos: set?.before ?? 0 }
    const route = lookupRoute(asked, world.host)
    if (route?.type !== 'unicast' || isSameWay(route, taken)) return []
    const bits = question.dst.includes(':') || (question.tos & ~LEGACY_TOS) === 0
    const compared = bits ? '' : ` (IPv4's routing rules compare only its bits ${hex(LEGACY_TOS)})`
    const has = set ? `${nameRef(set.ref)} set TOS ${hex(question.tos)}` : `The packet has TOS ${hex(question.tos)}`
    const without = set ? 'without that' : 'with TOS 0'
    return [
      finding(
        'wrong-way-out',
        'note',
        `${has}${compared}: routing rule ${rule.priority} (tos ${hex(rule.tos!)}) sends it out of ${out} by table ${taken.table || 'main'}; ${without} it would leave by ${routeDevices(route).join(' or ')}.`,
        {
          steps: [(set?.step ?? ended.step) + 1],
          ...(set ? { rules: [set.ref], culprit: set.step } : {}),
          fix: set ? leaveAsItCame(context, set) : [],
        },
      ),
    ]
  },
}

/** The routing rule that chose the route, if it asks for a type of service. */
function ruleOfTos(question: RouteQuestion, route: Route, host: Host): RoutingRule | undefined {
  const taken = rulesFor(question, host).find((rule) => tableLedTo(rule) === (route.table || 'main'))
  return taken?.tos && !taken.not ? taken : undefined
}

interface TosGiven {
  ref: RuleRef
  step: number
  before: number
}

/** The last rule up to step `last` that has changed it. */
function tosGiven(context: Context, last: number): TosGiven | undefined {
  const { steps } = context.journey
  for (let step = last; step >= 0; step--) {
    const change = steps[step]!.changes.find(({ field }) => field === 'tos')
    const ref = change && refAt(context, step)
    if (ref && typeof change.from === 'number') return { ref, step, before: change.from }
  }
  return undefined
}

function leaveAsItCame({ evidence }: Context, { ref, step }: TosGiven) {
  const { packet, hook } = evidence.arrivals[step]!
  return propose('do not set the TOS of such packets', acceptBefore(ref, packet, { hook }), SKIPS_LATER)
}
