/** An error that was foreseen: a sentence for a person. Every other error is a bug. */
export class UserError extends Error {
  /** What helps; lines. */
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}
