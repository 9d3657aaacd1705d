/** What may come next on a packet's way, by the order of hooks, tables and rules alone. */
import { type Hook, NEXT_HOOKS } from '../model/hook.ts'
import type { Rule } from '../model/ruleset.ts'
import * as F from '../read/captures/header-fields.ts'
import type { OpenJourney } from './open.ts'
import { priorityOf } from './resolve.ts'
import type { Resolved } from './resolved.ts'
import { comesBack } from './same-packet.ts'

/** Can this event be the journey's next? Only the order of hooks, tables and rules is asked, not the packet. */
export function follows(journey: OpenJourney, next: Resolved): boolean {
  if (next.kind === 'log' && next.table === undefined) return !journey.complete
  if (next.base || next.kind === 'log') {
    if (journey.hook === undefined || next.hook === undefined)
      return next.tableNumber !== journey.tableNumber || !journey.ended
    if (next.hookNumber !== journey.hookNumber) return leadsTo(journey.hook, next.hook)
    if (next.tableNumber !== journey.tableNumber)
      return priorityOf(next.table, next.hook) > priorityOf(journey.table, journey.hook)
    if (next.kind === 'log') return true
    // a chain is walked downwards; an unconditional RETURN prints as policy, and the real policy comes behind it
    return (next.ruleNumber ?? 0) > journey.number
  }
  if (next.tableNumber === journey.tableNumber) return !journey.ended
  if (journey.hook === undefined || next.hook === undefined) return true
  return next.hookNumber === journey.hookNumber
    ? priorityOf(next.table, next.hook) > priorityOf(journey.table, journey.hook)
    : leadsTo(journey.hook, next.hook)
}

/** Over any number of hooks in between that had no chain or whose lines are missing. */
function leadsTo(from: Hook, to: Hook): boolean {
  if (from === 'postrouting' || comesBack(from, to)) return comesBack(from, to)
  return NEXT_HOOKS[from].some((next) => next === to || (next !== 'postrouting' && leadsTo(next, to)))
}

/** A TCP reset that this host itself sends. Errors of ICMP that belong to a flow never pass nat. */
export const isReset = (rows: Int32Array, base: number): boolean =>
  rows[base + F.IN] === 0 && rows[base + F.PROTO] === F.TCP && (rows[base + F.FLAGS]! & 4) !== 0

/** Which end a rule rewrites without nat, as SNPT and DNPT do. */
export const translatedEnd = (rule: Rule | undefined): 'src' | 'dst' | undefined => {
  const name = rule?.iptables?.target?.name
  return name === 'SNPT' ? 'src' : name === 'DNPT' ? 'dst' : undefined
}
