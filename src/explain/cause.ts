/**
 * From the step that ended the journey back to the rule that decided it: over the mark it asked for to the rule that
 * set the mark, and from there up the jumps to the first rule that chose this packet by more than a comment.
 */

import { wayTo } from '../journey/step-context.ts'
import { MARK, unprintedWriters } from '../journey/unprinted.ts'
import type { Condition } from '../model/condition.ts'
import type { Cause } from '../model/journey.ts'
import type { Rule } from '../model/ruleset.ts'
import { conditionText } from '../rules/evaluate.ts'
import { simpleConditions } from '../rules/simple-conditions.ts'
import { isPerhapsNone } from '../rules/unshown.ts'
import { verdictOf } from '../rules/verdict.ts'
import type { Context } from './context.ts'
import { markBehind } from './counterfactual/mark-behind.ts'
import { plainWords } from './plain-conditions.ts'
import { refAt, refOf } from './refs.ts'

export interface WalkedBack {
  cause: Cause[]
  /** Index of the step whose rule is the one to look at. */
  culprit: number
  /** The journey's end hung on a mark: index of the step that set it. */
  markSetter?: number
}

const VERBS: Readonly<Record<string, string>> = {
  dropped: 'drops it',
  rejected: 'rejects it',
  queued: 'hands it to a program',
  stolen: 'takes it',
}

export function walkBack(context: Context): WalkedBack {
  const { ended, journey } = context
  const { arrivals } = context.evidence
  const cause: Cause[] = []
  const add = (step: number, role: Cause['role'], text: string) => {
    const rule = refAt(context, step)
    if (rule) cause.push({ step: step + 1, role, rule, text })
  }
  let at = ended.step
  const policy = journey.steps[at]!.kind === 'policy'
  const verb = VERBS[journey.outcome] ?? 'decides'
  const reasons = describeConditions(arrivals[at]!.rule?.conditions ?? [])
  add(
    at,
    'outcome',
    policy ? `${verb}: no rule of the chain accepted it` : reasons === '' ? verb : `${verb}: ${reasons}`,
  )
  // a rule that takes what the others of its chain left is as a policy
  if (policy || isLeft(context, at)) return { cause, culprit: at }
  let markSetter: number | undefined
  const visited = new Set<number>()
  for (;;) {
    visited.add(at)
    const conditions = arrivals[at]!.rule?.conditions ?? []
    // a rule that asks for the way back as well has found that wanting; the mark only says who is asked
    if (conditions.some(asksWayBack)) break
    const setter = markSetterOf(context, at)
    const unprinted = unprintedSetter(context, at, setter)
    if (unprinted) {
      cause.push(unprinted)
      return { cause, culprit: at }
    }
    if (setter !== undefined && !visited.has(setter)) {
      markSetter ??= setter
      at = setter
      if (conditions.length > 0 && selective(arrivals[at]!.rule?.conditions ?? [])) {
        add(at, 'decided', `set that mark: ${describeConditions(arrivals[at]!.rule!.conditions)}`)
        return { cause, culprit: at, markSetter }
      }
      add(at, 'sets-mark', 'set that mark')
      continue
    }
    if (selective(conditions)) break
    const caller = arrivals[at]!.caller
    if (caller === undefined || visited.has(caller)) break
    if (!someSelective(context, caller)) break
    at = caller
    const rule = arrivals[at]!.rule
    const chosen = describeConditions(rule?.conditions ?? [])
    if (markSetterOf(context, at) !== undefined) add(at, 'reads-mark', `sent it there: ${chosen}`)
    else if (selective(rule?.conditions ?? [])) add(at, 'decided', `sent it there: ${chosen}`)
    // a comment may hold quotes itself, and is not to go on as a sentence of ours
    else add(at, 'jump', rule?.comment === undefined ? 'jumped there' : `jumped there: ${JSON.stringify(rule.comment)}`)
  }
  return { cause, culprit: at, ...(markSetter === undefined ? {} : { markSetter }) }
}

/** Behind rules that let others pass, without a condition of its own. */
function isLeft({ evidence }: Context, at: number): boolean {
  const { rule, chain, caller } = evidence.arrivals[at]!
  if (!rule || !chain || rule.conditions.length > 0) return false
  return chain.rules
    .slice(0, rule.ruleNumber - 1)
    .map((one) => verdictOf(one).ending)
    .some((ending) => ending === 'accept' || (ending === 'return' && caller !== undefined))
}

/** Is there a rule above, up the jumps from `step` on, that chose the packet? Else the walk up would end nowhere. */
function someSelective(context: Context, step: number | undefined): boolean {
  for (const at of wayTo(context.evidence.arrivals, step))
    if (selective(context.evidence.arrivals[at]!.rule?.conditions ?? [])) return true
  return false
}

/** iptables' rpfilter, nft's fib: by which interface the way back leads, not whose address the source is. */
export const asksWayBack = (condition: Condition): boolean =>
  simpleConditions(condition).some(
    (one) => one.kind === 'compare' && /^fib saddr .*(?:oif|oifname|check)$/.test(one.field),
  )

