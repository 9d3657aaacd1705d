/** A packet that is played through one table's chains; its lines are what TRACE would print. */

import { countWords } from '../model/count-words.ts'
import type { Rule } from '../model/ruleset.ts'
import { acceptsCondition, endPolicy, whyOpen } from '../rules/end-policy.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { conditionText, evaluate } from '../rules/evaluate.ts'
import { lasts } from '../rules/lasting.ts'
import { choiceText } from '../rules/nft/map.ts'
import type { Line, PreparedChain, PreparedRule } from '../rules/prepared-chain.ts'
import { all, isUnknown, type Unknown, unknown } from '../rules/truth.ts'
import { MOST_LINES, type WalkBudget } from '../rules/walk-budget.ts'
import { WalkFrame } from '../rules/walk-stack.ts'
import { type Walker, walkTable } from '../rules/walk-table.ts'
import { isForgotten, mayCount, spend, spendElement } from './allowances.ts'
import { momentOf } from './moment.ts'
import type { Simulator } from './simulator.ts'
import { forget, type Skb } from './skb.ts'
import { changesOnlyFields, execute, mayRunOut, maySpoil } from './targets.ts'
import { Undetermined } from './undetermined.ts'
import { leavesOpen } from './unshown-chains.ts'

const MOST_TTL = 255

/** `vanished`: the kernel drops it, no rule says so. */
export type TableVerdict = 'accept' | 'drop' | 'reject' | 'queue' | 'stolen' | 'vanished'

/** Throws Undetermined where the way hangs on what is not known. */
export function playTable(machine: Simulator, skb: Skb, base: PreparedChain): TableVerdict {
  if (leavesOpen(machine, base)) return 'accept'
  skb.walk ??= new SimulatedWalk(machine, skb)
  momentOf(machine, skb)
  return walkTable(skb.walk, base.table, [new WalkFrame(base, 0, skb.hook, 0, undefined)])
}

const TOO_MANY = `stopped after ${countWords(MOST_LINES)} rules that matched`

interface Open extends Unknown {
  /** In the rule's own words. */
  condition: string
}

/** One for each packet. */
export class SimulatedWalk implements Walker<TableVerdict, Open> {
  readonly budget: WalkBudget
  private readonly machine: Simulator
  private readonly skb: Skb

  constructor(machine: Simulator, skb: Skb) {
    this.budget = machine.budget
    this.machine = machine
    this.skb = skb
  }

  /** Up to date from the beginning of a table on: only statements change what it says. */
  get context(): EvalContext {
    return this.skb.moment
  }

  /** All that a rule may change and another one ask for. */
  get state(): number {
    return this.skb.journal.changes + this.machine.changes
  }

  get length(): number {
    return this.skb.journal.total
  }

  repeat(from: number, to: number): void {
    this.skb.journal.repeat(from, to)
  }

  arrive({ rule }: PreparedRule): void {
    this.skb.journal.arrive(rule)
  }

  ask(rule: PreparedRule, from: number, to: number, before?: Open): boolean | Open {
    const { machine, context: moment } = this
    const { family } = rule.line.table
    const counts =
      rule.hasAllowance || (rule.asksSets && (machine.world.sets !== machine.given.sets || mayCount(machine)))
    if (!counts && to - from === rule.tests.length) {
      const whole = all(rule.tests, moment)
      if (typeof whole === 'boolean') return whole
    }
    const { conditions } = rule.rule
    let open = before
    for (let i = from; i < to; i++) {
      const condition = conditions[i]!
      const text = conditionText(condition)
      // what comes to it is counted only where all in front of it holds
      const isAllowance = lasts(condition)
      // what is left of it is another thing from here on
      if (isAllowance) machine.changes++
      if (isAllowance && open) machine.allowances.doubt(condition, moment.family)
      const spends = isAllowance && !open && !machine.assumes(text, condition)
      if (spends) machine.spent.push({ text, usedUp: condition.kind === 'not' })
      let met = spends ? spend(machine, moment, condition, family) : evaluate(condition, moment)
      if (isUnknown(met) && met.element && !machine.assumes(text, condition)) {
        machine.changes++
        if (open) machine.allowances.doubtKey(met.element.key)
        else met = spendElement(machine, moment, met.element, family)
      }
      if (met === true && condition.kind === 'room' && isForgotten(machine, condition))
        met = unknown(`it is unknown whether set ${condition.set} still has room`)
      const truth = machine.settle(text, met, condition)
      if (truth === false) return false
      if (truth !== true) open ??= { condition: text, ...truth }
    }
    return open ?? true
  }

  add(frame: WalkFrame, line: Line): number {
    if (line.kind === 'policy' && this.endOf(line.table, line.chain) !== line.verdict)
      return this.add(frame, { ...line, verdict: 'drop', ending: 'drop' })
    const step = this.skb.journal.add(frame, line)
    if (step >= MOST_LINES && line.rule) throw new Undetermined(line.rule.text, TOO_MANY, true)
    return step
  }

  execute({ rule }: PreparedRule, from: number, to: number, step?: number): TableVerdict | undefined {
    const { machine, skb } = this
    const end = execute(machine, skb, rule, from, to, step ?? skb.journal.next)
    momentOf(machine, skb)
    return end
  }

  /** A rule that only counts, logs or notes makes no difference; a field that it may have written is unknown from here on. */
  mayExecute({ rule }: PreparedRule, from: number, to: number, { condition, unknown }: Open): undefined {
    const statements = rule.statements.slice(from, to)
    const fields = changesOnlyFields(statements, this.context)
    if (!fields) throw new Undetermined(condition, unknown)
    // a trace session's own rule is in a saved ruleset as well, and is nobody's question
    if (!rule.own) this.machine.note(`it is unknown whether this rule matched: ${rule.text} (${condition}: ${unknown})`)
    const { ttl = MOST_TTL } = this.skb.packet
    if (fields.includes('ttl') && (ttl < 2 || mayRunOut(statements))) this.skb.mayExpire = unknown
    forget(this.skb, fields)
    if (maySpoil(statements)) this.skb.mayBeWrong = unknown
  }

  choose(rule: Rule, verdicts: readonly string[], { unknown }: Unknown): string | undefined {
    if (verdicts.length === 1) return verdicts[0]
    for (const [i, verdict] of verdicts.entries()) {
      const text = choiceText(rule, verdict)
      const truth = this.machine.settle(text, { unknown })
      if (truth === true || (truth === false && i === verdicts.length - 1)) return verdict
      if (truth !== false) throw new Undetermined(text, unknown)
    }
    return undefined
  }

  policy(base: PreparedChain['chain'], table: PreparedChain['table']): TableVerdict {
    return this.endOf(table, base)
  }

  /** Throws Undetermined where no listing shows it. */
  private endOf(table: PreparedChain['table'], base: PreparedChain['chain']): 'accept' | 'drop' {
    const policy = endPolicy(table, base)
    if (policy !== undefined) return policy
    const condition = acceptsCondition(table, base)
    const truth = this.machine.settle(condition, unknown(whyOpen(table, base)))
    if (isUnknown(truth)) throw new Undetermined(condition, truth.unknown)
    return truth ? 'accept' : 'drop'
  }

  stop(_: PreparedRule | undefined, what: string, because: string, endless: boolean): never {
    throw new Undetermined(what, because, endless)
  }
}
