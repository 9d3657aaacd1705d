/** A neighbour that does not reply may live in a network of the same addresses elsewhere: at the other end of a tunnel. */
import type { Host, Route } from '../../model/host.ts'
import { neighboursAt } from '../../rules/neighbours.ts'
import { lookupWithout, type RouteQuestion } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import { NOT_TRIED } from '../changes/proposal.ts'
import { addRoute, homeOf, hostPrefix, isDefault, isOwnTable, mainRoute, routeWords } from '../host/routes.ts'
import type { LinkHint } from './silent-link.ts'

/**
 * The route of the link's own network comes before the one that the packet would take otherwise: to a network of the same
 * addresses, or, where the link itself is the uplink, the default route through something that is sent over it.
 */
export function otherNetworkHint(host: Host, question: RouteQuestion, route: Route, out: string): LinkHint | undefined {
  const { dst } = question
  const home = homeOf(dst, host, out)
  if (home?.link.name !== out || route.gateway !== undefined || route.destination !== home.network) return undefined
  const next = lookupWithout(route, question, host)
  const { device } = next ?? {}
  if (next?.type !== 'unicast' || next.nexthops || device === undefined || device === out) return undefined
  if (isDefault(next) && !isUplink(out, question, host)) return undefined
  const { family, gateway } = next
  const table = isOwnTable(next.table) ? '' : ` of table ${next.table}`
  const leads = `${routeWords(next)}${table} leads out of ${device}`
  const known = neighboursAt(host, device, dst).find(({ state }) => state.some((one) => ANSWERS.test(one)))
  const answers = known ? `, where ${dst} is a known neighbour` : ''
  return {
    words: ` ${dst} is in the network of ${out} (${home.network}), whose route comes first. Without that route, ${leads}${answers}.`,
    fix: propose(
      `${known ? '' : `if ${dst} is behind ${device} and not on ${out}: `}send packets to ${dst} out of ${device}`,
      addRoute({
        ...{
          family,
          type: 'unicast' as const,
          destination: hostPrefix(dst),
          table: 'main',
          device,
        },
        ...(gateway === undefined || known ? {} : { gateway }),
      }),
      undefined,
      known ? NOT_TRIED : `whether ${dst} is behind ${device} is unknown here`,
    ),
  }
}

/** It was heard there lately, or is said to be there. */
const ANSWERS = /^(REACHABLE|DELAY|PROBE|PERMANENT)$/

/** Table main's way to everything, which routing rules lead others past. */
function isUplink(device: string, question: RouteQuestion, host: Host): boolean {
  const routes = (host.routes ?? []).filter((one) => isDefault(one))
  const main = mainRoute(question, { ...host, routes })
  return main?.gateway !== undefined && main.device === device
}
