/** What a watch has counted by now, for a page that asks for it again and again. */
import type { Handler } from 'hono'
import { UNICODE } from '../reports/marks.ts'
import { recentKinds, tuplesByKind, type WatchSnapshot } from '../reports/watch/snapshot.ts'
import {
  gapWords,
  interfacesOf,
  packetWords,
  reasonWords,
  rulesWords,
  ruleWords,
  tupleCount,
} from '../reports/watch/words.ts'
import type { WatchPage } from '../ui/watch.ts'

export interface WatchFeed {
  /** Absent: nothing was counted yet. */
  snapshot(): WatchSnapshot | undefined
  /** By the numbers of kinds: the first of each, explained. */
  told: ReadonlyMap<number, string>
}

/** Of each kind. */
const MOST_TUPLES = 10

export const watchRoute =
  (feed: WatchFeed): Handler =>
  (c) => {
    const snapshot = feed.snapshot()
    return c.json(snapshot ? pageOf(snapshot, feed.told) : null)
  }

function pageOf(snapshot: WatchSnapshot, told: WatchFeed['told']): WatchPage {
  const { tally, began, now } = snapshot
  const tuples = tuplesByKind(snapshot, MOST_TUPLES, true)
  return {
    ...{ began, now, count: tally.count, recent: tally.minutes.sum(now) },
    notes: [...gapWords(snapshot), ...rulesWords(snapshot)],
    kinds: recentKinds(snapshot).map(({ kind, recent }) => ({
      ...{ id: kind.id, isHarmless: kind.isHarmless, count: kind.count, last: kind.last, recent },
      ...{ reason: reasonWords(kind), rule: ruleWords(kind), interfaces: interfacesOf(kind) },
      minutes: kind.minutes.list(now),
      tuples: (tuples.get(kind) ?? []).map(({ packet, minutes }) => ({
        packet: packetWords(packet, UNICODE),
        count: minutes.sum(now),
      })),
      tupleCount: tupleCount(kind),
      text: told.get(kind.id) ?? '',
    })),
  }
}
