/** What a person is told of a group first: one cause, the best fix, and how much more there is. */
import { isShownThrough } from '../analysis/group-shown.ts'
import { FOR_REPORTS } from '../model/for-reports.ts'
import type { Finding, PrintedFix, RuleRef } from '../model/journey.ts'
import { helps, isPassed, isStoppedByRule } from '../model/outcome-kinds.ts'
import { isGoodByItself, isStoppedElsewhere, isToldElsewhere, markOfGroup, whyWords } from './exchange-words.ts'
import { distinctFixes, isRetold, isTriedInVain, lookNext, toldFindings } from './findings.ts'
import type { Group } from './form.ts'

export interface Answer {
  /** One sentence, or two; empty where nothing is wrong, or nothing is known to say. */
  cause: string[]
  /** Which of its fixes is the right one hangs on both sentences. */
  isBoth?: true
  /** The rule that the first sentence is about, if its text is known. */
  rule?: RuleRef
  /** The best fix that a command makes, then what may be done by hand in its place. */
  fixes: PrintedFix[]
  /** What every fix leaves wrong, where none mends a packet that a rule stopped. */
  stillWrong?: string
  /** Fixes that are told with all the rest. */
  others: PrintedFix[]
  /** Findings that are told with all the rest. */
  more: Finding<PrintedFix>[]
}

/** What is good to know, and is no reason why a packet came to nothing. */
const CONTEXT: ReadonlySet<string> = new Set([
  ...[
    'dnat-changed-destination',
    'snat-changed-source',
    'not-netfilter',
    'retransmission',
    'mixed-backends',
    'let-through',
    'ambiguous-rule',
  ],
  ...['last-rule-seen', 'capture-ends', 'too-many-ways', 'ambiguous-hook-order'],
])

const isContext = ({ code, severity }: Finding<unknown>): boolean => severity === 'note' && CONTEXT.has(code)

/** They say what nfwhy does not know, and are never left out. */
const DOUBTS: ReadonlySet<string> = new Set([
  ...['too-many-ways', 'lost-events', 'ruleset-changed', 'ambiguous-hook-order', 'ambiguous-rule'],
  ...['unknown-condition', 'undetermined'],
])

export const isDoubt = ({ code }: Finding<unknown>): boolean => DOUBTS.has(code)

/**
 * The fix that is proposed first is the diagnosis, so the finding that proposes it is the cause. A note alone is not:
 * then the error speaks, and the note says how the rules came near.
 */
