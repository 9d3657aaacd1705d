import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Walk } from '../../rules/walk.ts'
import { describeConditions } from '../cause.ts'
import { type Context, type Detected, type Detector, finding, momentAt } from '../context.ts'
import { stops } from '../counterfactual/blocked-members.ts'
import { wantedBy } from '../counterfactual/distance.ts'
import {
  fieldOf,
  isExact,
  isLookup,
  isNegated,
  isNeverShown,
  isParticular,
  isRate,
} from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { lookupOf } from '../counterfactual/map-keys.ts'
import { hadItNotMatched } from '../counterfactual/what-if.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { askedFor } from '../reply/request-reply.ts'
import { withoutRule } from './verdicts.ts'

/** A RETURN took it out of a chain in front of the rule that would have accepted it. */
export const returnedEarly: Detector = {
  code: 'returned-early',
  detect: (context) =>
    goals(context)
      .filter(({ kind }) => kind === 'pass')
      .flatMap((goal) => goal.pass.steps.flatMap((i) => tell(context, goal, i))),
}

/** Where only who has sent it is not known, which no trace of nft's shows; or the limit of a service, of which such packets have used nothing. */
function wouldAccept(context: Context, i: number, { ending, last }: Walk): boolean {
  if (ending !== 'unknown' || !last || verdictOf(last.rule).ending !== 'accept') return false
  const moment = momentAt(context, i)
  const { conditions } = last.rule
  if (conditions.some(isRate) && !conditions.some(isParticular)) return false
  return conditions.every((one) => isNeverShown(one) || isRate(one) || evaluate(one, moment) === true)
}

/** Sends back whatever is not of these. */
const isExemption = ({ conditions }: Rule): boolean => conditions.some(isNegated)

/** Hosts, services or states; who comes by any interface but one has still been chosen by what else the rule asks for. */
const sparesSome = ({ conditions }: Rule): boolean =>
  conditions.some((one) => isNegated(one) && !/^meta [io]if(name)?$/.test(fieldOf(one) ?? ''))

/** It asks for the very service, or the very sender, so somebody has thought of such packets; and behind it nothing accepts them. */
function returnsInVain(context: Context, { pass, mendable }: Goal, i: number): boolean {
  const { rule, ending, chain } = context.evidence.arrivals[i]!
  if (!mendable || ending !== 'return' || context.journey.steps[i]!.kind !== 'rule' || !rule || !chain) return false
  const last = context.evidence.arrivals[context.ended.step]
  // an exemption from what stopped it has done what it is there for
  if (!pass.steps.includes(context.ended.step) || last?.chain === undefined || sparesSome(rule)) return false
  if (last.chain === chain && chain.hook === undefined) return false
  if (isForService(rule) || saysAccept(rule, chain)) return true
  // of a reply, what stopped it is told with this
  if (returnsKnown(rule, chain) && !askedFor(context.journey.packet, context.world)) return true
  // whoever names service and sender, or what nat has sent here, means these very packets; where nothing is accepted, they are spared what drops
  const isSuch = rule.conditions.some((one) => isServices(one) || asksRewritten(one))
  const isSpared =
    !chain.rules.some(isAccept) && chain.rules.slice(rule.ruleNumber).some((one) => stops(one, pass.table))
  if (isSuch && !isSpared) return true
  return rule.conditions.some(choosesSender) && (chain.hook !== undefined || isAmongAccepts(context, pass.table, i))
}

/** A called chain spares what is known already its checks, as if whatever comes behind accepted that. */
const returnsKnown = ({ conditions }: Rule, { hook }: Chain): boolean =>
  hook === undefined && conditions.some(asksEstablished)

/** The rule that returned a reply so, where nothing behind it accepts it; a sentence with the blank before it. */
export function returnedReply(context: Context): { ref: RuleRef; words: string } | undefined {
  const { arrivals } = context.evidence
  const goal = goals(context).find(({ kind, mendable }) => kind === 'pass' && mendable)
  if (!goal?.pass.steps.includes(context.ended.step)) return undefined
  const i = goal.pass.steps.findLast((step) => {
    const { rule, chain, ending } = arrivals[step]!
    return rule && chain && ending === 'return' && returnsKnown(rule, chain)
  })
  const onwards = i === undefined ? undefined : hadItNotMatched(context, i)
  // that names the rule behind it, too
  if (i === undefined || (onwards && goal.wanted(onwards))) return undefined
  const ref = refAt(context, i)
  const asks = describeConditions(arrivals[i]!.rule!.conditions)
  return ref && { ref, words: ` ${nameRef(ref)} matches it (${asks}), but only returns it from the chain.` }
}

