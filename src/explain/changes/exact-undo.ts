/** What takes a fix of iptables back where the chain has the same rule already. */
import { iptablesTable } from '../../edits/draft.ts'
import type { RuleEdit } from '../../model/edit.ts'
import type { IptablesSpec } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { printSpec } from '../../rules/iptables/print.ts'
import type { Proposal } from './proposal.ts'

/**
 * A new rule is taken back by its words, as numbers may be others by then. Of rules alike iptables deletes the first: where that
 * was there before, the new one goes by its number.
 */
export function withExactUndo<F extends Proposal>(fix: F, world: World): F {
  const { edits, undo } = fix
  const exact = undo?.map((edit) => {
    if (edit.kind !== 'rule' || edit.op !== 'delete' || !edit.spec) return edit
    const { spec, ...place } = edit
    const ruleNumber = edits?.find((one): one is RuleEdit => one.kind === 'rule' && one.spec === spec)?.ruleNumber
    if (ruleNumber === undefined) return edit
    const words = wordsOf(spec, edit)
    const before = iptablesTable(world, edit)
      ?.chains.get(edit.chain)
      ?.rules.slice(0, ruleNumber - 1)
    return before?.some(({ iptables }) => iptables && wordsOf(iptables, edit) === words)
      ? { ...place, ruleNumber }
      : edit
  })
  return exact ? { ...fix, undo: exact } : fix
}

const wordsOf = (spec: IptablesSpec, { family, table }: RuleEdit): string => printSpec(spec, family, table)