export function answerOf(group: Group<PrintedFix>): Answer {
  const { journey } = group
  const found = toldFindings(journey)
  const told =
    isShownThrough(group) || isToldElsewhere(group) ? found.filter(({ code }) => code !== 'not-netfilter') : found
  const elsewhere = isStoppedElsewhere(group) ? whyWords(group) : undefined
  if (elsewhere !== undefined)
    return { cause: [elsewhere], fixes: [], others: distinctFixes(journey), more: told.filter((one) => !isRetold(one)) }
  const all = distinctFixes(journey)
  // what fails its own test is no answer
  const first = all.find((fix) => isTyped(fix) && !isTriedInVain(fix))
  const best =
    (first && backWhereItCame(told, first)) ??
    first ??
    // what brings the packet through, though its reply may be lost, stands with what the model says of that
    (isPassed(journey.outcome) ? all.find((fix) => isTyped(fix) && fix.after && isPassed(fix.after)) : undefined)
  const isGood = isGoodByItself(group) || isOnlyUnheard(group, told)
  const owner =
    best === undefined && isGood
      ? told.find((one) => !isContext(one) && one.fix.length > 0)
      : (told.find((one) => !isRetold(one) && proposes(one, best)) ?? told.find((one) => proposes(one, best)))
  // of what got through nothing is to blame: what was found stands below it
  const chief = isGood ? undefined : chiefOf(told, owner)
  const beside = told.filter(
    (one) =>
      chief !== undefined &&
      one !== chief &&
      !says(chief, one) &&
      ((one === owner && !isRetold(owner)) ||
        explains(one, chief) ||
        keepsSource(chief, one) ||
        (chief.code.startsWith('vanished') && one.code === 'icmp-error-dropped') ||
        (SHOULD_HAVE_SENT.has(chief.code) && one.code === 'closed-port') ||
        (chief.code === 'closed-port' && SHOULD_HAVE_SENT.has(one.code)) ||
        (chief === owner && SENT_THERE.has(chief.code) && one.severity !== 'note' && !isRetold(one))),
  )
  const isNamed = chief !== undefined && (isRetold(chief) || chief.code === 'reply-dropped')
  const stillWrong = best === undefined && isStoppedByRule(journey.outcome) ? stillWrongOf(all) : undefined
  // whoever let it through here would do so in vain: it was to go elsewhere
  const elsewhereBound =
    stillWrong === undefined ? undefined : told.find((one) => one[FOR_REPORTS]?.wouldGiveDestination)
  const second =
    elsewhereBound ?? (isNamed && !isForAll(chief) ? beside.find((one) => saysWhy(one, chief)) : undefined) ?? beside[0]
  // line one has named the rule that stopped it: why no rule accepted it before says more
  const isWhy =
    chief !== undefined &&
    second !== undefined &&
    (second === elsewhereBound || (isNamed ? saysWhy(second, chief) : keepsSource(chief, second)))
  const spoken = (isWhy ? [second, ...(chief[FOR_REPORTS]?.isBare ? [] : [chief])] : [chief, second]).filter(
    (one) => one !== undefined,
  )
  const why = spoken.length === 0 ? whyWords(group) : undefined
  const byHand = all.find((fix) => fix.command === undefined && (proposes(chief, fix) || proposes(owner, fix)))
  // who undoes the best says below it where a change lasts
  const isTold = best?.owner !== undefined && best.owner.name === byHand?.owner?.name
  const before = best === undefined || (byHand !== undefined && !isTold && all.indexOf(byHand) < all.indexOf(best))
  const fixes = [...(best ? [best] : []), ...(byHand && before ? [byHand] : [])]
  const rule = spoken[0]?.rules.find((ref) => ref.rule !== undefined)
  return {
    cause: why === undefined ? spoken.map(({ message }) => message) : [why],
    ...(rule ? { rule } : {}),
    ...(chief?.code === 'closed-port' && second?.code === 'missing-rule' ? { isBoth: true as const } : {}),
    fixes,
    ...(stillWrong === undefined ? {} : { stillWrong }),
    others: all.filter((one) => !fixes.includes(one)),
    more: told.filter((one) => !spoken.some((said) => says(said, one)) && !isRetold(one)),
  }
}

/** The same of all that were tried, and would bring it through. */
function stillWrongOf(all: readonly PrintedFix[]): string | undefined {
  const typed = all.filter(isTyped)
  const [stillWrong, ...others] = new Set(typed.map(({ after, but }) => (after && isPassed(after) ? but : undefined)))
  return others.length > 0 ? undefined : stillWrong
}

/** It got through, nobody knows whether a reply comes, and all that was found are notes: none of them is a cause. */
const isOnlyUnheard = (group: Group<PrintedFix>, told: readonly Finding<unknown>[]): boolean =>
  markOfGroup(group) === 'unsure' &&
  isPassed(group.journey.outcome) &&
  group.exchanges?.worst.status === 'undetermined' &&
  told.every(({ severity }) => severity === 'note')

/** Of several causes, the first may be told in the very words that it has by itself. */
const says = ({ message }: Finding<unknown>, one: Finding<unknown>): boolean => message.includes(one.message)

/** What could not be tried on the way that the reply takes gives way to what sends it back where the request came in. */
const backWhereItCame = (told: readonly Finding<PrintedFix>[], first: PrintedFix): PrintedFix | undefined =>
  first.verified
    ? undefined
    : told.find(({ code }) => code === 'reply-by-other-uplink')?.fix.find((fix) => isTyped(fix) && helps(fix))

