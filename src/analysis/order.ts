/** In which order journeys are shown: by number, though they complete in another order; or the worst first. */
import type { Journey } from '../model/journey.ts'
import { has, isPassed, isStopped } from '../model/outcome-kinds.ts'
import type { Group } from './groups.ts'

/** Bytes held back at most; beyond it order is given up rather than memory. */
const MOST = 300 << 20

export class InOrder {
  private readonly write: (journey: Journey) => void
  private readonly waiting = new Map<number, Journey | undefined>()
  private next = 1
  private held = 0
  private readonly most: number

  /** `most`: bytes. */
  constructor(write: (journey: Journey) => void, most: number = MOST) {
    this.write = write
    this.most = most
  }

  /** `journey` is absent where it is not shown. */
  add(id: number, journey: Journey | undefined): void {
    this.waiting.set(id, journey)
    this.held += weightOf(journey)
    // a number that was not waited for any longer
    if (id < this.next) this.handOn(id)
    while (this.waiting.has(this.next) || this.held > this.most) this.handOn(this.next++)
  }

  end(): void {
    for (const id of [...this.waiting.keys()].sort((a, b) => a - b)) this.handOn(id)
  }

  private handOn(id: number): void {
    const journey = this.waiting.get(id)
    if (this.waiting.delete(id)) this.held -= weightOf(journey)
    if (journey) this.write(journey)
  }
}

/** Bytes, roughly: its findings and causes weigh as much as a few steps. */
export const weightOf = (journey: Journey | undefined): number => (journey ? 1024 * (journey.steps.length + 8) : NUMBER)

/** Of one that is not shown, its number alone. */
const NUMBER = 64

/** A new list, the worst outcome first, then the most packets, then as they came. */
export const worstFirst = (groups: readonly Group[]): Group[] =>
  [...groups].sort((a, b) => badness(b.journey) - badness(a.journey) || b.count - a.count)

function badness({ outcome, findings }: Journey): number {
  if (isStopped(outcome)) return 5
  if (has(findings, 'error')) return 4
  if (outcome === 'undetermined') return 3
  if (has(findings, 'warning')) return 2
  return isPassed(outcome) ? 0 : 1
}
