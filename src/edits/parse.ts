/** What a person types into a shell, and commands of our own → edits. Nothing is ever run. */
import type { Command } from '../model/command.ts'
import type { Edit } from '../model/edit.ts'
import { type CommandError, CommandProblem } from './problem.ts'
import { ScriptRun } from './script/run.ts'
import type { ShellWord } from './shell.ts'
import { parseWords } from './tools.ts'

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

/** The same of a command: its words are what they are, and no shell is played. Columns count as if blanks stood between them. */
export function editsOf({ words }: Command): CommandResult {
  try {
    if (!words) throw new CommandProblem({ column: 1, text: '' }, 'it is more than one program and its words')
    let column = 1
    const placed = words.map((text): ShellWord => {
      const word = { text, column }
      column += text.length + 1
      return word
    })
    return { edits: parseWords(placed) }
  } catch (problem) {
    if (problem instanceof CommandProblem) return { error: problem.error }
    throw problem
  }
}

function refuse(problem: CommandProblem): never {
  throw problem
}
