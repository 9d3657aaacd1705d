/** A rule was to mark it for a table of its own: the rule is for an interface that is gone, and no routing rule leads to the table either. */
import type { Condition } from '../../model/condition.ts'
import type { Host, RoutingRule } from '../../model/host.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { writesMark } from '../../rules/assign.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { linkNamed } from '../../rules/links.ts'
import { lookupRoute, questionOf, routeDevices } from '../../rules/route.ts'
import { wentAstray } from '../cause-words.ts'
import { changesOf, propose } from '../changes/change.ts'
import { allOf } from '../changes/proposal.ts'
import { type Context, type Detected, finding } from '../context.ts'
import { asks, fieldOf, isNegated, onlyFailed } from '../counterfactual/failed-condition.ts'
import { markingSteps } from '../counterfactual/marked-way.ts'
import { markGiven } from '../counterfactual/marks.ts'
import { passes, refOfSkipped, skippedRules } from '../counterfactual/skipped-rules.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { addRoutingRule, routeWords } from '../host/routes.ts'
import { unledTable } from '../host/unled-table.ts'
import { nameRef } from '../refs.ts'

/** Nobody replied on the way that it took; `packet`: as it left. */
export function markedForUnledTable(context: Context, packet: Packet, note: string | undefined): Detected[] {
  const { journey, world, ended } = context
  const { host } = world
  const marking = markingSteps(context)
  const question = questionOf(packet)
  const table = host.routingRules && unledTable(host, journey.family)
  if (!marking || !question || table === undefined || !hasLeft(journey.outcome) || !lacksReply(context)) return []
  for (const pass of passes(context)) {
    if (pass.steps[0]! > marking.last) break
    for (const passed of skippedRules(context, pass)) {
      const { rule, moment } = passed
      const mark = writesMark(rule) ? markGiven(rule) : undefined
      const miss = mark && onlyFailed(rule, moment)
      if (
        !mark ||
        !miss ||
        !isOfGone(miss.condition, host) ||
        host.routingRules!.some((one) => one.mark === mark.value)
      )
        continue
      // who marks whatever comes in may mean anything
      if (!rule.conditions.some((one) => asksDestination(one) && evaluate(one, moment) === true)) continue
      const family = journey.family === 'ip6' ? 'ip6' : 'ip'
      const lead = { family, mark: mark.value, action: { table } } as const
      const before: RoutingRule = { ...lead, priority: 1 }
      const route = lookupRoute(
        { ...question, mark: mark.value },
        { ...host, routingRules: [before, ...host.routingRules!] },
      )
      if (route?.type !== 'unicast' || route.table !== table || routeDevices(route).includes(packet.out ?? '')) continue
      const ref = refOfSkipped(context, passed)
      const way = `${routeWords(route)} of table ${table} leads out of ${routeDevices(route).join(' or ')}`
      const { sentence, ...words } = wentAstray(`${way}, and no routing rule selects that table`)
      const message = `${sentence} ${nameRef(ref)} would have set mark ${hex(mark.value)}, but only matches ${asks(miss)}, an interface that is not there.`
      return [
        finding('wrong-way-out', 'warning', message, {
          ...words,
          steps: [ended.step + 1],
          rules: [ref],
          fix: propose(
            `make the rule match such packets, and select table ${table} for their mark`,
            allOf([changesOf(ref).correct(ref, miss, moment.packet), addRoutingRule(lead)]),
            [`every packet with this mark then uses table ${table}`, ...(note ? [note] : [])].join('; '),
          ),
        }),
      ]
    }
  }
  return []
}

const isOfGone = (one: Condition, host: Host): boolean =>
  one.kind === 'compare' &&
  one.field === 'meta iifname' &&
  one.op === '==' &&
  typeof one.value === 'string' &&
  host.links !== undefined &&
  !linkNamed(host, one.value)

const asksDestination = (one: Condition): boolean => !isNegated(one) && / daddr$/.test(fieldOf(one) ?? '')
