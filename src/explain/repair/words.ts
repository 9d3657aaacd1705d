/** The causes of a repair's steps, in a sentence or two. */
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Finding, RuleRef } from '../../model/journey.ts'
import { nameRef } from '../refs.ts'
import { TAKES_ALL } from '../why-there.ts'
import { type RepairStep, STOPPED_BY, UNKNOWN_SOURCE } from './search.ts'

/** They name the rule that led the packet to the one that stopped it, and then that one. */
const LEADS: ReadonlySet<string> = new Set(['dropped-by-rule', 'rejected-by-rule'])

/** That the rule which is named with it must change says nothing without the reason. */
const IN_WORDS: ReadonlySet<string> = new Set(['never-reached', 'untracked'])

const COUNTS = ['No', 'One', 'Two', 'Three', 'Four']

/** `returnsBy`: the interface by which the reply is taken to leave, as no listing has its route. */
export function messageOf(
  steps: readonly RepairStep[],
  rulesOf: (finding: Finding) => readonly RuleRef[],
  returnsBy?: string,
): string {
  const isAssumed = returnsBy !== undefined && steps.some(({ isOfReply }) => isOfReply)
  const ifLeaves = (who: string): string => (isAssumed ? ` if ${who} leaves by ${returnsBy}` : '')
  const [ifItLeaves, ifReplyLeaves] = [ifLeaves('it'), ifLeaves('its reply')]
  // that its source may be a stranger's stops nothing here
  const stops = steps.filter(({ finding }) => finding.code !== UNKNOWN_SOURCE)
  const isSourceKept = stops.length < steps.length
  const source = isSourceKept ? ' Also, no rule rewrites its source.' : ''
  const [first] = stops
  if (first && !isStopper(first.finding) && first.finding.rules.length > 0) {
    const isToldInWords = (step: RepairStep) =>
      step.finding.rules.length === 0 || isMissed(step) || IN_WORDS.has(step.finding.code)
    const told = stops.filter((step) => step === first || !isToldInWords(step))
    const [own, ...others] = told.map(({ finding }) => rulesOf(finding)[0]).filter((rule) => rule !== undefined)
    const named = [...new Map(others.map((rule) => [nameRef(rule), { rule, text: nameRef(rule) }])).values()]
    const distinct = named.filter(({ text }) => text !== nameRef(own!))
    const isReplys = told.slice(1).every(({ finding: { code } }) => code === 'reply-dropped')
    const must = isReplys ? `would stop its reply${ifItLeaves}` : `must change, too${ifReplyLeaves}`
    const changes = distinct.length === 0 ? '' : ` Then ${listed(distinct)} ${must}.`
    return `${first.finding.message}${changes}${otherCauses(stops.slice(1).filter(isToldInWords))}${source}`
  }
  const stopping = stops.filter((step) => !isMissed(step))
  const again = `${tableWords(stopping.slice(1))}${otherCauses(stops.filter(isMissed))}`
  const causes = stopping.map((step, i): { rule?: RuleRef; text: string; item?: string; isOfReply?: true } => {
    const { finding, stop = finding, isOfReply } = step
    const [rule] = sendsIt(finding) ? [] : rulesOf(finding.rules.length === 0 ? finding : stop)
    // a policy that accepts stops nothing, nor does the end of a chain
    return rule?.rule !== undefined && !/^(policy accept|-P \S+ ACCEPT)$/.test(rule.rule)
      ? { rule, text: nameRef(rule), ...(isOfReply ? { isOfReply } : {}) }
      : i === 0
        ? { text: firstSentence(goingOn(finding.message)) }
        : { text: firstSentence(wouldBe(step)), ...causeOf(step) }
  })
  // what a rule leads packets to is no cause of its own
  const isLedTo = (text: string, before: number) =>
    stopping
      .slice(0, before)
      .some(({ finding }) => LEADS.has(finding.code) && rulesOf(finding).map(nameRef).includes(text))
  const distinct = causes.filter(
    ({ text }, i) => causes.findIndex((one) => one.text === text) === i && !isLedTo(text, i),
  )
  const [only] = distinct.length === 1 ? stopping : []
  const names = `${listed(distinct)}${only && distinct[0]!.rule ? matchedWords(only.finding) : ''}`
  const [{ rule: ownRule } = {}, ...behind] = distinct
  // what no rule does is a sentence of its own
  if (first && !ownRule) {
    const ruled = behind.filter(({ rule }) => rule)
    const own = ruled.filter(({ isOfReply }) => !isOfReply)
    const replys = ruled.filter(({ isOfReply }) => isOfReply)
    const too = [
      ...(own.length > 0 ? [`${listed(own)} ${own.length === 1 ? 'stops' : 'stop'} it, too${ifReplyLeaves}.`] : []),
      ...(replys.length > 0 ? [`${listed(replys)} would stop its reply${ifItLeaves}.`] : []),
    ]
    const others = behind.flatMap(({ rule, text }) => (rule ? [] : [`Another cause: ${text}.`]))
    return `${[first.finding.message, ...too, ...others].join(' ')}${again}${source}`
  }
  if (isSourceKept && first)
    return `${names} ${distinct.length === 1 ? 'stops' : 'stop'} this exchange${ifReplyLeaves}, and no rule rewrites its source.${again}`
  const all = only?.finding.message.includes(TAKES_ALL) ? ` ${TAKES_ALL}.` : ''
  if (distinct.length === 1 && again !== '') return `${names} stops this exchange${ifReplyLeaves}.${all}${again}`
  if (distinct.length === 1) {
    const isReplys = steps.at(-1)!.finding.code === 'reply-dropped'
    const then = isReplys ? `its reply${ifItLeaves}` : `the exchange again at a later step${ifReplyLeaves}`
    return `${names} stops the request, and would stop ${then}.${all}`
  }
  const what = distinct.every(({ rule }) => rule) ? 'rules' : 'things'
  const items = distinct.map(({ text, item = text, ...one }) => ({ ...one, text: item }))
  return `${COUNTS[distinct.length]} ${what} stop this exchange${ifReplyLeaves}: ${listed(items)}.${again}`
}

