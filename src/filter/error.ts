/** What is wrong with a filter, and where. */
export interface FilterError {
  /** 1-based, in characters. */
  column: number
  /** The wrong word; empty at the filter's end. */
  word: string
  message: string
  /** What was probably meant, to be asked of a person. */
  suggestion?: string
}

/** Carries a FilterError out of the parser, no further than parseFilter. */
export class FilterProblem extends Error {
  readonly error: FilterError

  constructor({ column, text }: { column: number; text: string }, message: string, suggestion?: string) {
    super(message)
    this.error = { column, word: text, message, ...(suggestion === undefined ? {} : { suggestion }) }
  }
}
