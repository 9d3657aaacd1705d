/**
 * Where a packet would have gone in one table, had one rule matched, or had one not. Table nat chooses by chance among
 * those that serve alike, so there conditions that nobody can know are taken to hold.
 */
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { Moment } from '../../rules/moment.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { type Place, type Walk, walk } from '../../rules/walk.ts'
import { type Context, momentAt } from '../context.ts'
import { type Passed, placesBelow } from './passed.ts'

/** Had the rule of step `i` not matched; undefined without a ruleset. */
export function hadItNotMatched(context: Context, i: number): Walk | undefined {
  const { table, chain, rule } = context.evidence.arrivals[i]!
  if (!table || !chain || !rule) return undefined
  return onwards(table, [...placesBelow(context, i), { chain, index: rule.ruleNumber }], momentAt(context, i))
}

/** Had step `i` jumped where it went by goto, so that the packet came back; undefined where it did not go by goto. */
export function hadItComeBack(context: Context, i: number): Walk | undefined {
  const { table, chain, rule, ending } = context.evidence.arrivals[i]!
  if (ending !== 'goto' || !table || !chain || !rule) return undefined
  // who sorts packets into chains by goto means it
  if (chain.rules.some((one) => one !== rule && verdictOf(one).ending === 'goto')) return undefined
  const target = table.chains.get(verdictOf(rule).chain ?? '')
  if (!target) return undefined
  const behind = { chain, index: rule.ruleNumber }
  return onwards(table, [...placesBelow(context, i), behind, { chain: target, index: 0 }], momentAt(context, i))
}

/** Had the rule matched that the packet passed. */
export const hadItMatched = ({ pass, stack, chain, rule, moment }: Passed): Walk =>
  walkFrom(pass.table, stack, chain, rule, moment)

/** Takes the rule as one that matches; `stack`: behind it. */
function walkFrom(table: Table, stack: readonly Place[], chain: Chain, rule: Rule, moment: Moment): Walk {
  const { ending } = verdictOf(rule)
  const leaves = ending === 'return' || ending === 'goto'
  const below = leaves ? stack.slice(0, -1) : stack
  if (ending === 'return') return onwards(table, below, moment)
  const alone: Chain = { name: chain.name, rules: [{ ...rule, conditions: [] }] }
  return onwards(table, [...below, { chain: alone, index: 0 }], moment)
}

export const onwards = (table: Table, stack: readonly Place[], moment: Moment): Walk =>
  walk(table, stack, moment, table.name === 'nat' ? 'holds' : 'stop')

/** Does the table let the packet go on? Undefined: that is not known. */
export function letsGo({ ending }: Walk, base: Chain): boolean | undefined {
  if (ending === 'unknown') return undefined
  return ending === 'accept' || (ending === 'policy' && base.policy !== 'drop')
}
