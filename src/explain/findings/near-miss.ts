import type { Fix } from '../../model/journey.ts'
import { propose } from '../commands.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { type Goal, goals } from '../meant/goals.ts'
import { mendRule } from '../meant/mend.ts'
import { fieldOf, isLookup } from '../meant/miss.ts'
import { type NearMiss, nearMisses } from '../meant/near-misses.ts'
import { nameRef, refAt } from '../refs.ts'
import { astray } from '../routes.ts'

/** More would bury the answer. */
const MOST = 5

/** A rule that the packet passed would have taken it to where it was to go, and failed in exactly one condition. */
export const nearMiss: Detector = {
  code: 'near-miss',
  detect: (context) =>
    goals(context)
      .flatMap((goal) => near(context, goal).map((one) => tell(context, goal, one)))
      .slice(0, MOST),
}

/** What sets keep out is told by itself. */
const near = (context: Context, goal: Goal): NearMiss[] =>
  nearMisses(context, goal).filter(({ miss }) => !isLookup(miss))

function tell(context: Context, goal: Goal, one: NearMiss): Detected {
  const { ref, miss } = one
  const end = goal.kind === 'pass' ? refAt(context, context.ended.step) : undefined
  return finding('near-miss', 'note', `${nameRef(ref)} would have ${goal.what}, but only for ${miss.text}.`, {
    steps: [one.step + 1],
    rules: end ? [ref, end] : [ref],
    fix: mends(context, goal, one),
    doubt: one.doubt,
  })
}

/** Only where the rule has nobody else to serve, and what stopped the packet was not meant for it in particular. */
function mends(context: Context, { mendable }: Goal, { ref, miss, moment, used, likely }: NearMiss): Fix[] {
  if (used || !likely || !mendable) return []
  // where a route leads astray, the rule's interface is the right one
  if (fieldOf(miss.condition) === 'meta oifname' && astray(lastPacket(context), context.world.host)) return []
  return propose(
    `let rule ${ref.ruleNumber} of ${ref.chain} match such packets`,
    mendRule(ref, miss, moment.packet),
    used === false ? 'it has never matched a packet' : 'see that nobody needs the rule as it is',
  )
}
