/**
 * What the model makes of a packet behind the last line that was captured: where this host has answered it with a reset or
 * an error, and a rule behind that line is what sends such an answer, that rule rejected it.
 */
import type { Engine, Played } from '../journey/engine.ts'
import type { Evidence } from '../journey/evidence.ts'
import { type Conclusion, decideOutcome } from '../journey/outcome.ts'
import type { StepContext } from '../journey/step-context.ts'
import type { World } from '../model/world.ts'
import type { WalkBudget } from '../rules/walk-budget.ts'
import { makeContext } from './context.ts'
import { reproduce } from './verify-fixes/reproduce.ts'

/** Adds the steps behind the last one to the evidence, where they end with a rule that rejects. */
export function addRejection(evidence: Evidence, world: World, engine: Engine, given?: WalkBudget): void {
  // the other backend's capture shows what that did
  if (world.tracedBoth) return
  const ended = decideOutcome(evidence, world)
  if (ended.outcome !== 'undetermined' && ended.outcome !== 'vanished') return
  const played = playOn(evidence, ended, world, engine, given)
  if (played?.ended.outcome === 'rejected' && answersSo(played.evidence, evidence.answered))
    append(evidence, played.evidence)
}

/** Does the rule that rejects send such an answer? */
const answersSo = ({ arrivals }: Evidence, answered: Evidence['answered']): boolean =>
  arrivals
    .at(-1)!
    .rule?.statements.some((one) => one.kind === 'reject' && (one.with === 'tcp-reset') === (answered === 'reset')) ??
  false

/** Undefined where the model does not take it the way that was captured, or does not know how it goes on. */
function playOn(
  evidence: Evidence,
  ended: Conclusion,
  world: World,
  engine: Engine,
  given: WalkBudget | undefined,
): Played | undefined {
  const context = makeContext(evidence, ended, world, [], undefined, given)
  const again = reproduce(context, engine, () => evidence.journey, whyOtherWay)
  return 'reason' in again ? undefined : again.play(again.world).told
}

const whyOtherWay = (seen: Evidence, { evidence, ended }: Played): string | undefined =>
  ended.outcome !== 'undetermined' && placesOf(seen, evidence) ? undefined : 'not as it was captured'

/** Of each captured step its index among the played ones; undefined where one that decides is not there. */
function placesOf(seen: Evidence, played: Evidence): readonly number[] | undefined {
  const places: number[] = []
  let last = -1
  for (const [i, arrival] of seen.arrivals.entries()) {
    const { kind } = seen.journey.steps[i]!
    const isIt = ({ chain, rule }: StepContext, at: number) =>
      at > last && played.journey.steps[at]!.kind === kind && chain === arrival.chain && rule === arrival.rule
    const at = played.arrivals.findIndex(isIt)
    // what only traces, logs or counts is not played, nor what no listing shows
    if (at < 0 && arrival.chain !== undefined && kind !== 'log' && arrival.ending !== 'continue') return undefined
    if (at >= 0) last = at
    places.push(last)
  }
  return places
}

function append(evidence: Evidence, played: Evidence): void {
  const { journey, arrivals } = evidence
  const places = placesOf(evidence, played)!
  const from = arrivals.length
  const behind = places.at(-1)! + 1
  const indexOf = (at: number | undefined) => {
    if (at === undefined) return undefined
    return at < behind ? places.lastIndexOf(at) : from + at - behind
  }
  evidence.rest = from
  for (const [i, arrival] of played.arrivals.slice(behind).entries()) {
    arrivals.push({ ...arrival, caller: indexOf(arrival.caller) })
    journey.steps.push({ ...played.journey.steps[behind + i]!, n: from + i + 1 })
  }
  if (evidence.nat === 'unknown') evidence.nat = played.nat
}
