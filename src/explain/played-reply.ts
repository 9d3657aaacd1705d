/** What would come back to a request that got through, played where no reply was captured. */
import type { Engine, Played } from '../journey/engine.ts'
import type { Evidence } from '../journey/evidence.ts'
import { decideOutcome } from '../journey/outcome.ts'
import type { Finding, Journey, RuleRef } from '../model/journey.ts'
import { isPassed } from '../model/outcome-kinds.ts'
import type { World } from '../model/world.ts'
import type { WalkBudget } from '../rules/walk-budget.ts'
import { describeEnd, finding, makeContext } from './context.ts'
import { explain } from './explain.ts'
import { nameRef } from './refs.ts'
import { asOneFix, searchRepair } from './repair.ts'
import { isOpening, reaches } from './request-reply.ts'
import { reproduce } from './verify-fixes/reproduce.ts'
import { tryFinding } from './verify-fixes/verify.ts'

export interface PlayedReply {
  /** The reply's way. */
  journey: Journey
  /** Why it does not reach who asked. Absent: it does, or that is not known. */
  finding?: Finding
}

/** Undefined where nothing can be told: no request, or the engine does not know enough. `evidence`: of the explained journey. */
export function playReply(
  evidence: Evidence,
  world: World,
  engine: Engine,
  given?: WalkBudget,
): PlayedReply | undefined {
  const { journey } = evidence
  if (!isPassed(journey.outcome) || !isOpening(journey, evidence.nat, world)) return undefined
  const context = makeContext(evidence, decideOutcome(evidence, world), world, [], undefined, given)
  const { budget } = context
  const reproduction = reproduce(context, engine)
  if ('reason' in reproduction) return undefined
  const { asked, answer } = reproduction.play(reproduction.world)
  if (!asked || !answer || answer.ended.outcome === 'undetermined') return undefined
  const explainPlayed = ({ evidence: played, ended }: Played, after: World) => explain(played, after, { ended, budget })
  const reply = explainPlayed(answer, reproduction.world)
  if (reaches(asked, answer) !== false) return { journey: reply }
  const rules = reply.cause.map(({ rule }) => rule)
  const stopped = finding('reply-dropped', 'error', messageOf(reply, answer, rules[0]), { rules })
  const told = reply.findings.filter(({ severity }) => severity !== 'note')
  // what lets in answers goes before what lets in this one
  const proposed = [
    ...told.filter(({ code }) => code === 'reply-dropped'),
    ...told.filter(({ code }) => code !== 'reply-dropped'),
  ]
    .flatMap(({ fix }) => fix)
    .filter(({ look }) => look === undefined)
  const tried = tryFinding({ ...stopped, fix: proposed }, reproduction, explainPlayed)
  const mends = tried.fix.some(({ after, but }) => after !== undefined && isPassed(after) && but === undefined)
  const steps = mends ? undefined : searchRepair(reproduction, explainPlayed)
  if (steps) tried.fix.unshift({ ...asOneFix(steps, reproduction), after: journey.outcome })
  return { journey: reply, finding: tried }
}

function messageOf(reply: Journey, { packet }: Played, by: RuleRef | undefined): string {
  if (isPassed(reply.outcome))
    return `Its reply would come from ${describeEnd(packet.src, packet.sport)}, which is not what was asked (played on the model).`
  const how = reply.outcome === 'vanished' ? 'be lost on this host' : `be ${reply.outcome}`
  const why = reply.findings.find(({ severity }) => severity !== 'note')?.message
  const where = by === undefined ? '' : ` by ${nameRef(by)}`
  return `Its reply would ${how}${where} (played on the model).${by === undefined && why !== undefined ? ` ${why}` : ''}`
}
