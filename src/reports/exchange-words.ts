/** What came of the exchanges that a group's packets began, in words. */

import { isFailing } from '../analysis/exchange-counts.ts'
import { isShownThrough } from '../analysis/group-shown.ts'
import { nameRef } from '../explain/refs.ts'
import { awaitsReply } from '../explain/reply/request-reply.ts'
import { countWords } from '../model/count-words.ts'
import { type Exchange, type ExchangeStatus, isDoubt, isFailed, STATUSES } from '../model/exchange.ts'
import { FOR_REPORTS } from '../model/for-reports.ts'
import type { Journey } from '../model/journey.ts'
import { isPassed, isStoppedByRule } from '../model/outcome-kinds.ts'
import type { Group } from './form.ts'
import { markOf, whereWords } from './journey-words.ts'
import { endText } from './packet-words.ts'

/** What is told of a status, behind a number. */
export type Fate = ExchangeStatus | 'without a captured reply' | 'with an unknown reply' | 'answered on the model'

const WORDS: Readonly<Record<Fate, string>> = {
  dropped: 'dropped',
  rejected: 'rejected',
  lost: 'lost',
  'reply-lost': 'with a lost reply',
  unanswered: 'unanswered',
  refused: 'refused',
  undetermined: 'undetermined',
  'without a captured reply': 'without a captured reply',
  'with an unknown reply': 'with an unknown reply',
  queued: 'queued',
  answered: 'answered',
  'answered on the model': 'answered on the model',
}

/** The worst first. */
const FATES: readonly Fate[] = STATUSES.flatMap((status): Fate[] => {
  if (status === 'undetermined') return [status, 'without a captured reply', 'with an unknown reply']
  return status === 'answered' ? [status, 'answered on the model'] : [status]
})

/** How many of the group's exchanges came to what. */
function fatesOf({ exchanges, journey }: Group<unknown>): [Fate, number][] {
  return (Object.entries(exchanges?.counts ?? {}) as [ExchangeStatus, number][]).flatMap(([status, count]) => {
    // what nobody is to answer, and nothing speaks against, is no exchange to people
    if (status === 'undetermined' && !awaitsReply(journey.packet)) return []
    if (status === 'answered' && isPlayed(journey)) return [['answered on the model', count]]
    if (status !== 'undetermined' || !isPassed(journey.outcome)) return [[status, count]]
    const { heard = 0 } = exchanges!
    const fates: [Fate, number][] = [
      [status, heard],
      [isPlayed(journey) ? 'with an unknown reply' : 'without a captured reply', count - heard],
    ]
    return fates.filter(([, number]) => number > 0)
  })
}

/** Of all groups together. */
export function fatesOfAll(groups: readonly Group<unknown>[]): Map<Fate, number> {
  const all = new Map<Fate, number>()
  for (const group of groups) for (const [fate, count] of fatesOf(group)) all.set(fate, (all.get(fate) ?? 0) + count)
  return all
}

/** The headline's mark: what passed in an exchange that failed is not good for that. */
export function markOfGroup(group: Group<unknown>): ReturnType<typeof markOf> {
  const mark = ownMark(group)
  return mark === 'good' && group.failedIn ? 'look' : mark
}

/** A request that passed is good where its reply got back, or nothing at all speaks against that. */
function ownMark(group: Group<unknown>): ReturnType<typeof markOf> {
  const mark = markOf(group.journey)
  if (isFailing(group)) return 'bad'
  if (isShownThrough(group)) return 'good'
  return mark === 'good' && isOpen(group) && isDoubted(group) ? 'unsure' : mark
}

/** Nothing is wrong with the packets themselves, whatever came of the exchange that they belong to. */
export const isGoodByItself = (group: Group<unknown>): boolean => ownMark(group) === 'good'

/** It is told with what it follows: nothing is to be said of it besides. */
export const isToldWithFirst = (group: Group<unknown>): boolean => group.followsOnly === true && isGoodByItself(group)

/** Where its protocol need not be answered, that tells of no failure. */
const UNREPLIED = 'conntrack-unreplied'

/** A reply was captured, and where it ended is not known; or something was found that may keep it away. */
const isDoubted = ({ exchanges }: Group<unknown>): boolean =>
  exchanges !== undefined && (exchanges.worst.journeys.replies.length > 0 || exchanges.worst.findings.some(isDoubt))

/** It passed, and another packet of what it began was stopped: a later fragment, or what the sender sent next. */
export const isStoppedElsewhere = ({
  journey,
  exchanges,
}: {
  journey: Group<unknown>['journey']
  exchanges?: Group<unknown>['exchanges'] | undefined
}): boolean => isPassed(journey.outcome) && isStoppedByRule(exchanges?.worst.status)

