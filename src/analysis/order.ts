/** In which order journeys are shown: by number, though they complete in another order. */
import type { Journey } from '../model/journey.ts'

/** Bytes held back at most; beyond it order is given up rather than memory. */
const MOST = 300 << 20

export class InOrder<T> {
  private readonly write: (one: T) => void
  private readonly weigh: (one: T) => number
  private readonly waiting = new Map<number, T | undefined>()
  private next = 1
  private held = 0
  private readonly most: number

  /** `weigh`: bytes, and `most` of them. */
  constructor(write: (one: T) => void, weigh: (one: T) => number, most: number = MOST) {
    this.write = write
    this.weigh = weigh
    this.most = most
  }

  /** `one` is absent where it is not shown. */
  add(id: number, one: T | undefined): void {
    this.waiting.set(id, one)
    this.held += this.weightOf(one)
    // a number that was not waited for any longer
    if (id < this.next) this.handOn(id)
    while (this.waiting.has(this.next) || this.held > this.most) this.handOn(this.next++)
  }

  end(): void {
    for (const id of [...this.waiting.keys()].sort((a, b) => a - b)) this.handOn(id)
  }

  private handOn(id: number): void {
    const one = this.waiting.get(id)
    if (this.waiting.delete(id)) this.held -= this.weightOf(one)
    if (one !== undefined) this.write(one)
  }

  private weightOf(one: T | undefined): number {
    return one === undefined ? NUMBER : this.weigh(one)
  }
}

/** Bytes, roughly: its findings and causes weigh as much as a few steps. */
export const weightOf = (journey: Journey): number => 1024 * (journey.steps.length + 8)

/** Of one that is not shown, its number alone. */
const NUMBER = 64
