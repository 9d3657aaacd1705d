/** Bytes that are all plain: ASCII, none NUL. */

/** Fewer bytes are compared in another way. */
export const SHORTEST = 16

/** Are they the same? Eight bytes at a time, as numbers with a fraction: what is plain on one of the sides is neither zero nor NaN. */
export function samePlain(one: DataView, from: number, other: DataView, start: number, length: number): boolean {
  const last = length - 16
  for (let at = 0; at < last; at += 16) {
    if (one.getFloat64(from + at, true) !== other.getFloat64(start + at, true)) return false
    if (one.getFloat64(from + at + 8, true) !== other.getFloat64(start + at + 8, true)) return false
  }
  if (one.getFloat64(from + last, true) !== other.getFloat64(start + last, true)) return false
  return one.getFloat64(from + last + 8, true) === other.getFloat64(start + last + 8, true)
}

/** As many at a time; the last ones may be copied twice. */
export function copyPlain(to: DataView, into: number, from: DataView, start: number, length: number): void {
  const last = length - 8
  for (let at = 0; at < last; at += 8) to.setFloat64(into + at, from.getFloat64(start + at, true), true)
  to.setFloat64(into + last, from.getFloat64(start + last, true), true)
}
