/** A listing less one entry. What was found out of the whole listing is used for it, too: there are many such, one for each packet. */
import type { ConntrackEntry } from '../../model/host.ts'

interface Origin {
  all: readonly ConntrackEntry[]
  /** Those of `all` that are not there. */
  gone: readonly ConntrackEntry[]
}

const origins = new WeakMap<readonly ConntrackEntry[], Origin>()

export function withoutEntry(entries: readonly ConntrackEntry[], entry: ConntrackEntry): ConntrackEntry[] {
  const { all, gone } = originOf(entries)
  const rest = entries.filter((one) => one !== entry)
  origins.set(rest, { all, gone: [...gone, entry] })
  return rest
}

/** The listing itself where it is whole. */
export const originOf = (entries: readonly ConntrackEntry[]): Origin =>
  origins.get(entries) ?? { all: entries, gone: [] }
