/** A host behind this one has an address of another link's network, and a routing rule leads it out of that link, but not to this destination. */
import type { Host, RoutingRule } from '../../model/host.ts'
import { isLocal } from '../../rules/fib.ts'
import { leadsOutOf, lookupRoute, questionOf, type RouteQuestion, tableLedTo } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { isPrivate, staysUnanswered } from '../counterfactual/undeliverable.ts'
import { addRoutingRule, homeOf, hostPrefix, isDefault, KERNEL_TABLES, routeWords } from '../host/routes.ts'

/** Clouds take from each card its own addresses alone. */
export const guestLedHalf: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { journey, world, ended } = context
    const { host } = world
    const packet = lastPacket(context)
    const { src, dst, in: from, out } = packet
    if (journey.outcome !== 'forwarded' || src === undefined || src !== journey.packet.src) return []
    if (from === undefined || out === undefined || isLocal(src, host) !== false || !staysUnanswered(context)) return []
    // by no link does the internet reply to a private source
    if (dst === undefined || (isPrivate(src) && !isPrivate(dst))) return []
    const home = homeOf(src, host, out)
    const question = questionOf(packet)
    if (!home || [from, out].includes(home.link.name) || !question) return []
    const taken = lookupRoute(question, host)
    if (!leadsOutOf(taken, out) || !isDefault(taken)) return []
    const rule = ruleForOthers(question, home.link.name, host)
    if (!rule) return []
    const { priority, from: source, to } = rule
    const table = tableLedTo(rule)
    return [
      finding(
        'wrong-way-out',
        'warning',
        `It left by ${out}, through ${routeWords(taken)} of table ${taken.table || 'main'}, with its own source ${src}, which is in the network of ${home.link.name} (${home.network}): the routers behind ${out} may drop that source. Routing rule ${priority} leads packets from ${source} out of ${home.link.name} by table ${table}, but only to ${to}.`,
        {
          steps: [ended.step + 1],
          // by the other link it keeps its source
          settles: ['snat-skipped'],
          fix: propose(
            `look up table ${table} for packets from ${source} to ${dst}, too`,
            addRoutingRule({ ...rule, to: hostPrefix(dst) }),
            'a wider network behind "to" serves its other hosts, too',
          ),
        },
      ),
    ]
  },
}

/** It selects the packet but for its destination. */
const ruleForOthers = (question: RouteQuestion, device: string, host: Host): RoutingRule | undefined =>
  host.routingRules?.find((rule) => {
    const { to, ...wider } = rule
    if (to === undefined || rule.from === undefined || rule.not || rule.unknown) return false
    const table = tableLedTo(rule)
    if (table === undefined || KERNEL_TABLES.has(table)) return false
    return leadsOutOf(lookupRoute(question, { ...host, routingRules: [wider] }), device)
  })
