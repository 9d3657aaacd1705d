import type { Condition } from '../../model/condition.ts'
import type { Rule } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { isForNobody } from '../../rules/sockets.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { changesOf, propose, spotAt } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Chosen } from '../changes/rule-changes.ts'
import { type Context, type Detected, type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { wantedBy } from '../counterfactual/distance.ts'
import {
  asksAll,
  type FailedCondition,
  fieldOf,
  isExact,
  isListed,
  isLookup,
  missedBy,
} from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { lookupOf } from '../counterfactual/map-keys.ts'
import { nearMisses } from '../counterfactual/near-misses.ts'
import { refOfSkipped, type SkippedRule, skippedRules } from '../counterfactual/skipped-rules.ts'
import { hadItMatched } from '../counterfactual/what-if.ts'
import { nameRef, ownerOfRef } from '../refs.ts'
import { isAnswer } from '../reply/request-reply.ts'
import { isAcceptedLater } from './accepted-too-late.ts'
import { isForHere, namesHost } from './empty-chain.ts'
import { listensElsewhere } from './listens-elsewhere.ts'
import { returnsService } from './returned-early.ts'
import { forwardingOf } from './routing.ts'
import { choosesEnd, sendsOthersOn, servedByNat } from './served-by-nat.ts'
import { opensOf, suchPackets } from './such-packets.ts'

/** Other services have a rule in the chain, and this one has none. */
export const missingRule: Detector = {
  code: 'missing-rule',
  detect: (context) =>
    goals(context)
      // an answer goes to the port that was asked from: no service's
      .filter((goal) => goal.kind !== 'pass' || !isAnswer(context.journey.packet, context.world))
      .filter((goal) => goal.sure && goal.mendable && !nearMisses(context, goal).some(({ likely }) => likely))
      .flatMap((goal) => tell(context, goal)),
}

interface Sibling extends SkippedRule {
  misses: FailedCondition[]
}

function tell(context: Context, goal: Goal): Detected[] {
  // it has one, which comes too late
  if (goal.kind === 'pass' && isAcceptedLater(context, goal)) return []
  const all = siblings(context, goal)
  const best = all.find((one) => goal.wanted(hadItMatched(context, one)))
  // there is one, which does too little
  if (!best || goal.pass.steps.some((i) => returnsService(context, goal, i))) return []
  const { chain, misses, moment, step } = best
  const { dst, dport, protocol } = moment.packet
  const ref = refOfSkipped(context, best)
  const does = verdictOf(best.rule).ending
  const more = all.filter((one) => one !== best && one.chain === chain && verdictOf(one.rule).ending === does).length
  const type = moment.packet.icmpType === undefined ? '' : ` type ${moment.packet.icmpType}`
  const service = `${protocol ?? ''}${type} ${dport === undefined ? 'to ' : ''}${describeEnd(dst, dport)}`.trim()
  const like = more === 0 ? nameRef(ref) : `${nameRef(ref)} (${more} more like it)`
  // one for another protocol is near in the chain alone
  const isNear = !misses.some(({ condition }) => fieldOf(condition) === 'meta l4proto')
  const closest = isNear ? ` The closest, ${like}, only matches ${asksAll(misses)}.` : ''
  const sent = goal.kind === 'destination' ? sentOn(context, best) : undefined
  const on = sent === undefined ? '' : ` ${isNear ? 'That rule' : nameRef(ref)} sends its port on to ${sent.to}.`
  return [
    finding(
      'missing-rule',
      sent === undefined ? 'note' : 'error',
      `No rule ${isNear ? '' : `of ${chain.name} `}${goal.kind === 'pass' ? 'accepts' : 'exists for'} ${service}.${closest}${on}${goal.kind === 'pass' ? perhapsForwarded(context, moment) : ''}`,
      {
        steps: [step + 1],
        rules: [ref],
        fix: sent === undefined ? another(context, goal, best) : sent.fix,
        doubt: sent === undefined ? 0.5 : -0.1,
      },
    ),
  ]
}

/** Where nat sends other ports of its address on, the rule for this one may be gone: then no rule that accepts it is of use. */
function perhapsForwarded(context: Context, moment: EvalContext): string {
  const { host } = context.world
  const { packet } = moment
  const { in: from, dport } = packet
  if (from === undefined || from === 'lo' || isLocal(packet.dst ?? '', host) !== true) return ''
  if (!isForNobody(host, packet) || listensElsewhere(host, packet) !== undefined) return ''
  if (forwardingOf(host, context.journey.family, from) !== '1' || servedByNat(context, packet)) return ''
  return sendsOthersOn(context, moment)
    ? ` If this host is to forward port ${dport} to another host, the DNAT rule is missing.`
    : ''
}

/**
 * nat sends other ports of this address, or of what comes in by this interface, to one host as they are, and no program here
 * has the packet's port on any address: it was to go there, too.
 */
function sentOn(context: Context, sibling: Sibling): { to: string; fix: Proposal[] } | undefined {
  const { journey, world } = context
  const { rule, chain, moment, misses, below } = sibling
  const { packet } = moment
  const [miss] = misses
  if (journey.outcome !== 'delivered' || !miss || misses.length > 1 || !asksPort(miss)) return undefined
  if (!isForNobody(world.host, lastPacket(context)) || listensElsewhere(world.host, packet) !== undefined)
    return undefined
  const to = rule.statements.find(({ kind }) => kind === 'dnat')
  if (to?.kind !== 'dnat' || to.map || to.addresses?.length !== 2 || to.addresses[0] !== to.addresses[1])
    return undefined
  const [address] = to.addresses
  if (isLocal(address, world.host) !== false || packet.dport === undefined) return undefined
  const asked = wantedBy(miss.condition)
  const [port, last] = to.ports ?? []
  // who gives a service another port means that service alone
  if (port !== undefined && (port !== last || asked.length !== 1 || asked[0] !== port)) return undefined
  const ways = [rule, ...below.map((one) => one.chain.rules[one.index - 1])]
  if (!ways.some((one) => one?.conditions.some((condition) => choosesEnd(condition, moment)))) return undefined
  const ref = refOfSkipped(context, sibling)
  const spot = spotAt(chain, rule.ruleNumber)
  const change =
    port !== undefined
      ? changesOf(ref).add(ref, spot, suchAt(moment), { kind: 'dnat', to: { address: address!, port: packet.dport } })
      : isListed(miss)
        ? changesOf(ref).correct(ref, miss, packet, { keeps: true })
        : changesOf(ref).alike(ref, spot, miss, packet)
  const fix = propose(
    `send port ${packet.dport} to ${address}, too`,
    change,
    `first check that ${address} has the service`,
  )
  return { to: address!, fix }
}

const suchAt = ({ packet, hook }: EvalContext): Chosen => ({
  kind: 'such',
  packet,
  hints: hook === undefined ? {} : { hook },
})

/** Rules for other addresses and ports, and for nothing else; the likest first. What they would have done is not asked. */
function siblings(context: Context, goal: Goal): Sibling[] {
  const found: Sibling[] = []
  const served = isServed(context, goal)
  for (const passed of skippedRules(context, goal.pass)) {
    const { rule, moment } = passed
    if (verdictOf(rule).ending === 'continue') continue
    // who led the packet to the chain has chosen it
    const isBase = passed.chain.hook !== undefined
    if (isBase && !rule.conditions.some((one) => evaluate(one, moment) === true)) continue
    const misses = missedBy(rule, moment)
    if (
      !misses ||
      misses.length === 0 ||
      !misses.every((miss) => isOfService(miss, goal) || isOfOwnOther(context, passed, miss, goal))
    )
      continue
    if (served && misses.some(asksPort)) continue
    // what is not for this host is sent elsewhere only by a rule for its very destination
    if (goal.kind === 'destination' && !isForHere(context, passed.step) && !namesHost(rule)) continue
    if (!misses.some((miss) => asksPort(miss) || asksHost(miss))) continue
    // another host's other service has to have something else in common with it
    if (misses.some(asksHost) && misses.some(asksPort) && !holdsMore(rule, moment)) continue
    found.push({ ...passed, misses })
  }
  const other = ({ misses }: Sibling) => misses.filter(asksPort).length
  return found.sort((a, b) => a.misses.length - b.misses.length || other(a) - other(b))
}

/**
 * Is there a rule for its very service? Then none is missing: in nat, where it met the rule, whatever that did; else where
 * the rule asks for something that the packet has not.
 */
function isServed(context: Context, { kind, pass }: Goal): boolean {
  const asksForIt = (one: Condition) => asksPort({ condition: one }) && isExact(one)
  if (kind !== 'pass')
    return pass.steps.some((step) => context.evidence.arrivals[step]!.rule?.conditions.some(asksForIt))
  return [...skippedRules(context, pass)].some(({ rule, moment }) =>
    rule.conditions.some((one) => asksForIt(one) && evaluate(one, moment) === true),
  )
}

/** Asks for another port or protocol, or for another host: what one service has and another has not. */
function isOfService(miss: FailedCondition, { kind }: Goal): boolean {
  if (fieldOf(miss.condition) === 'meta l4proto') return true
  // what nat does for one address says nothing of another one
  return isExactOrList(miss) && (asksPort(miss) || (kind === 'pass' && asksHost(miss)))
}

/** nat has a rule for this very service on another address of this host, such as loopback. */
function isOfOwnOther({ world: { host } }: Context, { rule, moment }: SkippedRule, miss: FailedCondition, goal: Goal) {
  if (goal.kind !== 'destination' || !asksHost(miss) || !isExactOrList(miss)) return false
  if (!rule.conditions.some((one) => asksPort({ condition: one }) && evaluate(one, moment) === true)) return false
  return isLocal(moment.packet.dst, host) === true && wantedBy(miss.condition).every((one) => isLocal(`${one}`, host))
}

const holdsMore = ({ conditions }: Rule, moment: EvalContext): boolean =>
  conditions.some((one) => fieldOf(one) !== 'meta l4proto' && evaluate(one, moment) === true)

const asksHost = ({ condition }: FailedCondition): boolean => / daddr$/.test(fieldOf(condition) ?? '')
const asksPort = ({ condition }: Pick<FailedCondition, 'condition'>): boolean =>
  lookupOf(condition)?.fields.every((field) => / dport$/.test(field)) ?? / dport$/.test(fieldOf(condition) ?? '')

/** A set of nft's that the rule lists itself is for some services; one with a name has its elements come and go. */
const isExactOrList = (miss: FailedCondition): boolean => isExact(miss.condition) && (!isLookup(miss) || isListed(miss))

/** Such a rule beside it, for this packet and its like; where nat would send it is not known. */
function another(context: Context, { kind }: Goal, sibling: Sibling): Proposal[] {
  const { chain, rule, moment, misses } = sibling
  const isOfOwn = kind === 'destination' && misses.every(asksHost)
  if ((kind !== 'pass' && !isOfOwn) || verdictOf(rule).ending === 'jump') return []
  const ref = refOfSkipped(context, sibling)
  // who writes the chain back takes out what others have put there
  if (ownerOfRef(context, ref)?.rewrites) return []
  const spot = spotAt(chain, rule.ruleNumber)
  const such = suchPackets(context, moment.packet)
  return propose(
    `add a rule for it to ${chain.name}`,
    changesOf(ref).add(ref, spot, such, { kind: 'like', rule }),
    opensOf(such),
  )
}
