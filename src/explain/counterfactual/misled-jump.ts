/** A jump that the packet met, and that leads to a chain which another rule leads to as well, where nothing leads to the one for it. */

import type { StepContext } from '../../journey/step-context.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { writesMark } from '../../rules/assign.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Walk } from '../../rules/walk.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, momentAt } from '../context.ts'
import { nameBeside, refAt, refOf } from '../refs.ts'
import { fieldOf } from './failed-condition.ts'
import { markedThere } from './mark-behind.ts'
import { positionsBelow, type TableTraversal } from './skipped-rules.ts'
import { leadersOf } from './unreached.ts'
import { onwards } from './what-if.ts'

export interface MisledJump {
  step: number
  ref: RuleRef
  /** Where it leads. */
  to: string
  /** Another rule that leads there. */
  twin: RuleRef
  /** The other one leads there what this one does. */
  isDouble: boolean
  /** Where it leads, other packets of its are accepted or marked. */
  isOfUse: boolean
}

/** One behind which the packet would go on as wanted, if it led to `orphan`; what chooses its packets before what takes all. */
export function misledJump(
  context: Context,
  { table, steps }: TableTraversal,
  orphan: Chain,
  wanted: (then: Walk) => boolean,
): MisledJump | undefined {
  const { arrivals } = context.evidence
  const choosing = (step: number) => Number((arrivals[step]!.rule?.conditions.length ?? 0) > 0)
  // that a chain leads to the same place twice is of no use to anybody
  const doubles = new Set(steps.filter((step) => isDouble(arrivals[step]!)))
  const told = (step: number) => (doubles.has(step) ? 2 : choosing(step))
  for (const step of steps.toReversed().sort((a, b) => told(b) - told(a))) {
    const { chain, rule, ending } = arrivals[step]!
    const to = rule && (ending === 'jump' || ending === 'goto') ? verdictOf(rule).chain : undefined
    const other =
      to === undefined
        ? undefined
        : leadersOf(table)
            .get(to)
            ?.find((one) => one.rule !== rule)
    if (!chain || !rule || !other || to === orphan.name || isForTheRest(chain, rule)) continue
    // `IN_public_allow` is a part of `IN_public`
    if (orphan.name.startsWith(to!)) continue
    // what drops such packets was chosen for that
    if (arrivals.some(({ caller, ending: last }) => caller === step && STOPS.has(last)) && !accepts(table, to!))
      continue
    const ref = refAt(context, step)
    if (!ref || context.budget.isUsedUp) continue
    const below = positionsBelow(context, step)
    const behind = ending === 'jump' ? [...below, { chain, index: rule.ruleNumber }] : below
    const { moment } = markedThere(context, { step, moment: momentAt(context, step) })
    const then = onwards(context, table, [...behind, { chain: orphan, index: 0 }], moment, 'unused')
    if (!wanted(then)) continue
    const isOfUse = serves(table, to!, moment)
    const twin = refOf(context, table.name, other.chain, other.rule)
    return { step, ref, to: to!, twin, isOfUse, isDouble: doubles.has(step) }
  }
  return undefined
}

/** Another rule of the chain takes the same packets to the same place: has done so before, or would with nothing decided between. */
function isDouble({ chain, rule }: StepContext): boolean {
  const to = rule && verdictOf(rule).chain
  if (!chain || !rule || to === undefined) return false
  const isLikewise = (one: Rule) =>
    one !== rule &&
    verdictOf(one).chain === to &&
    JSON.stringify(one.conditions) === JSON.stringify(rule.conditions) &&
    // of one in front, there is nothing between
    chain.rules.slice(rule.ruleNumber, Math.max(rule.ruleNumber, one.ruleNumber - 1)).every(decidesNothing)
  return chain.rules.some(isLikewise)
}

const decidesNothing = (rule: Rule): boolean =>
  verdictOf(rule).ending === 'continue' && rule.statements.every(({ kind }) => kind !== 'vmap')

/** The rule that chose the packet for the chain which stopped it. */
export function ledToItsEnd({ evidence: { arrivals }, ended }: Context): number | undefined {
  const caller = arrivals[ended.step]?.caller
  const rule = caller === undefined ? undefined : arrivals[caller]?.rule
  return rule && rule.conditions.length > 0 && STOPS.has(arrivals[ended.step]!.ending) ? caller : undefined
}

/** Verdicts that stop a packet. */
export const STOPS: ReadonlySet<string> = new Set(['drop', 'reject'])

const accepts = ({ chains }: Table, name: string): boolean =>
  chains.get(name)?.rules.some((one) => verdictOf(one).ending === 'accept') === true

/** It accepts, or marks, others that come by the same interfaces and with the same protocol. */
const serves = ({ chains }: Table, name: string, moment: EvalContext): boolean =>
  chains.get(name)?.rules.some((one) => {
    const { conditions } = one
    if (verdictOf(one).ending !== 'accept' && !writesMark(one)) return false
    if (conditions.some((each) => fieldOf(each) === 'ct state')) return false
    return conditions.every((each) => !SHARED.test(fieldOf(each) ?? '') || evaluate(each, moment) !== false)
  }) === true

const SHARED = /^meta (l4proto|[io]ifname)$/

/** What comes to no other rule of the chain is logged, refused or dropped by way of one chain for all. */
function isForTheRest({ rules }: Chain, rule: Rule): boolean {
  const [before, behind] = [rules.slice(0, rule.ruleNumber - 1), rules.slice(rule.ruleNumber)]
  const choose = (some: readonly Rule[]) => some.some(({ conditions }) => conditions.length > 0)
  return rule.conditions.length === 0 && choose(before) && !choose(behind)
}

/** Behind a full stop. */
export const misledWords = ({ ref, to, twin }: MisledJump, beside: RuleRef): string =>
  ` ${nameBeside(ref, beside)}, which matches it, jumps to ${to}, as ${nameBeside(twin, ref)} does.`

/** `more`: other fixes, which come first where packets that are accepted now would be lost. */
export function leadBack(
  { ref, to, isOfUse, isDouble: skipsNothing }: MisledJump,
  chain: string,
  more: Proposal[],
): Proposal[] {
  const back = propose(
    `make ${ref.chain} jump to ${chain}, in place of ${to}`,
    changesOf(ref).leadTo(ref, chain),
    skipsNothing ? undefined : `every packet that matches this rule then skips ${to}`,
  )
  return isOfUse && !skipsNothing ? [...more, ...back] : [...back, ...more]
}
