/** A routing rule leads a packet to the very neighbour that has just forwarded it here. */

import { hasMac, neighboursAt } from '../../rules/neighbours.ts'
import { leadsOutOf, lookupRoute, questionOf } from '../../rules/route.ts'
import { changesOf, propose, spotOf } from '../changes/change.ts'
import { type Context, type Detected, finding } from '../context.ts'
import { packetRouted } from '../counterfactual/marked-way.ts'
import { leadsToSender, routeWords } from '../host/routes.ts'
import { isReplied } from '../reply/request-reply.ts'
import { type Chooser, chooserOf } from './table-chooser.ts'

interface SentBack {
  gateway: string
  mac: string
  /** How it leads there. */
  by: string
  chosen: Chooser
}

/** By its link address it came from the next hop that it is sent to. Who sits beside a router to look at packets gets them so, and has no such rule. */
function nextHopBehind(context: Context): SentBack | undefined {
  const { journey, world } = context
  const packet = packetRouted(context)
  const { in: from, out } = packet
  const { srcMac } = journey.packet
  if (journey.outcome !== 'forwarded' || from === undefined || from !== out || srcMac === undefined) return undefined
  const question = questionOf(packet)
  const route = question && lookupRoute(question, world.host)
  if (!route || !leadsOutOf(route, out) || leadsToSender(route, packet)) return undefined
  const { gateway } = route
  if (gateway === undefined || gateway === packet.dst) return undefined
  const [neighbour] = neighboursAt(world.host, out, gateway)
  if (!neighbour || !hasMac(neighbour, srcMac)) return undefined
  const chosen = chooserOf(context, question, route)
  return chosen && { gateway, mac: srcMac.toLowerCase(), by: `${routeWords(route)} of table ${route.table}`, chosen }
}

export const isSentBack = (context: Context): boolean => nextHopBehind(context) !== undefined

/** A note: what inspects packets for this host hands them back so. That they go round, their exchange tells. */
export function sentBack(context: Context): Detected[] | undefined {
  const back = nextHopBehind(context)
  if (!back) return undefined
  if (isReplied(context)) return []
  const { gateway, mac, by, chosen } = back
  const { marked, words } = chosen
  const from = { kind: 'from-link', device: context.journey.packet.in!, mac } as const
  const spot = marked && spotOf(marked.ref)
  const message = `${gateway} (MAC address ${mac}) sent it here, and ${by} sends it back to ${gateway}.${words}`
  return [
    finding('wrong-way-out', 'note', message, {
      steps: [context.ended.step + 1],
      ...(marked ? { rules: [marked.ref] } : {}),
      fix:
        marked && spot
          ? propose(
              `do not set the mark on packets that ${gateway} sends`,
              changesOf(marked.ref).add(marked.ref, spot, from, { kind: 'accept' }),
              `what ${gateway} forwards is then routed like unmarked packets; later rules of that chain do not apply to it`,
            )
          : [],
    }),
  ]
}
