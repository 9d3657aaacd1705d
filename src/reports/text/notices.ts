/** What is told once for a whole report: on top what is wrong with the input, below it the counts. */
import type { Diagnostic } from '../../model/diagnostic.ts'
import type { Outcome } from '../../model/journey.ts'
import type { Group, Tail } from '../form.ts'
import { countWords, NOTICES } from '../journey-words.ts'
import type { Page } from './page.ts'

/** Of one code, with different words. */
const MOST_MESSAGES = 2
/** Places named behind a warning. */
const MOST_LINES = 8

/** Findings about the input, each once. `told`: messages already written. */
export function writeNotices(page: Page, groups: readonly Group[], told: Set<string>): void {
  for (const code of NOTICES) {
    const concerned = groups.filter(({ journey }) => journey.findings.some((one) => one.code === code))
    const found = concerned.flatMap(({ journey }) => journey.findings.filter((one) => one.code === code))
    const messages = [...new Set(found.map((one) => one.message))].filter((one) => !told.has(one))
    if (messages.length === 0) continue
    for (const message of messages) told.add(message)
    const shown = messages.slice(0, page.full ? undefined : MOST_MESSAGES)
    const whom = concerned.length < groups.length ? `  (${packetIds(concerned, page)})` : ''
    shown.forEach((message, i) => {
      page.row('warn', i + 1 < shown.length ? message : `${message}${whom}`, { labelStyle: 'yellow' })
    })
    if (shown.length < messages.length)
      page.row('', `and ${countWords(messages.length - shown.length)} more of this kind`)
    for (const fix of new Set(found.flatMap((one) => one.fix.map(({ description }) => description))))
      page.row('fix', fix, { labelStyle: 'green' })
    page.line()
  }
}

function packetIds(groups: readonly Group[], page: Page): string {
  const ids = groups.map(({ journey }) => `#${journey.id}`)
  return ids.length > MOST_LINES ? `${ids.slice(0, MOST_LINES).join(' ')} ${page.marks.cut}` : ids.join(' ')
}

/** Warnings about the inputs, those of one code together. */
export function writeWarnings(page: Page, warnings: readonly Diagnostic[]): void {
  const byCode = new Map<string, Diagnostic[]>()
  for (const one of warnings) {
    const key = `${one.input} ${one.code}`
    byCode.set(key, [...(byCode.get(key) ?? []), one])
  }
  for (const list of byCode.values()) {
    const [first] = list as [Diagnostic]
    const place = first.line === undefined ? first.input : `${first.input}:${first.line}`
    page.row('warn', `${place}: ${first.message}`, { labelStyle: 'yellow' })
    if (list.length > 1) page.row('', others(page, list))
  }
}

function others(page: Page, [, ...list]: readonly Diagnostic[]): string {
  const lines = [...new Set(list.flatMap((one) => (one.line === undefined ? [] : [one.line])))]
  const times = `${countWords(list.length)} more of this kind (${list[0]!.code})`
  if (lines.length === 0) return times
  const most = page.full ? lines.length : MOST_LINES
  return `${times}: line ${lines.slice(0, most).join(', ')}${lines.length > most ? ` ${page.marks.cut}` : ''}`
}

const OUTCOMES: readonly Outcome[] = [
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

/** `10,002 packets: 10,000 dropped, 2 delivered`, and what could not be used. */
export function writeSummary(page: Page, counts: ReadonlyMap<Outcome, number>, { stats }: Tail): void {
  const parts = OUTCOMES.flatMap((outcome) => {
    const count = counts.get(outcome)
    return count ? [`${countWords(count)} ${outcome}`] : []
  })
  const shown = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const rest = shown < stats.journeys ? `, of ${countWords(stats.journeys)} in the capture` : ''
  const [only] = counts.keys()
  const fates = counts.size === 1 ? `${shown > 1 ? 'all ' : ''}${only}` : parts.join(', ')
  page.line(page.paint(`${number(shown, 'packet')}${rest}${fates === '' ? '' : `: ${fates}`}`, 'bold'))
  const missed = [
    stats.skipped > 0 && `${number(stats.skipped, 'line')} could not be used`,
    stats.lost > 0 && `${number(stats.lost, 'event')} lost by the kernel`,
    (stats.evicted ?? 0) > 0 && `${number(stats.evicted!, 'journey')} cut short, as too many were under way at once`,
  ].filter((one) => one !== false)
  if (missed.length > 0) page.line(page.paint(`not told above: ${missed.join(', ')}`, 'yellow'))
}

const number = (count: number, what: string) => `${countWords(count)} ${what}${count === 1 ? '' : 's'}`
