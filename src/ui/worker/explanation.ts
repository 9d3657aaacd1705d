/** A group as the page shows it: what the report says in --full, in parts that can be clicked. */
import type { Ending } from '../../analysis/ending.ts'
import type { Group } from '../../analysis/groups.ts'
import type { Listing } from '../../analysis/listing.ts'
import { printedJourney } from '../../edits/fix.ts'
import { printCommand } from '../../model/command.ts'
import type { Cause, Finding, Journey, PrintedFix, Step } from '../../model/journey.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { isOwnTable } from '../../model/own-table.ts'
import { allPrintable } from '../../model/printable.ts'
import { answerOf } from '../../reports/answer.ts'
import { isGuilty } from '../../reports/deciding-rule.ts'
import { elsewhereWords, markOfGroup, mixedWords, whyWords } from '../../reports/exchange-words.ts'
import { isInHeadline, lookNext, tellsCause } from '../../reports/findings.ts'
import { withoutSaid } from '../../reports/fix-notes.ts'
import { markOf, rewrites, ruleName, trialWords } from '../../reports/journey-words.ts'
import { UNICODE as MARKS } from '../../reports/marks.ts'
import { changeWords } from '../../reports/packet-words.ts'
import { printReport } from '../../reports/print-report.ts'
import { printedGroup } from '../../reports/printed-group.ts'
import { namedRule, oddWords, stepName, withoutChain } from '../../reports/step-words.ts'
import { noticesOf, sentAgainWords } from '../../reports/summary-words.ts'
import type { Explanation, FindingOf, FixOf, Row, StepOf, WayOf, Why } from '../protocol.ts'
import { narrowing } from './row.ts'

/** `ending`: of all that was read; absent: no text is asked for. Everything in it may be shown: nothing moves a cursor or is hidden. */
export function tellExplanation(of: Group, row: Row, ending: Ending | undefined, given?: Reply): Explanation {
  const group = allPrintable(printedGroup(of))
  const reply = given && comes(given, group) ? given : undefined
  const { journey } = group
  const { cause, rule, fixes, others, more } = answerOf(group)
  const steps = journey.steps.map((step) => stepOf(step, journey))
  const notes = [...elsewhereWords(group), whyWords(group), mixedWords(group), sentAgainWords(group)].filter(
    (one) => one !== undefined,
  )
  const said = new Set<string>()
  return {
    row,
    causeLabel: markOfGroup(group) === 'good' ? 'reply' : 'cause',
    cause,
    notices: noticesOf([group], new Set()).map(({ messages, fixes }) => ({ message: messages.join(' '), fixes })),
    ...(rule?.rule === undefined ? {} : { rule: namedRule(rule, rule.rule) }),
    fixes: fixes.map((one) => fixOf(withoutSaid(one, said))),
    otherFixes: others.map((one) => fixOf(withoutSaid(one, said))),
    why: tellsCause(journey) ? journey.cause.map((one) => whyOf(one, journey)) : [],
    rewrites: rewrites(journey).map(({ label, step }) => ({
      label,
      name: stepName(step),
      ...(step.rule === undefined ? {} : { rule: withoutChain(step.rule) }),
    })),
    findings: more.map(findingOf),
    notes: notes.filter((one) => !cause.includes(one)),
    way: {
      kind: isLoneReply(group) ? 'captured' : 'request',
      word: journey.outcome,
      ...endOf(group, row, reply?.journey),
      steps,
    },
    ...(reply ? { reply: replyOf(reply, group) } : {}),
    steps,
    packet: of.journey.packet,
    ...(journey.host === undefined ? {} : { machine: journey.host }),
    text: ending ? printReport('text', [of], ending, { full: true }) : '',
  }
}

/** Its request was not captured. */
const isLoneReply = ({ exchanges, journey }: Group<PrintedFix>): boolean =>
  exchanges?.worst.id === journey.id &&
  exchanges.worst.journeys.request.length === 0 &&
  exchanges.worst.journeys.replies.includes(journey.id)

/** Where a reply that did not get through is drawn, too, its own line tells that. */
function endOf(group: Group<PrintedFix>, row: Row, reply: Journey | undefined): Pick<WayOf, 'mark' | 'end'> {
  const { journey } = group
  if (reply && markOf(reply) === 'bad') return wayEnd(journey)
  const headline = endWords(row)
  const isSame = row.word.toLowerCase() === journey.outcome || markOf(journey) === 'bad'
  return { mark: markOfGroup(group), end: isSame ? headline : `${journey.outcome}; ${headline}` }
}