/** It passed, and another packet of what it began vanished here: what is found of that, and of the ICMP error about it. */
export function lostWith(
  { outcome }: Pick<Journey<unknown>, 'outcome'>,
  { status, findings }: Pick<Exchange<unknown>, 'status' | 'findings'>,
): string | undefined {
  if (status !== 'lost' || !isPassed(outcome)) return undefined
  const vanished = findings.find(({ code, severity }) => severity === 'error' && code.startsWith('vanished'))
  if (!vanished) return undefined
  const error = findings.find(({ code }) => code === 'icmp-error-dropped')?.message
  return error === undefined ? vanished.message : `${vanished.message} ${error}`
}

/** It passed and waits for a reply, and nothing shows what came of that. */
const isOpen = ({ journey, exchanges }: Group<unknown>): boolean =>
  exchanges?.worst.status === 'undetermined' && isPassed(journey.outcome) && awaitsReply(journey.packet)

/** The headline's first word. */
export function wordOf(group: Group<unknown>): string {
  const { journey, exchanges } = group
  if (isShownThrough(group)) return capitals(group.shownBy === undefined ? 'answered' : 'arrived')
  const status = exchanges?.worst.status
  const isTold = isPassed(journey.outcome) || journey.outcome === 'queued'
  const word = status !== undefined && isFailed(status) && isTold ? status : journey.outcome
  return capitals(word)
}

/** An outcome or a status, as a headline begins. */
export const capitals = (word: string): string =>
  word === 'unanswered' ? 'NO REPLY' : word.replace('-', ' ').toUpperCase()

/** How the packet's outcome is known, where no line of the trace shows it; with its word, where the headline has another one. */
export function basisWords(group: Group<unknown>): string | undefined {
  const { basis, outcome } = group.journey
  if (basis === 'observed') return undefined
  return isOfHeadline(group) ? `(${basis})` : `${outcome} (${basis})`
}

/** The headline's word is the packet's own outcome. */
export const isOfHeadline = (group: Group<unknown>): boolean => wordOf(group) === capitals(group.journey.outcome)

/** Nobody knows whether somebody answers. */
export const isPlayed = ({ steps }: Journey<unknown>): boolean => steps.length === 0 || steps[0]!.known === 'simulated'

/** Behind the packet, where it passed. */
export function replyWords(group: Group<unknown>): string | undefined {
  const { journey, exchanges, failedIn } = group
  if (failedIn && isPassed(journey.outcome)) return `in #${failedIn.id}: ${capitals(failedIn.status).toLowerCase()}`
  if (!exchanges || !isPassed(journey.outcome)) return undefined
  const { status, journeys, findings } = exchanges.worst
  if (status === 'answered') {
    if (!isPlayed(journey))
      return findings.some(({ code }) => code === 'reset-by-peer') ? 'answered, reset' : 'answered'
    const isDoubtful = findings.some(({ code }) => code === 'reply-by-other-uplink')
    return isDoubtful ? 'its reply leaves by another interface' : 'a reply would get back'
  }
  if (!isOpen(group) || journeys.replies.length > 0) return undefined
  const fates = new Map(fatesOf(group))
  const answered = fates.get('answered') ?? 0
  if (answered > 0) return `${answered} of ${[...fates.values()].reduce((sum, count) => sum + count, 0)} answered`
  if (findings.some(({ code }) => code === UNREPLIED)) return 'conntrack saw no reply'
  return isPlayed(journey) ? 'whether a reply comes is unknown' : 'no reply captured'
}

