import type { Route } from '../../model/host.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { prefixLength } from '../../rules/prefixes.ts'
import {
  leadsOutOf,
  lookupRoute,
  questionOf,
  routeDevices,
  ruleMatches,
  rulesFor,
  tableLedTo,
} from '../../rules/route.ts'
import { type Context, type Detected, finding } from '../context.ts'
import { isPrivate, lacksReply } from '../counterfactual/undeliverable.ts'
import { isDefault, isOwnTable } from '../host/routes.ts'
import { isReplied } from '../reply/request-reply.ts'
import { isOfUplink, ruleTaken } from './own-source.ts'
import { earlier } from './unread-mark.ts'

/**
 * Of two routing rules that match the packet the first one's table has the default route alone for it, and the second one's a
 * nearer route out of another interface. Table main is told by itself.
 */
export function ruleTooLate(context: Context, packet: Packet): Detected[] {
  const { journey, world, ended } = context
  const { host } = world
  const { dst = '', out } = packet
  const question = questionOf(packet)
  if (!hasLeft(journey.outcome) || out === undefined || !question || isReplied(context)) return []
  const taken = lookupRoute(question, host)
  if (taken?.type !== 'unicast' || !isDefault(taken) || !leadsOutOf(taken, out)) return []
  const first = ruleTaken(question, host)
  const chosen = taken.table || 'main'
  if (!first || first.priority < 2 || tableLedTo(first) !== chosen) return []
  for (const later of rulesFor(question, host).filter((one) => ruleMatches(one, question, host))) {
    const table = tableLedTo(later)
    if (later.priority <= first.priority || table === undefined || isOwnTable(table)) continue
    // unread-mark.ts
    if (later.mark !== undefined && isOwnTable(chosen)) continue
    const meant = lookupRoute(question, { ...host, routingRules: [later] })
    if (meant?.type !== 'unicast' || isForAnyone(meant) || routeDevices(meant).includes(out)) continue
    const family = journey.family === 'ip6' ? 'ip6' : 'ip'
    const isLost = lacksReply(context) || (isPrivate(dst) && isOfUplink(out, host, family))
    const message = `It left by ${out}: routing rule ${first.priority} matches first and selects table ${chosen}, where only the default route leads to ${dst}. Routing rule ${later.priority} matches too and comes later: it selects table ${table}, which has the route to ${meant.destination} through ${routeDevices(meant).join(' or ')}.`
    return [
      finding('wrong-way-out', isLost ? 'warning' : 'note', message, {
        steps: [ended.step + 1],
        fix: earlier(later, first, `affects every packet that routing rule ${later.priority} matches`),
      }),
    ]
  }
  return []
}

/** The default route, or the half of it that a VPN sets in its place. */
const isForAnyone = ({ destination }: Route): boolean => prefixLength(destination) <= 1
