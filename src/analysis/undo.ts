/** A command made in a World, with the command that takes it back. */
import { applyEdits } from '../edits/apply.ts'
import { fixCommands } from '../edits/fix.ts'
import { undoEdit } from '../edits/undo.ts'
import { withVariant } from '../explain/changes/variant.ts'
import { printCommand } from '../model/command.ts'
import type { Report } from '../model/diagnostic.ts'
import type { Edit } from '../model/edit.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import { applyCommand } from './apply-command.ts'
import { loadLanguages } from './languages.ts'
import { compareRulesets } from './rulesets.ts'

export interface Applied {
  world: World
  /** Absent: none is known. Tried on the model: all is then as before. */
  undo?: string
}

/** `known`: what may take it back, as a fix proposes it. Throws UserError as `applyTo` does. */
export async function applyWithUndo(
  before: World,
  command: string,
  { known, report }: { known?: string | undefined; report?: Report } = {},
): Promise<Applied> {
  await loadLanguages()
  const edits: Edit[] = []
  const world = applyCommand(before, command, {
    onApplied: (edit) => edits.push(edit),
    ...(report ? { report } : {}),
  })
  const undo = [known, undoOf(before, edits)].find((one) => one !== undefined && takesBack(one, world, before))
  return { world, ...(undo === undefined ? {} : { undo }) }
}

/** The last first; undefined where one of them is not known. */
function undoOf(before: World, edits: readonly Edit[]): string | undefined {
  const undo: Edit[] = []
  let world = before
  for (const edit of edits) {
    const applied = applyEdits(world, [edit])
    const own = 'error' in applied ? undefined : undoEdit(edit, world, applied.world)
    if ('error' in applied || !own) return undefined
    undo.unshift(...own)
    world = applied.world
  }
  if (undo.length === 0) return undefined
  const printed = fixCommands(withVariant({ description: '', edits, undo }, before)).undo
  return printed && printed.whyNot === undefined ? printCommand(printed) : undefined
}

function takesBack(undo: string, after: World, before: World): boolean {
  try {
    const world = applyCommand(after, undo)
    const { tables, chains, sets } = compareRulesets(before, world)
    const others = tables.added.length + tables.removed.length + chains.length + sets.length
    return others === 0 && CHANGEABLE.every((key) => isSame(before.host[key], world.host[key]))
  } catch (error) {
    if (error instanceof UserError) return false
    throw error
  }
}

/** What else commands change. */
const CHANGEABLE = ['sysctls', 'routes', 'routingRules', 'links', 'neighbours', 'conntrack'] as const

/** In whatever order. */
function isSame(one: Iterable<unknown> | undefined, other: Iterable<unknown> | undefined): boolean {
  if (one === other) return true
  const [lines, others] = [one, other].map((list) => Array.from(list ?? [], (entry) => JSON.stringify(entry)).sort())
  return lines!.length === others!.length && lines!.every((line, i) => line === others![i])
}
