/** Which rules were in force at an event's time, where they are known as they were several times. */
import type { World } from '../model/world.ts'
import type { Stamp } from '../read/captures/stamp.ts'
import type { SavedAt } from '../read/saved-at.ts'

/** In time; the first also counts for what was before it, and the last where the event has no date. */
export function worldAt(worlds: readonly { world: World; from: SavedAt }[]): (stamp: Stamp, clock: number) => World {
  const last = worlds.at(-1)!
  const middle = (worlds[0]!.from.clock + last.from.clock) / 2
  return (stamp, clock) => {
    const wall = wallClock(stamp, clock)
    if (Number.isNaN(wall)) return last.world
    const local = stamp.second!.startsWith('--') ? inNearestYear(wall, middle) : wall
    // both of a machine's clock as printed; or both without a zone between them
    const moment = (utc: boolean) => (utc && stamp.offset !== '' && !stamp.uptime ? clock : local)
    return (worlds.findLast(({ from }) => from.clock <= moment(from.utc)) ?? worlds[0]!).world
  }
}

/** As printed, as if it were UTC; NaN: without a date. Microseconds. */
function wallClock({ second, uptime, base, micros }: Stamp, clock: number): number {
  if (second === undefined) return Number.NaN
  const text = second.startsWith('--') ? `2000${second.slice(1)}` : second
  return Date.parse(`${text}Z`) * 1000 + (uptime ? (micros ?? 0) : clock - base)
}

/** A date without a year lies nearest to when the rules were saved. */
function inNearestYear(clock: number, middle: number): number {
  const year = new Date(middle / 1000).getUTCFullYear()
  const tries = [year - 1, year, year + 1].map((one) => {
    const date = new Date(clock / 1000)
    date.setUTCFullYear(one)
    return date.getTime() * 1000 + (clock % 1000)
  })
  return tries.reduce((best, one) => (Math.abs(one - middle) < Math.abs(best - middle) ? one : best))
}
