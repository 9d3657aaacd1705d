/**
 * One table's chains as ipt_do_table and nft_do_chain walk them (net/ipv4/netfilter/ip_tables.c,
 * net/netfilter/nf_tables_core.c). Whose packet it is, what conditions are asked of, and what statements change, a Walker
 * says: simulate/simulated-walk.ts plays a packet, walk.ts asks what would become of one.
 */
import type { Chain, Table } from '../model/ruleset.ts'
import { nextIn } from './chain-index.ts'
import { type Executor, matchInOrder } from './match.ts'
import type { Chooser, Line, PreparedRule } from './prepared-chain.ts'
import { isUnknown, type Unknown } from './truth.ts'
import type { WalkBudget } from './walk-budget.ts'
import { WalkFrame, type WalkRecord, WalkStack } from './walk-stack.ts'

/** A packet in one table. `End`: what becomes of it there. */
export interface Walker<End extends object | string, Open extends Unknown = Unknown>
  extends WalkRecord,
    Chooser,
    Executor<PreparedRule, End, Open> {
  readonly budget: WalkBudget
  /** The rule matched, or the chain ended: the number of the line, counted from 0. */
  add(frame: WalkFrame, line: Line): number
  /** The base chain ended. */
  policy(base: Chain, table: Table): End
  /** What becomes of the packet is not known; `what`: in the rule's own words, `rule`: the one it came to. */
  stop(rule: PreparedRule | undefined, what: string, because: string, endless: boolean): End
}

/**
 * `frames`: where the packet is, the base chain first; each but the last is where its chain goes on after a return. A
 * chain left by goto is not come back to; where nothing is left to come back to, the policy decides.
 */
export function walkTable<End extends object | string, Open extends Unknown>(
  walker: Walker<End, Open>,
  table: Table,
  frames: WalkFrame[],
): End {
  const { budget } = walker
  const base = frames[0]!.chain.chain
  // most packets leave most base chains by their policy: made at the first jump
  let stack = frames.length > 1 ? new WalkStack(table, frames, walker, budget) : undefined
  for (;;) {
    const frame = frames[frames.length - 1]!
    const { chain } = frame
    if (--budget.left < 0) return walker.stop(undefined, `chain ${chain.chain.name}`, budget.reason, true)
    if (chain.index) frame.index = nextIn(chain.index, frame.index, walker.context)
    const found = chain.rule(frame.index++)
    if (!found) {
      walker.add(frame, chain.end)
      if (!stack?.leave()) return walker.policy(base, table)
      continue
    }
    let done = 0
    if (found.order) {
      const met = matchInOrder(walker, found, found.order)
      if (met.end !== undefined) {
        if (met.matches) walker.add(frame, found.line)
        return met.end
      }
      if (!met.matches) continue
      done = met.done
    } else {
      const truth = walker.ask(found, 0, found.tests.length)
      if (truth === false) continue
      if (truth !== true) {
        const end = walker.mayExecute(found, 0, found.rule.statements.length, truth)
        if (end !== undefined) return end
        continue
      }
    }
    const rule = found.mapped ? chain.withVerdict(found, done, walker.context, walker) : found
    if (isUnknown(rule)) return walker.stop(found, found.rule.text, rule.unknown, false)
    const step = walker.add(frame, rule.line)
    if (rule.acts) {
      const end = walker.execute(rule, done, rule.rule.statements.length, step)
      if (end !== undefined) return end
    }
    switch (rule.onward) {
      case undefined:
        break
      case 'return':
        // at the end of the base chain its policy decides
        if (stack) stack.leave()
        else frame.index = Number.POSITIVE_INFINITY
        break
      default: {
        stack ??= new WalkStack(table, frames, walker, budget)
        const refused = enter(stack, frame, rule, step)
        if (refused !== undefined) return walker.stop(rule, wordsOf(rule), refused, !!rule.target)
      }
    }
  }
}

/** Why the packet cannot go there. */
function enter(
  stack: WalkStack,
  { hook, depth }: WalkFrame,
  { onward, target, verdict }: PreparedRule,
  caller: number,
): string | undefined {
  if (!target) return `chain ${verdict.chain} is not in the ruleset`
  const by = onward === 'goto' ? 'goto' : 'jump'
  return stack.enter(new WalkFrame(target, 0, hook, by === 'jump' ? depth + 1 : depth, caller), by)
}

const wordsOf = ({ onward, verdict }: PreparedRule): string => `-${onward === 'goto' ? 'g' : 'j'} ${verdict.chain}`
