/** Chance that can be repeated: the same seed, the same choices. */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** 0 ≤ x < 1 (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** Both ends included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!
  }

  /** `count` different ones, in their own order. */
  some<T>(list: readonly T[], count: number): T[] {
    const left = list.map((_, i) => i)
    const taken = Array.from(
      { length: Math.min(count, list.length) },
      () => left.splice(this.int(0, left.length - 1), 1)[0]!,
    )
    return taken.sort((a, b) => a - b).map((i) => list[i]!)
  }

  shuffled<T>(list: readonly T[]): T[] {
    const result = [...list]
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.int(0, i)
      ;[result[i], result[j]] = [result[j]!, result[i]!]
    }
    return result
  }

  /** By weight; a weight of 0 is never taken. */
  weighted<T>(options: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.next() * options.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, value] of options) {
      left -= weight
      if (left < 0) return value
    }
    return options.findLast(([weight]) => weight > 0)![1]
  }
}
