/** Where `iptables` speaks to the other of the kernel's two packet filters than the one whose rules are meant. */
import type { ChainEdit, Edit, RuleEdit } from '../../model/edit.ts'
import { findTable, type World } from '../../model/world.ts'
import type { Proposal } from './proposal.ts'

export const isOfIptables = (edit: Edit): edit is RuleEdit | ChainEdit => edit.kind === 'rule' || edit.kind === 'chain'

/** The fix for `iptables-legacy` or `iptables-nft`, where only that changes these rules. */
export function withVariant<F extends Proposal>(fix: F, world: World): F {
  const edit = fix.edits?.find(isOfIptables)
  if (!edit) return fix
  const wanted = findTable(world, edit.family, edit.table)?.backend
  const plain = world.host.tools?.[edit.family === 'ip6' ? 'ip6tables' : 'iptables']?.backend
  return wanted === undefined || plain === undefined || wanted === plain ? fix : { ...fix, variant: wanted }
}
