import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { leadsHere, lookupRoute, routeDevices, rulesFor } from '../../rules/route.ts'
import { knowsSockets, listener } from '../../rules/sockets.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import { SKIPS_LATER } from '../changes/proposal.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { keptByMark } from '../counterfactual/kept-by-mark.ts'
import { marksGiven } from '../counterfactual/marked-way.ts'
import { isDefault } from '../host/routes.ts'
import { nameRef } from '../refs.ts'
import { isOpening, natSeen } from '../reply/request-reply.ts'

/**
 * The local route of a transparent proxy takes what has its mark, for whomever it is; and no TPROXY rule has handed the packet
 * to the proxy. So this host keeps what it was to forward, or to send.
 */
export const markedHere: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { world, ended, evidence, journey } = context
    const kept = endsHere(context) ? keptByMark(context) : undefined
    if (!kept) return []
    const { taken, question, last, onward } = kept
    for (const { step, ref, before, behind } of marksGiven(context, last)) {
      const without = lookupRoute({ ...question, mark: before }, world.host)
      if (without && leadsHere(without)) continue
      const rule = rulesFor(question, world.host).find(
        ({ action }) => typeof action === 'object' && 'table' in action && action.table === taken.table,
      )
      const by = rule ? `Routing rule ${rule.priority}` : 'A routing rule'
      const { dst = '' } = lastPacket(context)
      const { packet, hook } = evidence.arrivals[step]!
      const way = `the ${isDefault(onward) ? 'default route' : `route to ${onward.destination}`} sends it out of ${routeDevices(onward).join(' or ')}`
      return [
        finding(
          'wrong-way-out',
          'warning',
          `It ${journey.packet.in === undefined ? 'never left this host' : 'was not forwarded'}: ${nameRef(ref)} sets mark ${hex(behind)}. ${by} leads this mark to table ${taken.table}, whose local route delivers ${dst} to this host, and no TPROXY rule hands it to a proxy. Without that mark, ${way}.`,
          {
            steps: [step + 1, ended.step + 1],
            rules: [ref],
            culprit: step,
            fix: propose(
              'do not set the mark on such packets',
              acceptBefore(ref, packet, hook === undefined ? {} : { hook }),
              SKIPS_LATER,
            ),
          },
        ),
      ]
    }
    return []
  },
}

/** Stopped in INPUT, or given to a port where nothing listens: what belongs to a connection has its program here, or had it. */
function endsHere(context: Context): boolean {
  const { journey, world, ended, evidence, inVain } = context
  if (isStoppedByRule(journey.outcome)) return evidence.arrivals[ended.step]?.hook === 'input'
  const packet = lastPacket(context)
  const isRefused = inVain === 'refused' || (knowsSockets(world.host, packet.protocol) && !listener(world.host, packet))
  // what came in for another host, and its reply as well, is nobody's here
  const isForwarded = evidence.answers?.in !== undefined && packet.in !== undefined
  return journey.outcome === 'delivered' && isRefused && (isForwarded || isOpening(journey, natSeen(evidence), world))
}
