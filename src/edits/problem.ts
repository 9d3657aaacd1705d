import { Refusal } from '../model/refusal.ts'

/** What is wrong with a command, and where. */
export interface CommandError {
  /** 1-based, in characters. */
  column: number
  /** The wrong word; empty at the command's end. */
  word: string
  message: string
  /** What was probably meant, to be asked of a person. */
  suggestion?: string
}

/** Carries a CommandError out of the parser, no further than parseCommand. */
export class CommandProblem extends Refusal {
  readonly error: CommandError

  constructor({ column, text }: { column: number; text: string }, message: string, suggestion?: string) {
    super(message)
    this.error = { column, word: text, message, ...(suggestion === undefined ? {} : { suggestion }) }
  }

  /** The same problem of a text in which this one begins so many characters later. */
  behind(characters: number): CommandProblem {
    const { column, word, message, suggestion } = this.error
    return new CommandProblem({ column: column + characters, text: word }, message, suggestion)
  }
}

/** Why an edit cannot be applied, as a sentence; no further than applyEdit. */
export class EditProblem extends Refusal {}

/** The kernel takes no such rule there, whatever else the table has. */
export class Misplaced extends EditProblem {}

/** ` (did you mean X?)`, where there is an X. */
export const didYouMean = (suggestion: string | undefined): string =>
  suggestion === undefined ? '' : `; did you mean ${suggestion}?`
