/** Commands as a person types them, made in a World. */
import { Editor } from '../edits/apply.ts'
import type { CommandError } from '../edits/problem.ts'
import { Budget } from '../edits/script/budget.ts'
import { ScriptRun } from '../edits/script/run.ts'
import type { Report } from '../model/diagnostic.ts'
import type { Edit } from '../model/edit.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import { asCalledHere } from './plain-iptables.ts'
import { pointAt, sentence } from './point-at.ts'

export interface ApplyHooks {
  /** Of each edit, in order. */
  onApplied?: (edit: Edit) => void
  report?: Report
}

/** Throws UserError at the first thing that is not understood, or that the tool or the kernel would refuse. */
export function applyCommand(world: World, command: string, { onApplied, report }: ApplyHooks = {}): World {
  const budget = new Budget(command)
  const editor = new Editor(world, budget)
  const run = new ScriptRun(
    command,
    {
      apply(typed) {
        const { edit, warning } = asCalledHere(typed, world)
        const refused = editor.apply(edit)
        if (refused !== undefined) return warning === undefined ? refused : `${refused} (${warning})`
        onApplied?.(edit)
        if (warning !== undefined) report?.('other-variant', warning)
        return undefined
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
