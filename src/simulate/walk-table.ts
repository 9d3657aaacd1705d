/** One table's chains as ipt_do_table walks them (net/ipv4/netfilter/ip_tables.c), line by line as TRACE prints it. */
import type { Rule } from '../model/ruleset.ts'
import { nextIn } from '../rules/chain-index.ts'
import { conditionText, evaluate, evaluateAll } from '../rules/evaluate.ts'
import type { Moment } from '../rules/moment.ts'
import { mappedVerdict } from '../rules/nft/map.ts'
import { all, isUnknown, type Unknown } from '../rules/truth.ts'
import { statementVerdict } from '../rules/verdict.ts'
import { MOST_LINES } from '../rules/walk-budget.ts'
import { type WalkFrame, type WalkRecord, WalkStack } from '../rules/walk-stack.ts'
import { lasts, spend } from './allowances.ts'
import type { Place } from './journal.ts'
import type { Machine } from './machine.ts'
import { momentOf } from './moment.ts'
import type { PreparedChain, PreparedRule } from './prepared-chain.ts'
import { forget, type Skb } from './skb.ts'
import { actOn, changesOnlyFields } from './targets.ts'
import { Undetermined } from './undetermined.ts'

/** `vanished`: the kernel drops it, no rule says so. */
export type TableVerdict = 'accept' | 'drop' | 'reject' | 'queue' | 'stolen' | 'vanished'

type Frame = Place & WalkFrame<PreparedChain>

/** What the stack asks of the journal, and of all else that a rule may change and another one ask for. */
class Record implements WalkRecord {
  private readonly machine: Machine
  private readonly skb: Skb

  constructor(machine: Machine, skb: Skb) {
    this.machine = machine
    this.skb = skb
  }

  get state(): number {
    return this.skb.journal.changes + this.machine.changes
  }

  get length(): number {
    return this.skb.journal.total
  }

  repeat(from: number, to: number): void {
    this.skb.journal.repeat(from, to)
  }
}

const nameOf = ({ chain }: PreparedChain): string => chain.name

/** Throws Undetermined where the way hangs on what is not known. */
export function walkTable(machine: Machine, skb: Skb, base: PreparedChain): TableVerdict {
  const { hook, journal } = skb
  const { budget } = machine
  const frames: Frame[] = [{ hook, depth: 0, caller: undefined, chain: base, index: 0 }]
  // most packets leave most base chains by their policy: made at the first jump
  let stack: WalkStack<PreparedChain, Frame> | undefined
  for (;;) {
    const frame = frames[frames.length - 1]!
    const { chain } = frame
    if (--budget.left < 0) throw new Undetermined(`chain ${chain.chain.name}`, budget.reason, true)
    const moment = momentOf(machine, skb)
    if (chain.index) frame.index = nextIn(chain.index, frame.index, moment)
    const met = chain.rule(frame.index++)
    if (!met) {
      journal.add(frame, chain.end)
      if (!stack?.leave()) return base.chain.policy === 'drop' ? 'drop' : 'accept'
      continue
    }
    const truth = matches(machine, met, moment)
    if (truth !== true && met.rule.order) stopAmong(met.rule, moment)
    if (truth === false) continue
    if (truth !== true) {
      skipOrStop(machine, skb, met.rule, truth)
      continue
    }
    const rule = mappedRule(chain, met, moment)
    const step = journal.add(frame, rule.line)
    if (step >= MOST_LINES)
      throw new Undetermined(
        rule.rule.text,
        `given up after ${MOST_LINES.toLocaleString('en')} rules that matched`,
        true,
      )
    switch (rule.verdict.ending) {
      case 'jump':
      case 'goto':
        // nft's rules may do something before
        if (rule.rule.statements.length > 1) actOn(machine, skb, rule.rule, step)
        skb.record ??= new Record(machine, skb)
        stack ??= new WalkStack(base.table, frames, nameOf, skb.record, budget)
        enter(stack, frame, rule, step)
        break
      case 'return':
        if (rule.rule.statements.length > 1) actOn(machine, skb, rule.rule, step)
        if (stack) stack.leave()
        else frame.index = Number.POSITIVE_INFINITY
        break
      case 'accept':
      case 'drop': {
        const ended = actOn(machine, skb, rule.rule, step)
        return ended ?? rule.verdict.ending
      }
      default: {
        const ended = actOn(machine, skb, rule.rule, step)
        if (ended) return ended
      }
    }
  }
}

/** With the verdict that the packet's element has, where the rule asks a map for it. */
function mappedRule(chain: PreparedChain, rule: PreparedRule, moment: Moment): PreparedRule {
  const vmap = rule.rule.statements.find((statement) => statement.kind === 'vmap')
  if (!vmap) return rule
  const statement = mappedVerdict(vmap.map, moment)
  if (isUnknown(statement)) throw new Undetermined(rule.rule.text, statement.unknown)
  return chain.mapped(rule, (statement && statementVerdict(statement)) ?? { ending: 'continue', text: 'continue' })
}

/** What stands in front of a condition is carried out even where the condition fails; that is not modelled. */
function stopAmong({ text, conditions, order }: Rule, moment: Moment): void {
  const first = evaluateAll(conditions.slice(0, order![0]), moment)
  if (first !== false) throw new Undetermined(text, 'it may do something before one of its conditions fails')
}

function matches(machine: Machine, rule: PreparedRule, moment: Moment): true | false | Open {
  if (!rule.hasAllowance) {
    const whole = all(rule.tests, moment)
    if (typeof whole === 'boolean') return whole
  }
  let open: Open | undefined
  for (const condition of rule.rule.conditions) {
    const text = conditionText(condition)
    // what comes to it is counted only where all in front of it holds
    const isAllowance = lasts(condition)
    // what is left of it is another thing from here on
    if (isAllowance) machine.changes++
    if (isAllowance && open) machine.allowances.doubt(condition, moment.family)
    const spends = isAllowance && !open && !machine.assumes(text)
    const truth = machine.settle(text, spends ? spend(machine, moment, condition) : evaluate(condition, moment))
    if (truth === false) return false
    if (truth !== true) open ??= { condition: text, unknown: truth }
  }
  return open ?? true
}

interface Open {
  condition: string
  unknown: Unknown
}

/** A rule that only counts, logs or notes makes no difference; a field that it may have written is unknown from here on. */
function skipOrStop(machine: Machine, skb: Skb, rule: Rule, { condition, unknown }: Open): void {
  const fields = changesOnlyFields(rule)
  if (!fields) throw new Undetermined(condition, unknown.unknown)
  machine.note(`it is not known whether it met this rule: ${rule.text} (${condition}: ${unknown.unknown})`)
  forget(skb, fields)
}

function enter(
  stack: WalkStack<PreparedChain, Frame>,
  { hook, depth }: Frame,
  { verdict, target }: PreparedRule,
  caller: number,
): void {
  const by = verdict.ending === 'goto' ? 'goto' : 'jump'
  const frame = target && { hook, depth: by === 'jump' ? depth + 1 : depth, caller, chain: target, index: 0 }
  const refused = frame ? stack.enter(frame, by) : `chain ${verdict.chain} is not in the ruleset`
  if (refused !== undefined) throw new Undetermined(`-${by === 'goto' ? 'g' : 'j'} ${verdict.chain}`, refused, !!target)
}
