/** Evidence + World → the journey with its outcome, its cause walked back, and what was found. */

import type { Engine } from '../journey/engine.ts'
import type { Evidence } from '../journey/evidence.ts'
import { type Conclusion, decideOutcome } from '../journey/outcome.ts'
import type { Repeat } from '../journey/repeats.ts'
import type { Drop } from '../model/host.ts'
import type { Finding, Journey } from '../model/journey.ts'
import { memo } from '../model/memo.ts'
import { isStoppedByRule, isUnwanted } from '../model/outcome-kinds.ts'
import type { World } from '../model/world.ts'
import type { WalkBudget } from '../rules/walk-budget.ts'
import { walkBack } from './cause.ts'
import type { Proposal } from './changes/proposal.ts'
import { isOfIptables } from './changes/variant.ts'
import { type Detected, type Detector, makeContext } from './context.ts'
import { DETECTORS, FIRST, LAST, UNSHOWN, VANISHED } from './findings/index.ts'
import { endByDrop, mayBeRules } from './kernel-drops/outcome.ts'
import { forThisHost } from './owners/for-this-host.ts'
import { refAt } from './refs.ts'
import { type Reproduction, reproduce } from './verify-fixes/reproduce.ts'
import { type Trials, tryFixes } from './verify-fixes/verify.ts'

export interface ExplainOptions {
  /** How it ended, where that is known (a simulation's); absent: decided from the last line. */
  ended?: Conclusion
  /** Earlier journeys of the same capture with this packet's content, oldest first. */
  repeats?: readonly Repeat[]
  /** What the kernel says of having dropped this packet. */
  drop?: Drop
  /** The detectors that found something in a journey of the same fate: no other will. Absent: all are asked. */
  ask?: ReadonlySet<Detector>
  /** Takes those that found something. */
  onFound?: (detector: Detector) => void
  /** How long chains are walked for it, where others share that. */
  budget?: WalkBudget
}

/** Fills the evidence's journey and returns it. */
export function explain(evidence: Evidence, world: World, options: ExplainOptions = {}): Journey {
  const { journey } = evidence
  const { ended = decideOutcome(evidence, world), repeats = [] } = options
  journey.outcome = ended.outcome
  journey.basis = ended.basis
  const context = makeContext(evidence, ended, world, repeats, options.drop, options.budget)
  const found: Detected[] = []
  const ask = (detector: Detector) => {
    if (options.ask && !options.ask.has(detector)) return
    const more = detector.detect(context)
    for (const one of more) found.push(one)
    if (more.length > 0) options.onFound?.(detector)
  }
  // what the kernel says is known, and need not be concluded
  const told = endByDrop(context)
  ask(FIRST)
  if (told) delete ended.because
  else {
    const isGone =
      ended.outcome === 'vanished' || (!options.ended && mayHaveVanished(evidence, ended) && !mayBeRules(context))
    // what the kernel does to a packet that was taken is no reason
    const before = found.length
    // the first reason is the one that dropped it
    for (const detector of isGone ? [...UNSHOWN, ...VANISHED] : UNSHOWN) {
      ask(detector)
      if (found.length > before) break
    }
    if (found.length > before) {
      journey.outcome = 'vanished'
      if (!options.ended) journey.basis = 'inferred'
      delete ended.because
    }
  }
  for (const detector of DETECTORS) ask(detector)
  if (!found.some((one) => one.severity !== 'note')) ask(LAST)
  if (isStoppedByRule(journey.outcome)) journey.cause = walkBack(context).cause
  const culprit = found.find((one) => one.culprit !== undefined)?.culprit
  const ref = culprit === undefined ? undefined : refAt(context, culprit)
  if (culprit !== undefined && ref) {
    journey.culprit = { ...ref, step: culprit + 1 }
    if (journey.cause.length === 0)
      journey.cause = [{ step: culprit + 1, role: 'decided', rule: ref, text: 'decided it' }]
  }
  const changesIptables = knowsIptables(evidence)
  // nothing is lost with what is not for this host
  if (isUnwanted(journey)) for (const one of found) one.severity = 'note'
  for (const { settles } of found)
    for (const one of found) if (settles?.includes(one.code)) Object.assign(one, { severity: 'note', fix: [] })
  journey.findings = found
    .sort((a, b) => (a.doubt ?? 0) - (b.doubt ?? 0))
    .map(({ culprit: _, doubt: __, settles: ___, ...one }): Finding => {
      const fix = one.fix.filter((proposed) => changesIptables || !isIptables(proposed))
      return { ...one, fix: fix.map((proposed) => forThisHost(proposed, world)) }
    })
  return journey
}

const isIptables = ({ edits = [], kind }: Proposal): boolean => kind === 'rule' || edits.some(isOfIptables)

/** Where a trace of nft's shows nothing of iptables, its commands would change other tables than the packet met. */
const knowsIptables = ({ journey, arrivals, lossless }: Evidence): boolean =>
  lossless === undefined ||
  arrivals.some(({ table }) => table?.kind === 'iptables') ||
  journey.steps.some(({ rule }) => rule?.startsWith('-A '))

/** Also where no chain is behind routing, so that nothing shows what it did. */
const mayHaveVanished = ({ arrivals }: Evidence, { missing, basis, step }: Conclusion): boolean =>
  missing !== undefined || (basis === 'inferred' && arrivals[step]?.hook === 'prerouting')

/** Those that tell how it ended, and those that find, or settle, what has one of these codes. */
const detectorsOf = memo((codes: ReadonlySet<string>): ReadonlySet<Detector> => {
  const wanted = (one: Detector) => codes.has(one.code) || SETTLING.has(one.code)
  return new Set([FIRST, ...UNSHOWN, ...VANISHED, ...[...DETECTORS, LAST].filter(wanted)])
})

/** Their findings may make those of others notes. */
const SETTLING: ReadonlySet<string> = new Set(['untracked', 'wrong-way-out', 'mark-missing'])

/** Tries the fixes of a journey that is explained. */
export const tryFixesOf = (evidence: Evidence, world: World, engine: Engine, given?: WalkBudget): Trials =>
  tryFixes(evidence.journey, () => playAgain(evidence, world, engine, given))

/** An explained journey played as it was seen, so that changes can be tried on it; or why the engine does not give it. */
export function playAgain(
  evidence: Evidence,
  world: World,
  engine: Engine,
  given?: WalkBudget,
): Reproduction | { reason: string } {
  const context = makeContext(evidence, decideOutcome(evidence, world), world, [], undefined, given)
  const { budget } = context
  return reproduce(context, engine, ({ evidence: played, ended }, after, codes) =>
    explain(played, after, { ended, budget, ...(codes ? { ask: detectorsOf(codes) } : {}) }),
  )
}
