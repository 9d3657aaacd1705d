/** The page's side of the worker: each call is a promise. */
import type { Answer, Argument, Call, Question, Value } from '../protocol.ts'

/** What went wrong in words for a person; `hint`: what helps, lines. */
export class Refused extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/** Who answers the page's questions: a worker, or a report that has the answers. */
export interface Asks {
  /** Rejects with Refused. */
  ask<C extends Call>(call: C, argument: Argument<C>): Promise<Value<C>>
}

export class Engine implements Asks {
  private readonly worker: Worker
  private readonly waiting = new Map<number, { done(value: unknown): void; failed(error: Error): void }>()
  private last = 0
  private ended: Refused | undefined

  constructor(worker: Worker) {
    this.worker = worker
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const asked = this.waiting.get(data.id)
      this.waiting.delete(data.id)
      if ('error' in data) asked?.failed(new Refused(data.error.message, data.error.hint))
      else asked?.done(data.value)
    }
    worker.onerror = ({ message }) => {
      this.ended = new Refused(`The worker ended: ${message}`, 'Load the page again.')
      for (const { failed } of this.waiting.values()) failed(this.ended)
      this.waiting.clear()
    }
  }

  /** Rejects with Refused. */
  ask<C extends Call>(call: C, argument: Argument<C>): Promise<Value<C>> {
    if (this.ended) return Promise.reject(this.ended)
    const id = ++this.last
    return new Promise((done, failed) => {
      this.waiting.set(id, { done: done as (value: unknown) => void, failed })
      this.worker.postMessage({ id, call, argument } satisfies Question)
    })
  }
}
