/** What a person types into a shell → edits. Nothing is ever run. */
import type { Edit } from '../model/edit.ts'
import { type CommandError, CommandProblem } from './problem.ts'
import { ScriptRun } from './script/run.ts'

export type CommandResult = { edits: Edit[] } | { error: CommandError }

/**
 * One command or several (`;`, `&&`, line ends, loops over words); several edits also where one command means several
 * (`-s A,B`), none where it only shows something (`iptables -L`). Each is taken to go through. Never throws.
 */
export function parseCommand(text: string): CommandResult {
  const edits: Edit[] = []
  const collect = (edit: Edit) => {
    edits.push(edit)
    return undefined
  }
  try {
    const told = new ScriptRun(text, { apply: collect, alwaysSucceeds: true, problem: refuse }).run()
    if (!told) throw new CommandProblem({ column: 1, text: '' }, 'no command is given')
  } catch (problem) {
    if (problem instanceof CommandProblem) return { error: problem.error }
    throw problem
  }
  return { edits }
}

function refuse(problem: CommandProblem): never {
  throw problem
}
