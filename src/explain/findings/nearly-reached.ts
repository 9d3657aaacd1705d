/** No chain alone would have taken the packet: one would have, had one more thing of it been otherwise. */
import type { RuleRef } from '../../model/journey.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, finding } from '../context.ts'
import { asks, isNegated } from '../counterfactual/failed-condition.ts'
import type { Goal } from '../counterfactual/goals.ts'
import { jumpTo } from '../counterfactual/jump-to.ts'
import { type NearlyTaken, nearlyTaken } from '../counterfactual/nearly-taken.ts'
import { refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { nameBeside, nameRef } from '../refs.ts'
import { appliedToo, GOES_ON } from './near-miss-words.ts'

/** Part of never-reached, where that finds none. */
export const nearlyReached = (context: Context, goal: Goal): Detected[] =>
  nearlyTaken(context, goal)
    .slice(0, 1)
    .map((one) => tell(context, goal, one))

function tell(context: Context, { kind, what }: Goal, one: NearlyTaken): Detected {
  const { chain, led, lead, taker, walked, but } = one
  const ref = refOfSkipped(context, taker)
  const leads = lead && refOfSkipped(context, lead)
  const how = leads
    ? `${nameBeside(leads, ref)} leads to this chain only for ${asks(lead.miss)}`
    : led
      ? 'no rule led this packet to that chain'
      : `nothing jumps to ${chain.name}`
  return finding('never-reached', 'note', `${nameRef(ref)} would have ${what(walked)}, but ${but}, and ${how}.`, {
    rules: leads ? [leads, ref] : [ref],
    fix: [
      ...(lead && leads ? correctLead(leads, lead) : []),
      // what matches all but such packets is for others
      ...(lead && !isNegated(lead.miss.condition) ? [] : jumpTo(context, ref, one, kind === 'pass')),
    ],
    doubt: 0.6,
  })
}

const correctLead = (ref: RuleRef, { miss, moment }: NonNullable<NearlyTaken['lead']>): Proposal[] =>
  propose(appliedToo(ref), changesOf(ref).correct(ref, miss, moment.packet, { keeps: true }), GOES_ON)