/** The same for the very service: there is a rule for that. */
export function returnsService(context: Context, goal: Goal, i: number): boolean {
  const { rule } = context.evidence.arrivals[i]!
  return rule !== undefined && isForService(rule) && returnsInVain(context, goal, i)
}

/** Others of its chain are accepted there. What drops there, or counts, is what the sender is spared. */
function isAmongAccepts(context: Context, table: Table, i: number): boolean {
  const { chain, rule } = context.evidence.arrivals[i]!
  const { rules = [] } = chain ?? {}
  const behind = rules.slice(rule!.ruleNumber)
  const moment = momentAt(context, i)
  const isForOthers = ({ conditions }: Rule) => conditions.some((one) => evaluate(one, moment) === false)
  return rules.some((one) => isAccept(one) && isForOthers(one)) && !behind.some((one) => stops(one, table))
}

/** A map of verdicts has some. */
const isAccept = (rule: Rule): boolean =>
  verdictOf(rule).ending === 'accept' || rule.statements.some(({ kind }) => kind === 'vmap')

/** By the chain's name and its own comment, as those of firewall managers do: `accept_from_lan`, `!fw4: accept lan IPv4/IPv6 traffic`. */
const saysAccept = ({ comment = '' }: Rule, { name }: Chain): boolean =>
  [name, comment].every((text) => ACCEPT.test(text))

const ACCEPT = /(^|[^a-z])(accept|allow)([^a-z]|$)/i

/** Whoever asks for it. */
const isForService = ({ conditions }: Rule): boolean => conditions.some(isServices) && !conditions.some(choosesSender)

const isServices = (one: Condition): boolean =>
  isParticular(one) && (lookupOf(one)?.fields ?? [fieldOf(one) ?? '']).some((field) => / dport$/.test(field))

const asksEstablished = (one: Condition): boolean =>
  !isNegated(one) && fieldOf(one) === 'ct state' && wantedBy(one).includes('established')

const asksRewritten = (one: Condition): boolean =>
  !isNegated(one) && fieldOf(one) === 'ct status' && wantedBy(one).includes('dnat')

/** By address or set; or a type of ICMP, or all of it. */
function choosesSender(one: Condition): boolean {
  if (one.kind === 'compare' && one.field === 'meta l4proto') return one.op === '==' && /^icmp/.test(String(one.value))
  const field = lookupOf(one)?.fields.find((each) => /^src$| saddr$/.test(each)) ?? fieldOf(one) ?? ''
  return (isLookup({ condition: one }) || isExact(one)) && /^src$| saddr$|^icmp(v6)? type$/.test(field)
}

function tell(context: Context, goal: Goal, i: number): Detected[] {
  const { wanted, pass } = goal
  const { rule, ending } = context.evidence.arrivals[i]!
  if (ending !== 'return' || context.journey.steps[i]!.kind !== 'rule' || !rule) return []
  const onwards = hadItNotMatched(context, i)
  const culprit = refAt(context, i)
  const accepts = onwards?.last
  if (!onwards || !culprit) return []
  if (!accepts || !(wanted(onwards) || wouldAccept(context, i, onwards)))
    return returnsInVain(context, goal, i) ? inVain(culprit, rule, i) : []
  const missed = refOf(context, pass.table.name, accepts.chain, accepts.rule)
  const why = describeConditions(rule.conditions) || 'for every packet'
  const limit = accepts.rule.conditions.some(isRate) ? ' within its limit' : ''
  return [
    finding(
      'returned-early',
      'warning',
      `${nameRef(culprit)} returned it from the chain (${why}), so the packet never reached ${nameRef(missed)}, which would have accepted it${limit}.`,
      {
        steps: [i + 1],
        rules: [culprit, missed],
        // who sends back all but some means it so: behind it others would be let in, too
        fix: isExemption(rule) ? [] : withoutRule(context, i, culprit),
      },
    ),
  ]
}

function inVain(culprit: RuleRef, rule: Rule, i: number): Detected[] {
  const why = describeConditions(rule.conditions)
  const message = `${nameRef(culprit)} matches it (${why}), but only returns it from the chain, and no later rule accepts it.`
  return [finding('returned-early', 'note', message, { steps: [i + 1], rules: [culprit] })]
}
