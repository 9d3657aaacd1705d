/** Commands as a person types them, made in a World. */
import { Editor } from '../edits/apply.ts'
import type { CommandError } from '../edits/problem.ts'
import { Budget } from '../edits/script/budget.ts'
import { ScriptRun } from '../edits/script/run.ts'
import type { Edit } from '../model/edit.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import { pointAt, sentence } from './point-at.ts'

/**
 * Throws UserError at the first thing that is not understood, or that the tool or the kernel would refuse. `onApplied`: of
 * each edit, in order.
 */
export function applyCommand(world: World, command: string, onApplied?: (edit: Edit) => void): World {
  const budget = new Budget(command)
  const editor = new Editor(world, budget)
  const run = new ScriptRun(
    command,
    {
      apply(edit) {
        const refused = editor.apply(edit)
        if (refused === undefined) onApplied?.(edit)
        return refused
      },
      problem({ error }, kind) {
        if (kind === 'command-failed') throw new UserError(`--apply ${printable(command)}: ${sentence(error.message)}`)
        throw pointAt('the command', ...lineOf(command, error))
      },
    },
    budget,
  )
  if (!run.run()) throw new UserError(`--apply ${printable(command)}: no command is given.`)
  return editor.world
}

/** The line that an error is in, and the error as it counts from there. */
function lineOf(text: string, error: CommandError): [string, CommandError] {
  const start = text.lastIndexOf('\n', error.column - 2) + 1
  return [text.slice(start).split('\n', 1)[0]!, { ...error, column: error.column - start }]
}
