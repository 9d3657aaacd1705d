/** The rules that a packet was held against and that let it pass: told by what the trace shows before and behind them. */
import type { Hook } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import type { ChainPosition } from '../../rules/walk.ts'
import { type Context, momentAt } from '../context.ts'
import { refOf } from '../refs.ts'

/** One run of one table at one hook. */
export interface TableTraversal {
  table: Table
  hook: Hook | undefined
  base: Chain
  /** Indexes of its steps. */
  steps: number[]
}

export interface SkippedRule {
  pass: TableTraversal
  chain: Chain
  rule: Rule
  /** Index of the step that shows the packet as it was there. */
  step: number
  moment: EvalContext
  /** Where it would go on once the chain is done, the base chain first. */
  below: readonly ChainPosition[]
}

/** The tables that the journey shows, in order; those whose chains are not in the ruleset are left out. */
export function passes({ evidence, journey }: Context): TableTraversal[] {
  const found: TableTraversal[] = []
  let key = ''
  for (const [i, { table, chain, hook }] of evidence.arrivals.entries()) {
    const step = journey.steps[i]!
    if (step.kind === 'log' || !table || !chain) continue
    const now = `${table.family} ${table.name} ${hook}`
    if (now !== key && chain.hook === undefined) continue
    // nft's tables may have several base chains at a hook
    if (now === key && (chain.hook === undefined || chain === found.at(-1)!.base)) found.at(-1)!.steps.push(i)
    else found.push({ table, hook, base: chain, steps: [i] })
    key = now
  }
  return found
}

/** In the order in which the packet came by them. */
export function* skippedRules(context: Context, pass: TableTraversal): Generator<SkippedRule> {
  /** How far each run of a chain was looked through: by the step that led into it. */
  const looked = new Map<string, number>()
  for (const step of pass.steps) {
    const { chain, caller } = context.evidence.arrivals[step]!
    if (!chain) continue
    const { kind, ruleNumber } = context.journey.steps[step]!
    // nft gives a policy no number: it stands behind all rules
    const number = ruleNumber ?? (kind === 'policy' ? chain.rules.length + 1 : undefined)
    if (number === undefined) continue
    const key = `${caller ?? ''} ${chain.name}`
    const from = looked.get(key) ?? 0
    looked.set(key, number)
    if (from + 1 >= number) continue
    const moment = momentAt(context, step)
    const below = positionsBelow(context, step)
    for (let i = from; i < number - 1 && i < chain.rules.length; i++) {
      // a chain that is met again and again is asked each time
      if (--context.budget.left < 0) return
      yield { pass, chain, rule: chain.rules[i]!, step, moment, below }
    }
  }
}

/** Where the packet goes on once the chain of step `i` is done, the base chain first. */
export function positionsBelow({ evidence: { arrivals } }: Context, i: number): ChainPosition[] {
  const positions: ChainPosition[] = []
  for (let at = arrivals[i]!.caller; at !== undefined; at = arrivals[at]!.caller) {
    const { chain, rule, ending } = arrivals[at]!
    // a chain left by goto is not come back to
    if (chain && rule && ending !== 'goto') positions.push({ chain, index: rule.ruleNumber })
  }
  return positions.reverse()
}

export const refOfSkipped = (
  context: Context,
  { pass, chain, rule }: Pick<SkippedRule, 'pass' | 'chain' | 'rule'>,
): RuleRef => refOf(context, pass.table.name, chain, rule)
