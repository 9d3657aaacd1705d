/** Changes made in a World: commands as a person types them, or edits. */
import { applyEdits } from '../edits/apply.ts'
import { loadFor } from '../edits/later.ts'
import type { Report } from '../model/diagnostic.ts'
import type { Edit } from '../model/edit.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import { loadLanguages } from './languages.ts'
import { sentence } from './point-at.ts'

/** A change: what a person types (several commands may stand in it), or edits, as fixes have them. */
export type Appliable = string | readonly Edit[]

/** Throws UserError at the first thing that is not understood, or that the tool or the kernel would refuse. `report`: takes warnings. */
export async function applyTo(world: World, change: Appliable, report?: Report): Promise<World> {
  // fixes are edits already, and a page that types nothing need not wait for what reads commands
  if (typeof change === 'string') {
    const [{ applyCommand }] = await Promise.all([import('./apply-command.ts'), loadLanguages()])
    return applyCommand(world, change, report ? { report } : {})
  }
  await loadFor(change)
  const applied = applyEdits(world, change)
  if ('error' in applied) throw new UserError(sentence(applied.error))
  return applied.world
}
