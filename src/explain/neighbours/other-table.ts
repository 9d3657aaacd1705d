/** A next hop that does not reply may be that of a table which an older routing rule still selects: a later one selects the right table. */
import type { Host, Route, RoutingRule } from '../../model/host.ts'
import { neighboursAt } from '../../rules/neighbours.ts'
import { lookupRoute, type RouteQuestion, rulesFor, tableLedTo } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import type { Context } from '../context.ts'
import { chooserOf } from '../findings/table-chooser.ts'
import { deleteRoutingRule, isOwnTable } from '../host/routes.ts'
import type { LinkHint } from './silent-link.ts'

/** Which routing rule led the packet to that next hop, and where the others lead, if that is on the same link. */
export function otherTableHint(
  context: Context,
  question: RouteQuestion,
  { table }: Route,
  out: string,
): LinkHint | undefined {
  const { host } = context.world
  const chosen = isOwnTable(table) ? undefined : rulesFor(question, host).find((one) => tableLedTo(one) === table)
  if (!chosen) return undefined
  const by = chooserOf(context, question, { table })?.words ?? ''
  const words = ` Its route is in table ${table}.${by}`
  const next = lookupRoute(question, withoutIt(host, chosen))
  // by another link it would leave with the address of this one
  if (next?.type !== 'unicast' || next.nexthops || next.device !== out || next.gateway === undefined)
    return { words, fix: [] }
  const replies = neighboursAt(host, out, next.gateway).some(({ state }) => state.some((one) => HEARD.test(one)))
  if (!replies) return { words, fix: [] }
  // one that selects less than the next, or something else, is there on purpose: a firewall or a proxy on the same link may be its next hop
  const isLeftOver = rulesFor(question, host).some(
    (one) => one !== chosen && tableLedTo(one) === next.table && selectorOf(one) === selectorOf(chosen),
  )
  return {
    words: `${words} Without that routing rule, table ${next.table} leads to ${next.gateway} on ${out}, which has replied.`,
    fix: isLeftOver
      ? propose(
          `if routing rule ${chosen.priority} is left over from an earlier configuration, delete it`,
          deleteRoutingRule(chosen),
          'affects everything that the routing rule selects',
        )
      : [],
  }
}

/** It was heard there lately; a permanent entry says nothing of that. */
const HEARD = /^(?:REACHABLE|DELAY|PROBE)$/

const selectorOf = ({ priority: _, action: __, ...selector }: RoutingRule): string =>
  JSON.stringify(Object.entries(selector).sort(([a], [b]) => (a < b ? -1 : 1)))

const withoutIt = (host: Host, rule: RoutingRule): Host => ({
  ...host,
  routingRules: (host.routingRules ?? []).filter((one) => one !== rule),
})
