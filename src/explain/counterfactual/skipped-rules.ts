/** The rules that a packet was held against and that let it pass: told by what the trace shows before and behind them. */
import { wayTo } from '../../journey/step-context.ts'
import type { Hook } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import { memo } from '../../model/memo.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { verdictOf } from '../../rules/verdict.ts'
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
export const passes = memo(findPasses)

/** The one that step `i` belongs to. */
export const passAt = (context: Context, i: number): TableTraversal | undefined =>
  passes(context).find(({ steps }) => steps.includes(i))

function findPasses({ evidence, journey }: Context): readonly TableTraversal[] {
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
    for (const { chain, from: caller, back, below } of chainRuns(context, pass)) {
      if (back !== step) continue
      const from = looked.get(keyOf(caller, chain)) ?? 0
      if (from < chain.rules.length) yield* between(context, pass, chain, from, chain.rules.length, step, below)
    }
    const { chain, caller } = context.evidence.arrivals[step]!
    if (!chain) continue
    const { kind, ruleNumber } = context.journey.steps[step]!
    // nft gives a policy no number: it stands behind all rules
    const number = ruleNumber ?? (kind === 'policy' ? chain.rules.length + 1 : undefined)
    if (number === undefined) continue
    const from = looked.get(keyOf(caller, chain)) ?? 0
    looked.set(keyOf(caller, chain), number)
    if (kind === 'policy' && isLeftEarly(context, step)) continue
    if (from + 1 < number) yield* between(context, pass, chain, from, number - 1, step, positionsBelow(context, step))
  }
}

/** A rule of the base chain has left it for its policy: those behind that rule were not asked. */
function isLeftEarly({ evidence: { arrivals } }: Context, policy: number): boolean {
  const { chain } = arrivals[policy]!
  const last = arrivals.findLast((one, i) => i < policy && one.chain === chain)
  return last?.ending === 'return' || last?.ending === 'goto'
}

const keyOf = (caller: number | undefined, { name }: Chain): string => `${caller ?? ''} ${name}`

/** The rules of a chain from one index to another, as step `step` shows the packet. */
function* between(
  context: Context,
  pass: TableTraversal,
  chain: Chain,
  from: number,
  to: number,
  step: number,
  below: readonly ChainPosition[],
): Generator<SkippedRule> {
  const moment = momentAt(context, step)
  for (let i = from; i < to && i < chain.rules.length; i++) {
    // a chain that is met again and again is asked each time
    if (--context.budget.left < 0) return
    yield { pass, chain, rule: chain.rules[i]!, step, moment, below }
  }
}

/** A chain that the packet left at its end. */
export interface ChainRun {
  chain: Chain
  /** Index of the step that led there. */
  from: number
  /** Of the first step behind it. */
  back: number
  /** Where the packet went on. */
  below: readonly ChainPosition[]
}

/**
 * The chains of a traversal that the packet left at their ends, the innermost first. nft's trace does not show that: it
 * only shows the next rule that matched below.
 */
export const chainRuns = (context: Context, pass: TableTraversal): readonly ChainRun[] => runs(context)(pass)

const runs = memo((context: Context) => memo((pass: TableTraversal) => findRuns(context, pass)))

function findRuns(context: Context, pass: TableTraversal): ChainRun[] {
  const { arrivals, lossless } = context.evidence
  // where events are missing, a rule that matched may be among them
  if (!(lossless ?? pass.table.kind === 'nft')) return []
  const found: ChainRun[] = []
  let open: { chain: Chain; from: number; ended?: true }[] = []
  for (const step of pass.steps) {
    const above = new Set(wayTo(arrivals, arrivals[step]!.caller))
    for (const { chain, from, ended } of [...open].reverse())
      if (!above.has(from) && !ended) found.push({ chain, from, back: step, below: belowOf(context, from) })
    open = open.filter(({ from }) => above.has(from))
    const { ending, caller } = arrivals[step]!
    const current = open.find(({ from }) => from === caller)
    if (current && ending !== 'continue' && ending !== 'jump') current.ended = true
    const target = chainLedTo(context, step)
    const chain = target === undefined ? undefined : pass.table.chains.get(target)
    if (chain) open.push({ chain, from: step })
  }
  return found
}

/** Where the packet goes on behind the chain that step `i` led to. */
function belowOf(context: Context, i: number): ChainPosition[] {
  const { chain, rule, ending } = context.evidence.arrivals[i]!
  const below = positionsBelow(context, i)
  return chain && rule && ending !== 'goto' ? [...below, { chain, index: rule.ruleNumber }] : below
}

/** The chain that step `i` led to: of a verdict map the one that it gave. */
export function chainLedTo({ evidence, journey }: Context, i: number): string | undefined {
  const { ending, rule } = evidence.arrivals[i]!
  if (ending !== 'jump' && ending !== 'goto') return undefined
  return /^(?:jump|goto) (.+)$/.exec(journey.steps[i]!.verdict ?? '')?.[1] ?? (rule && verdictOf(rule).chain)
}

/** nat's rules are where connections begin; nft has them in tables of any name. */
export const isNat = ({ table, base }: Pick<TableTraversal, 'table' | 'base'>): boolean => isNatChain(table, base)

export const isNatChain = ({ name }: Table, { type }: Chain): boolean =>
  type === undefined ? name === 'nat' : type === 'nat'

/** Where the packet goes on once the chain of step `i` is done, the base chain first. */
export function positionsBelow({ evidence: { arrivals } }: Context, i: number): ChainPosition[] {
  const positions: ChainPosition[] = []
  for (const at of wayTo(arrivals, arrivals[i]!.caller)) {
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
