import { baseChainsAt } from '../../journey/base-chains.ts'
import type { Route } from '../../model/host.ts'
import type { Chain, Table } from '../../model/ruleset.ts'
import { leadsOutOf, lookupRoute } from '../../rules/route.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { changesOf } from '../changes/change.ts'
import { giveOwnSource } from '../changes/own-source.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { graphOf } from '../counterfactual/chain-graph.ts'
import { isKnownThere } from '../counterfactual/known-there.ts'
import { SOURCE } from '../counterfactual/rewritten.ts'
import { isNatChain } from '../counterfactual/skipped-rules.ts'
import { isPrivate, rewritesSources } from '../counterfactual/undeliverable.ts'
import { homeOf, hostPrefix } from '../host/routes.ts'
import { endOf, nameChain, placeAt } from '../refs.ts'
import { isOpening, isReplied } from '../reply/request-reply.ts'
import { notMasqueraded } from './not-masqueraded.ts'

/**
 * It went on with a private source, and nat leads to a chain that somebody keeps for rewriting sources, which is empty:
 * those who fill it have not, or have done so for the other IP version alone.
 */
export const emptyNatChain: Detector = {
  code: notMasqueraded.code,
  detect(context) {
    const { journey, evidence, world, ended } = context
    const { family, outcome } = journey
    const { src, dst, out } = lastPacket(context)
    if (outcome !== 'forwarded' || (family !== 'ip' && family !== 'ip6') || !isOpening(journey, evidence.nat, world))
      return []
    if (src === undefined || dst === undefined || !isPrivate(src) || homeOf(src, world.host, out)?.link.name === out)
      return []
    if (isReplied(context) || rewritesSources(context) !== false || hasWayBack(context)) return []
    const found = emptyChainOf(context, family)
    if (!found) return []
    const { table, chain } = found
    const end = placeAt(table, endOf(table, chain))
    const name = nameChain(end)
    const twin = hasTwin(context, found)
      ? ` (only the ${family === 'ip' ? 'IPv6' : 'IPv4'} chain of that name has rules)`
      : ''
    const left = `It left for ${dst} with the private source ${src}. Chain ${name} has no rules${twin}: nothing rewrites sources`
    return [
      finding(
        'not-masqueraded',
        'note',
        `${left}. Unless ${dst} has a route to ${src} through this host, no reply comes back.`,
        {
          steps: [ended.step + 1],
          rules: [endOf(table, chain)],
          fix: giveOwnSource(
            context,
            changesOf(end).add(
              end,
              { chain: chain.name },
              { kind: 'source', packet: lastPacket(context), to: false },
              { kind: 'masquerade' },
            ),
            `${dst} has no route to ${src}`,
          ),
        },
      ),
    ]
  },
}

/** It has sent to that source before; or is alone on a link of its own, as the source is, so that this host is all it has. */
function hasWayBack(context: Context): boolean {
  const { host } = context.world
  const packet = lastPacket(context)
  const { src = '', dst = '', in: from, out } = packet
  const isAlone = (address: string, device: string | undefined) => {
    const route = lookupRoute({ dst: address }, host)
    if (route?.destination !== hostPrefix(address) || route.gateway !== undefined) return false
    const isOther = (one: Route) => one !== route && one.type === 'unicast' && one.family === route.family
    return leadsOutOf(route, device) && !host.routes?.some((one) => isOther(one) && leadsOutOf(one, device))
  }
  return isKnownThere(packet, host) || (from !== out && isAlone(src, from) && isAlone(dst, out))
}

/** Which nat of POSTROUTING leads to. */
function emptyChainOf({ world }: Context, family: 'ip' | 'ip6'): { table: Table; chain: Chain } | undefined {
  for (const { table, chain: base } of baseChainsAt(world, family, 'postrouting', true)) {
    if (!isNatChain(table, base)) continue
    for (const name of graphOf(table, world.sets).reachableFrom(base)) {
      const chain = table.chains.get(name)
      if (chain?.rules.length === 0) return { table, chain }
    }
  }
  return undefined
}

/** The chain of that name rewrites sources in the other IP version. */
const hasTwin = ({ world }: Context, { table, chain }: { table: Table; chain: Chain }): boolean =>
  world.tables.some(
    (one) =>
      one !== table &&
      one.name === table.name &&
      one.chains.get(chain.name)?.rules.some((rule) => SOURCE.includes(verdictOf(rule).text)),
  )
