import { refusingRule } from '../../rules/route.ts'
import { propose } from '../changes.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import type { Proposal } from '../proposal.ts'
import { nameRef } from '../refs.ts'
import { addConnected, askRoute, deleteRoute, deleteRoutingRule, homeOf } from '../routes.ts'
import { atRouting, type Routed } from './routing.ts'

const REFUSALS: readonly unknown[] = ['unreachable', 'blackhole', 'prohibit']

/** No route to the destination, or one that says no; or a routing rule that does. */
export const vanishedNoRoute: Detector = {
  code: 'vanished-no-route',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || routed.route === undefined) return []
    const { route, dst } = routed
    if (route !== null && !REFUSALS.includes(route.type)) return []
    const rule = refusingRule(routed.question, context.world.host)
    const why = rule
      ? `routing rule ${rule.priority} says "${rule.action}" to such packets`
      : route === null
        ? `there is no route to ${dst}`
        : `the route to ${dst} is "${route.type}"`
    const sent = destinationRule(context)
    const [by, told] = sent
      ? [`, where ${nameRef(sent.ref)} sends it`, { rules: [sent.ref], culprit: sent.step }]
      : ['', {}]
    const mends: Proposal[] = rule
      ? propose(`delete routing rule ${rule.priority}`, deleteRoutingRule(rule), ALL_CHOSEN)
      : [
          ...mend(context, routed),
          {
            description: `add a route to ${dst}, then ask: ${askRoute(dst) ?? 'ip route get'}`,
            unverified: 'which gateway is not known here',
          },
        ]
    const other: Proposal[] = sent
      ? [
          {
            description: `or let ${nameRef(sent.ref)} send it elsewhere`,
            unverified: 'where it is meant to go is not known here',
          },
        ]
      : []
    return [
      finding('vanished-no-route', 'error', `Routing dropped it: ${why}${by}.`, {
        steps: [context.ended.step + 1],
        fix: [...mends, ...other],
        ...told,
      }),
    ]
  },
}

const ALL_CHOSEN = 'every packet that the rule chose goes another way then'

/** Taking away the route that says no; or the one that a link's address should have brought. */
function mend({ world }: Context, { route, dst }: Routed): Proposal[] {
  if (route) return propose(`take the ${route.type} route away`, deleteRoute(route))
  const home = homeOf(dst, world.host)
  if (!home) return []
  const { link, network } = home
  return propose(`${link.name} has an address in ${network}: give it its route back`, addConnected(home))
}
