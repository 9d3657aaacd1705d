/** What is told once for a whole report: on top what is wrong with the input, below it the counts. */

import type { Ending } from '../analysis/ending.ts'
import { isShownThrough } from '../analysis/group-shown.ts'
import { isAnnouncement } from '../model/announcement.ts'
import { countWords } from '../model/count-words.ts'
import type { Fix, Outcome } from '../model/journey.ts'
import { isStopped } from '../model/outcome-kinds.ts'
import type { Group } from './form.ts'
import { NOTICES } from './journey-words.ts'

export interface Notice {
  messages: string[]
  fixes: string[]
  /** Of the journeys it is about; empty where it is about all. */
  ids: string[]
}

/** Findings about the input, each once. `told`: messages that were told before; grows. */
export function noticesOf(groups: readonly Group<Pick<Fix, 'description'>>[], told: Set<string>): Notice[] {
  return [...NOTICES].flatMap((code) => {
    const about = groups.filter(({ journey }) => journey.findings.some((one) => one.code === code))
    const found = about.flatMap(({ journey }) => journey.findings.filter((one) => one.code === code))
    const messages = [...new Set(found.map((one) => one.message))].filter((one) => !told.has(one))
    if (messages.length === 0) return []
    for (const message of messages) told.add(message)
    return [
      {
        messages,
        fixes: [...new Set(found.flatMap((one) => one.fix.map(({ description }) => description)))],
        ids: about.length < groups.length ? about.map(({ journey }) => journey.id) : [],
      },
    ]
  })
}

/** As counts are told: the worst first. */
export const OUTCOMES: readonly Outcome[] = [
  'dropped',
  'rejected',
  'vanished',
  'undetermined',
  'queued',
  'stolen',
  'delivered',
  'forwarded',
  'sent',
]

/** As packets are counted: what nobody asks about is counted as that, whatever came of it. */
export type Counted = Outcome | 'announced'

/** Groups as they were told, for the counts at the end. */
export class Told {
  private readonly groups = new Map<string, { as: Counted; count: number }>()

  add(group: Group<unknown>): void {
    const { journey, count } = group
    const outcome = isShownThrough(group) ? 'undetermined' : journey.outcome
    const as = isAnnouncement(journey.packet) && !isStopped(outcome) ? 'announced' : outcome
    this.groups.set(journey.id, { as, count })
  }

  /** Counts what has come since; gives the groups that have grown. */
  grown<F>(groups: readonly Group<F>[]): Group<F>[] {
    const more = groups.filter(({ journey, count }) => count > (this.groups.get(journey.id)?.count ?? 0))
    for (const group of groups) this.add(group)
    return more
  }

  get counts(): Map<Counted, number> {
    const counts = new Map<Counted, number>()
    for (const { as, count } of this.groups.values()) counts.set(as, (counts.get(as) ?? 0) + count)
    return counts
  }
}

/**
 * `10,002 packets: 10,000 dropped, 2 to this host`: of what passed where it went, which says nothing of what came of it.
 * `all`: journeys in the captures, shown or not.
 */
export function packetsWords(counts: ReadonlyMap<Counted, number>, all: number): string {
  const shown = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const [only] = counts.keys()
  const fates = counts.size === 1 ? `${shown > 1 ? 'all ' : ''}${fateWords(only!, shown)}` : fatesWords(counts)
  const rest = shown < all ? ` of ${countWords(all)} in the capture` : ''
  const told = fates === '' && shown < all ? 'none matches' : fates
  return `${numberOf(shown, 'packet')}${rest}${told === '' ? '' : `: ${told}`}`
}

/** `9 link announcements (MLD, IGMP, ND)`. */
export function announcementsWords(groups: readonly Group<unknown>[]): string {
  const all = groups.reduce((sum, { count }) => sum + count, 0)
  return `${numberOf(all, 'link announcement')} (MLD, IGMP, ND)`
}

const fatesWords = (counts: ReadonlyMap<Counted, number>): string =>
  [...OUTCOMES, 'announced' as const]
    .filter((one) => counts.get(one))
    .map((one) => `${countWords(counts.get(one)!)} ${fateWords(one, counts.get(one)!)}`)
    .join(', ')

function fateWords(as: Counted, count: number): string {
  if (as === 'announced') return `link announcement${count === 1 ? '' : 's'}`
  return as === 'delivered' ? 'to this host' : as === 'sent' ? 'from this host' : as
}

/** Undefined where none was. */
export function sentAgainWords({ sentAgain = 0, journey }: Group<unknown>): string | undefined {
  if (sentAgain === 0) return undefined
  // the first has a note of its own
  if (journey.findings.some(({ code }) => code === 'retransmission'))
    return sentAgain === 1 ? 'One more is a retransmission.' : `${countWords(sentAgain)} more are retransmissions.`
  if (sentAgain === 1) return 'One is a retransmission: the sender got no reply.'
  return `${countWords(sentAgain)} are retransmissions: their senders got no reply.`
}

export const retransmissionsWords = (count: number): string => numberOf(count, 'retransmission')

/** What the report cannot tell; undefined where that is nothing. */
export function missedWords(stats: Ending['stats']): string | undefined {
  const missed = missedList(stats)
  return missed.length === 0 ? undefined : `Not told above: ${missed.join(', ')}.`
}

const NO_OVERLOAD = { unread: 0, shedPackets: 0, shedEvents: 0 }

export function missedList({
  skipped,
  lost,
  evicted = 0,
  overload: { unread, shedPackets, shedEvents } = NO_OVERLOAD,
}: Pick<Ending['stats'], 'skipped' | 'lost' | 'evicted' | 'overload'>): string[] {
  const missed: string[] = []
  if (skipped > 0) missed.push(`${numberOf(skipped, 'line')} could not be used`)
  const byKernel = lost - unread - shedEvents
  if (byKernel > 0) missed.push(`${numberOf(byKernel, 'event')} lost by the kernel`)
  if (shedPackets > 0) missed.push(`${numberOf(shedPackets, 'packet')} left out, because nfwhy could not keep up`)
  if (unread > 0) missed.push(`${numberOf(unread, 'event')} not read before the end`)
  if (evicted > 0) missed.push(`${numberOf(evicted, 'journey')} cut short, because too many were open at once`)
  return missed
}

export const numberOf = (count: number, what: string) => `${countWords(count)} ${what}${count === 1 ? '' : 's'}`
