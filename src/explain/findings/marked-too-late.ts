import { changesOf, propose } from '../changes/change.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { onlyFailed } from '../counterfactual/failed-condition.ts'
import { exemptions, type Goal, goals } from '../counterfactual/goals.ts'
import { type LateMark, lateMark, priorityAt } from '../counterfactual/late-marks.ts'
import { type Mark, markText } from '../counterfactual/mark-behind.ts'
import { markAsked } from '../counterfactual/marks.ts'
import { refOfSkipped, type SkippedRule, skippedRules, type TableTraversal } from '../counterfactual/skipped-rules.ts'
import { hadItMatched } from '../counterfactual/what-if.ts'
import { nameRef } from '../refs.ts'

/** A rule that would have taken it there reads a mark that a later chain sets. */
export const markedTooLate: Detector = {
  code: 'mark-missing',
  detect: (context) =>
    [...goals(context), ...exemptions(context)]
      .flatMap((goal) => [...skippedRules(context, goal.pass)].flatMap((skipped) => tell(context, goal, skipped)))
      .slice(0, 1),
}

/** The mark that alone was missing, and who sets it behind. */
export function missedLate(context: Context, skipped: SkippedRule): { mark: Mark; late: LateMark } | undefined {
  // asked of every rule that a packet passed, and few ask for a mark
  if (!skipped.rule.conditions.some((one) => markAsked(one))) return undefined
  const miss = onlyFailed(skipped.rule, skipped.moment)
  const mark = miss && markAsked(miss.condition)
  const late = mark && !mark.not ? lateMark(context, mark, skipped) : undefined
  return mark && late && { mark, late }
}

function tell(context: Context, goal: Goal, skipped: SkippedRule): Detected[] {
  const missed = missedLate(context, skipped)
  if (!missed || !goal.wanted(hadItMatched(context, skipped))) return []
  // what others have the mark for in time is theirs
  if (!goal.sure && (skipped.rule.counters?.packets ?? 0) > 0) return []
  const { mark, late } = missed
  const ref = refOfSkipped(context, skipped)
  const { packet, hook } = skipped.moment
  return [
    finding(
      'mark-missing',
      goal.sure ? 'warning' : 'note',
      `${nameRef(ref)} requires mark ${markText(mark)}, which the packet does not have yet: ${nameRef(late.ref)} sets it later. ${whyLater(skipped.pass, late)}`,
      {
        steps: [skipped.step + 1],
        rules: [ref, late.ref],
        fix: propose(
          `set the mark before rule ${ref.ruleNumber} of ${ref.chain}`,
          changesOf(ref).add(
            ref,
            { chain: ref.chain, before: ref },
            { kind: 'such', packet, hints: hook === undefined ? {} : { hook } },
            { kind: 'mark', mark },
          ),
          'affects only this source, destination and service; for all packets, move the rule that sets the mark to an earlier chain',
        ),
        doubt: -1,
      },
    ),
  ]
}

function whyLater({ base, hook, table }: TableTraversal, { base: late }: LateMark): string {
  if (late.table === table && late.chain === base)
    return `Within ${base.name}, the rule that sets the mark comes second.`
  const [own, other] = [`${table.name} ${base.name}`, `${late.table.name} ${late.chain.name}`]
  if (late.hook !== hook) return `${other} is at hook ${late.hook}, which comes after ${hook}.`
  const [first, second] = [priorityAt(base, late.hook), priorityAt(late.chain, late.hook)]
  if (first === second)
    return `Both ${own} and ${other} have priority ${first}: then the chain that was registered last comes first.`
  const isOwn = (base.priority ?? 0) !== first
  return `${other} has priority ${second}, and ${own} ${isOwn ? `is traversed at ${first}, as all chains of type nat are` : `has ${first}`}.`
}