const selective = (conditions: readonly Condition[]): boolean => conditions.length > 0

/** The step that gave the packet the mark that this step's rule asked for; undefined where it asks for none. */
function markSetterOf(context: Context, step: number): number | undefined {
  const { arrivals } = context.evidence
  const asked = arrivals[step]!.rule?.conditions.map(markAsked).find((one) => one !== undefined)
  if (!asked) return undefined
  for (let i = step - 1; i >= 0; i--) {
    const change = context.journey.steps[i]!.changes.find((one) => one.field === 'mark')
    if (!change && arrivals[i]!.packet.mark === undefined && mayWrite(context, i, asked.mask)) return i
    if (!change) continue
    const [from, to] = [Number(change.from), Number(change.to)]
    // only a change of the bits that were asked for
    if (((from ^ to) & asked.mask) !== 0) return i
  }
  return undefined
}

/** Where no line shows the mark. A rule that clears it of what has none set nothing. */
function mayWrite(context: Context, i: number, mask: number): boolean {
  if (!((markWritten(context.evidence.arrivals[i]!.rule)?.mask ?? 0) & mask)) return false
  const [before, behind] = [markBehind(context, i - 1), markBehind(context, i)]
  return before === undefined || behind === undefined || ((before ^ behind) & mask) !== 0
}

/** The rule behind step `setter` that set the mark which this step's rule asked for, and then did not match. */
function unprintedSetter(context: Context, step: number, setter = -1): Cause | undefined {
  const { arrivals } = context.evidence
  const asked = arrivals[step]!.rule?.conditions.map(markAsked).find((one) => one !== undefined)
  if (!asked) return undefined
  for (let i = step; i > setter; i--)
    for (const { table, chain, rule } of unprintedWriters(arrivals, i, MARK).reverse()) {
      const written = markWritten(rule)
      const bits = written ? written.mask & asked.mask : 0
      if (!written || bits === 0) continue
      // another mark than the one that the packet had
      if (asked.value !== undefined && ((written.value ^ asked.value) & bits) !== 0) continue
      const text = 'set that mark, although a later condition of the same rule failed'
      return { step: i + 1, role: 'sets-mark', rule: refOf(context, table.name, chain, rule), text }
    }
  return undefined
}

/** What a rule writes into the mark, where the capture does not show marks; undefined where that is no number. */
export function markWritten(rule: Rule | undefined): { value: number; mask: number } | undefined {
  for (const statement of rule?.statements ?? [])
    if (statement.kind === 'set' && statement.field === 'meta mark' && typeof statement.value === 'number')
      return { value: statement.value, mask: statement.mask ?? -1 }
  return undefined
}

/** Which bits of the mark a condition reads; `value`: what they have to be. */
function markAsked(condition: Condition): { mask: number; value?: number } | undefined {
  if (condition.kind === 'not') {
    const of = markAsked(condition.of)
    return of && { mask: of.mask }
  }
  if (condition.kind !== 'compare' || condition.field !== 'meta mark') return undefined
  const { op, value } = condition
  const mask = condition.mask === undefined ? -1 : Number(condition.mask)
  return { mask, ...(op === '==' && typeof value === 'number' ? { value } : {}) }
}

/** `mark 0x8000 is set`, `tcp dport 52000`: conditions for a person; comments are none. */
export function describeConditions(conditions: readonly Condition[]): string {
  // nft words what goes without saying in an inet table only once
  const words = [...new Set(conditions.filter((one) => !isPerhapsNone(one)).map(describeCondition))]
  const protocol = words.findIndex((word) => /^(tcp|udp|icmp|sctp)$/.test(word))
  // "tcp dport 80" says it all
  if (protocol >= 0 && words.some((word, i) => i !== protocol && word.startsWith(`${words[protocol]} `)))
    words.splice(protocol, 1)
  return words.join(', ')
}

function describeCondition(condition: Condition): string {
  if (condition.kind === 'compare' && condition.field === 'meta mark' && typeof condition.value === 'number') {
    const hex = `0x${condition.value.toString(16)}`
    return condition.mask === condition.value
      ? `mark ${hex} is set`
      : `the mark is ${hex}${condition.mask === undefined || condition.mask === 0xffffffff ? '' : ` (mask 0x${Number(condition.mask).toString(16)})`}`
  }
  if (
    condition.kind === 'compare' &&
    condition.field === 'meta l4proto' &&
    condition.op === '==' &&
    typeof condition.value === 'string'
  )
    return condition.value
  if (
    condition.kind === 'compare' &&
    /^(tcp|udp|sctp|dccp) [sd]port$/.test(condition.field) &&
    condition.op === '==' &&
    typeof condition.value === 'number'
  )
    return `${condition.field} ${condition.value}`
  const text = conditionText(condition)
  return plainWords(text) ?? text
}
