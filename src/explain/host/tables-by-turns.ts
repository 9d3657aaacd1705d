/** Rules that give marks by turns: the next connection gets another mark, and with it another routing table. */
import type { Condition } from '../../model/condition.ts'
import type { Rule } from '../../model/ruleset.ts'
import { writesMark } from '../../rules/assign.ts'
import { isByTurns } from '../../rules/by-turns.ts'
import { lookupRoute, type RouteQuestion, tableLedTo } from '../../rules/route.ts'
import type { Context } from '../context.ts'
import { type Home, isDefault, KERNEL_TABLES } from './routes.ts'

/** The table, and those that other connections are led to by turns and that lack the same network; each once. */
export function alikeByTurns(context: Context, question: RouteQuestion, table: string, { link }: Home): string[] {
  const { tables, host } = context.world
  const isGiven = tables.some(({ chains }) => [...chains.values()].some(({ rules }) => rules.some(marksByTurns)))
  if (!isGiven) return [table]
  const others = (host.routingRules ?? []).flatMap((rule) => {
    const other = tableLedTo(rule)
    if (!rule.mark || other === undefined || KERNEL_TABLES.has(other)) return []
    const route = lookupRoute({ ...question, mark: rule.mark }, host)
    return route?.type === 'unicast' && route.table === other && isDefault(route) && route.device !== link.name
      ? [other]
      : []
  })
  return [...new Set([table, ...others])]
}

/** By a condition, or by what it writes; `-m statistic` is numgen where nft lists it. */
const marksByTurns = (rule: Rule): boolean =>
  writesMark(rule) && (OF_TURNS.test(rule.text) || rule.conditions.some(goesByTurns))

const OF_TURNS = /\b(?:numgen|jhash)\b/

const goesByTurns = (one: Condition): boolean =>
  one.kind === 'compare'
    ? OF_TURNS.test(one.field)
    : one.kind === 'unknown' && !one.lasts && isByTurns({ unknown: one.reason })
