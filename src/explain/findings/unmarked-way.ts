import type { Context, Detected, Detector } from '../context.ts'
import { type WayByMark, wayByMark } from '../counterfactual/way-by-mark.ts'
import { nameChain, nameRef, refOf } from '../refs.ts'
import { markAlike, tellWhy } from './mark-missing.ts'

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
