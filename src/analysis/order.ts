/** Journeys complete in another order than they began in; this hands them on by number. */
import type { Journey } from '../model/journey.ts'

/** Steps held back at most, a few hundred megabytes; beyond it order is given up rather than memory. */
const MOST = 300_000

export class InOrder {
  private readonly write: (journey: Journey) => void
  private readonly waiting = new Map<number, Journey | undefined>()
  private next = 1
  private held = 0

  constructor(write: (journey: Journey) => void) {
    this.write = write
  }

  /** `journey` is absent where it is not shown. */
  add(id: number, journey: Journey | undefined): void {
    this.waiting.set(id, journey)
    this.held += weight(journey)
    // a number that was not waited for any longer
    if (id < this.next) this.handOn(id)
    while (this.waiting.has(this.next) || this.held > MOST) this.handOn(this.next++)
  }

  end(): void {
    for (const id of [...this.waiting.keys()].sort((a, b) => a - b)) this.handOn(id)
  }

  private handOn(id: number): void {
    const journey = this.waiting.get(id)
    this.waiting.delete(id)
    this.held -= weight(journey)
    if (journey) this.write(journey)
  }
}

/** A journey's findings and causes weigh as much as a few steps. */
const weight = (journey: Journey | undefined) => (journey ? journey.steps.length + 8 : 0)
