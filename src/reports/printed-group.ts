/** Groups and connections with what a person types for each fix. */
import type { Flow } from '../analysis/flow.ts'
import type { Group } from '../analysis/groups.ts'
import { printedExchange, printedFix, printedJourney } from '../edits/fix.ts'
import { IN_VAIN } from '../explain/in-vain.ts'
import {
  type Exchange,
  type ExchangeStatus,
  hasArrived,
  isOfNeedlessSource,
  saysAstray,
  saysNoReply,
  saysUnheard,
  withoutNeedless,
} from '../model/exchange.ts'
import type { Finding, PrintedFix } from '../model/journey.ts'
import { getsThrough, helps, isPassed } from '../model/outcome-kinds.ts'
import { isPlayed, isStoppedElsewhere, lostWith, otherWords } from './exchange-words.ts'

const OF_EXCHANGES: ReadonlySet<string> = new Set([
  ...[
    'reply-dropped',
    'reply-from-other-address',
    'reply-to-other-port',
    'unknown-condition',
    'helper-missing',
    'connection-expired',
    'reset-by-peer',
    'fragment-missing',
    'several-causes',
    'reply-by-other-uplink',
    'icmp-error-dropped',
    'neighbour-discovery-dropped',
  ],
])

const SILENT: ReadonlySet<ExchangeStatus> = new Set(['unanswered', 'lost'])
const CAME_TO_NOTHING: ReadonlySet<ExchangeStatus> = new Set(['refused', 'unanswered', 'undetermined'])

const isSerious = ({ severity }: Finding): boolean => severity !== 'note'

/** What is wrong with the exchange is told with the journey that began it. Without its rules: it is walked as a whole. */
export function printedGroup({ exchanges, world: _, ...group }: Group): Group<PrintedFix> {
  const { journey } = group
  const { findings: all = [], status } = exchanges?.worst ?? {}
  const codes = new Set(journey.findings.map(({ code }) => code))
  const messages = new Set(journey.findings.map(({ message }) => message))
  const isVain = status !== undefined && CAME_TO_NOTHING.has(status) && isPassed(journey.outcome)
  // what kept a request from arriving may show with another packet alone, where this one's journey shows nothing wrong
  const isSilent = status !== undefined && SILENT.has(status) && isPassed(journey.outcome)
  const isBlank = isSilent && !journey.findings.some(isSerious)
  // which mark led it out elsewhere is a guess beside what is known to be wrong
  const isMark = ({ code }: Finding) => code === 'wrong-way-out'
  const isMendable = journey.findings.some(
    (one) => isSerious(one) || (one.code !== 'not-netfilter' && one.fix.length > 0),
  )
  // that this host has asked in vain was seen; what the journey itself says of the same is about who may ask it
  const isSeen = ({ code, severity, message }: Finding) =>
    code === 'neighbour-discovery-dropped' && severity === 'error' && !messages.has(message)
  // that it loops says more than where its first round went
  const round = isSilent
    ? all.find((one) => isMark(one) && one.severity === 'error' && !messages.has(one.message))
    : undefined
  const own = all.filter(
    (one) =>
      one === round ||
      (OF_EXCHANGES.has(one.code) && (!codes.has(one.code) || isSeen(one))) ||
      (isBlank && isSerious(one)) ||
      (isVain && IN_VAIN.has(one.code) && !messages.has(one.message) && !(isMark(one) && isMendable)),
  )
  const reply = exchanges?.worst.journeys.replies.at(-1)
  // what lets it in here does not bring it to who asked
  const isAstray = all.some(({ code }) => code === 'reply-to-other-port')
  const isLost = status === 'reply-lost' && !isAstray
  const stopped =
    reply === undefined
      ? []
      : isLost
        ? ofReply(all, codes)
        : // it is unknown whether it arrived, since nobody replied for its next hop
          all.filter(({ code }) => status === 'undetermined' && code === 'neighbour-failed' && !codes.has(code))
  // in the order in which the reply's own card has them: what is wrong for certain stands first
  const lend = (one: Finding): Finding[] =>
    own.includes(one)
      ? [one.code === 'reply-dropped' ? withFixes(one, all) : isBlank ? ofOther(one, exchanges!.worst) : one]
      : stopped.includes(one)
        ? [one.message.startsWith('The reply ') ? one : { ...one, message: `Its reply, #${reply}: ${one.message}` }]
        : []
  // what a captured reply shows is no guess, though the same of a request may be one
  const isLikely = (one: Finding) => IN_VAIN.has(one.code) && !stopped.includes(one)
  const [likely, known] = [all.filter(isLikely), all.filter((one) => !isLikely(one))]
  const replied = (exchanges?.worst.journeys.replies.length ?? 0) > 0
  // it is the request's own card
  const hasCome =
    exchanges !== undefined &&
    !isPlayed(journey) &&
    hasArrived(exchanges.worst) &&
    exchanges.worst.journeys.request.includes(journey.id)
  const isTold = replied || isStoppedElsewhere({ journey, exchanges })
  const found = journey.findings
    .filter(
      ({ code, ...one }) =>
        !(isTold && saysNoReply(code)) &&
        !(replied && isOfNeedlessSource({ code, ...one }, status)) &&
        !saysUnheard(code, status) &&
        !((hasCome || round) && saysAstray(code)) &&
        !(round && (saysNoReply(code) || code === 'near-miss')) &&
        !(code === 'not-netfilter' && (group.failedIn !== undefined || isFateKnown(journey, exchanges))),
    )
    .map((one) => (status === 'reply-lost' ? withWhatReplyTells(one, all) : one))
    .map((one) => (status === 'answered' && replied ? withoutNeedless(one) : one))
  return {
    ...group,
    // as the exchange has them: what the request was likely meant to meet says less than what its journey shows
    journey: printedJourney({ ...journey, findings: [...known.flatMap(lend), ...found, ...likely.flatMap(lend)] }),
    ...(exchanges ? { exchanges: { ...exchanges, worst: printedExchange(exchanges.worst) } } : {}),
  }
}

