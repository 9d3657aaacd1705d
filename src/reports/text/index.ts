/** What a person at a terminal reads: a block for each journey or group of them, and the counts below. */

import { countWords } from '../../model/count-words.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import type { PrintedFix } from '../../model/journey.ts'
import { exchangesWords, fatesOfAll, markOfGroup, mixedWords, whyWords } from '../exchange-words.ts'
import type { Form, FormOptions, Group } from '../form.ts'
import { whereWords } from '../journey-words.ts'
import { endText } from '../packet-words.ts'
import { printedGroup } from '../printed-group.ts'
import { missedWords, packetsWords, sentAgainWords, Told } from '../summary-words.ts'
import { writeFindings, writeFixes } from './found.ts'
import { writeHead } from './head.ts'
import { writeGrown, writeNotices, writeWarnings } from './notices.ts'
import { Page } from './page.ts'
import { writeSteps } from './steps.ts'
import { type Shown, writeRewrites, writeWhy } from './why.ts'

export const text: Form = {
  describe: 'text for a terminal',
  ending: '.txt',
  folds: true,
  open(options: Partial<FormOptions> = {}) {
    const page = new Page(options)
    const packets = new Told()
    const told = new Set<string>()
    let alone = false
    return {
      begin(groups = []) {
        alone = groups.length === 1
        writeNotices(page, page.clean(groups.map(printedGroup)), told)
        return page.take()
      },
      journey(group) {
        const shown = page.clean(printedGroup(group))
        packets.add(group)
        if (group.repliesOnly && !page.full && markOfGroup(group) === 'good') return ''
        writeNotices(page, [shown], told)
        writeBlock(page, shown, page.full || alone)
        page.line()
        return page.take()
      },
      end(tail, groups = []) {
        const shown = page.clean(tail)
        writeGrown(page, page.clean(packets.grown(groups)))
        writeWarnings(page, shown.warnings)
        if (shown.warnings.length > 0) page.line()
        const exchanges = exchangesWords(fatesOfAll(groups))
        if (exchanges !== undefined) page.line(page.paint(exchanges, 'bold'))
        const counted = packetsWords(packets.counts, shown.stats.journeys)
        page.line(exchanges === undefined ? page.paint(counted, 'bold') : counted)
        const missed = missedWords(shown.stats)
        if (missed !== undefined) page.line(page.paint(missed, 'yellow'))
        return page.take()
      },
    }
  },
}

/** `further`: with where to look next if nothing was wrong here. */
function writeBlock(page: Page, group: Group<PrintedFix>, further: boolean): void {
  const { journey } = group
  const shown: Shown = new Set()
  writeHead(page, group)
  if (page.full || markOfGroup(group) !== 'good') writeFirst(page, group)
  writeWhy(page, journey, shown)
  writeRewrites(page, journey, shown)
  writeFindings(page, journey, shown, further)
  for (const words of [whyWords(group), mixedWords(group)]) if (words !== undefined) page.row('reply', words)
  const again = sentAgainWords(group)
  if (again !== undefined) page.row('note', again, { labelStyle: 'cyan' })
  writeElsewhere(page, group)
  writeFixes(page, journey)
  if (page.full) writeSteps(page, journey)
}

/** `same   the same packet on node-b: #7 DROPPED at filter FORWARD`. */
function writeElsewhere(page: Page, { elsewhere = [], count }: Group<unknown>): void {
  for (const { host, journey, count: there } of elsewhere) {
    const where = whereWords(journey)
    const end = `#${journey.id} ${journey.outcome.toUpperCase()}${where === undefined ? '' : ` ${where}`}`
    const many = count === 1 ? '' : `  (${countWords(there)} of them)`
    page.row('also', `the same packet on ${host}: ${end}${many}`, { labelStyle: 'cyan' })
  }
}

/** Where the head has `*`, the lines below speak of one packet. */
function writeFirst(page: Page, { journey, same }: Group<unknown>): void {
  if (same.src && same.dst && same.sport && same.dport) return
  const { src, dst, sport, dport } = journey.packet
  page.row('first', `${endText(src, sport)} ${page.marks.to} ${endText(dst, dport)}, shown below`)
}

/** Warnings about inputs by themselves, for where they are told apart from the journeys. */
export function warningsText(warnings: readonly Diagnostic[], options: Partial<FormOptions> = {}): string {
  const page = new Page(options)
  writeWarnings(page, page.clean(warnings))
  return page.take()
}
