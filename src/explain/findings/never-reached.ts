import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { RuleRef } from '../../model/journey.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Chosen } from '../changes/rule-changes.ts'
import { type Context, type Detected, type Detector, finding, momentAt } from '../context.ts'
import { asks, isNegated } from '../counterfactual/failed-condition.ts'
import { type Goal, givesSource, goals, rewrites } from '../counterfactual/goals.ts'
import { DESTINATION } from '../counterfactual/rewritten.ts'
import { isNat, passes, refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { needsDestination } from '../counterfactual/undeliverable.ts'
import { jumpTo, type NearlyTaken, nearlyTaken, type Unreached, unreachedChains } from '../counterfactual/unreached.ts'
import { natFromTheStart } from '../counterfactual/what-if.ts'
import { nftOnly } from '../nft-only/later.ts'
import { nameBeside, nameRef, refOf } from '../refs.ts'
import { numberedRef } from './verdicts.ts'

/** A chain has the rule for it, and nothing jumps to that chain. */
export const neverReached: Detector = {
  code: 'never-reached',
  detect(context) {
    return goals(context).flatMap((goal) => {
      const { pass, wanted, sure } = goal
      const found = unreachedChains(context, pass, wanted)
        .filter(({ led, meant }) => sure || !led || meant)
        // what takes whatever comes was put where it is for others
        .filter(({ led, meant, takesAll }) => !led || meant || !takesAll)
        .slice(0, 2)
        .map((one) => tell(context, goal, one))
      if (found.length > 0 || !sure || !isNat(pass)) return found
      return nearlyTaken(context, goal)
        .flatMap((one) => nearly(context, goal, one))
        .slice(0, 1)
    })
  },
}

/** What this host sends comes by OUTPUT, and the rule for it stands where only what comes in is rewritten. */
export const neverForOwn: Detector = {
  code: 'never-reached',
  detect(context) {
    const { packet } = context.journey
    const pass = passes(context).find((one) => isNat(one) && one.hook === 'output')
    if (!pass || needsDestination(context) !== 'surely') return []
    const first = { ...packet, ctState: 'new' as const, ctDir: 'original' as const }
    const then = natFromTheStart(context, first, 'prerouting')
    if (!then || !rewrites(DESTINATION)(then.walked)) return []
    const { chain, rule } = then.walked.last!
    const ref = refOf(context, then.table.name, chain, rule)
    const place = { family: pass.table.family, table: pass.table.name, chain: pass.base.name }
    const own = nameRef(place).replace(/ policy$/, '')
    const such: Chosen = { kind: 'such', packet: momentAt(context, pass.steps[0]!).packet, hints: { hook: 'output' } }
    const message = `${nameRef(ref)} would have rewritten its destination, but this host sends the packet itself: such packets traverse ${own}, not ${chain.name}.`
    return [
      finding('never-reached', 'warning', message, {
        steps: pass.steps.map((step) => step + 1),
        rules: [ref],
        fix: propose(
          `rewrite the destination in ${pass.base.name} as well`,
          changesOf(ref).add({ ...ref, ...place }, { chain: pass.base.name }, such, { kind: 'like', rule }),
          'affects only this destination and service',
        ),
        doubt: 0.1,
      }),
    ]
  },
}

/** The same of what comes in, and a rule that stands where only what this host sends is rewritten. */
export const neverForOthers: Detector = {
  code: 'never-reached',
  detect: (context) =>
    context.world.tables.some(({ kind }) => kind === 'nft') ? nftOnly.loaded.natAtOutput(context) : [],
}

/** Two things are wrong then. */
function nearly(context: Context, { what }: Goal, one: NearlyTaken): Detected {
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
      ...(lead && !isNegated(lead.miss.condition) ? [] : jumpTo(context, ref, one)),
    ],
    doubt: 0.6,
  })
}

const correctLead = (ref: RuleRef, { miss, moment }: NonNullable<NearlyTaken['lead']>): Proposal[] =>
  propose(
    `make ${numberedRef(ref)} match such packets`,
    changesOf(ref).correct(ref, miss, moment.packet, { keeps: true }),
    'first check whether other packets need the rule as it is',
  )

function tell(context: Context, goal: Goal, one: Unreached): Detected {
  const { pass, what } = goal
  const { chain, led, lead, then, isAlike, from, astray } = one
  const rule = then.matched.find((visit) => visit.chain === chain)!.rule
  const ref = refOf(context, pass.table.name, chain, rule)
  const leading = lead ?? astray
  const leads = leading && refOf(context, pass.table.name, leading.chain, leading.rule)
  const how = leads
    ? `${nameBeside(leads, ref)} ${lead ? `leads to this chain only for ${lead.asks}` : `alone leads to this chain, and this packet traverses ${pass.base.name}`}`
    : isAlike
      ? `${from.chain.name}, which led the packet nowhere, does not jump to this chain`
      : led
        ? 'no rule led this packet to that chain'
        : `nothing jumps to ${chain.name}`
  return finding('never-reached', 'warning', `${nameRef(ref)} would have ${what(then)}, but ${how}.`, {
    rules: leads ? [leads, ref] : [ref],
    fix: jumpTo(context, ref, one),
    doubt: led ? 0.4 : 0.1,
    ...(givesSource(goal) ? { [FOR_REPORTS]: { wouldGiveSource: true } } : {}),
  })
}
