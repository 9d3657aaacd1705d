/** Plays a packet in a World: the model (simulate/) anywhere, a kernel (sandbox/) where there is one. */
import type { Condition } from '../model/condition.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import type { WalkBudget } from '../rules/walk-budget.ts'
import type { Evidence } from './evidence.ts'
import type { Conclusion } from './outcome.ts'
import type { Ways } from './ways.ts'

/** What became of a simulated packet. */
export interface Played {
  evidence: Evidence
  ended: Conclusion
  /** As it left this host or was delivered; as it was at its end otherwise. */
  packet: Packet
}

/**
 * What a capture has shown of what a rule allows by itself, as a limit: another rule of the same words has its own, and of
 * that nothing is shown (undefined).
 */
export type OwnTruths = ReadonlyMap<Condition, boolean | undefined>

/** What is given besides the packet. */
export interface PlayOptions {
  /** Sent first through the same machine. */
  before?: readonly Packet[]
  /** What a capture has shown of conditions that nobody can know otherwise: in their own words, whether they hold. */
  assume?: ReadonlyMap<string, boolean>
  own?: OwnTruths
  /** Count where no listing tells. */
  ways?: Ways
  /**
   * A capture shows the packet: what it does not show of it is unknown, and an interface of which no listing shows addresses has
   * one that nobody knows. Absent: the packet has what such packets have, and what takes an unlisted address is undetermined.
   */
  isCaptured?: boolean
  /** How long chains may be walked for it, together with other tries. */
  budget?: WalkBudget
}

/** Plays packets: the model, or a kernel. */
export interface Engine {
  readonly id: 'model' | 'kernel'
  /** Sends the packet through a machine of its own, so that nothing of it stays. */
  play(world: World, packet: Packet, options?: PlayOptions): Played
}
