import { baseChainsAt } from '../../journey/base-chains.ts'
import type { Walk } from '../../rules/walk.ts'
import { changesOf, propose } from '../changes/change.ts'
import { type Context, type Detector, describeEnd, finding, lastPacket, momentAt } from '../context.ts'
import { isNegated, namesDestination } from '../counterfactual/failed-condition.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { isNatChain } from '../counterfactual/skipped-rules.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { onwards } from '../counterfactual/what-if.ts'
import { nameRef, refOf } from '../refs.ts'
import { neighbourFailed } from './neighbour-failed.ts'
import { destinationOf } from './other-nat.ts'

/**
 * A rule sends it to an address that another rule of nat would translate, as to that of a service: the kernel sets up NAT
 * once per connection and end (nf_nat_inet_fn), so nobody translates what was translated.
 */
export const natOnce: Detector = {
  code: 'dnat-skipped',
  detect(context) {
    const taken = isLost(context) ? destinationRule(context) : undefined
    const { hook, packet, rule } = context.evidence.arrivals[taken?.step ?? -1] ?? {}
    const { family } = context.journey
    if (!taken || !hook || !packet || (family !== 'ip' && family !== 'ip6')) return []
    const { dst, dport } = lastPacket(context)
    if (dst === undefined || dport === undefined || (dst === packet.dst && dport === packet.dport)) return []
    const moment = momentAt(context, taken.step)
    const sent = { ...moment, packet: { ...moment.packet, dst, dport } }
    for (const { table, chain } of baseChainsAt(context.world, family, hook, true)) {
      if (!isNatChain(table, chain)) continue
      const walked = onwards(context, table, [{ chain, index: 0 }], sent)
      const to = destinationOf(walked)
      const { last } = walked
      if (!to || !last || last.rule === rule || !isForAddress(walked)) continue
      const address = to.addresses![0]
      const ports: readonly [number, number] = to.ports ?? [dport, dport]
      const [first, end] = ports
      if (first !== end || (address === dst && first === dport)) continue
      const ref = refOf(context, table.name, last.chain, last.rule)
      const message = `${nameRef(taken.ref)} rewrites its destination to ${describeEnd(dst, dport)}, so ${nameRef(ref)} does not rewrite it to ${describeEnd(address, first)}: the kernel sets up NAT once per connection.`
      return [
        finding('dnat-skipped', 'warning', message, {
          steps: [taken.step + 1],
          rules: [taken.ref, ref],
          culprit: taken.step,
          fix: propose(
            `rewrite the destination of such packets to ${describeEnd(address, first)} before ${nameRef(taken.ref)}`,
            changesOf(taken.ref).add(
              taken.ref,
              { chain: taken.ref.chain, before: taken.ref },
              { kind: 'destination', packet },
              { kind: 'dnat', to: { address, port: first } },
            ),
            `when ${nameRef(ref)} changes, this rule does not`,
          ),
        }),
      ]
    }
    return []
  },
}

/** Who forwards a port of whatever address means packets as they come in, not what another rule makes of them. */
const isForAddress = ({ matched }: Walk): boolean =>
  matched.some(
    ({ rule: { conditions, statements } }) =>
      conditions.some((one) => namesDestination(one) && !isNegated(one)) ||
      statements.some((one) => 'map' in one && one.map?.fields.some((field) => / daddr$/.test(field))),
  )

/** Many an address that is translated elsewhere has a host as well: what got a reply needed nothing more. */
const isLost = (context: Context): boolean =>
  context.inVain !== undefined ||
  context.journey.outcome === 'vanished' ||
  lacksReply(context) ||
  neighbourFailed.detect(context).length > 0
