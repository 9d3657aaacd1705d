/**
 * The entries of a listing, found by the hashes of their tuples. A host may have a hundred thousand, and a packet that is
 * played meets a few: they are hashed once for all plays.
 */
import type { ConntrackEntry, Tuple } from '../model/host.ts'
import { memo } from '../model/memo.ts'
import { protocolNumber } from '../rules/iptables/protocols.ts'
import { hashOf, sourceHash } from './tuple-hash.ts'

export interface DumpedEntries {
  /** By the tuple of either direction, and by the source that they began with; in the listing's order. */
  byTuple: ReadonlyMap<number, readonly ConntrackEntry[]>
  bySource: ReadonlyMap<number, readonly ConntrackEntry[]>
  /** Their places in the listing. */
  places: ReadonlyMap<ConntrackEntry, number>
}

export const numberOfEntry = ({ protocol }: ConntrackEntry): number => protocolNumber(protocol) ?? 255

export const dumpedEntries = memo((entries: readonly ConntrackEntry[]): DumpedEntries => {
  const byTuple = new Map<number, ConntrackEntry[]>()
  const bySource = new Map<number, ConntrackEntry[]>()
  const places = new Map<ConntrackEntry, number>()
  entries.forEach((entry, place) => {
    const number = numberOfEntry(entry)
    const put = (tuple: Tuple) => file(byTuple, hashOf(tuple, number), entry)
    put(entry.original)
    put(entry.reply)
    file(bySource, sourceHash(entry.original, number), entry)
    places.set(entry, place)
  })
  return { byTuple, bySource, places }
})

function file(map: Map<number, ConntrackEntry[]>, hash: number, entry: ConntrackEntry): void {
  const others = map.get(hash)
  if (!others) map.set(hash, [entry])
  else if (others.at(-1) !== entry) others.push(entry)
}
