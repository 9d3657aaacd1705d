/** Where `iptables` speaks to the other of the kernel's two packet filters than the one whose rules are meant. */
import type { ChainEdit, Edit, IptablesVariant, RuleEdit } from '../../model/edit.ts'
import { findTable, type World } from '../../model/world.ts'
import type { Proposal } from './proposal.ts'

export const isOfIptables = (edit: Edit): edit is RuleEdit | ChainEdit => edit.kind === 'rule' || edit.kind === 'chain'

/** The fix by `iptables-legacy` or `iptables-nft`, where only that changes these rules. */
export function withVariant<F extends Proposal>(fix: F, world: World): F {
  const { edits, undo } = fix
  if (!edits?.some((edit) => variantOf(edit, world))) return fix
  const named = (edit: Edit): Edit => {
    const backend = variantOf(edit, world)
    return backend ? ({ ...edit, backend } as Edit) : edit
  }
  return { ...fix, edits: edits.map(named), ...(undo ? { undo: undo.map(named) } : {}) }
}

function variantOf(edit: Edit, world: World): IptablesVariant | undefined {
  if (!isOfIptables(edit)) return undefined
  const wanted = findTable(world, edit.family, edit.table)?.backend
  const plain = plainVariant(edit, world)
  return wanted === undefined || plain === undefined || wanted === plain ? undefined : wanted
}

/** Which of the two `iptables`, or `ip6tables`, calls on this host; undefined: nobody knows. */
export const plainVariant = ({ family }: RuleEdit | ChainEdit, { host }: World): IptablesVariant | undefined =>
  host.tools?.[family === 'ip6' ? 'ip6tables' : 'iptables']?.backend
