import type { Host, Route, RoutingRule } from '../../model/host.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { prefixLength } from '../../rules/prefixes.ts'
import { leadsOutOf, lookupRoute, type RouteQuestion, routeDevices, rulesFor } from '../../rules/route.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import { SKIPS_LATER } from '../changes/proposal.ts'
import { type Detector, finding } from '../context.ts'
import { isSameWay, marksGiven, wayTaken } from '../counterfactual/marked-way.ts'
import { firstLink, hasNewSource, staysUnanswered } from '../counterfactual/undeliverable.ts'
import { homeOf, isDefault } from '../host/routes.ts'
import { nameRef } from '../refs.ts'
import { hasForeignSource } from './other-source.ts'
import { pastOwnLink } from './past-neighbour.ts'
import { isSentBack } from './sent-back.ts'

/**
 * A rule's mark led it past the route that is there for its destination. Many a mark is there for that, so it is told
 * only where nothing came back, or could, to what is answered in any case.
 */
export const markedAstray: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { world, evidence } = context
    // its source was chosen for another way out: replies come in there, if any
    const isElsewhere = firstLink(context) !== undefined
    const inVain = context.inVain === 'unanswered'
    if ((!isElsewhere && !inVain && !staysUnanswered(context)) || isSentBack(context)) return []
    const way = wayTaken(context)
    if (!way) return []
    const { question, taken, out, last } = way
    for (const { step, ref, before, behind } of marksGiven(context, last)) {
      const without = { ...question, mark: before }
      const route = lookupRoute(without, world.host)
      if (route?.type !== 'unicast' || isSameWay(route, taken)) continue
      // it went by a router of the link instead of directly, which is told with the table that was asked
      if (pastOwnLink(question, taken, out, world.host) && leadsOutOf(route, out)) continue
      const ways = routeDevices(route)
      const ofSource = ruleOfSource(without, world.host)
      const isWide =
        prefixLength(route.destination) <= WIDE || prefixLength(route.destination) <= prefixLength(taken.destination)
      // either uplink leads everywhere: that a mark chooses one tells only where the exchange came to nothing
      if (isWide && !ofSource && !isOfSource(route) && !inVain) return []
      // replies to a source of another link's have nothing to do with the way
      if (isWide && hasForeignSource(context)) return []
      const { packet, hook } = evidence.arrivals[step]!
      const which = isDefault(route) ? 'default route' : `route to ${route.destination}`
      const from = isOfSource(route) ? ` from ${route.from}` : ''
      const chosen =
        ofSource && isWide ? `routing rule ${ofSource.priority} (from ${ofSource.from})` : `the ${which}${from}`
      const leads = `${chosen} sends it out of ${ways.join(' or ')}`
      const message = `${nameRef(ref)} sets mark ${hex(behind)}, so the packet leaves by ${out}. Without that mark, ${leads}.`
      // its source is of the network that it would have left by, so that is where replies come in, unless nat gave it another
      const kept = hasNewSource(context) ? undefined : question.src
      const home = kept === undefined ? undefined : homeOf(kept, world.host)?.link.name
      const isAtHome = home !== undefined && home !== out && ways.includes(home)
      // a provider's prefix, as IPv6 routers have it: other providers drop such sources
      const isForeign = kept !== undefined && isOfSource(route) && !isOfSource(taken) && staysUnanswered(context)
      const sure = !isWide || isAtHome || isForeign
      return [
        finding('wrong-way-out', sure ? 'warning' : 'note', message, {
          steps: [step + 1],
          rules: [ref],
          culprit: step,
          fix: propose(
            'do not set the mark on such packets',
            acceptBefore(ref, packet, hook === undefined ? {} : { hook }),
            SKIPS_LATER,
          ),
        }),
      ]
    }
    return []
  },
}

/** The routing rule by which packets with this source go, if that is why they go there. */
function ruleOfSource(question: RouteQuestion, host: Host): RoutingRule | undefined {
  const first = rulesFor(question, host).find(
    (rule) => typeof rule.action === 'object' && lookupRoute(question, { ...host, routingRules: [rule] }),
  )
  return first?.from !== undefined && prefixLength(first.from) > WIDE && !first.not ? first : undefined
}

/** For the sources of one network alone (`from`, IPv6's source-specific routes). */
const isOfSource = ({ from }: Route): boolean => from !== undefined && prefixLength(from) > WIDE

/** Halves of the internet, as VPNs have them, stand for all of it. */
const WIDE = 1