const proposes = (finding: Finding<PrintedFix> | undefined, fix: PrintedFix | undefined): boolean =>
  finding !== undefined && fix !== undefined && finding.fix.includes(fix)

function chiefOf(
  all: readonly Finding<PrintedFix>[],
  owner: Finding<PrintedFix> | undefined,
): Finding<PrintedFix> | undefined {
  // which frameworks have rules is no reason where a rule or a policy of one is known to have stopped it
  const isStopped = all.some(isRetold)
  const told = all.filter((one) => !isContext(one) && !(isStopped && one.code === 'mixed-backends'))
  const serious = told.filter((one) => one.severity !== 'note' && !isRetold(one))
  if (owner !== undefined && isRetold(owner)) {
    const errors = serious.filter(({ severity }) => severity === 'error')
    // that a reply was dropped is what happened; another error says why
    return errors.find(({ code }) => code !== 'reply-dropped') ?? errors[0] ?? owner
  }
  if (owner !== undefined && owner.severity !== 'note') return owner
  const mended = serious.find(({ fix }) => fix.some(helps))
  if (mended !== undefined) return mended
  const [first] = serious
  if (first?.code === 'closed-port' && !first.fix.some(isTyped)) {
    const sends = serious.find(({ code }) => SHOULD_HAVE_SENT.has(code))
    if (sends !== undefined) return sends
    if (owner !== undefined && SHOULD_HAVE_SENT.has(owner.code) && owner.fix.some(helps)) return owner
  }
  const blames = owner !== undefined && SENT_THERE.has(owner.code) && !serious.some(({ fix }) => fix.some(isTyped))
  return (blames ? owner : undefined) ?? serious[0] ?? owner ?? told.find((one) => lookNext(one).length === 0)
}

/** They name the rule that gave it a new destination: what is found where it came to is no more than what follows. */
const SENT_THERE: ReadonlySet<string> = new Set(['dnat-of-others', 'dnat-skipped'])

/** That it kept its source stands on line one: why no rule rewrote it says more. */
const keepsSource = (chief: Finding<unknown>, one: Finding<unknown>): boolean =>
  chief.code === 'not-masqueraded' &&
  (one.code === 'snat-skipped' ||
    one[FOR_REPORTS]?.isAtOtherLink === true ||
    (one.severity !== 'note' && one[FOR_REPORTS]?.wouldGiveSource === true))

/** As warnings beside a port that nobody listens on, they name the rule that was to send the packet elsewhere. */
const SHOULD_HAVE_SENT: ReadonlySet<string> = new Set(['not-in-set', 'near-miss', 'missing-rule', 'came-back'])

const isTyped = ({ command }: PrintedFix): boolean => command !== undefined

/**
 * Of a policy, or a rule for all that is left, the rule that nearly accepted it says why it came there. Where the rule
 * itself chose the packet, only what the packet's line does not show says more: a limit, a time, a length, a user, a set.
 */
function saysWhy({ code, severity, ...one }: Finding<unknown>, chief: Finding<unknown>): boolean {
  if (chief[FOR_REPORTS]?.isReason || one[FOR_REPORTS]?.isAside || code === 'mixed-backends') return false
  if (isForAll(chief)) return code !== 'mark-missing' || severity !== 'note'
  if (code === 'near-miss') return !one[FOR_REPORTS]?.failsOnShown
  return severity !== 'note' || code === 'not-in-set' || code === 'untracked'
}

const isForAll = (one: Finding<unknown>): boolean => one[FOR_REPORTS]?.takesRest === true

/** What stands beside a rule that simply stopped it: why none accepted it before; of a reply, that it was no reply there. */
const explains = (one: Finding<unknown>, chief: Finding<unknown>): boolean =>
  !isRetold(one) &&
  !isContext(one) &&
  (isRetold(chief) ||
    chief.code === 'several-causes' ||
    (chief.code === 'reply-dropped' &&
      (one.code === 'untracked' || (one.code === 'near-miss' && one.severity !== 'note'))))
