/** A time as files of other tools want it, who cannot leave it out. */
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?/

/** Nanoseconds since 1970 of an ISO time, UTC where it has no offset; without a date those since boot, else 0. `uptime`: seconds. */
export function since1970(time: string | undefined, uptime: number | undefined): bigint {
  const [, second, fraction = '', zone = 'Z'] = TIME.exec(time ?? '') ?? []
  if (second !== undefined) {
    const since = Date.parse(second + zone)
    if (Number.isFinite(since)) return BigInt(since) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9))
  }
  return uptime === undefined ? 0n : BigInt(Math.round(uptime * 1e6)) * 1000n
}
