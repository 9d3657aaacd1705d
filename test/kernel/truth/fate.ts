/** What became of a packet, by what arrived elsewhere: on a wire, in the router's own stack, or nowhere. */
import type { Outcome } from '../../../src/model/journey.ts'
import type { Packet } from '../../../src/model/packet.ts'
import type { Gathered } from '../lab/lab.ts'
import type { Side } from '../lab/topology.ts'
import { identityText } from './identity.ts'
import type { Traversal } from './traversals.ts'
import type { WalkedStep } from './walk.ts'

export interface Fate {
  outcome: Outcome
  /** As it arrived, with the link it came by; absent where it arrived nowhere. */
  arrived?: { at: Side | 'router'; packet: Packet }
}

/** Is that what became of it? Lines do not tell whether REJECT has answered: that is asked in nft-rare. */
export const isOutcome = (outcome: string, fate: Fate): boolean =>
  outcome === fate.outcome || (outcome === 'dropped' && fate.outcome === 'rejected')

/** Everything that arrived, by identity; each arrival is given out once. */
export class Arrivals {
  private readonly waiting = new Map<string, NonNullable<Fate['arrived']>[]>()

  constructor(gathered: readonly Gathered[]) {
    for (const { left, delivered } of gathered) {
      for (const one of left) this.add(one)
      for (const packet of delivered) this.add({ at: 'router', packet })
    }
  }

  private add(arrived: NonNullable<Fate['arrived']>): void {
    const key = identityText(arrived.packet)
    this.waiting.set(key, [...(this.waiting.get(key) ?? []), arrived])
  }

  /**
   * `all`: of all packets. Of several that nothing tells apart, what arrived is not given to one that a rule has stopped:
   * `statistic` may have dropped the first and let the second pass.
   */
  fate({ identity }: Traversal, steps: readonly WalkedStep[], all: readonly Traversal[]): Fate {
    const { ends } = steps.at(-1)!
    const stopped = ends === 'accepted' || ends === 'goes on' ? undefined : ends
    if (stopped && all.filter((one) => one.identity === identity).length > 1) return { outcome: stopped }
    const arrived = this.waiting.get(identity)?.shift()
    if (arrived?.at === 'router') return { outcome: 'delivered', arrived }
    if (arrived) return { outcome: steps[0]!.hook === 'output' ? 'sent' : 'forwarded', arrived }
    return { outcome: stopped ?? 'vanished' }
  }

  /** What arrived and no fate took: packets that were not traced. */
  get left(): NonNullable<Fate['arrived']>[] {
    return [...this.waiting.values()].flat()
  }
}
