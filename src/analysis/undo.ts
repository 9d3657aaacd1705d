/** A command made in a World, with the command that takes it back. */
import { applyEdits } from '../edits/apply.ts'
import { fixCommands } from '../edits/fix.ts'
import { ipsetEdits, loadNft } from '../edits/later.ts'
import { undoEdit } from '../edits/undo.ts'
import { printCommand } from '../model/command.ts'
import type { Edit } from '../model/edit.ts'
import type { World } from '../model/world.ts'
import { applyCommand } from './apply-command.ts'
import { compareRulesets } from './rulesets.ts'

export interface Applied {
  world: World
  /** Absent: none is known. Tried on the model: all is then as before. */
  undo?: string
}

/** Throws UserError as `applyTo` does. */
export async function applyWithUndo(world: World, command: string): Promise<Applied> {
  await Promise.all([loadNft(), ipsetEdits.load()])
  const edits: Edit[] = []
  const after = applyCommand(world, command, (edit) => edits.push(edit))
  const undo = undoOf(world, edits)
  if (!undo || undo.length === 0 || !isAsBefore(after, undo, world)) return { world: after }
  const printed = fixCommands({ description: '', edits, undo }).undo
  return printed && printed.whyNot === undefined ? { world: after, undo: printCommand(printed) } : { world: after }
}

/** The last first; undefined where one of them is not known. */
function undoOf(world: World, edits: readonly Edit[]): Edit[] | undefined {
  const all: Edit[] = []
  let before = world
  for (const edit of edits) {
    const applied = applyEdits(before, [edit])
    const undo = 'error' in applied ? undefined : undoEdit(edit, before, applied.world)
    if ('error' in applied || !undo) return undefined
    all.unshift(...undo)
    before = applied.world
  }
  return all
}

function isAsBefore(after: World, undo: readonly Edit[], before: World): boolean {
  const applied = applyEdits(after, undo)
  if ('error' in applied) return false
  const { tables, chains, sets } = compareRulesets(before, applied.world)
  return (
    tables.added.length + tables.removed.length + chains.length + sets.length === 0 &&
    isSame(before.host.sysctls, applied.world.host.sysctls)
  )
}

const isSame = (
  one: ReadonlyMap<string, string> = new Map(),
  other: ReadonlyMap<string, string> = new Map(),
): boolean => one.size === other.size && [...one].every(([name, value]) => other.get(name) === value)
