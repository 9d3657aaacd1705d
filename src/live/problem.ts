/** What stands in the way of live work, and was foreseen: a sentence for a person, and what to do about it. */
export class LiveProblem extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}
