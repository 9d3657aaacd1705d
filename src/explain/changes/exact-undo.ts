/** What takes a fix of iptables back where the chain has the same rule already. */
import { applyEdit } from '../../edits/apply.ts'
import { iptablesTable } from '../../edits/draft.ts'
import { iptablesEdits } from '../../edits/later.ts'
import type { Edit, RuleEdit } from '../../model/edit.ts'
import { memo } from '../../model/memo.ts'
import type { Chain } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import type { Proposal } from './proposal.ts'
import { isOfIptables } from './variant.ts'

/** A fix takes new rules back by their words; of rules alike iptables deletes the first, which may not be the new one. */
export function withExactUndo<F extends Proposal>(fix: F, world: World): F {
  const { edits = [], undo } = fix
  // of most there is none alike, and nothing is to be tried
  if (!undo?.some((edit) => isByWords(edit) && hasAlike(edit, world))) return fix
  const exact = new Map<RuleEdit['spec'], readonly Edit[]>()
  let at = world
  for (const edit of edits.filter(isOfIptables)) {
    const applied = applyEdit(at, edit)
    if ('error' in applied) return fix
    const back = edit.kind === 'rule' ? iptablesEdits.loaded.undoRule(edit, at, applied.world) : undefined
    if (back && edit.kind === 'rule') exact.set(edit.spec, back)
    at = applied.world
  }
  return { ...fix, undo: undo.flatMap((edit) => (isByWords(edit) && exact.get(edit.spec)) || [edit]) }
}

const isByWords = (edit: Edit): edit is RuleEdit =>
  edit.kind === 'rule' && edit.op === 'delete' && edit.spec !== undefined

function hasAlike({ spec, ...place }: RuleEdit, world: World): boolean {
  const chain = iptablesTable(world, place)?.chains.get(place.chain)
  if (!chain) return false
  return textsOf(chain).has(iptablesEdits.loaded.ruleText(place.chain, spec!, place.family, place.table))
}

const textsOf = memo(({ rules }: Chain) => new Set(rules.map(({ text }) => text)))