/** A journey by itself. */
export function wayEnd(journey: Journey<PrintedFix>): Pick<WayOf, 'mark' | 'end'> {
  const group: Group<PrintedFix> = { count: 1, same: { src: true, dst: true, sport: true, dport: true }, journey }
  return { mark: markOf(journey), end: endWords(narrowing(group)) }
}

/** `dropped by filter INPUT rule 3`. */
const endWords = ({ word, decided }: Pick<Row, 'word' | 'decided'>): string =>
  [
    word.toLowerCase(),
    ...(decided === undefined
      ? []
      : [/^(?:by|at|in|to|after|before|behind|last) /.test(decided) ? decided : `(${decided})`]),
  ].join(' ')

/** The way of what came back, or would. */
export type Reply = NonNullable<ReturnType<Listing['replyOf']>>

/** A reply that was not captured, and that something keeps from coming this way, has no line. */
const comes = ({ journey, played }: Reply, group: Group<PrintedFix>): boolean =>
  !played || markOfGroup(group) === 'good' || markOf(journey) === 'bad' || leavesElsewhere(group)

const leavesElsewhere = ({ journey }: Group<PrintedFix>): boolean =>
  journey.findings.some(({ code }) => code === 'reply-by-other-uplink')

function replyOf({ journey: of, played }: Reply, group: Group<PrintedFix>): WayOf {
  const journey = allPrintable(printedJourney(of))
  const steps = journey.steps.map((step) => stepOf(step, journey))
  const end = wayEnd(journey)
  const mark = played && end.mark === 'good' && leavesElsewhere(group) ? 'look' : end.mark
  return { kind: played ? 'played' : 'captured', word: journey.outcome, ...end, mark, steps }
}

function fixOf(fix: PrintedFix): FixOf {
  const { command, description, note, undo, stops, unverified } = fix
  const looks = unverified === ONLY_LOOKS
  const says = [trialWords(fix), note]
  return {
    kind: looks ? 'look' : command === undefined ? 'do' : stops ? 'stop' : 'fix',
    description,
    ...(command === undefined ? {} : { command: printCommand(command) }),
    ...(undo === undefined ? {} : { undo: printCommand(undo) }),
    says: says.filter((one) => one !== undefined),
  }
}

function whyOf(one: Cause, { culprit }: Journey<unknown>): Why {
  const { rule, owner } = one.rule
  return {
    name: ruleName(one.rule),
    text: one.text,
    ...(rule === undefined ? {} : { rule }),
    ...(owner === undefined ? {} : { owner }),
    isCulprit: isGuilty(one, culprit),
    step: one.step,
  }
}

function findingOf(finding: Finding<PrintedFix>): FindingOf {
  const { code, severity, message, rules } = finding
  return {
    ...{ code, severity, message },
    ...(isInHeadline(finding) ? { isInHeadline: true } : {}),
    look: lookNext(finding).flatMap(({ command }) => (command ? [printCommand(command)] : [])),
    rules: rules.flatMap(({ rule }) => (rule === undefined ? [] : [rule])),
  }
}

export function stepOf(step: Step, { culprit }: Journey<unknown>): StepOf {
  const { n, hook, family, table, chain, rule, ruleNumber, handle, verdict, kind } = step
  const odd = oddWords(step)
  return {
    ...{ n, family, kind },
    ...(hook === undefined ? {} : { hook }),
    ...(table === undefined ? {} : { table }),
    ...(chain === undefined ? {} : { chain }),
    ...(rule === undefined ? {} : { rule: withoutChain(rule) }),
    ...(ruleNumber === undefined ? {} : { ruleNumber }),
    ...(handle === undefined ? {} : { handle }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(odd === '' ? {} : { odd }),
    name: stepName(step),
    depth: step.depth ?? 0,
    interfaces: [step.in === undefined ? '' : `in ${step.in}`, step.out === undefined ? '' : `out ${step.out}`]
      .filter((one) => one !== '')
      .join('  '),
    changes: step.changes.map((one) => changeWords(one, MARKS)),
    isCulprit: n === culprit?.step,
    ...(isOwnTable(table) ? { isOwn: true } : {}),
    unmatched: (step.unmatched ?? []).map(({ ruleNumber, rule, failed, unknown = [] }) => ({
      ...{ ruleNumber, rule: withoutChain(rule) },
      why: failed.length > 0 ? `no: ${failed.join(', ')}` : `not known: ${unknown.join(', ')}`,
    })),
  }
}
