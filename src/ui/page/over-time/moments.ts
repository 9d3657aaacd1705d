/** Moments in words. */

/** Microseconds since 1970 → `2026-01-31 09:00:05 UTC`. */
export const moment = (time: number): string =>
  `${new Date(Math.floor(time / 1000)).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** Microseconds → `12 min`, rounded. */
export function lasting(micros: number): string {
  const seconds = micros / 1e6
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}
