/** Numbers that look random and are the same for the same seed: a case is told by two numbers alone. */

export class Random {
  private state: number

  /** Of case `number` of the run that `seed` names. */
  constructor(seed: number, number: number) {
    this.state = (Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul((number | 0) + 0x7f4a7c15, 0x85ebca6b)) >>> 0
    this.next()
    this.next()
  }

  /** An unsigned number of 32 bits (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit)
  }

  /** Mostly small: a few bytes, a few lines. */
  small(limit: number): number {
    const part = this.next() / 2 ** 32
    return Math.floor(part * part * part * limit)
  }

  chance(part: number): boolean {
    return this.next() / 2 ** 32 < part
  }

  /** The list is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
}
