/** What hangs on a hook, in the order of priorities. */
import type { PreparedChain } from '../rules/prepared-chain.ts'
import type { TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'

export interface Hooked {
  priority: number
  run(machine: Simulator, skb: Skb): TableVerdict
}

/** NAT's own hook, with the chains that it asks. */
export interface NatHook extends Hooked {
  chains: readonly PreparedChain[]
}
