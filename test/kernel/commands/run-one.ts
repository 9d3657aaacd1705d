/** A command on a World, as nfwhy applies it. */
import { applyEdit } from '../../../src/edits/apply.ts'
import { parseCommand } from '../../../src/edits/parse.ts'
import type { World } from '../../../src/model/world.ts'

/** The World after it, or why it is refused. */
export function runOne(world: World, command: string): { world: World } | { error: string } {
  const parsed = parseCommand(command)
  if ('error' in parsed) return { error: parsed.error.message }
  for (const edit of parsed.edits) {
    const result = applyEdit(world, edit)
    if ('error' in result) return result
    world = result.world
  }
  return { world }
}

/** What two listings do not have in common. */
export const linesApart = (here: readonly string[], real: readonly string[]): string[] => [
  ...here.filter((line) => !real.includes(line)).map((line) => `only here: ${line}`),
  ...real.filter((line) => !here.includes(line)).map((line) => `only there: ${line}`),
]
