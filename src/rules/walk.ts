/** What would become of a packet in one table, from a position in its chains on: the packet itself goes nowhere. */

import { memo } from '../model/memo.ts'
import type { Packet } from '../model/packet.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { EvalContext } from './eval-context.ts'
import { evaluateAll, evaluateRange } from './evaluate.ts'
import { evaluateUnused } from './lasting.ts'
import { type Line, PreparedChain, type PreparedRule, preparedChain } from './prepared-chain.ts'
import { isUnknown, type Unknown, unknown } from './truth.ts'
import { isNotListed } from './unshown.ts'
import { execute, mayHaveExecuted, statementVerdict, verdictOf } from './verdict.ts'
import { MOST_REPEATED, type WalkBudget } from './walk-budget.ts'
import { WalkFrame } from './walk-stack.ts'
import { type Walker, walkTable } from './walk-table.ts'

export interface ChainPosition {
  chain: Chain
  /** Index of the next rule to look at. */
  index: number
}

export interface Visit {
  chain: Chain
  rule: Rule
  /** As it arrived at the rule. */
  packet: Packet
}

export interface Walk {
  /** The rules that matched, in order. */
  matched: Visit[]
  /** `policy`: the base chain's policy decides. */
  ending: 'accept' | 'drop' | 'reject' | 'queue' | 'stolen' | 'policy' | 'unknown'
  /** Where it ended; absent at the policy. */
  last?: Visit
  /** Why it cannot be told. */
  because?: Unknown
  /** The packet as it left the table. */
  packet: Packet
}

export type Open = 'stop' | 'holds' | 'unused'

/**
 * `positions`: where the packet is, the base chain first; each but the last is where its chain goes on after a return.
 * `open`: what becomes of it at a rule whose conditions are not known: it stops there, unless the rule lets it go on
 * either way, or it goes as if they held, except where they spare one sender; or limits are taken to be unused.
 */
export function walk(
  table: Table,
  positions: readonly ChainPosition[],
  start: EvalContext,
  budget: WalkBudget,
  open: Open = 'stop',
): Walk {
  const walker = new SupposedWalk(start, budget, open)
  if (positions.length === 0) return walker.policy()
  const frames = positions.map(
    ({ chain, index }, i) => new WalkFrame(prepared(table, chain), index, start.hook, i, undefined),
  )
  return walkTable(walker, table, frames)
}

/** It leaves alone what one program has sent, as a proxy's own: where nobody knows who has, that is mostly another one. */
const sparesSender = (rule: Rule): boolean =>
  /^(accept|return)$/.test(verdictOf(rule).text) &&
  rule.conditions.some((one) => one.kind === 'compare' && one.op === '==' && /^meta (sk[ug]id|cgroup)$/.test(one.field))

const prepared = (table: Table, chain: Chain): PreparedChain =>
  (table.chains.get(chain.name) === chain ? preparedChain(table, chain.name) : undefined) ?? supposed(table)(chain)

/** One that is only supposed is not among the table's. */
const supposed = memo((table: Table) => memo((chain: Chain) => new PreparedChain(table, chain)))

/** Where the packet would be by now, and what it would have met. */
class SupposedWalk implements Walker<Walk> {
  readonly budget: WalkBudget
  /** One object for as long as nothing changes. */
  state: EvalContext
  private readonly matched: Visit[] = []
  /** Conditions that are not known are taken to hold. */
  private readonly holds: boolean
  /** As it came to a rule with statements among its conditions. */
  private early: Visit | undefined = undefined
  private last: Visit | undefined = undefined

  private readonly unused: boolean

  constructor(start: EvalContext, budget: WalkBudget, open: Open) {
    this.state = start
    this.budget = budget
    this.holds = open === 'holds'
    this.unused = open === 'unused'
  }

  get context(): EvalContext {
    return this.state
  }

  get length(): number {
    return this.matched.length
  }

  repeat(from: number, to: number): void {
    if (this.matched.length + to - from > MOST_REPEATED) return
    for (let i = from; i < to; i++) this.matched.push(this.matched[i]!)
  }

  arrive({ rule, line }: PreparedRule): void {
    this.early = { chain: line.chain, rule, packet: this.state.packet }
  }

  ask({ rule }: PreparedRule, from: number, to: number): boolean | Unknown {
    const { conditions } = rule
    const whole = from === 0 && to === conditions.length
    const truth = whole ? evaluateAll(conditions, this.state) : evaluateRange(conditions, from, to, this.state)
    if (this.unused && isUnknown(truth)) return evaluateUnused(conditions.slice(from, to), this.state)
    return this.holds && isUnknown(truth) && !isNotListed(truth) ? !sparesSender(rule) : truth
  }

  add(_: WalkFrame, { chain, rule }: Line): number {
    if (!rule) return this.matched.length
    this.last = this.visit(chain, rule)
    return this.matched.push(this.last) - 1
  }

  execute({ rule }: PreparedRule, from: number, to: number): Walk | undefined {
    const { verdict, because, moment } = execute(rule, this.state, from, to)
    this.state = moment
    const { ending } = verdict
    switch (ending) {
      case 'continue':
      case 'jump':
      case 'goto':
      case 'return':
        return undefined
      case 'unknown':
        return this.unknown(because ?? unknown('nfwhy does not know this target'))
      default:
        return this.end(ending)
    }
  }

  mayExecute({ rule, line }: PreparedRule, from: number, to: number, open: Unknown): Walk | undefined {
    const stops = rule.statements.slice(from, to).some((one) => statementVerdict(one) !== undefined)
    if (stops) return this.unknown(open, line)
    this.state = mayHaveExecuted(rule, this.state, from, to)
    return undefined
  }

  private visit(chain: Chain, rule: Rule): Visit {
    const { early, state } = this
    return early?.rule === rule && early.chain === chain ? early : { chain, rule, packet: state.packet }
  }

  /** They serve alike. */
  choose(_: Rule, [first, ...others]: readonly string[]): string | undefined {
    return this.holds || others.length === 0 ? first : undefined
  }

  policy(): Walk {
    return { matched: this.matched, ending: 'policy', packet: this.state.packet }
  }

  stop(rule: PreparedRule | undefined, _: string, because: string): Walk {
    return this.unknown(unknown(because), rule?.line)
  }

  /** At the rule of this line, or at the last one that matched. */
  private unknown(because: Unknown, line?: Line): Walk {
    if (line?.rule && line.rule !== this.last?.rule) this.last = this.visit(line.chain, line.rule)
    return { ...this.end('unknown'), because }
  }

  private end(ending: Walk['ending']): Walk {
    const { matched, last, state } = this
    return last ? { matched, ending, last, packet: state.packet } : { matched, ending, packet: state.packet }
  }
}