/**
 * Whoever asked was answered or refused, or a reply was captured, or another packet of the exchange was lost here: nobody asks
 * where to look for a reply. The model knows no reply.
 */
function isFateKnown(journey: Group['journey'], exchanges: Group['exchanges']): boolean {
  const exchange = exchanges?.worst
  if (!exchange || isPlayed(journey)) return false
  if (isStoppedElsewhere({ journey, exchanges }) || lostWith(journey, exchange)) return true
  const { status, journeys } = exchange
  const isItsRequest = [...journeys.request, ...journeys.retransmissions].includes(journey.id)
  const hasReply = journeys.replies.length > 0 && (isItsRequest || status === 'reply-lost')
  return status === 'answered' || status === 'refused' || hasReply
}

/** What became of the captured reply is why the request got nothing back. `told`: codes of what is told already. */
const ofReply = (all: readonly Finding[], told: ReadonlySet<string>): Finding[] =>
  all
    .filter(({ severity, ...one }) => severity !== 'note' || isMended(one))
    .filter(({ code }) => !OF_EXCHANGES.has(code) && !told.has(code))

/** What the kernel did is told of another packet than the one that is shown. */
const ofOther = (one: Finding, exchange: Exchange): Finding =>
  one.code.startsWith('vanished') ? { ...one, message: `${otherWords(exchange)} was lost. ${one.message}` } : one

/** The rule that is likely wrong, and what corrects it. */
const isMended = ({ code, fix }: Pick<Finding, 'code' | 'fix'>): boolean =>
  (code === 'near-miss' || code === 'missing-rule') && fix.some(getsThrough)

/** Where nothing lets in replies as such, what lets in this one is proposed with the rule that stopped it. */
function withFixes(dropped: Finding, all: readonly Finding[]): Finding {
  if (dropped.fix.some(getsThrough)) return dropped
  const others = all.filter((one) => one.code === 'dropped-by-rule' || one.code === 'rejected-by-rule')
  return { ...dropped, fix: [...dropped.fix, ...others.flatMap(({ fix }) => fix)] }
}

/** A change that brings the request through, and not its reply, is one tried in vain. */
function withWhatReplyTells(one: Finding, all: readonly Finding[]): Finding {
  const vain = new Map(
    all.flatMap(({ fix }) =>
      fix.flatMap((tried) =>
        tried.edits && tried.verified && !helps(tried) ? [[wordsOf(tried), tried] as const] : [],
      ),
    ),
  )
  return { ...one, fix: one.fix.map((fix) => (fix.edits && vain.get(wordsOf(fix))) || fix) }
}

const wordsOf = ({ edits }: Finding['fix'][number]): string => JSON.stringify(edits)

export const printedFlow = (flow: Flow): Flow<PrintedFix> => ({
  ...flow,
  findings: flow.findings.map((one) => ({ ...one, fix: one.fix.map(printedFix) })),
})
