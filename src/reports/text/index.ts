/** What a person at a terminal reads: a block for each journey or group of them, and the counts below. */

import { saysOf } from '../../analysis/exchanges/join/role.ts'
import { isAnnouncement, isBackground } from '../../model/announcement.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import type { Journey, PrintedFix } from '../../model/journey.ts'
import { isDiscovery } from '../../model/neighbour-discovery.ts'
import { helps, isPassed, isStopped } from '../../model/outcome-kinds.ts'
import { answerOf } from '../answer.ts'
import { REFUSALS } from '../decided-words.ts'
import {
  elsewhereWords,
  exchangesWords,
  fatesOfAll,
  isToldWithFirst,
  markOfGroup,
  mixedWords,
  whyWords,
} from '../exchange-words.ts'
import type { Form, FormOptions, Group } from '../form.ts'
import { isMixed } from '../packet-words.ts'
import { printedGroup } from '../printed-group.ts'
import { announcementsWords, missedWords, type Notice, packetsWords, sentAgainWords, Told } from '../summary-words.ts'
import { causeLabel, firstWords, writeBlock } from './block.ts'
import { writeFix } from './fix-rows.ts'
import { writeFindings } from './found.ts'
import { headLine, writeHead } from './head.ts'
import { cutEnd } from './layout.ts'
import { writeFirstNotices, writeGrown, writeNotices, writeThese, writeWarnings } from './notices.ts'
import { Page } from './page.ts'
import { writeSteps } from './steps.ts'
import { type Shown, writeRewrites, writeRule, writeWhy } from './why.ts'

