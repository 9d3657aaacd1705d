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

/** What a value is of, as the words before it say. */
export interface ValueOf {
  type: 'host' | 'net' | 'port' | 'portrange' | 'proto' | 'in' | 'out' | 'mark' | 'ipid' | 'seq' | 'icmpid' | 'opt'
  /** Absent: either end. */
  end?: 'src' | 'dst'
  protocol?: string
}

/** The value that is missing. Where it is not needed, a word may stand there as well. */
export interface Wanted {
  of: ValueOf
  isNeeded: boolean
}

/** Carries a FilterError out of the parser, no further than parseFilter. */
export class FilterProblem extends Error {
  readonly error: FilterError
  readonly wanted: Wanted | undefined

  constructor(
    { column, text }: { column: number; text: string },
    message: string,
    suggestion?: string,
    wanted?: Wanted,
  ) {
    super(message)
    this.wanted = wanted
    this.error = { column, word: text, message, ...(suggestion === undefined ? {} : { suggestion }) }
  }
}
