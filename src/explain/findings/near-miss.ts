import type { Fix } from '../../model/journey.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { type Goal, goals } from '../goals.ts'
import { mendRule } from '../mend.ts'
import { fieldOf, isLookup } from '../miss.ts'
import { type NearMiss, nearMisses } from '../near-misses.ts'
import { nameRef, refAt } from '../refs.ts'
import { isCatchAll } from './verdicts.ts'
import { leadsAstray } from './wrong-way-out.ts'

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
function mends(context: Context, { kind }: Goal, { ref, rule, miss, moment, used, likely }: NearMiss): Fix[] {
  if (used || !likely || (kind === 'pass' && !isCatchAll(context))) return []
  // where a route leads astray, the rule's interface is the right one
  if (fieldOf(miss.condition) === 'meta oifname' && leadsAstray(context)) return []
  const command = mendRule(ref, rule, miss, moment.packet)
  if (!command) return []
  return [
    {
      description: `let rule ${ref.ruleNumber} of ${ref.chain} match such packets`,
      ...command,
      unverified: 'not tried',
      note: used === false ? 'it has never matched a packet' : 'see that nobody needs the rule as it is',
    },
  ]
}
