import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Context, Detected, Detector } from '../context.ts'
import type { WhyUnmarked } from '../counterfactual/marks.ts'
import { refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { type WayByMark, wayByMark } from '../counterfactual/way-by-mark.ts'
import { nameChain, nameRef, refOf } from '../refs.ts'
import { tellWhy } from './mark-missing.ts'

/** Rules would have accepted the packet by another interface, where a routing rule leads what has a mark: why it has none. */
export const unmarkedWay: Detector = {
  code: 'mark-missing',
  detect(context) {
    const way = wayByMark(context)
    return way ? tell(context, way) : []
  },
}

function tell(context: Context, way: WayByMark): Detected[] {
  const { rule, mark, device, goal, then, why, last } = way
  const { pass } = goal
  const ref =
    then.ending === 'accept' && then.last ? refOf(context, pass.table.name, then.last.chain, then.last.rule) : undefined
  const by = ref
    ? nameRef(ref)
    : nameChain({ family: pass.table.family, table: pass.table.name, chain: pass.base.name })
  const asker = {
    name: `Routing rule ${rule.priority}`,
    ...{ ...mark, step: last, askFor: () => [] },
    ...(ref ? { ref } : {}),
  }
  return tellWhy(context, asker, why, true).map((one) => ({
    ...one,
    message: `${one.message} With the mark it would leave by ${device}, where ${by} accepts it.`,
    fix: one.fix.length > 0 ? one.fix : markAlike(context, way.why),
  }))
}

/** Where others need the rule that missed the packet as it is. */
export function markAlike(context: Context, why: WhyUnmarked): Proposal[] {
  if (why.kind !== 'missed') return []
  const { passed, miss } = why.missed[0]!
  const ref = refOfSkipped(context, passed)
  return propose(
    `add the same rule for such packets before rule ${ref.ruleNumber} of ${ref.chain}`,
    changesOf(ref).alike(ref, { chain: ref.chain, before: ref }, miss, passed.moment.packet),
  )
}
