/** A mark that a rule reads before another one sets it. */
import { type BaseChain, baseChainsAt } from '../../journey/base-chains.ts'
import { type Hook, iptablesPriority, NEXT_HOOKS } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { addressType } from '../../rules/fib.ts'
import { walk } from '../../rules/walk.ts'
import { type Context, lastPacket } from '../context.ts'
import { refOf } from '../refs.ts'
import { type Mark, markBehind } from './mark-behind.ts'
import { markGiven } from './marks.ts'
import { passes, type SkippedRule, type TableTraversal } from './skipped-rules.ts'

export interface LateMark {
  /** The rule that sets it. */
  ref: RuleRef
  base: Pick<BaseChain, 'table' | 'chain' | 'hook'>
}

/** Who gives the packet this mark behind the rule that was skipped: as the trace shows, or as its rules would have further on. */
export function lateMark(context: Context, mark: Mark, skipped: SkippedRule): LateMark | undefined {
  if (mark.field === 'ct mark' || mark.value === 0) return undefined
  return givenBehind(context, mark, skipped.step) ?? wouldBeGiven(context, mark, skipped)
}

const has = (packetMark: number | undefined, { value, mask }: Mark): boolean =>
  packetMark !== undefined && (packetMark & mask) >>> 0 === value >>> 0

function givenBehind(context: Context, mark: Mark, from: number): LateMark | undefined {
  const { journey, evidence } = context
  for (const pass of passes(context)) {
    for (const i of pass.steps) {
      const { rule, chain } = evidence.arrivals[i]!
      if (i < from || journey.steps[i]!.kind !== 'rule' || !rule || !chain || !markGiven(rule)) continue
      if (has(markBehind(context, i - 1) ?? 0, mark) || !has(markBehind(context, i), mark)) continue
      return found(context, pass, chain, rule)
    }
  }
  return undefined
}

const found = (
  context: Context,
  { table, base, hook }: Pick<TableTraversal, 'table' | 'base' | 'hook'>,
  chain: Chain,
  rule: Rule,
): LateMark | undefined => hook && { ref: refOf(context, table.name, chain, rule), base: { table, chain: base, hook } }

/** The packet was stopped, or nobody shows the rest of its way: the chains that it had before it, as far as their order is known. */
function wouldBeGiven(context: Context, mark: Mark, { pass, moment }: SkippedRule): LateMark | undefined {
  const { world, journey, budget } = context
  if (!pass.hook) return undefined
  const isTraversed = (table: Table, chain: Chain) =>
    passes(context).some((one) => one.table === table && one.base === chain)
  // nat may have chosen another destination since
  const isLocal = addressType(lastPacket(context).dst, world.host) === 'local'
  for (const hook of [pass.hook, ...hooksBehind(pass.hook, isLocal)]) {
    for (const { table, chain } of baseChainsAt(world, journey.family, hook, true)) {
      const isBehind = hook !== pass.hook || priorityAt(chain, hook) > priorityAt(pass.base, hook)
      if (!isBehind || isTraversed(table, chain)) continue
      const { matched, packet } = walk(table, [{ chain, index: 0 }], { ...moment, hook }, budget)
      const setting = has(packet.mark, mark) ? matched.findLast(({ rule }) => markGiven(rule)) : undefined
      if (setting) return found(context, { table, base: chain, hook }, setting.chain, setting.rule)
    }
  }
  return undefined
}

/** Where the kernel runs it: NAT has priorities of its own, whatever its chains have (nf_nat_register_fn). */
export const priorityAt = ({ type, priority = 0 }: Chain, hook: Hook): number =>
  type === 'nat' ? iptablesPriority('nat', hook) : priority

function hooksBehind(hook: Hook, isLocal: boolean): Hook[] {
  // what leaves may come back, as another packet would
  if (hook === 'postrouting') return []
  const next = NEXT_HOOKS[hook].filter((one) => hook !== 'prerouting' || (one === 'input') === isLocal)
  return next.flatMap((one) => [one, ...hooksBehind(one, isLocal)])
}
