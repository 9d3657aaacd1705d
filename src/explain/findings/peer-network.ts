/** A rule accepts what comes from one network of this host: the same for the network that the packet comes from. */
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Context } from '../context.ts'
import { wantedBy } from '../counterfactual/distance.ts'
import { fieldOf } from '../counterfactual/failed-condition.ts'
import { goals } from '../counterfactual/goals.ts'
import { nearMisses } from '../counterfactual/near-misses.ts'
import { asksPeerNetwork } from '../counterfactual/peer-network.ts'
import { refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { nameRef } from '../refs.ts'

/** Wider than a rule for such packets alone, and what the rule's writer is likelier to want. */
export function acceptPeerNetwork(context: Context): Proposal[] {
  for (const goal of goals(context)) {
    if (goal.kind !== 'pass' || !goal.mendable) continue
    for (const one of nearMisses(context, goal)) {
      const { condition } = one.miss
      const { packet } = one.moment
      if (!asksPeerNetwork(condition, packet, context.world.host)) continue
      const ref = refOfSkipped(context, one)
      const comes = fieldOf(condition) === 'meta iifname'
      const [from, device] = comes ? ['from', packet.in] : ['to', packet.out]
      const [asked] = wantedBy(condition)
      return propose(
        `accept the same ${from} ${device} as ${from} ${asked}`,
        changesOf(ref).alike(ref, { chain: ref.chain, before: ref }, one.miss, packet),
        `opens ${from} ${device} whatever ${nameRef(ref)} accepts ${from} ${asked}`,
      )
    }
  }
  return []
}
