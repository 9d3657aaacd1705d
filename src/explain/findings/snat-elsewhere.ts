import { hasAddress, isDeprecated, isLocal, linkWith } from '../../rules/fib.ts'
import { acceptBefore, changesOf, propose } from '../changes/change.ts'
import { SKIPS_NAT } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { givenSource, type Rewritten, sourceRule } from '../counterfactual/rewritten.ts'
import { hasDefaultRoute, homeOf } from '../host/routes.ts'
import { nameRef } from '../refs.ts'

/**
 * A neighbour was asked from an address that another interface has, or from one of another network, in place of one that
 * the neighbour would have replied to at once. Many a network works so; where no reply came it is worth a look.
 */
export const snatElsewhere: Detector = {
  code: 'snat-elsewhere',
  detect(context) {
    const { world, evidence, inVain } = context
    const rule = inVain === 'unanswered' ? sourceRule(context) : undefined
    if (rule?.statement?.kind !== 'snat') return []
    const { packet: asked, hook } = evidence.arrivals[rule.step]!
    const { out, dst = '' } = lastPacket(context)
    const source = givenSource(rule.statement, asked.src)
    if (source === undefined || out === undefined || isLocal(source, world.host) !== true) return []
    const beside = ofOtherUplink(context, rule, source)
    if (beside) return [beside]
    const home = homeOf(dst, world.host, out)
    if (home?.link.name !== out) return []
    const isOfSameLink = hasAddress(world.host, out, source)
    if (isOfSameLink && homeOf(source, world.host, out)?.network === home.network) return []
    // who asks from elsewhere needs some source here: replies to its own may come back even less
    const isNeighbour = asked.src !== undefined && homeOf(asked.src, world.host, out)?.link.name === out
    const { ref } = rule
    const spot = { chain: ref.chain, before: ref }
    const owner = linkWith(world.host, source)?.name
    return [
      finding(
        'snat-elsewhere',
        isNeighbour ? 'warning' : 'note',
        `${nameRef(ref)} gave it source ${source}, ${isDeprecated(source, world.host) ? 'a deprecated' : 'an'} address of ${owner ?? 'this host'}${isOfSameLink ? '' : `, but it leaves by ${out} to the neighbour ${dst}`}: the route from ${dst} to ${source} may not lead to this host${isOfSameLink ? `, which is its neighbour in ${home.network}` : ''}.`,
        {
          steps: [rule.step + 1],
          rules: [ref],
          ...(isNeighbour ? { culprit: rule.step } : {}),
          fix: isNeighbour
            ? propose(
                'do not rewrite the source of such packets',
                acceptBefore(ref, asked, hook === undefined ? {} : { hook }),
                SKIPS_NAT,
              )
            : propose(
                `give such packets the address of ${out} as source`,
                changesOf(ref).add(ref, spot, { kind: 'destination', packet: asked }, { kind: 'masquerade' }),
              ),
        },
      ),
    ]
  },
}

/** It leaves by one uplink with the address of another one: what is behind the first may take no such source, and replies come in by the second. */
function ofOtherUplink(context: Context, { ref, step }: Rewritten, source: string): Detected | undefined {
  const { world, evidence } = context
  const { links, routes = [] } = world.host
  const { out, dst = '' } = lastPacket(context)
  const owner = linkWith(world.host, source)?.name
  const isUplink = (name = '') => hasDefaultRoute(routes, name)
  const isOwn = links
    ?.find(({ name }) => name === out)
    ?.addresses?.some(({ family }) => family === (source.includes(':') ? 'ip6' : 'ip'))
  if (owner === undefined || owner === out || !isOwn || !isUplink(owner) || !isUplink(out)) return undefined
  if (homeOf(dst, world.host, out)?.link.name === out) return undefined
  const { packet } = evidence.arrivals[step]!
  const change = changesOf(ref).add(
    ref,
    { chain: ref.chain, before: ref },
    { kind: 'source', packet, to: false },
    { kind: 'masquerade' },
  )
  const message = `${nameRef(ref)} gave it source ${source}, an address of ${owner}, but it leaves by ${out}: routers behind ${out} may drop it, and replies come in by ${owner}.`
  return finding('snat-elsewhere', 'note', message, {
    steps: [step + 1],
    rules: [ref],
    fix: propose(`give such packets the address of ${out} as source`, change, `or route them out of ${owner}`),
  })
}