export const text: Form = {
  describe: 'text for a terminal',
  ending: '.txt',
  folds: true,
  open(options: Partial<FormOptions> = {}) {
    const page = new Page(options)
    const packets = new Told()
    const told = new Set<string>()
    let alone = false
    let isOfAnnouncements = false
    /** Nothing failed but what nobody asks about: then it is what the capture is of. */
    let isOfBackground = false
    const announcements: Group<unknown>[] = []
    const repliesTold = new Set<string>()
    /** Told below the first block. */
    let notices: Notice[] = []
    const isToldBefore = ({ followsOnly, journey }: Group<unknown>) =>
      followsOnly === true && repliesTold.has(journey.id)
    /** Lines of packets that nobody asks about stand together. */
    let aside = false
    const leaveAside = () => {
      if (aside) page.line()
      aside = false
    }
    return {
      begin(groups = []) {
        alone = groups.length === 1 || groups.filter((one) => !isAnnounced(one)).length === 1
        isOfAnnouncements = groups.every(isAnnounced)
        isOfBackground = groups.length > 0 && groups.every((one) => markOfGroup(one) !== 'bad' || isUnasked(one))
        if (page.quiet) return ''
        notices = writeFirstNotices(page, page.clean(groups.map(printedGroup)), told)
        return page.take()
      },
      journey(group) {
        const shown = page.clean(printedGroup(group))
        packets.add(group)
        if (!page.full && (isToldWithFirst(group) || (group.followsOnly && onlyRefuses(group)))) return ''
        if (page.quiet) {
          page.line(headLine(page, shown, page.width))
          return page.take()
        }
        writeNotices(page, [shown], told)
        if (!page.full && !isOfAnnouncements && isAnnounced(group)) {
          announcements.push(shown)
          return page.take()
        }
        if (!page.full && !alone && (isAside(shown, isOfBackground) || isToldBefore(group))) {
          page.line(headLine(page, shown, page.width))
          aside = true
          return page.take()
        }
        leaveAside()
        for (const id of lostReplies(group)) repliesTold.add(id)
        if (page.full) writeFull(page, shown)
        else writeBlock(page, shown)
        page.line()
        writeThese(page, notices.splice(0))
        return page.take()
      },
      end(tail, groups = []) {
        if (page.quiet) return ''
        writeAnnouncements(page, announcements.splice(0), aside)
        leaveAside()
        writeThese(page, notices.splice(0))
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

/** The reset, or the ICMP error, that the request's block tells of, with why. */
const onlyRefuses = ({ journey: { findings, outcome, packet } }: Group<unknown>): boolean =>
  isPassed(outcome) &&
  /^(?:resets|fails)$/.test(saysOf(packet)) &&
  findings.every(({ code, severity }) => severity === 'note' || REFUSALS.has(code))

/** The request's block tells what became of them. */
const lostReplies = ({ exchanges }: Group<unknown>): readonly string[] =>
  exchanges?.worst.status === 'reply-lost' ? exchanges.worst.journeys.replies : []

const isGood = (group: Group<unknown>): boolean =>
  markOfGroup(group) === 'good' && !group.elsewhere?.some(({ journey }) => isStopped(journey.outcome))

/** One line says enough: it got through, it only answers what is told above, or hosts tell each other of groups. */
const isAside = (group: Group<PrintedFix>, isOfBackground: boolean): boolean =>
  (isGood(group) && !isHinted(group)) ||
  (group.followsOnly === true && isPassed(group.journey.outcome)) ||
  (isUnasked(group) && !(isOfBackground && markOfGroup(group) === 'bad'))

const isUnasked = ({ journey: { packet } }: Group<unknown>): boolean => isBackground(packet) && !isDiscovery(packet)

/** No reply of it was captured, and what may bring one is known: a command, or something to be done by hand. */
const isHinted = (group: Group<PrintedFix>): boolean =>
  group.exchanges?.worst.status === 'undetermined' &&
  group.followsOnly !== true &&
  answerOf(group).fixes.some((fix) => fix.command === undefined || helps(fix))

/** One line says enough of all of them: nobody asks about these. */
const isAnnounced = (group: Group<unknown>): boolean =>
  isAnnouncement(group.journey.packet) &&
  markOfGroup(group) !== 'bad' &&
  (isGood(group) || !isDiscovery(group.journey.packet))

function writeAnnouncements(page: Page, groups: readonly Group<unknown>[], aside: boolean): void {
  const [only] = groups
  if (!only) return
  if (groups.length === 1) page.line(headLine(page, only, page.width))
  else page.line(cutEnd(`${page.marks.between} ${announcementsWords(groups)}`, page.width, page.marks.cut))
  if (!aside) page.line()
}

/** The same answer first, then everything else that is known. */
function writeFull(page: Page, group: Group<PrintedFix>): void {
  const { journey } = group
  const shown: Shown = new Set()
  const answer = answerOf(group)
  writeHead(page, group)
  if (isMixed(group)) page.row('first', firstWords(page, journey))
  answer.cause.forEach((one, i) => {
    page.row(i === 0 ? causeLabel(group) : '', one, { labelStyle: 'red' })
  })
  const notes = new Set<string>()
  for (const fix of [...answer.fixes, ...answer.others]) writeFix(page, fix, notes)
  writeWhy(page, journey, shown)
  writeRewrites(page, journey, shown)
  if (answer.rule) writeRule(page, answer.rule, shown, true)
  writeFindings(page, journey, answer.more, shown)
  for (const words of [whyWords(group), mixedWords(group)])
    if (words !== undefined && !answer.cause.includes(words)) page.row('reply', words)
  const again = sentAgainWords(group)
  if (again !== undefined) page.row('note', again)
  for (const words of elsewhereWords(group)) page.row('also', words)
  writeCodes(page, journey)
  writeSteps(page, journey)
}

/** Names by which `nfwhy help` explains what was found. */
function writeCodes(page: Page, { findings }: Journey<PrintedFix>): void {
  const codes = [...new Set(findings.map(({ code }) => code))]
  if (codes.length > 0) page.row('codes', `${codes.join(', ')} (nfwhy help CODE)`, { style: 'dim' })
}

/** Warnings about inputs by themselves, for where they are told apart from the journeys. */
export function warningsText(warnings: readonly Diagnostic[], options: Partial<FormOptions> = {}): string {
  const page = new Page(options)
  writeWarnings(page, page.clean(warnings))
  return page.take()
}
