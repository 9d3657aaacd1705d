/** A watch as JSON: documents.ts has what they are. */
import type { DropKind, DropTuple } from '../../analysis/drops/tally.ts'
import { printableJson } from '../../model/printable.ts'
import type { WatchDocument, WatchKind, WatchKindDocument, WatchTuple } from '../documents.ts'
import { journeyDocument } from '../journey-document.ts'
import { type NewKind, tuplesByKind, type WatchSnapshot } from './snapshot.ts'
import { meaningWords } from './words.ts'

const SCHEMA: WatchDocument['schema'] = 'nfwhy.watch/1'
/** Of each kind. */
const MOST_TUPLES = 10

const iso = (time: number): string => new Date(time).toISOString()

/** A kind that came for the first time, in a line. */
export function newKindLine({ kind, journey, rulesRead }: NewKind): string {
  const line: WatchKindDocument = {
    schema: 'nfwhy.watch-kind/1',
    ...aboutKind(kind),
    ...(kind.example ? { packet: kind.example.packet } : {}),
    ...(rulesRead === undefined ? {} : { rulesRead: iso(rulesRead) }),
    ...(journey ? { journey: journeyDocument(journey) } : {}),
  }
  return `${printableJson(line)}\n`
}

/** What was counted so far, in a line. */
export const watchJson = (snapshot: WatchSnapshot): string => `${printableJson(watchDocument(snapshot))}\n`

function watchDocument(snapshot: WatchSnapshot): WatchDocument {
  const { tally, began, now, missed, rulesRead, rulesProblem } = snapshot
  const tuples = tuplesByKind(snapshot, MOST_TUPLES, false)
  return {
    schema: SCHEMA,
    from: iso(began),
    until: iso(now),
    drops: tally.count,
    folded: tally.folded,
    withoutReason: tally.rest,
    missed,
    ...(rulesRead === undefined ? {} : { rulesRead: iso(rulesRead) }),
    ...(rulesProblem === undefined ? {} : { rulesProblem }),
    kinds: [...tally.kinds]
      .sort((a, b) => b.count - a.count || a.id - b.id)
      .map((kind) => ({
        ...aboutKind(kind),
        count: kind.count,
        last: iso(kind.last),
        minutes: kind.minutes.list(now),
        tuples: kind.tuples,
        ...(kind.manyTuples ? { moreTuples: true as const } : {}),
        mostFrequent: (tuples.get(kind) ?? []).map(tupleOf),
      })),
  }
}

function aboutKind(kind: DropKind): WatchKind {
  const { id, reason, place, family, protocol, in: input, out, rule, isHarmless, first } = kind
  return {
    kind: id,
    reason,
    ...(place === undefined ? {} : { function: place }),
    ...(family === undefined ? {} : { family }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(input === undefined ? {} : { in: input }),
    ...(out === undefined ? {} : { out }),
    meaning: meaningWords(kind),
    ...(isHarmless ? { harmless: true as const } : {}),
    ...(rule?.known ? { rule: rule.ref, ...(rule.hook === undefined ? {} : { hook: rule.hook }) } : {}),
    ...(rule && !rule.known ? { ruleUnknown: rule.why } : {}),
    first: iso(first),
  }
}

const ENDS = ['src', 'sport', 'dst', 'dport', 'icmpType', 'icmpCode'] as const

const tupleOf = ({ packet, count, last }: DropTuple): WatchTuple => {
  const known = ENDS.filter((field) => packet[field] !== undefined)
  return { ...Object.fromEntries(known.map((field) => [field, packet[field]])), count, last: iso(last) }
}
