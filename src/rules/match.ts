/**
 * Does a rule match a packet? nft evaluates from left to right (nft_do_chain, net/netfilter/nf_tables_core.c): a statement
 * in front of a condition is executed even where that condition fails.
 */
import type { Condition } from '../model/condition.ts'
import type { Rule } from '../model/ruleset.ts'
import type { Statement } from '../model/statement.ts'
import { after } from './assign.ts'
import type { EvalContext } from './eval-context.ts'
import { evaluateAll, evaluateRange } from './evaluate.ts'
import { mappedVerdict } from './nft/map.ts'
import { isUnknown, type Truth, type Unknown } from './truth.ts'
import { execute, mayHaveExecuted, statementVerdict, type Verdict } from './verdict.ts'

/** What conditions are asked of, and what statements change. */
export interface Executor<R, End, Open extends Unknown = Unknown> {
  /** The packet as it is now. */
  readonly context: EvalContext
  /** It came to a rule that may change it before it is known whether the rule matches. */
  arrive(rule: R): void
  /** Do the rule's conditions from one index to another hold? `before`: what is unknown of those in front of them. */
  ask(rule: R, from: number, to: number, before?: Open): boolean | Open
  /**
   * Executes its statements from one index to another; undefined: none of them ends the packet's way here. `step`: the
   * rule's line, where it is known by now that it matches.
   */
  execute(rule: R, from: number, to: number, step?: number): End | undefined
  /** As execute, where it is not known whether they are executed. */
  mayExecute(rule: R, from: number, to: number, open: Open): End | undefined
}

export interface Met<End> {
  matches: boolean
  /** So many statements were executed. */
  done: number
  /** One of these ended it; without a match: what is not known does. */
  end?: End
}

/** Matches a rule that has statements among its conditions; `order`: the rule's. */
export function matchInOrder<R extends { rule: Rule }, End, Open extends Unknown>(
  executor: Executor<R, End, Open>,
  rule: R,
  order: readonly number[],
): Met<End> {
  const { conditions, statements } = rule.rule
  executor.arrive(rule)
  let [asked, done] = [0, 0]
  let open: Open | undefined
  for (;;) {
    const until = done < statements.length ? order[done]! : conditions.length
    if (asked < until) {
      const truth = executor.ask(rule, asked, until, open)
      if (truth === false) return { matches: false, done }
      if (truth !== true) open ??= truth
      asked = until
    }
    if (asked === conditions.length && !open) return { matches: true, done }
    if (done === statements.length) {
      // it may have matched all the same
      const end = executor.mayExecute(rule, done, done, open!)
      return { matches: false, done, ...(end === undefined ? {} : { end }) }
    }
    if (!open && gives(statements[done]!, executor.context)) return { matches: true, done }
    const end = open ? executor.mayExecute(rule, done, done + 1, open) : executor.execute(rule, done, done + 1)
    done++
    if (end !== undefined) return { matches: !open, done, end }
  }
}

/** Does a map give a verdict here? Not even `continue` is one, but what cannot be told is. */
function gives(statement: Statement, moment: EvalContext): boolean {
  if (statement.kind !== 'vmap') return false
  const found = mappedVerdict(statement.map, moment)
  return found !== undefined && (isUnknown(found) || statementVerdict(found) !== undefined)
}

export interface Matched {
  /** Whether all of its conditions hold. */
  truth: Truth
  /** With what the statements among the conditions changed. */
  moment: EvalContext
}

/** Does a rule match such a packet? */
export function match(rule: Rule, moment: EvalContext): Matched {
  if (!rule.order) return { truth: evaluateAll(rule.conditions, moment), moment }
  const asked = new Asked(moment)
  const { matches } = matchInOrder(asked, { rule }, rule.order)
  return { truth: matches || (asked.open ?? false), moment: asked.moment }
}

/** Each condition, and the packet as it comes to it where all in front of it holds. */
export function* conditionsOf(
  { conditions, statements, order }: Rule,
  moment: EvalContext,
): Generator<[Condition, EvalContext]> {
  let [now, done] = [moment, 0]
  for (const [i, condition] of conditions.entries()) {
    for (; order && done < statements.length && order[done]! <= i; done++) now = after(statements[done]!, now)
    yield [condition, now]
  }
}

/** A packet that is asked one rule with statements among its conditions. */
class Asked implements Executor<{ rule: Rule }, Verdict> {
  moment: EvalContext
  /** What is not known of it, where nothing else speaks against the rule. */
  open: Unknown | undefined = undefined

  constructor(moment: EvalContext) {
    this.moment = moment
  }

  get context(): EvalContext {
    return this.moment
  }

  arrive(): void {}

  ask({ rule }: { rule: Rule }, from: number, to: number): Truth {
    const truth = evaluateRange(rule.conditions, from, to, this.moment)
    if (truth === false) this.open = undefined
    else if (isUnknown(truth)) this.open ??= truth
    return truth
  }

  execute({ rule }: { rule: Rule }, from: number, to: number): Verdict | undefined {
    const { verdict, moment } = execute(rule, this.moment, from, to)
    this.moment = moment
    return verdict.ending === 'continue' ? undefined : verdict
  }

  mayExecute({ rule }: { rule: Rule }, from: number, to: number): Verdict | undefined {
    this.moment = mayHaveExecuted(rule, this.moment, from, to)
    for (let i = from; i < to; i++) {
      const verdict = statementVerdict(rule.statements[i]!)
      if (verdict) return verdict
    }
    return undefined
  }
}
