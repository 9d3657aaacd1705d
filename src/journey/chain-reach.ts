/** What of a Resolver asks where chains hang, so that who asks needs not the whole of it. */
import type { Hook } from '../model/hook.ts'
import type { Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'

export interface ChainReach {
  readonly world: World
  /** The hooks whose base chains lead to this chain. */
  hooks(table: Table | undefined, chain: string): ReadonlySet<Hook>
}
