import type { RoutingRule } from '../../model/host.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { leadsOutOf, lookupRoute, routeDevices, rulesFor, tableLedTo } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import { together } from '../changes/proposal.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { ALL_BITS, isSameWay, markingSteps, questionAt } from '../counterfactual/marked-way.ts'
import { masksOf } from '../counterfactual/marks.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { addRoutingRule, deleteRoutingRule } from '../host/routes.ts'

/**
 * A routing rule's mask leaves out bits of its own mark: the kernel compares none of them (fib_rule_match), where rules of
 * netfilter would match nothing. So it also leads what has none of them.
 */
export const maskAstray: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { journey, world } = context
    const { host } = world
    const last = markingSteps(context)?.last
    if (last === undefined || !host.routes || !host.routingRules) return []
    if (!isStopped(journey.outcome) && context.inVain !== 'unanswered' && !lacksReply(context)) return []
    const question = questionAt(context, last)
    const taken = question && lookupRoute(question, host)
    const { out = '' } = lastPacket(context)
    if (!question || !leadsOutOf(taken, out)) return []
    const rule = rulesFor(question, host).find((one) => tableLedTo(one) === (taken.table || 'main'))
    if (!rule || rule.not || uncompared(rule) === 0) return []
    const mark = question.mark ?? 0
    // it was given the very mark
    if ((mark & rule.mark!) >>> 0 === rule.mark! >>> 0) return []
    const others = host.routingRules.filter((one) => one !== rule)
    const route = lookupRoute(question, { ...host, routingRules: others })
    if (route?.type !== 'unicast' || isSameWay(route, taken)) return []
    const table = tableLedTo(rule)!
    const left = hex(uncompared(rule))
    return [
      finding(
        'wrong-way-out',
        'warning',
        `Routing rule ${rule.priority} (fwmark ${hex(rule.mark!)}/${hex(rule.markMask!)}) sends it out of ${out} by table ${table}, although its mark is ${hex(mark)}: the kernel compares only the bits of the mask, and the mask leaves out ${left} of the mark. Without that rule it would leave by ${routeDevices(route).join(' or ')}.`,
        { steps: [last + 1], fix: coverMark(context, rule) },
      ),
    ]
  },
}

/** Bits of its mark that its mask does not have. */
const uncompared = ({ mark = 0, markMask = ALL_BITS }: RoutingRule): number => (mark & ~markMask) >>> 0

/** Under the mask that netfilter's rules have for this mark, if they agree; else the whole mark. */
function coverMark(context: Context, rule: RoutingRule) {
  const { markMask: _, ...exact } = rule
  const masks = masksOf(context, rule.mark!)
  const [mask = ALL_BITS] = masks.length === 1 ? masks : []
  const meant = mask === ALL_BITS ? exact : { ...rule, markMask: mask }
  return propose(
    `make routing rule ${rule.priority} compare ${mask === ALL_BITS ? 'the whole mark' : `the bits ${hex(mask)} of the mark`}`,
    together(deleteRoutingRule(rule), addRoutingRule(meant)),
    `packets without mark ${hex(rule.mark!)} then no longer use table ${tableLedTo(rule)}`,
  )
}
