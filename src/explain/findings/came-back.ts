import { wayTo } from '../../journey/step-context.ts'
import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain } from '../../model/ruleset.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { describeConditions } from '../cause.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { asks, isParticular, onlyFailed } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { nearMisses } from '../counterfactual/near-misses.ts'
import { DESTINATION } from '../counterfactual/rewritten.ts'
import { chainRuns, refOfSkipped, skippedRules, type TableTraversal } from '../counterfactual/skipped-rules.ts'
import { endOf, nameRef, refAt } from '../refs.ts'

/** A rule chose it for what it is and sent it to a chain, from where it came back as it was. */
export const cameBack: Detector = {
  code: 'came-back',
  detect: (context) =>
    goals(context)
      .filter(({ kind }) => kind !== 'source')
      .flatMap((goal) => tell(context, goal))
      .slice(0, 1),
}

function tell(context: Context, goal: Goal): Detected[] {
  const { pass, kind } = goal
  const { arrivals } = context.evidence
  const isFilter = kind === 'pass'
  // the last one chose it best
  const jump = pass.steps.findLast((i) => {
    const { ending, rule } = arrivals[i]!
    if ((ending !== 'jump' && ending !== 'goto') || rule === undefined) return false
    return rule.conditions.filter(isParticular).flatMap(fieldsAsked).length > (kind === 'pass' ? 0 : 1)
  })
  const ref = jump === undefined ? undefined : refAt(context, jump)
  if (jump === undefined || !ref) return []
  const ends = pass.steps.filter((i) => i > jump && isEnd(context, i) && leadsFrom(context, i, jump))
  const shown = ends.flatMap((i) => refAt(context, i) ?? [])
  // nft's trace does not show them
  const refs = shown.length > 0 ? shown : endsBehind(context, pass, jump)
  const [deepest] = refs
  if (!deepest) return []
  // a rule there that all but took it says more
  if (isFilter && nearMisses(context, goal).some(({ chain }) => refs.some((ref) => ref.chain === chain.name))) return []
  const missed = [...skippedRules(context, pass)]
    .filter(
      ({ chain, rule }) =>
        chain.name === deepest.chain && kind !== 'pass' && DESTINATION.includes(verdictOf(rule).text),
    )
    .flatMap((passed) => {
      const miss = onlyFailed(passed.rule, passed.moment)
      return miss ? [{ ref: refOfSkipped(context, passed), asks: asks(miss) }] : []
    })[0]
  const why = describeConditions(arrivals[jump]!.rule!.conditions)
  const there = missed
    ? `. There, ${nameRef(missed.ref)} would have rewritten its destination, but only matches ${missed.asks}`
    : `, but no rule there ${isFilter ? 'accepted it' : 'rewrote its destination'}`
  const message = `${nameRef(ref)} sent it to ${deepest.chain} (${why})${there}.`
  return [
    finding('came-back', isFilter ? 'note' : 'warning', message, {
      steps: [jump + 1, ...ends.map((i) => i + 1)],
      rules: [...(missed ? [missed.ref] : []), ...refs, ref],
      doubt: isFilter ? 0.6 : 0.3,
    }),
  ]
}

const fieldsAsked = (condition: Condition): string[] => (condition.kind === 'lookup' ? condition.fields : [''])

/** Of the chains that step `jump` led to, over any number of jumps, and that were left at their ends. */
const endsBehind = (context: Context, pass: TableTraversal, jump: number): RuleRef[] =>
  chainRuns(context, pass)
    .filter(({ from, chain }) => (from === jump || leadsFrom(context, from, jump)) && hasMoreToDo(chain))
    .map(({ chain }) => endOf(pass.table, chain))

/** The end of a chain that has more to do than to mark or to count. */
function isEnd({ evidence, journey }: Context, i: number): boolean {
  const { chain } = evidence.arrivals[i]!
  if (journey.steps[i]!.kind !== 'return' || !chain) return false
  return hasMoreToDo(chain)
}

const hasMoreToDo = ({ rules }: Chain): boolean =>
  rules.length === 0 || rules.some((rule) => verdictOf(rule).ending !== 'continue')

/** Was the chain of step `i` entered by step `jump`, over any number of jumps? */
function leadsFrom({ evidence: { arrivals } }: Context, i: number, jump: number): boolean {
  return [...wayTo(arrivals, arrivals[i]!.caller)].includes(jump)
}
