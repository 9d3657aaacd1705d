import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { describeConditions } from '../cause.ts'
import { type Context, type Detected, type Detector, finding, momentAt } from '../context.ts'
import { fieldOf, isExact, isListed, isNegated } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { otherVersion } from '../counterfactual/sibling-jump.ts'
import { nameRef, refOf } from '../refs.ts'

/** The rules of the other IP version accept what those of the packet's own have no rule for: who wrote them thought of one version alone. */
export const acceptedByOtherVersion: Detector = {
  code: 'missing-rule',
  detect(context) {
    const { family } = context.journey
    const other = otherVersion(family)
    return other === undefined
      ? []
      : goals(context)
          .filter(({ kind, mendable }) => kind === 'pass' && mendable)
          .flatMap((goal) => tell(context, goal, other))
          .slice(0, 1)
  },
}

function tell(context: Context, { pass }: Goal, other: 'ip' | 'ip6'): Detected[] {
  const { tables } = context.world
  const { table, steps } = pass
  const twin = tables.find(({ family, kind, name }) => family === other && kind === table.kind && name === table.name)
  if (!twin || table.family === 'inet') return []
  const seen = new Set<Chain>()
  for (const step of steps) {
    const { chain, rule } = context.evidence.arrivals[step]!
    // one without rules leaves no step of its own
    const led = table.chains.get((rule && verdictOf(rule).chain) ?? '')
    for (const own of [chain, led]) {
      if (!own || seen.has(own)) continue
      seen.add(own)
      const found = acceptingRule(twin.chains.get(own.name), own, momentAt(context, step))
      if (found) return [told(step, refOf(context, twin.name, found.chain, found.rule), found.rule, other)]
    }
  }
  return []
}

/** Of the chain of the same name, one that names the packet's service or interface, and whose words the packet's own chain does not have. */
function acceptingRule(
  twin: Chain | undefined,
  own: Chain,
  moment: EvalContext,
): { chain: Chain; rule: Rule } | undefined {
  if (!twin || twin.hook !== own.hook) return undefined
  const has = new Set(own.rules.map(({ text }) => text))
  const rule = twin.rules.find(
    (one) =>
      verdictOf(one).ending === 'accept' &&
      one.conditions.some(choosesSome) &&
      !has.has(one.text) &&
      evaluateAll(one.conditions, moment) === true,
  )
  return rule && { chain: twin, rule }
}

function choosesSome(condition: Condition): boolean {
  const field = fieldOf(condition) ?? ''
  if (isNegated(condition)) return false
  if (/^meta [io]ifname$/.test(field)) return true
  return / [sd]port$/.test(field) && (isExact(condition) || isListed({ condition }))
}

function told(step: number, ref: RuleRef, rule: Rule, other: 'ip' | 'ip6'): Detected {
  const [theirs, own] = other === 'ip' ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4']
  const asks = describeConditions(rule.conditions)
  const message = `For ${theirs}, ${nameRef(ref)} accepts such packets (${asks}); for ${own}, no rule does.`
  return finding('missing-rule', 'note', message, { steps: [step + 1], rules: [ref], doubt: 0.3 })
}
