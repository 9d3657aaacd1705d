/** Two things are wrong: the packet was not led to a chain, and there it would not have been taken either. */
import type { Condition } from '../../model/condition.ts'
import { evaluate, evaluateAll } from '../../rules/evaluate.ts'
import { execute, verdictOf } from '../../rules/verdict.ts'
import type { ChainPosition, Walk } from '../../rules/walk.ts'
import type { Context } from '../context.ts'
import { nameRef } from '../refs.ts'
import { graphOf } from './chain-graph.ts'
import { asks, type FailedCondition, fieldOf, isParticular, onlyFailed } from './failed-condition.ts'
import type { Goal } from './goals.ts'
import { lookupOf } from './map-keys.ts'
import { findNearMisses, isSureOf } from './near-misses.ts'
import { chainLedTo, refOfSkipped, type SkippedRule, skippedRules, type TableTraversal } from './skipped-rules.ts'
import { elsewhere, jumpPlaces, likeness, twinHooks, type Unreached } from './unreached.ts'
import { onwards, rulesFrom } from './what-if.ts'

export interface NearlyTaken extends Omit<Unreached, 'then' | 'lead' | 'isAlike' | 'astray' | 'decides'> {
  /** That would have taken it then. */
  taker: SkippedRule
  walked: Walk
  /** What keeps the packet from it even there, behind "but". */
  but: string
  /** The rule that leads there but for one thing. */
  lead?: SkippedRule & { miss: FailedCondition }
}

/**
 * Chains that the packet was not led to, and with a rule that would have taken it, had one more thing been otherwise:
 * those that the base chain does not lead to, and those that a rule leads to but for what chooses no host and no service: an
 * interface, a protocol, a hop limit.
 */
export function nearlyTaken(context: Context, goal: Goal): NearlyTaken[] {
  const { pass, wanted } = goal
  const graph = graphOf(pass.table, context.world.sets)
  const entered = new Set(pass.steps.map((step) => context.evidence.arrivals[step]!.chain))
  const places = jumpPlaces(context, pass)
  const found: NearlyTaken[] = []
  for (const chain of graph.apartFrom(pass.base, twinHooks(pass))) {
    if (context.budget.isUsedUp) break
    const [from] = [...places].sort((a, b) => likeness(b.chain, chain) - likeness(a.chain, chain))
    if (!from) continue
    const stack = [...from.stack, { chain, index: 0 }]
    const near = behind(context, goal, stack, from)
    if (!near || entered.has(near.taker.chain)) continue
    const takesAll =
      wanted(onwards(context, pass.table, stack, elsewhere(from.moment))) ||
      !choosesDestination(near, from.stack.length)
    found.push({ chain, led: graph.led.has(chain.name), meant: false, from, takesAll, ...near })
  }
  for (const { lead, chain, stack } of nearLeads(context, pass)) {
    if (context.budget.isUsedUp) break
    const near = behind(context, goal, stack, lead)
    const from = { chain: lead.chain, ruleNumber: lead.rule.ruleNumber, moment: lead.moment }
    if (near) found.push({ chain, led: true, meant: false, from, takesAll: true, lead, ...near })
  }
  return found
}

/** By the rule itself, or one behind the jump to its chain that leads there: then it takes no packets for anywhere else. */
function choosesDestination({ taker: { rule, below, moment } }: Behind, depth: number): boolean {
  const ways = [rule, ...below.slice(depth).map(({ chain, index }) => chain.rules[index - 1])]
  return ways.some((one) =>
    one?.conditions.some((condition) => asksDestination(condition) && evaluate(condition, elsewhere(moment)) === false),
  )
}

const asksDestination = (condition: Condition): boolean =>
  (lookupOf(condition)?.fields ?? [fieldOf(condition) ?? '']).some((field) => / d(addr|port)$/.test(field))

type At = Pick<SkippedRule, 'step' | 'moment'>
type Behind = Pick<NearlyTaken, 'taker' | 'walked' | 'but'>

/** What a rule did that matches such packets is surer than what one would do that nearly does. */
const behind = (context: Context, goal: Goal, stack: readonly ChainPosition[], at: At): Behind | undefined =>
  skippedBehind(context, goal, stack, at) ??
  leftBehind(context, goal, stack, at) ??
  nearBehind(context, goal, stack, at)

function nearBehind(context: Context, goal: Goal, stack: readonly ChainPosition[], at: At): Behind | undefined {
  const near = findNearMisses(context, goal, rulesFrom(context, goal.pass, stack, at)).find(isSureOf)
  return near && { taker: near, walked: near.then, but: `only matches ${asks(near.miss)}` }
}

/** A rule there that is for such packets alone lets them go in front of the one that would have taken them. */
function skippedBehind(context: Context, goal: Goal, stack: readonly ChainPosition[], at: At): Behind | undefined {
  for (const passed of rulesFrom(context, goal.pass, stack, at)) {
    const { rule, chain, moment, below } = passed
    if (!/^(accept|return)$/.test(verdictOf(rule).ending) || evaluateAll(rule.conditions, moment) !== true) continue
    const walked = onwards(context, goal.pass.table, [...below, { chain, index: rule.ruleNumber }], moment)
    const { last } = walked
    if (!last || !rule.conditions.some(isParticular) || !goal.wanted(walked)) return undefined
    const taker = { ...passed, chain: last.chain, rule: last.rule }
    return { taker, walked, but: `${nameRef(refOfSkipped(context, passed))} accepts or returns it earlier` }
  }
  return undefined
}

/** A goto there leads the packet to a chain that does not take it; had it jumped, it would have come back to one that does. */
function leftBehind(context: Context, goal: Goal, stack: readonly ChainPosition[], at: At): Behind | undefined {
  for (const passed of rulesFrom(context, goal.pass, stack, at)) {
    const { rule, chain, moment, below } = passed
    if (evaluateAll(rule.conditions, moment) !== true || execute(rule, moment).verdict.ending !== 'goto') continue
    const walked = onwards(context, goal.pass.table, [...below, { chain, index: rule.ruleNumber }], moment)
    const { last } = walked
    if (!last || !goal.wanted(walked)) continue
    const taker = { ...passed, chain: last.chain, rule: last.rule }
    return { taker, walked, but: `${nameRef(refOfSkipped(context, passed))} leaves its chain by goto` }
  }
  return undefined
}

/** Of a chain from which no other rule that chooses has led the packet anywhere. */
function* nearLeads(context: Context, pass: TableTraversal) {
  const { arrivals } = context.evidence
  const hasChosen = (i: number) => arrivals[i]!.rule?.conditions.length !== 0 && chainLedTo(context, i) !== undefined
  const hasLed = new Set(pass.steps.filter(hasChosen).map((i) => arrivals[i]!.chain))
  for (const passed of skippedRules(context, pass)) {
    const chain = pass.table.chains.get(verdictOf(passed.rule).chain ?? '')
    const miss = chain && !hasLed.has(passed.chain) ? onlyFailed(passed.rule, passed.moment) : undefined
    if (!chain || !miss || isForSome(miss)) continue
    const behind = { chain: passed.chain, index: passed.rule.ruleNumber }
    yield { lead: { ...passed, miss }, chain, stack: [...passed.below, behind, { chain, index: 0 }] }
  }
}

/** It chooses for whom, or for what, the chain is; another one's is not the packet's. An interface, a protocol and what nobody addresses are no choice. */
const isForSome = ({ condition }: FailedCondition): boolean => {
  const field = fieldOf(condition)
  return field === undefined || / mark$|^(ct|fib) |^meta sk|^ip6? [sd]addr$|port$/.test(field)
}
