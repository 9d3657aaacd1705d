/** How many there were in each of the last ten minutes. */

export const MINUTES = 10
const MINUTE = 60_000

export class Minutes {
  private readonly counts = new Float64Array(MINUTES)
  /** Which minute each count is of, from 1970 on. */
  private readonly minutes = new Float64Array(MINUTES)

  /** `at`: milliseconds since 1970. */
  add(at: number, count: number): void {
    const minute = Math.floor(at / MINUTE)
    const place = minute % MINUTES
    // of a minute that is over long since
    if (this.minutes[place]! > minute) return
    if (this.minutes[place] !== minute) this.counts[place] = 0
    this.minutes[place] = minute
    this.counts[place]! += count
  }

  /** In this minute since 1970, one of the last. */
  at(minute: number): number {
    const place = minute % MINUTES
    return this.minutes[place] === minute ? this.counts[place]! : 0
  }

  /** The oldest first, the minute that goes on last. */
  list(now: number): number[] {
    const minute = Math.floor(now / MINUTE)
    return Array.from({ length: MINUTES }, (_, i) => {
      const wanted = minute - MINUTES + 1 + i
      const place = wanted % MINUTES
      return this.minutes[place] === wanted ? this.counts[place]! : 0
    })
  }

  sum(now: number): number {
    const first = Math.floor(now / MINUTE) - MINUTES + 1
    let sum = 0
    for (let i = 0; i < MINUTES; i++)
      if (this.minutes[i]! >= first && this.minutes[i]! < first + MINUTES) sum += this.counts[i]!
    return sum
  }
}
