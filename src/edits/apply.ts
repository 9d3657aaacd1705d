/** What an Edit makes of a World. */
import type { Edit } from '../model/edit.ts'
import type { World } from '../model/world.ts'
import { Draft } from './draft.ts'
import { editChain } from './iptables/chains.ts'
import { editRule } from './iptables/rules.ts'
import { EditProblem } from './problem.ts'
import { editSysctl } from './sysctl/apply.ts'

export type EditResult = { world: World } | { error: string }

/**
 * The World after the edit, or why the tool or the kernel would refuse it. The World given stays as it is; tables, chains,
 * rules and lists that the edit does not touch are the same objects in both.
 */
export function applyEdit(world: World, edit: Edit): EditResult {
  const draft = new Draft(world)
  try {
    change(draft, edit)
  } catch (problem) {
    if (problem instanceof EditProblem) return { error: problem.message }
    throw problem
  }
  return { world: draft.world }
}

function change(draft: Draft, edit: Edit): void {
  switch (edit.kind) {
    case 'rule':
      editRule(edit, draft)
      break
    case 'chain':
      editChain(edit, draft)
      break
    case 'sysctl':
      editSysctl(edit, draft)
      break
    default:
      throw new EditProblem(`${edit.kind} edits are not applied yet`)
  }
}
