/** Whether a packet is for this host, by what its trace shows and by the routes in host state. */
import type { World } from '../model/world.ts'
import { after } from '../rules/assign.ts'
import { keepsDestination } from '../rules/conntrack/entries.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { isLocal } from '../rules/fib.ts'
import { sentTo } from '../rules/nft/map.ts'
import { leadsHere, lookupRoute } from '../rules/route.ts'
import type { Evidence } from './evidence.ts'

/** By the routes in host state, for the destination as NAT left it; undefined where that is not known. */
export function goesToThisHost(evidence: Evidence, world: World): boolean | undefined {
  const { arrivals } = evidence
  const last = arrivals.at(-1)!
  // an entry that was there before nat was stays as it is, whatever rules say
  const nat = keepsDestination(last.packet, world)
    ? undefined
    : last.rule?.statements.find((statement) => statement.kind === 'dnat' || statement.kind === 'redirect')
  if (nat?.kind === 'redirect') return true
  const { family } = evidence.journey
  const dst = nat?.kind === 'dnat' ? sentTo(nat, { packet: last.packet, family, world }) : last.packet.dst
  if (dst === undefined) return undefined
  // what hands it to a proxy marks it, too
  const isProxied = last.rule?.statements.some(({ kind }) => kind === 'tproxy')
  const { packet } =
    isProxied && last.rule
      ? last.rule.statements.reduce((now: EvalContext, one) => after(one, now), { packet: last.packet, family, world })
      : last
  const { src, mark, in: device } = packet
  const route = lookupRoute(
    {
      dst,
      ...(src === undefined ? {} : { src }),
      ...(mark === undefined ? {} : { mark }),
      ...(device === undefined ? {} : { in: device }),
    },
    world.host,
  )
  if (route === undefined) return isLocal(dst, world.host)
  return route !== null && leadsHere(route)
}
