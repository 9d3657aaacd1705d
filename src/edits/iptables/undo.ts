/** What takes an edit of a rule of iptables back. */
import type { RuleEdit } from '../../model/edit.ts'
import type { World } from '../../model/world.ts'
import { iptablesTable } from '../draft.ts'

/**
 * A new rule is taken back by its words, as numbers may be others by then; of rules alike the first goes then, so its number
 * where it has another one in front. Of rules alike, the first that differs is as good as the one that was meant.
 */
export function undoRule(edit: RuleEdit, was: World, is: World): RuleEdit[] | undefined {
  if (edit.op === 'check') return []
  const [before, after] = [was, is].map((world) => iptablesTable(world, edit)?.chains.get(edit.chain))
  if (!before || !after) return undefined
  const { family, table, chain, backend } = edit
  const place = { kind: 'rule', family, table, chain, ...(backend ? { backend } : {}) } as const
  const others = Math.max(before.rules.length, after.rules.length)
  const at = Array.from({ length: others }, (_, i) => i).find((i) => before.rules[i]?.text !== after.rules[i]?.text)
  if (at === undefined) return []
  const ruleNumber = at + 1
  if (edit.op === 'append' || edit.op === 'insert') {
    const isFirst = after.rules.findIndex(({ text }) => text === after.rules[at]!.text) === at
    return [{ ...place, op: 'delete', ...(isFirst && edit.spec ? { spec: edit.spec } : { ruleNumber }) }]
  }
  const spec = before.rules[at]?.iptables
  return spec && [{ ...place, op: edit.op === 'replace' ? 'replace' : 'insert', ruleNumber, spec }]
}
