/** What must hold and did not. */
export class Broken extends Error {
  /** One of a few words: failures of one kind at one place are one failure. */
  readonly what: string

  constructor(what: string, detail: string) {
    super(`${what}: ${detail}`)
    this.what = what
  }
}