/** Nothing else stopped it there, and the rule that is named with it is one that it did not meet, or that did not match. */
const isMissed = ({ finding: { code }, stop }: RepairStep): boolean => stop === undefined && MISSES.has(code)

const MISSES: ReadonlySet<string> = new Set([
  'near-miss',
  'never-reached',
  'missing-rule',
  'not-in-set',
  'mark-missing',
])

const otherCauses = (steps: readonly RepairStep[]): string =>
  [...new Set(steps.map(wouldBe))].map((reason) => ` Another cause: ${reason}`).join('')

/** The rule that is named with it stops nothing: it sent the packet there, or gave it the mark for which another one did. */
const sendsIt = ({ code }: Finding): boolean =>
  code === 'vanished-no-route' || code === 'dnat-mismatch' || code === 'dropped-by-mark' || code === 'wrong-way-out'

const isStopper = (one: Finding): boolean => STOPPED_BY.has(one.code) && !sendsIt(one)

/** What would stop it behind the first changes has not stopped it yet, nor a reply that nobody has sent. */
const causeOf = ({ finding, isOfReply }: RepairStep) => finding[FOR_REPORTS]?.cause?.[isOfReply ? 'reply' : 'request']

/** With all sentences. */
function wouldBe(step: RepairStep): string {
  const { message } = step.finding
  const { clause } = causeOf(step) ?? {}
  return clause === undefined ? goingOn(message) : clause + message.slice(firstSentence(message).length)
}

const firstSentence = (message: string): string => message.split(/\.(?: |$)/)[0]!

/** What chose the table of such a route is not in the list: the routing rule, and the rule whose mark it matches. */
const tableWords = (steps: readonly RepairStep[]): string =>
  steps
    .filter(({ finding: { code } }) => code === 'wrong-way-out')
    .map(({ finding: { message } }) => message.slice(firstSentence(message).length + 1).replace(/ set\.$/, ' sets.'))
    .join('')

/** Behind other words. */
const goingOn = (message: string): string =>
  message.replace(/^(?:It|Its|Routing|The|Connection|Bridge) /, (word) => word.toLowerCase())

/** ` (tcp dport 80)`: what the rule that stopped it matches, as its finding says it. */
function matchedWords({ code, [FOR_REPORTS]: { matched } = {} }: Finding): string {
  return matched !== undefined && (code === 'dropped-by-rule' || code === 'rejected-by-rule') ? ` (${matched})` : ''
}

/** `inet fw input handle 3 and forward handle 7`: a table's name once. */
function listed(causes: readonly { rule?: RuleRef; text: string }[]): string {
  const names = causes.map(({ rule, text }, i) => {
    const before = causes[i - 1]?.rule
    const isSame = rule && before && rule.family === before.family && rule.table === before.table
    return isSame ? text.slice(text.indexOf(`${rule.table} `) + rule.table.length + 1) : text
  })
  const last = names.pop() ?? ''
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`
}
