/** A watch at a moment, as its reports take it. */
import type { DropKind, DropTally, DropTuple } from '../../analysis/drops/tally.ts'
import type { Journey } from '../../model/journey.ts'

export interface WatchSnapshot {
  tally: DropTally
  /** Milliseconds since 1970. */
  began: number
  now: number
  /** Drops of any network namespace that were not counted. */
  missed: number
  /** When the rules were read; absent: they are not known. Milliseconds since 1970. */
  rulesRead?: number
  /** Why the rules are not known. */
  rulesProblem?: string
}

/** The first drop of a kind. */
export interface NewKind {
  kind: DropKind
  /** Its way by the model, where that shows the drop. */
  journey?: Journey
  rulesRead?: number
}

/** Kinds of the last ten minutes, the most frequent first; those with which nothing is lost come last. */
export function recentKinds({ tally, now }: WatchSnapshot): { kind: DropKind; recent: number }[] {
  return [...tally.kinds]
    .map((kind) => ({ kind, recent: kind.minutes.sum(now) }))
    .filter(({ recent }) => recent > 0)
    .sort(
      (a, b) => Number(a.kind.isHarmless) - Number(b.kind.isHarmless) || b.recent - a.recent || a.kind.id - b.kind.id,
    )
}

/** By kind, its most frequent tuples: by what they count in the last ten minutes, or in all. */
export function tuplesByKind(
  { tally, now }: WatchSnapshot,
  most: number,
  recent: boolean,
): ReadonlyMap<DropKind, readonly DropTuple[]> {
  const found = new Map<DropKind, DropTuple[]>()
  for (const tuple of tally.tuples) {
    const list = found.get(tuple.kind)
    if (list) list.push(tuple)
    else found.set(tuple.kind, [tuple])
  }
  const weight = recent ? ({ minutes }: DropTuple) => minutes.sum(now) : ({ count }: DropTuple) => count
  for (const [kind, list] of found) {
    const weighed = list.map((tuple) => ({ tuple, by: weight(tuple) })).filter(({ by }) => by > 0)
    weighed.sort((a, b) => b.by - a.by || b.tuple.last - a.tuple.last)
    found.set(
      kind,
      weighed.slice(0, most).map(({ tuple }) => tuple),
    )
  }
  return found
}
