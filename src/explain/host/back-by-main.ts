/** Replies of one service that a routing rule for its host leads astray, led back by table main. */
import type { Host } from '../../model/host.ts'
import { leadsOutOf, lookupRoute, type RouteQuestion, rulesFor } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { addRoutingRule } from './routes.ts'

/** A routing rule for whoever was asked leads replies elsewhere, and table main would lead them back: for this service it may. */
export function backByMain({ dst, src, protocol, sport }: RouteQuestion, device: string, host: Host): Proposal[] {
  if (!host.routingRules || src === undefined || !protocol || !sport) return []
  if (!rulesFor({ dst, src, mark: 0 }, host).some(({ from }) => from !== undefined)) return []
  if (!leadsOutOf(lookupRoute({ dst, src }, { ...host, routingRules: [] }), device)) return []
  const family = 'ip'
  const ends = { from: `${src}/32`, to: `${dst}/32`, protocol, sport: [sport, sport] as [number, number] }
  return propose(
    `route replies of this service to ${dst} by table main, out of ${device}`,
    addRoutingRule({ family, ...ends, action: { table: 'main' } }),
    'affects only this client and service',
  )
}
