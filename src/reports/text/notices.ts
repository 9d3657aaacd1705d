/** What is told once: on top what is wrong with the input, at the end what was odd in it. */
import { countWords } from '../../model/count-words.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import type { Fix } from '../../model/journey.ts'
import type { Group } from '../form.ts'
import { type Notice, noticesOf, retransmissionsWords } from '../summary-words.ts'
import { warningWords } from '../warning-words.ts'
import type { Page } from './page.ts'

/** Of one kind, with different words. */
const MOST_MESSAGES = 2
/** Places named behind a message. */
const MOST_PLACES = 8

export const writeNotices = (page: Page, groups: readonly Group<Pick<Fix, 'description'>>[], told: Set<string>): void =>
  writeThese(page, noticesOf(groups, told))

/** Whoever reads six lines reads what failed first: what is wrong with the input of others alone is left for below it. */
export function writeFirstNotices(
  page: Page,
  groups: readonly Group<Pick<Fix, 'description'>>[],
  told: Set<string>,
): Notice[] {
  const all = noticesOf(groups, told)
  const first = groups[0]?.journey.id
  const isOfOthers = ({ ids }: Notice) => first !== undefined && ids.length > 0 && !ids.includes(first)
  writeThese(
    page,
    all.filter((one) => !isOfOthers(one)),
  )
  return all.filter(isOfOthers)
}

export function writeThese(page: Page, notices: readonly Notice[]): void {
  for (const { messages, fixes, ids } of notices) {
    const shown = messages.slice(0, page.full ? undefined : MOST_MESSAGES)
    const whom =
      ids.length === 0
        ? ''
        : `  (${list(
            ids.map((id) => `#${id}`),
            ' ',
            page,
          )})`
    shown.forEach((message, i) => {
      page.row('warn', i + 1 < shown.length ? message : `${message}${whom}`, { labelStyle: 'yellow' })
    })
    const left = messages.length - shown.length
    if (left > 0) page.row('', `and ${countWords(left)} more of this kind`)
    for (const fix of fixes) page.row('fix', fix, { labelStyle: 'green' })
    page.line()
  }
}

const list = (items: readonly string[], between: string, page: Page) =>
  items.length > MOST_PLACES && !page.full
    ? `${items.slice(0, MOST_PLACES).join(between)} ${page.marks.cut}`
    : items.join(between)

/** Groups that were told before all of their packets had come. */
export function writeGrown(page: Page, groups: readonly Group<unknown>[]): void {
  const words = groups.map(({ journey, count, sentAgain = 0 }) => {
    const again = sentAgain === 0 ? '' : ` (${retransmissionsWords(sentAgain)})`
    return `#${journey.id} ${page.marks.times}${countWords(count)}${again}`
  })
  if (words.length === 0) return
  page.row('more', list(words, '  ', page))
  page.line()
}

export function writeWarnings(page: Page, warnings: readonly Diagnostic[]): void {
  for (const { place, message, more } of warningWords(warnings, (items) => list(items, ', ', page))) {
    page.row('warn', `${place}: ${message}`, { labelStyle: 'yellow' })
    if (more !== undefined) page.row('', more)
  }
}
