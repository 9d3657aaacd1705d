import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import { forwardsBroadcasts, LIMITED_BROADCAST } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { lookupRoute, questionOf, routeDevices } from '../../rules/route.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { nameRef } from '../refs.ts'
import { atRouting } from './routing.ts'

/**
 * A machine has the broadcast address of its own network: routing takes such a packet for this host (net/ipv4/route.c,
 * RTN_BROADCAST), and TCP takes no broadcast (tcp_conn_request, net/ipv4/tcp_ipv4.c). Others are lost where nat sent them.
 */
export const toBroadcast: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { journey, world, ended } = context
    const { host } = world
    const { outcome, family } = journey
    if (family !== 'ip' || isStoppedByRule(outcome) || outcome === 'forwarded') return []
    const last = lastPacket(context)
    const packet = { ...last, ...(atRouting(context)?.packet ?? {}) }
    const { dst, protocol } = packet
    const rule = destinationRule(context)
    if (dst === undefined || dst === LIMITED_BROADCAST || forwardsBroadcasts(host, packet.in)) return []
    const isTcp = protocol === 'tcp'
    // what goes out to all hosts there may be meant to
    if (!isTcp && (!rule || outcome === 'sent')) return []
    const question = questionOf(packet)
    const route = question && lookupRoute(question, host)
    if (route?.type !== 'broadcast') return []
    const [device] = routeDevices(route)
    const link = linkNamed(host, device)
    const own = link?.addresses?.find(({ broadcast, prefixLength }) => broadcast === dst && prefixLength < 31)
    const where = `${dst}, the broadcast address of ${device}${own ? ` (${own.address}/${own.prefixLength})` : ''}`
    const what =
      outcome === 'sent'
        ? 'The kernel sends it to all hosts there'
        : 'The kernel delivers it to this host and forwards it to nobody'
    return [
      finding(
        'wrong-way-out',
        // a program of this host may take it
        isTcp ? 'error' : 'warning',
        `${rule ? `${nameRef(rule.ref)} rewrites its destination to` : 'It is for'} ${where}. ${what}${isTcp ? '; TCP ignores broadcasts' : ''}.`,
        {
          steps: [rule ? rule.step + 1 : ended.step + 1],
          rules: rule ? [rule.ref] : [],
          ...(rule ? { culprit: rule.step } : {}),
          fix: [
            {
              description: `give the machine that should get the packet an address other than ${dst}${rule ? ', and make the rule use that address' : ''}`,
              unverified: 'this is not a netfilter change',
            },
          ],
        },
      ),
    ]
  },
}
