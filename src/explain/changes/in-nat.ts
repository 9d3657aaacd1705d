/** Rules of nat where the rulesets have none to be put beside. */
import { baseChainsAt } from '../../journey/base-chains.ts'
import { DSTNAT } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Family } from '../../model/packet.ts'
import { isNftAlone, type World } from '../../model/world.ts'
import { isNatChain } from '../counterfactual/skipped-rules.ts'
import { nftOnly } from '../nft-only/later.ts'
import { changesOf } from './change.ts'
import type { Changing } from './proposal.ts'
import type { Chosen, Doing } from './rule-changes.ts'

/**
 * At the end of the chain where nat gives another destination. Where only nft has tables, and none of nat, its chain is made as
 * well; iptables has one in any case.
 */
export function addInNat(
  { world, family, hook }: { world: World; family: Family; hook: 'prerouting' | 'output' },
  chosen: Chosen,
  doing: Doing,
): Changing | undefined {
  if (family !== 'ip' && family !== 'ip6') return undefined
  const own = baseChainsAt(world, family, hook, true).find(({ table, chain }) => isNatChain(table, chain))
  if (own?.table.kind === 'nft') {
    const { table, chain } = own
    const ref: RuleRef = { family: table.family, table: table.name, chain: chain.name, rule: 'policy accept' }
    return changesOf(ref).add(ref, { chain: chain.name }, chosen, doing)
  }
  if (isNftAlone(world)) {
    const base = { name: hook, type: 'nat', hook, prio: DSTNAT } as const
    return nftOnly.loaded.addInNewChain(world, { family, name: 'nat' }, base, chosen, doing)
  }
  const chain = hook.toUpperCase()
  const ref: RuleRef = { family, table: 'nat', chain }
  return changesOf(ref).add(ref, { chain }, chosen, doing)
}
