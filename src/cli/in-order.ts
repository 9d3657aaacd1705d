/** Journeys complete in another order than they began in; this hands them on by number. */
import type { Journey } from '../model/journey.ts'

/** Held back at most; beyond it order is given up rather than memory. */
const MOST = 2000

export class InOrder {
  private readonly write: (journey: Journey) => void
  private readonly waiting = new Map<number, Journey | undefined>()
  private next = 1

  constructor(write: (journey: Journey) => void) {
    this.write = write
  }

  /** `journey` is absent where it is not shown. */
  add(id: number, journey: Journey | undefined): void {
    this.waiting.set(id, journey)
    while (this.waiting.has(this.next) || this.waiting.size > MOST) this.handOn(this.next++)
  }

  end(): void {
    for (const id of [...this.waiting.keys()].sort((a, b) => a - b)) this.handOn(id)
  }

  private handOn(id: number): void {
    const journey = this.waiting.get(id)
    this.waiting.delete(id)
    if (journey) this.write(journey)
  }
}
