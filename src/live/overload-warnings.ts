/** What a trace left out, in sums and in words: who lost it, and why. */
import type { RunStats } from '../analysis/capture.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { numberOf } from '../reports/summary-words.ts'
import type { Session } from './session.ts'

type Told = Pick<Session, 'stats' | 'untoldKinds'> & { prepared: { place: { name: string } } }

export function overloadWarnings(sessions: readonly Told[]): Diagnostic[] {
  return sessions.flatMap(({ stats, untoldKinds, prepared }) => {
    const { overload, evicted = 0 } = stats
    const input = prepared.place.name
    const list: Diagnostic[] = []
    if (overload && overload.shedPackets > 0)
      list.push({ input, code: 'packets-left-out', message: leftOutWords(overload.shedPackets, untoldKinds) })
    if (overload && overload.unread > 0)
      list.push({
        input,
        code: 'events-unread',
        message: `the trace ended before nfwhy had read the last ${numberOf(overload.unread, 'event')}`,
      })
    if (evicted > 0)
      list.push({
        input,
        code: 'evicted',
        message: `${numberOf(evicted, 'journey')} cut short: too many packets were unfinished at once (a shorter --idle finishes them earlier)`,
      })
    return list
  })
}

function leftOutWords(packets: number, untold: number): string {
  const kinds =
    untold === 0
      ? 'one packet of each kind is shown'
      : `including ${numberOf(untold, 'packet')} of kinds that are not shown at all`
  return `nfwhy could not keep up, and left out ${numberOf(packets, 'packet')} (${kinds}); use a lower --rate or a narrower filter to see all`
}

export const NOT_ALL_JOINED: Diagnostic = {
  input: '--via',
  code: 'not-all-joined',
  message: 'too many packets: for the later ones, nfwhy does not show on which other hosts they were seen',
}

export function sumOf(all: readonly RunStats[]): RunStats {
  const sum: RunStats = { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 }
  for (const { overload, evicted = 0, ...one } of all) {
    for (const key of ['bytes', 'events', 'journeys', 'skipped', 'lost'] as const) sum[key] += one[key]
    if (evicted > 0) sum.evicted = (sum.evicted ?? 0) + evicted
    if (!overload) continue
    sum.overload ??= { unread: 0, shedPackets: 0, shedEvents: 0 }
    for (const key of ['unread', 'shedPackets', 'shedEvents'] as const) sum.overload[key] += overload[key]
  }
  return sum
}
