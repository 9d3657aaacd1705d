/**
 * Conditions that hold for so much and no more (net/netfilter/xt_limit.c, xt_quota.c). Nobody knows how much of it was
 * used up before, so a machine begins with all of it.
 */
import type { Allowance, Condition } from '../model/condition.ts'
import { conditionText } from '../rules/evaluate.ts'
import { type Truth, unknown } from '../rules/truth.ts'
import type { Machine } from './machine.ts'
import type { Skb } from './skb.ts'

type Lasting = Condition & { kind: 'unknown'; lasts: Allowance }

export const lasts = (condition: Condition): condition is Lasting =>
  condition.kind === 'unknown' && condition.lasts !== undefined

/** What is left of each, in its own unit. */
export type Allowances = Map<Condition, number>

/** Asked of a packet that fits all conditions in front of this one: that is when it is used up. */
export function spend(machine: Machine, skb: Skb, condition: Lasting): Truth {
  const { lasts } = condition
  const left = machine.allowances.get(condition) ?? ('packets' in lasts ? lasts.packets : lasts.bytes)
  machine.note(`${conditionText(condition)}: taken as if nothing had come to it before`)
  if ('packets' in lasts) {
    if (left === 0)
      return unknown(`its ${lasts.packets} packets are used up, and more are allowed only as time goes by`)
    machine.allowances.set(condition, left - 1)
    return true
  }
  const { length } = skb.packet
  if (length === undefined) return unknown('the length of the packet is not known')
  // what is too long for the rest takes the rest as well
  machine.allowances.set(condition, length <= left ? left - length : 0)
  return length <= left ? !lasts.behind : lasts.behind
}
