/** What stands in the way of live work, and was foreseen: a sentence for a person, and what to do about it. */
export class LiveProblem extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/** Somebody asked for an end before tracing was on. */
export class Interrupted extends LiveProblem {
  constructor() {
    super('interrupted before tracing was on; nothing is left behind.')
  }
}

/** Waits for it, but no longer than until an end is asked for; then rejects with Interrupted. */
export async function unlessEnded<T>(work: Promise<T>, ending: AbortSignal | undefined): Promise<T> {
  if (!ending) return work
  let give = () => {}
  const ended = new Promise<never>((_, reject) => {
    give = () => reject(new Interrupted())
  })
  ending.addEventListener('abort', give, { once: true })
  if (ending.aborted) give()
  try {
    return await Promise.race([work, ended])
  } finally {
    ending.removeEventListener('abort', give)
  }
}
