import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule } from '../../model/ruleset.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { otherVersion } from '../../rules/prefixes.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { walk } from '../../rules/walk.ts'
import { describeConditions } from '../cause.ts'
import { type Context, type Detected, type Detector, finding, momentAt } from '../context.ts'
import { graphOf } from '../counterfactual/chain-graph.ts'
import { fieldOf, isExact, isListed, isNegated } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import type { TableTraversal } from '../counterfactual/skipped-rules.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { acceptAlone } from './verdicts.ts'

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
  const { table, steps, base } = pass
  const twin = tables.find(({ family, kind, name }) => family === other && kind === table.kind && name === table.name)
  const from = twin?.chains.get(base.name)
  if (!twin || !from || from.hook !== base.hook) return []
  const { ending, last } = walk(twin, [{ chain: from, index: 0 }], momentAt(context, steps[0]!), context.budget)
  if (ending !== 'accept' || !last?.rule.conditions.some(choosesSome)) return []
  const step = steps.find((one) => chainsAt(context, pass, one).some(({ name }) => name === last.chain.name))
  if (step === undefined || hasRule(context, pass)) return []
  return [told(context, step, refOf(context, twin.name, last.chain, last.rule), last.rule)]
}

/** The chain of the step, and the one that its rule leads to: without rules, that one leaves no step of its own. */
function chainsAt({ evidence }: Context, { table }: TableTraversal, step: number): Chain[] {
  const { chain, rule } = evidence.arrivals[step]!
  const led = table.chains.get((rule && verdictOf(rule).chain) ?? '')
  return [chain, led].filter((one) => one !== undefined)
}

/** Somewhere behind the base chain a rule accepts such packets, if the packet did not reach it. */
function hasRule(context: Context, pass: TableTraversal): boolean {
  const { table, base, steps } = pass
  const entered = new Set(steps.flatMap((step) => chainsAt(context, pass, step)))
  const moment = momentAt(context, steps.at(-1)!)
  const led = graphOf(table, context.world.sets).reachableFrom(base)
  return [...table.chains.values()]
    .filter((chain) => entered.has(chain) || led.has(chain.name))
    .some((chain) =>
      chain.rules.some(
        (one) =>
          verdictOf(one).ending === 'accept' &&
          (entered.has(chain) || one.conditions.some(choosesSome)) &&
          evaluateAll(one.conditions, moment) === true,
      ),
    )
}

function choosesSome(condition: Condition): boolean {
  const field = fieldOf(condition) ?? ''
  if (isNegated(condition)) return false
  if (/^meta [io]ifname$/.test(field)) return true
  return / [sd]port$/.test(field) && (isExact(condition) || isListed({ condition }))
}

function told(context: Context, step: number, ref: RuleRef, rule: Rule): Detected {
  const [theirs, own] = ref.family === 'ip' ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4']
  const asks = describeConditions(rule.conditions)
  const message = `For ${theirs}, ${nameRef(ref)} accepts such packets (${asks}); for ${own}, no rule does.`
  const end = refAt(context, context.ended.step)
  return finding('missing-rule', 'note', message, {
    steps: [step + 1],
    rules: [ref],
    doubt: 0.3,
    // the rule itself may be for more senders than this one
    fix: end ? acceptAlone(context, context.ended.step, end) : [],
  })
}
