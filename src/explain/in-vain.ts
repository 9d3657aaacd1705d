/** What a request that was not stopped was likely meant to meet, should its exchange show that it came to nothing. */
import type { Engine } from '../journey/engine.ts'
import type { Evidence } from '../journey/evidence.ts'
import { decideOutcome } from '../journey/outcome.ts'
import type { Finding, Journey } from '../model/journey.ts'
import { isStopped } from '../model/outcome-kinds.ts'
import type { World } from '../model/world.ts'
import type { WalkBudget } from '../rules/walk-budget.ts'
import { type Context, type Detector, makeContext } from './context.ts'
import { goals } from './counterfactual/goals.ts'
import { playAgain } from './explain.ts'
import { acceptQueueFull } from './findings/accept-queue-full.ts'
import { withHostState, withRules } from './findings/later.ts'
import { replyByOtherLeg } from './findings/reply-by-other-leg.ts'
import { forThisHost } from './owners/for-this-host.ts'
import { isOpening } from './reply/request-reply.ts'
import { tryFinding } from './verify-fixes/verify.ts'

/** By what the exchange shows. */
export type InVain = Partial<Record<NonNullable<Context['inVain']>, readonly Finding[]>>

/** Undefined where there is nothing to say. `evidence`: of the explained journey. */
export function ifInVain(
  evidence: Evidence,
  { outcome, findings }: Journey,
  world: World,
  engine: Engine,
  given?: WalkBudget,
): InVain | undefined {
  if (isStopped(outcome) || !isOpening(evidence.journey, evidence.nat, world)) return undefined
  evidence.journey.outcome = outcome
  const known = new Set(findings.map(({ message }) => message))
  const found: InVain = {}
  let reproduction: ReturnType<typeof playAgain> | undefined
  for (const inVain of ['refused', 'unanswered'] as const) {
    // one of its own for each: what is found out is kept by context
    const context = { ...makeContext(evidence, decideOutcome(evidence, world), world, [], undefined, given), inVain }
    const asks = goals(context).some(({ sure, kind }) => sure || kind === 'source')
    const all = [...(asks ? OF_GOALS : []), ...OF_ANY].flatMap((one) => one.detect(context))
    // whose address it is given is told with why that is wrong
    const more = all.filter(
      ({ message, code }) => !known.has(message) && !(code === 'snat-changed-source' && hasCode(all, 'snat-elsewhere')),
    )
    if (more.length > 0) found[inVain] = more.map((one) => tried({ ...one, steps: [] }))
  }
  return found.refused || found.unanswered ? found : undefined

  function tried({ doubt: _, culprit: __, ...one }: ReturnType<Detector['detect']>[number]): Finding {
    const proposed = { ...one, fix: one.fix.map((fix) => forThisHost(fix, world)) }
    if (proposed.fix.length === 0) return proposed
    reproduction ??= playAgain(evidence, world, engine, given)
    return 'reason' in reproduction ? proposed : tryFinding(proposed, reproduction)
  }
}

/** What the packet may have been meant to meet, and what became of it. */
const OF_GOALS = [
  withRules('never-reached', 'neverReached'),
  withRules('not-in-set', 'notInSet'),
  withRules('near-miss', 'nearMiss'),
  withRules('mark-missing', 'markOfOtherSource'),
]
const OF_ANY = [
  acceptQueueFull,
  withRules('never-reached', 'neverGivenSource'),
  withRules('mark-missing', 'markTakenAway'),
  withHostState('mark-missing', 'unmarkedPeer'),
  withHostState('wrong-way-out', 'markedAstray'),
  withHostState('wrong-way-out', 'tosAstray'),
  withHostState('wrong-way-out', 'maskAstray'),
  withRules('snat-elsewhere', 'snatElsewhere'),
  replyByOtherLeg,
  withRules('dnat-of-others', 'dnatOfOthers'),
  withRules('proxy-missing', 'proxySkipped'),
  withRules('dnat-skipped', 'dnatShadowed'),
  withRules('dnat-skipped', 'natOnce'),
  withRules('snat-changed-source', 'snatInVain'),
  withRules('ttl-too-small', 'ttlTooSmall'),
]

/** Codes of all that. */
export const IN_VAIN: ReadonlySet<string> = new Set([...OF_GOALS, ...OF_ANY].map(({ code }) => code))

const hasCode = (found: readonly { code: string }[], asked: string): boolean => found.some(({ code }) => code === asked)
