/** What takes a fix of iptables back where the chain has the same rule already. */
import { iptablesTable } from '../../edits/draft.ts'
import type { RuleEdit } from '../../model/edit.ts'
import type { World } from '../../model/world.ts'
import { printSpec } from '../../rules/iptables/print.ts'
import type { Proposal } from './proposal.ts'
import { isOfIptables } from './variant.ts'

/**
 * A new rule is taken back by its words, as numbers may be others by then. Of rules alike iptables deletes the first: where that
 * was there before, the new one goes by its number.
 */
export function withExactUndo<F extends Proposal>(fix: F, world: World): F {
  const { edits = [], undo } = fix
  const added = edits.filter(
    (edit): edit is RuleEdit => isOfIptables(edit) && edit.kind === 'rule' && edit.spec !== undefined,
  )
  const [first] = added
  if (!undo || !first) return fix
  const exact = undo.map((edit) => {
    if (edit.kind !== 'rule' || edit.op !== 'delete' || !edit.spec) return edit
    const { spec, ...place } = edit
    const words = printSpec(spec, edit.family, edit.table)
    const made = added.find((one) => one.chain === edit.chain && one.table === edit.table && one.spec === spec)
    const rules = iptablesTable(world, edit)?.chains.get(edit.chain)?.rules ?? []
    const twin = rules.findIndex(
      ({ iptables }) =>
        iptables?.target?.name === spec.target?.name &&
        iptables?.protocol?.value === spec.protocol?.value &&
        iptables !== undefined &&
        printSpec(iptables, edit.family, edit.table) === words,
    )
    if (twin < 0 || made?.ruleNumber === undefined || twin >= made.ruleNumber - 1) return edit
    return { ...place, ruleNumber: made.ruleNumber }
  })
  return { ...fix, undo: exact }
}