/** Why it is called so, where no finding says it; undefined where there is nothing to say. */
export function whyWords(
  group: Pick<Group<unknown>, 'exchanges' | 'journey' | 'shownBy' | 'elsewhere'>,
): string | undefined {
  const { exchanges, journey, shownBy } = group
  if (shownBy !== undefined)
    return `#${shownBy}, which came later, shows that it arrived. Trace lines ${whereWords(journey) ?? 'of it'} are missing.`
  if (!exchanges) return undefined
  if (isShownThrough({ journey, exchanges }))
    return `Its reply, #${exchanges.worst.journeys.replies.at(-1)}, shows that it got through. Trace lines ${whereWords(journey) ?? 'of it'} are missing.`
  if (!isPassed(journey.outcome)) return undefined
  const { status, basis, culprit, journeys, findings } = exchanges.worst
  const [reply, error] = [journeys.replies.at(-1), journeys.errors.at(-1)]
  const { dst, dport } = { ...exchanges.worst.asked, ...exchanges.worst.became }
  // what is sent each way by itself, as VXLAN is, has an entry of its own that nobody replies to
  const unreplied = awaitsReply(journey.packet) ? findings.find(({ code }) => code === UNREPLIED)?.message : undefined
  switch (status) {
    case 'dropped':
    case 'rejected':
      return `${otherWords(exchanges.worst)} was ${status}${culprit ? ` by ${nameRef(culprit)}` : ''}.`
    case 'reply-lost':
      if (reply === undefined) return undefined
      // what the model has told of it is a finding
      if (basis === 'inferred' && findings.some(({ code }) => code === 'reply-dropped')) return undefined
      // a rule that has led it astray, or kept it from nat, is named with that
      if (culprit && !isByRule(exchanges.worst) && findings.some(({ severity }) => severity === 'error'))
        return undefined
      if (basis !== 'inferred' || isStoppedReply(exchanges.worst) || isPlayed(journey))
        return `Its reply, #${reply}, was stopped${culprit ? ` by ${nameRef(culprit)}` : ''}.`
      if (error !== undefined && Number(error) > Number(reply))
        return `Its reply, #${reply}, traversed this host, but an ICMP error about it followed: #${error}.`
      return journeys.retransmissions.length > 0 || journeys.replies.length > 1
        ? `Its reply, #${reply}, traversed this host but did not arrive: one side sent a retransmission.`
        : `Its reply, #${reply}, traversed all chains here, and was then lost.`
    case 'refused':
    case 'lost': {
      const lost = lostWith(journey, exchanges.worst)
      if (lost !== undefined) return `${otherWords(exchanges.worst)} was lost. ${lost}`
      if (error !== undefined) return `An ICMP error came back: #${error}.${saidOfError(findings)}${sentThere(journey)}`
      return reply === undefined || status === 'lost'
        ? undefined
        : reply === journey.id
          ? 'Its request was not captured.'
          : `A reset came back from ${endText(dst, dport)}: #${reply}.${sentThere(journey)}${perhapsWrong(journey)}`
    }
    case 'unanswered': {
      const there = failedElsewhereWords(group)
      if (there !== undefined) return there
      if (journeys.retransmissions.length > 0) return 'The sender sent a retransmission: no reply had reached it.'
      return unreplied ?? 'No reply came within two seconds. The capture shows replies of other exchanges.'
    }
    case 'answered':
      if (basis !== 'inferred' || reply !== undefined || isPlayed(journey)) return undefined
      return hasGoneOn(exchanges.worst)
        ? 'No reply was captured, but a reply reached the sender: it sent more packets of this connection.'
        : 'Connection tracking has seen a reply.'
    case 'undetermined':
      if (reply === journey.id) return 'Whether this reply arrived is unknown.'
      return reply === undefined ? unreplied : `Its reply, #${reply}, was captured. Whether it arrived is unknown.`
    default:
      return undefined
  }
}

/**
 * Why this host itself has sent the error, as its own block is left out; or who else has, where the trace does not show
 * of which packet: else it is a cause of its own.
 */
function saidOfError(findings: Exchange<unknown>['findings']): string {
  const here = findings.find(({ code }) => code === 'refused-here')
  const unquoted = findings.find((one) => one[FOR_REPORTS]?.isUnquoted)
  return [here, unquoted].map((said) => (said ? ` ${said.message}` : '')).join('')
}

/** Which packet it was, where the first one has passed. */
export function otherWords({ id, asked, journeys }: Pick<Exchange<unknown>, 'id' | 'asked' | 'journeys'>): string {
  if (asked.tcpFlags?.includes('syn') && journeys.replies.length > 0)
    return 'The SYN was answered. A later packet of this connection'
  const others = [...journeys.request, ...journeys.retransmissions].filter((one) => one !== id)
  return `Another packet of this exchange${others.length === 1 ? `, #${others[0]},` : ''}`
}

/** What follows a SYN acknowledges the reply to it. */
const hasGoneOn = ({ asked, journeys }: Exchange<unknown>): boolean =>
  asked.tcpFlags?.includes('syn') === true && journeys.request.length > 1

/** The rule that chose who was asked. */
function sentThere({ findings }: Journey<unknown>): string {
  const [ref] = findings.find(({ code }) => code === 'dnat-changed-destination')?.rules ?? []
  return ref ? ` ${nameRef(ref)} sent the packet there.` : ''
}

/** Of another host's reset nobody here knows why it was sent. */
const perhapsWrong = (journey: Journey<unknown>): string =>
  journey.outcome === 'forwarded' && sentThere(journey) !== ''
    ? ' If that is the right place, no program listens there, or a firewall there rejects it.'
    : ''

