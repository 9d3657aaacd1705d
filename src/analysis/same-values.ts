/** Which values packets of one group share. */

/** Those of all. */
export interface SameValues {
  src: boolean
  dst: boolean
  sport: boolean
  dport: boolean
}

export function compareTuples(same: SameValues, one: Int32Array, other: Int32Array): void {
  if (same.src && !equal(one, other, 0, 4)) same.src = false
  if (same.dst && !equal(one, other, 4, 8)) same.dst = false
  if (one[8] !== other[8]) same.sport = false
  if (one[9] !== other[9]) same.dport = false
}

function equal(one: Int32Array, other: Int32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (one[i] !== other[i]) return false
  return true
}
