/** What the trace itself says of conditions that nothing else tells: a rule that is shown has matched, one that is not has not. */

import { type BaseChain, baseChainsAt } from '../../journey/base-chains.ts'
import type { Chain } from '../../model/ruleset.ts'
import { isByTurns } from '../../rules/by-turns.ts'
import { conditionText, evaluate } from '../../rules/evaluate.ts'
import { conditionsOf } from '../../rules/match.ts'
import { choiceText, mappedVerdict, verdictsOf } from '../../rules/nft/map.ts'
import { isUnknown, type Unknown } from '../../rules/truth.ts'
import { type Context, momentAt } from '../context.ts'
import { asks, onlyFailed } from '../counterfactual/failed-condition.ts'
import { DESTINATION, SOURCE } from '../counterfactual/rewritten.ts'
import { isNat, passes, skippedRules } from '../counterfactual/skipped-rules.ts'
import { verdictAt } from '../verdict-at.ts'

export interface Observed {
  /** In their rules' own words, whether they hold; what is said both ways is left out. */
  settled: ReadonlyMap<string, boolean>
  /** Those of them by which nat chose among several: the next packet may be sent to another. */
  byTurns: ReadonlySet<string>
}

export function observedConditions(context: Context): Observed {
  const settled = new Map<string, boolean | undefined>()
  const byTurns = new Set<string>()
  for (const pass of passes(context)) {
    const say = (text: string, holds: boolean, why: Unknown | undefined) => {
      settled.set(text, settled.has(text) && settled.get(text) !== holds ? undefined : holds)
      if (why && isNat(pass) && isByTurns(why)) byTurns.add(text)
    }
    for (const step of pass.steps) {
      const { rule } = context.evidence.arrivals[step]!
      if (context.journey.steps[step]!.kind !== 'rule' || !rule) continue
      const moment = momentAt(context, step)
      for (const [condition, at] of conditionsOf(rule, moment)) {
        const truth = evaluate(condition, at)
        if (isUnknown(truth)) say(conditionText(condition), true, truth)
      }
      const { verdict } = context.journey.steps[step]!
      const map = rule.statements.find((one) => one.kind === 'vmap')?.map
      const given = map && mappedVerdict(map, moment)
      if (verdict !== undefined && map && isUnknown(given))
        for (const one of verdictsOf(map, context.world)) say(choiceText(rule, one), one === verdict, given)
    }
    for (const { rule, moment } of skippedRules(context, pass)) {
      const miss = onlyFailed(rule, moment)
      const truth = miss?.settled && evaluate(miss.condition, moment)
      if (miss?.settled) say(asks(miss), false, isUnknown(truth) ? truth : undefined)
    }
  }
  for (const [text, holds] of observedOrder(context)) settled.set(text, holds)
  return { settled: new Map([...settled].filter((one): one is [string, boolean] => one[1] !== undefined)), byTurns }
}

/**
 * Of base chains of several tables at one hook, which came first (tied-chains.ts and nat.ts of the model ask): the one
 * that is shown first, or that took the packet where another one is not shown.
 */
function observedOrder(context: Context): Map<string, boolean> {
  const { evidence, world, journey } = context
  const order = new Map<string, boolean>()
  if (evidence.lossless !== true) return order
  const all = passes(context)
  const say = (first: Placed, then: Placed) => {
    if (first.table === then.table) return
    order.set(`order of chains: ${nameOf(first)} before ${nameOf(then)}`, true)
    order.set(`order of chains: ${nameOf(then)} before ${nameOf(first)}`, false)
  }
  for (const [i, { hook, base, table, steps }] of all.entries()) {
    if (!hook) continue
    const here = { table, chain: base }
    for (const then of all.slice(i + 1)) {
      if (then.hook !== hook) break
      if (isTied(base, then.base)) say(here, { table: then.table, chain: then.base })
    }
    const last = steps.at(-1)!
    const { ending } = evidence.arrivals[last]!
    const isTaken = base.type === 'nat' && [...DESTINATION, ...SOURCE].includes(verdictAt(context, last))
    if (!isTaken && ending !== 'drop' && ending !== 'reject') continue
    for (const other of baseChainsAt(world, journey.family, hook, evidence.nat === 'passed'))
      if (isTied(base, other.chain) && !all.some((one) => one.base === other.chain && one.hook === hook))
        say(here, other)
  }
  return order
}

type Placed = Pick<BaseChain, 'table' | 'chain'>

const nameOf = ({ table, chain }: Placed): string => `${table.family} ${table.name} ${chain.name}`

/** At the same priority; NAT has one of its own, whatever its chains have (nat-order.ts of the model). */
const isTied = (one: Chain, other: Chain): boolean =>
  (one.type === 'nat') === (other.type === 'nat')
    ? (one.priority ?? 0) === (other.priority ?? 0)
    : [one, other].some(({ type, priority }) => type !== 'nat' && Math.abs(priority ?? 0) === 100)