/** A rule stopped it, or it vanished on its way through this host. */
const isStoppedReply = ({ culprit, findings }: Pick<Exchange<unknown>, 'culprit' | 'findings'>): boolean =>
  culprit !== undefined || findings.some(({ code }) => code.startsWith('vanished'))

/** `9 answered, 3 unanswered`, the worst first; undefined where all came to the same. */
export function mixedWords(group: Group<unknown>): string | undefined {
  const fates = new Map(fatesOf(group))
  if (fates.size < 2) return undefined
  return `Of its exchanges ${listFates(fates)}.`
}

const listFates = (fates: ReadonlyMap<Fate, number>): string =>
  FATES.filter((one) => fates.get(one))
    .map((one) => `${countWords(fates.get(one)!)} ${WORDS[one]}`)
    .join(', ')

/** `12 exchanges: 3 dropped, 9 answered`; undefined where none is known. */
export function exchangesWords(fates: ReadonlyMap<Fate, number>): string | undefined {
  const all = [...fates.values()].reduce((sum, count) => sum + count, 0)
  if (all === 0) return undefined
  const [only] = fates.keys()
  const words = fates.size === 1 && all > 1 ? `all ${WORDS[only!]}` : fates.size === 1 ? WORDS[only!] : listFates(fates)
  return `${countWords(all)} ${all === 1 ? 'exchange' : 'exchanges'}: ${words}`
}

/** `the same packet on node-b: #7 DROPPED at filter FORWARD`. */
export function elsewhereWords(group: Group<unknown>): string[] {
  const { elsewhere = [], count } = group
  const told = failedElsewhere(group)?.there
  // what only follows there is told with what it follows
  const begins = (host: string) => elsewhere.some((one) => one.host === host && !one.followsOnly)
  const shown = elsewhere.filter((one) => one !== told && !(one.followsOnly && begins(one.host)))
  return shown.map(({ host, journey, exchanges, count: there }) => {
    const { status, culprit } = commonFate(exchanges) ?? {}
    const isLater = status !== undefined && isFailed(status) && isPassed(journey.outcome)
    const where = isLater && culprit ? `at ${nameRef(culprit)}` : whereWords(journey)
    const end = `#${journey.id} ${capitals(isLater ? status : journey.outcome)}${where === undefined ? '' : ` ${where}`}`
    const many = count === 1 ? '' : `  (${countWords(there)} of them)`
    return `the same packet on ${host}: ${end}${many}`
  })
}

/** The worst, where all came to the same. */
function commonFate(exchanges: Group<unknown>['exchanges']): Exchange<unknown> | undefined {
  const counts = Object.values(exchanges?.counts ?? {}).filter((count) => count > 0)
  return counts.length === 1 ? exchanges?.worst : undefined
}

/** No reply came, and another machine shows what came of the packet, or of its reply: nothing else is to be asked here. */
export const isToldElsewhere = (group: Group<unknown>): boolean => failedElsewhere(group) !== undefined

function failedElsewhere({ exchanges, elsewhere = [] }: Pick<Group<unknown>, 'exchanges' | 'elsewhere'>) {
  if (exchanges?.worst.status !== 'unanswered') return undefined
  for (const there of elsewhere) {
    const fate = commonFate(there.exchanges)
    const words = fate && THERE[fate.status]
    if (words) return { there, fate, words }
  }
  return undefined
}

/** What it did on another machine, behind the rule that did it; or what happened there. */
const THERE: Partial<Record<ExchangeStatus, readonly [by: string, alone: string]>> = {
  dropped: ['dropped the same packet', 'the same packet was dropped'],
  rejected: ['rejected the same packet', 'the same packet was rejected'],
  lost: ['stopped the same packet', 'the same packet was lost'],
  'reply-lost': ['stopped the reply', 'the reply was lost'],
}

/** `On node-b, inet fw output handle 5 stopped the reply (#3).` */
function failedElsewhereWords(group: Pick<Group<unknown>, 'exchanges' | 'elsewhere'>): string | undefined {
  const found = failedElsewhere(group)
  if (!found) return undefined
  const { there, fate, words } = found
  const by = fate.culprit && isByRule(fate) ? nameRef(fate.culprit) : undefined
  return `On ${there.host}, ${by === undefined ? words[1] : `${by} ${words[0]}`} (#${there.journey.id}).`
}

/** The rule that is named with what was lost may have led it astray, and stopped nothing. */
const isByRule = ({ status, findings }: Exchange<unknown>): boolean =>
  isStoppedByRule(status) ||
  findings.some(({ code }) => code === 'reply-dropped' || /^(?:dropped|rejected)-by-/.test(code))
