/** One table's chains as ipt_do_table walks them (net/ipv4/netfilter/ip_tables.c), line by line as TRACE prints it. */
import type { BaseChain } from '../journey/base-chains.ts'
import type { Chain, Rule } from '../model/ruleset.ts'
import { nextCandidate } from '../rules/chain-index.ts'
import { conditionText, evaluate, evaluateAll } from '../rules/evaluate.ts'
import { isUnknown, type Unknown } from '../rules/truth.ts'
import { isBareVerdict, type Verdict, verdictOf } from '../rules/verdict.ts'
import type { Line, Place } from './journal.ts'
import type { Machine } from './machine.ts'
import { momentOf } from './moment.ts'
import type { Skb } from './skb.ts'
import { actOn, changesOnlyFields } from './targets.ts'
import { Undetermined } from './undetermined.ts'

export type TableVerdict = 'accept' | 'drop' | 'reject' | 'queue' | 'stolen'

interface Frame extends Place {
  /** Index of the next rule. */
  index: number
}

/** More jumps than any table has without a loop. */
const MAX_DEPTH = 1024

/** Throws Undetermined where the way hangs on what is not known. */
export function walkTable(machine: Machine, skb: Skb, { table, chain: base }: BaseChain): TableVerdict {
  const frames: Frame[] = [{ table, chain: base, depth: 0, caller: undefined, index: 0 }]
  for (;;) {
    const frame = frames.at(-1)!
    frame.index = nextCandidate(frame.chain, frame.index, momentOf(machine, skb))
    const rule = frame.chain.rules[frame.index++]
    if (!rule) {
      skb.journal.add(skb, frame, endOf(frame.chain))
      if (frames.length === 1) return base.policy === 'drop' ? 'drop' : 'accept'
      frames.pop()
      continue
    }
    const truth = matches(machine, skb, rule)
    if (truth === false) continue
    if (truth !== true) {
      skipOrStop(machine, skb, rule, truth)
      continue
    }
    const verdict = verdictOf(rule)
    const step = skb.journal.add(skb, frame, lineOf(frame.chain, rule, verdict))
    switch (verdict.ending) {
      case 'jump':
      case 'goto':
        enter(frames, verdict.chain!, verdict.ending, step)
        break
      case 'return':
        leave(frames)
        break
      default: {
        const ended = actOn(machine, skb, rule, step)
        if (ended) return ended
      }
    }
  }
}

function matches(machine: Machine, skb: Skb, rule: Rule): true | false | Open {
  const moment = momentOf(machine, skb)
  const whole = evaluateAll(rule.conditions, moment)
  if (!isUnknown(whole)) return whole
  let open: Open | undefined
  for (const condition of rule.conditions) {
    const truth = machine.settle(conditionText(condition), evaluate(condition, moment))
    if (truth === false) return false
    if (truth !== true) open ??= { condition: conditionText(condition), unknown: truth }
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
  const packet = { ...skb.packet }
  for (const field of fields) delete packet[field]
  skb.packet = packet
}

function lineOf(chain: Chain, rule: Rule, { ending, text }: Verdict): Line {
  const line: Line = { kind: 'rule', ruleNumber: rule.ruleNumber, rule, verdict: text, ending }
  // the kernel takes a bare verdict for the end of the chain (get_chainname_rulenum)
  if (isBareVerdict(rule, ending)) line.reported = chain.hook ? 'policy' : 'return'
  return line
}

/** The line behind the last rule. */
function endOf(chain: Chain): Line {
  const ruleNumber = chain.rules.length + 1
  if (!chain.hook) return { kind: 'return', ruleNumber, verdict: 'return', ending: 'return' }
  const policy = chain.policy ?? 'accept'
  return { kind: 'policy', ruleNumber, verdict: policy, ending: policy }
}

function enter(frames: Frame[], name: string, how: 'jump' | 'goto', step: number): void {
  const from = frames.at(-1)!
  const chain = from.table.chains.get(name)
  if (!chain || frames.length > MAX_DEPTH) throw new Undetermined(`-j ${name}`, `chain ${name} is not in the ruleset`)
  const frame: Frame = { table: from.table, chain, caller: step, index: 0, depth: from.depth }
  if (how === 'jump') frame.depth++
  // nobody comes back to a chain that was left by goto; of the base chain the policy is left
  else if (frames.length > 1) frames.pop()
  else from.index = from.chain.rules.length
  frames.push(frame)
}

function leave(frames: Frame[]): void {
  const frame = frames.at(-1)!
  if (frames.length > 1) frames.pop()
  else frame.index = frame.chain.rules.length
}
