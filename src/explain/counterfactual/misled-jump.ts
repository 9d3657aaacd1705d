/** A jump that the packet met, and that leads to a chain which another rule leads to as well, where nothing leads to the one for it. */
import type { RuleRef } from '../../model/journey.ts'
import type { Chain } from '../../model/ruleset.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Walk } from '../../rules/walk.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, momentAt } from '../context.ts'
import { nameBeside, refAt, refOf } from '../refs.ts'
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
}

/** The last one behind which the packet would go on as wanted, if it led to `orphan`. */
export function misledJump(
  context: Context,
  { table, steps }: TableTraversal,
  orphan: Chain,
  wanted: (then: Walk) => boolean,
): MisledJump | undefined {
  for (const step of steps.toReversed()) {
    const { chain, rule, ending } = context.evidence.arrivals[step]!
    const to = rule && (ending === 'jump' || ending === 'goto') ? verdictOf(rule).chain : undefined
    const target = to === undefined || to === orphan.name ? undefined : table.chains.get(to)
    // what every chain sends its rest to, to be logged and dropped, is meant
    if (!chain || !rule || !target?.rules.some((one) => verdictOf(one).ending === 'accept')) continue
    const other = leadersOf(table)
      .get(target.name)
      ?.find((one) => one.rule !== rule)
    const ref = refAt(context, step)
    if (!other || !ref || context.budget.isUsedUp) continue
    const below = positionsBelow(context, step)
    const behind = ending === 'jump' ? [...below, { chain, index: rule.ruleNumber }] : below
    const then = onwards(context, table, [...behind, { chain: orphan, index: 0 }], momentAt(context, step))
    if (wanted(then)) return { step, ref, to: target.name, twin: refOf(context, table.name, other.chain, other.rule) }
  }
  return undefined
}

/** Behind a full stop. */
export const misledWords = ({ ref, to, twin }: MisledJump, beside: RuleRef): string =>
  ` ${nameBeside(ref, beside)}, which matches it, jumps to ${to}, as ${nameBeside(twin, ref)} does.`

export const leadBack = ({ ref, to }: MisledJump, chain: string): Proposal[] =>
  propose(
    `make ${ref.chain} jump to ${chain}, in place of ${to}`,
    changesOf(ref).leadTo(ref, chain),
    `affects every packet that this rule sent to ${to}`,
  )
