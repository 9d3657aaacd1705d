/** What `ip rule` does to the rules (Linux 6.18, net/core/fib_rules.c). */
import type { RoutingRuleEdit } from '../../model/edit.ts'
import type { RoutingRule } from '../../model/host.ts'
import type { Draft } from '../draft.ts'
import { EditProblem } from '../problem.ts'
import { refuseStrangeTable } from './routes.ts'

/** What the kernel itself makes. */
const KERNELS_OWN: readonly RoutingRule[] = [
  { family: 'ip', priority: 0, action: { table: 'local' } },
  { family: 'ip', priority: 32_766, action: { table: 'main' } },
  { family: 'ip', priority: 32_767, action: { table: 'default' } },
  { family: 'ip6', priority: 0, action: { table: 'local' } },
  { family: 'ip6', priority: 32_766, action: { table: 'main' } },
]

/** Throws EditProblem. Where no rules are known, they are those that the kernel itself makes. */
export function editRoutingRule({ op, rule }: RoutingRuleEdit, draft: Draft): void {
  const all = draft.world.host.routingRules ?? KERNELS_OWN
  const others = all.filter(({ family }) => family !== rule.family)
  const rules = all.filter(({ family }) => family === rule.family).sort((a, b) => a.priority - b.priority)
  draft.work += 8 * all.length
  const { action } = rule
  if (typeof action === 'object' && 'table' in action) refuseStrangeTable(action.table, draft)
  draft.host().routingRules = [...others, ...changed(op, rule, rules)]
}

function changed(op: RoutingRuleEdit['op'], rule: RoutingRuleEdit['rule'], rules: RoutingRule[]): RoutingRule[] {
  if (op === 'flush') return rules.filter(({ priority }) => priority === 0)
  if (op === 'del') {
    const at = rules.findIndex(meant(rule))
    if (at < 0) throw new EditProblem('there is no such routing rule')
    return rules.toSpliced(at, 1)
  }
  const added = newRule(rule, rules)
  const behind = rules.findIndex(({ priority }) => priority > added.priority)
  return rules.toSpliced(behind < 0 ? rules.length : behind, 0, added)
}

/** In front of the second rule, where nobody says (fib_default_rule_pref). */
const defaultPriority = ([, second]: readonly RoutingRule[]): number => Math.max(0, (second?.priority ?? 0) - 1)

function newRule(rule: RoutingRuleEdit['rule'], rules: readonly RoutingRule[]): RoutingRule {
  const { action = { table: 'main' } } = rule
  const added: RoutingRule = { ...rule, priority: rule.priority ?? defaultPriority(rules), action }
  // it is for what a table says
  if (typeof action !== 'object' || !('table' in action)) {
    delete added.suppressPrefixLength
    delete added.suppressInterfaceGroup
  }
  if (typeof action === 'object' && 'goto' in action && action.goto <= added.priority)
    throw new EditProblem(`goto must lead to a later rule: ${action.goto} is not after ${added.priority}`)
  // the kernel's own are not the same as those that people make
  const own = KERNELS_OWN.some((one) => sameRule(one, added)) ? 1 : 0
  if (rules.filter((one) => sameRule(one, added)).length > own)
    throw new EditProblem('this routing rule already exists')
  return added
}

/** as the kernel compares a new one (rule_exists): not what `not` says, nor where a goto leads, and these selectors only where they are given. */
function sameRule(one: RoutingRule, added: RoutingRule): boolean {
  if (one.priority !== added.priority) return false
  const { from, to, tos } = one
  const asked = {
    ...one,
    ...(added.from === undefined ? { from: undefined } : { from }),
    ...(added.to === undefined ? { to: undefined } : { to }),
    ...(added.tos === undefined ? { tos: undefined } : { tos }),
  }
  return compared(asked) === compared(added)
}

function compared({ action, not: _, ...rule }: { [K in keyof RoutingRule]: RoutingRule[K] | undefined }): string {
  const where = typeof action === 'object' && 'goto' in action ? 'goto' : action
  const entries = Object.entries({ ...rule, where }).filter(([, value]) => value !== undefined)
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Has the rule everything that is named? Where a goto leads is not asked. */
function meant({ not: _, action, ...wanted }: RoutingRuleEdit['rule']): (rule: RoutingRule) => boolean {
  const isGoto = typeof action === 'object' && 'goto' in action
  const asked = Object.entries({ ...wanted, ...(action === undefined || isGoto ? {} : { action }) }).map(
    ([key, value]) => [key as keyof RoutingRule, JSON.stringify(value)] as const,
  )
  return (rule) => {
    if (isGoto && !(typeof rule.action === 'object' && 'goto' in rule.action)) return false
    return asked.every(([key, value]) => JSON.stringify(rule[key]) === value)
  }
}
