import type { Host, Route } from '../../model/host.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { leadsOutOf, lookupRoute, questionOf, type RouteQuestion } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import { type Context, type Detected, finding } from '../context.ts'
import { staysUnanswered } from '../counterfactual/undeliverable.ts'
import { type Home, homeOf, mainRoute, routeWords } from '../host/routes.ts'
import { addToTable } from '../host/routes-of-tables.ts'
import { isAnswer, isReplied } from '../reply/request-reply.ts'
import { chooserOf, unmarked } from './table-chooser.ts'

/** The route to the link's own network, where the one taken has a router of that link as its next hop. */
export function pastOwnLink(
  question: RouteQuestion,
  { gateway, table }: Route,
  out: string,
  host: Host,
): { home: Home; main: Route } | undefined {
  const home = homeOf(question.dst, host, out)
  const main = mainRoute(question, host)
  if (table === 'main' || gateway === undefined || gateway === question.dst || home?.link.name !== out) return undefined
  return leadsOutOf(main, out) && main.gateway === undefined && !main.nexthops ? { home, main } : undefined
}

/**
 * A routing rule has led it to a table without a route to the link's own network: a neighbour gets it by way of a router,
 * which may forward it, or drop a reply to what it has not seen. That it was lost, its exchange tells.
 */
export function pastNeighbour(context: Context, packet: Packet, note: string | undefined): Detected[] {
  const { journey, world, ended } = context
  const { dst, out = '' } = packet
  const question = questionOf(packet)
  if (!hasLeft(journey.outcome) || journey.packet.in !== undefined || dst === undefined || !question) return []
  const route = lookupRoute(question, world.host)
  const past = route && leadsOutOf(route, out) ? pastOwnLink(question, route, out, world.host) : undefined
  if (!route || !past) return []
  const { gateway, table } = route
  const { home, main } = past
  const chosen = chooserOf(context, question, route)
  if (!chosen || isReplied(context)) return []
  const { marked } = chosen
  const message = `It went to the router ${gateway}, though ${dst} is in the network of ${out} (${home.network}): table ${table} sends it there by ${routeWords(route)}.${chosen.words}${isAnswer(journey.packet, world) ? ' A router that has not seen the request may drop the reply.' : ''}`
  return [
    finding('wrong-way-out', staysUnanswered(context) ? 'warning' : 'note', message, {
      steps: [ended.step + 1],
      ...(marked ? { rules: [marked.ref] } : {}),
      fix: [
        ...propose(`give table ${table} the route to ${main.destination}`, addToTable(main, table, world.host), note),
        ...(marked ? unmarked(context, marked) : []),
      ],
    }),
  ]
}
