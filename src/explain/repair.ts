/**
 * Every blocker, one repair: where one fix does not bring request and reply through, what stops them then is explained in
 * turn, and its fixes are tried on top, until both get through. The smallest set that does is offered as one fix.
 */
import { applyEdit } from '../edits/apply.ts'
import type { Engine, Played } from '../journey/engine.ts'
import type { Evidence } from '../journey/evidence.ts'
import { decideOutcome } from '../journey/outcome.ts'
import type { Edit } from '../model/edit.ts'
import type { Finding, Fix, Journey, RuleRef } from '../model/journey.ts'
import { isPassed, isStopped } from '../model/outcome-kinds.ts'
import type { World } from '../model/world.ts'
import type { WalkBudget } from '../rules/walk-budget.ts'
import { finding, makeContext } from './context.ts'
import { explain } from './explain.ts'
import { nameRef } from './refs.ts'
import { isOpening, reaches } from './request-reply.ts'
import { astray } from './routes.ts'
import { type Reproduction, reproduce } from './verify-fixes/reproduce.ts'
import type { ExplainPlayed } from './verify-fixes/verify.ts'

/** Changes one behind the other, at most. */
const MOST_STEPS = 4
/** Worlds tried in all: each costs some plays. */
const MOST_TRIED = 60

export interface RepairStep {
  /** What it mends. */
  finding: Finding
  fix: Fix
}

interface State {
  world: World
  steps: readonly RepairStep[]
  /** What is stopped now. */
  failing: Journey
  /** Places where the exchange was stopped on the way here. */
  places: readonly string[]
}

/** Undefined where no set is found. */
export function searchRepair(
  reproduction: Reproduction,
  explainPlayed: ExplainPlayed,
  isMeant: (fix: Fix) => boolean = () => true,
): RepairStep[] | undefined {
  const first = stopIn(reproduction, reproduction.world, explainPlayed)
  if (first === undefined || first === 'through') return undefined
  let tried = 0
  let states: State[] = [{ world: reproduction.world, steps: [], failing: first, places: [placeOf(first)] }]
  for (let depth = 0; depth < MOST_STEPS && states.length > 0; depth++) {
    const next: State[] = []
    for (const { world, steps, failing, places } of states)
      for (const step of candidates(failing)) {
        if (!isMeant(step.fix)) continue
        if (tried++ >= MOST_TRIED) return undefined
        const after = applyAll(world, step.fix.edits!)
        const stop = after && stopIn(reproduction, after, explainPlayed)
        if (!after || stop === undefined) continue
        const all = [...steps, step]
        if (stop === 'through') return all
        const place = placeOf(stop)
        if (!places.includes(place)) next.push({ world: after, steps: all, failing: stop, places: [...places, place] })
      }
    states = next
  }
  return undefined
}

/** What one and the same journey's findings propose; what opens more than this exchange comes last. */
function candidates({ findings }: Journey): RepairStep[] {
  const steps = findings
    .filter(({ severity, code }) => severity !== 'note' || code === 'near-miss' || code === 'missing-rule')
    .flatMap((one) => one.fix.filter(({ edits, undo }) => edits && undo).map((fix) => ({ finding: one, fix })))
  const distinct = [...new Map(steps.map((step) => [JSON.stringify(step.fix.edits), step])).values()]
  const rank = ({ finding: { code }, fix }: RepairStep) => (isPolicy(fix) ? 2 : code === 'reply-dropped' ? 0 : 1)
  return distinct.sort((a, b) => rank(a) - rank(b))
}

const isPolicy = ({ edits = [] }: Fix): boolean =>
  edits.some((edit) => edit.kind === 'chain' || (edit.kind === 'nft' && 'chain' in edit.object))

/** The journey that is stopped in this World, the request's or the reply's; undefined: nothing can be told. */
function stopIn(
  reproduction: Reproduction,
  world: World,
  explainPlayed: ExplainPlayed,
): Journey | 'through' | undefined {
  const { told, asked, answer } = reproduction.play(world)
  if (!told || told.ended.outcome === 'undetermined') return undefined
  if (!isPassed(told.ended.outcome)) return explainPlayed(told, world)
  if (explainPlayed(told, world).findings.some(({ code }) => code === 'closed-port')) return undefined
  if (!asked || !answer) return isOpeningAlone(reproduction) ? undefined : 'through'
  if (answer.ended.outcome === 'undetermined') return undefined
  const arrives = reaches(asked, answer)
  if (arrives === undefined) return undefined
  if (!arrives) return isStopped(answer.ended.outcome) ? explainPlayed(answer, world) : undefined
  return astray(answer.packet, world.host) ? undefined : 'through'
}

/** A request without a reply that could be played proves nothing. */
const isOpeningAlone = ({ packet }: Reproduction): boolean =>
  packet.protocol === 'tcp' && packet.tcpFlags?.includes('syn') === true && !packet.tcpFlags.includes('ack')

function placeOf({ steps, outcome, packet }: Journey): string {
  const last = steps.at(-1)
  const { hook, table, chain, kind, rule } = last ?? {}
  return [packet.src, outcome, hook, table, chain, kind, rule].join(' ')
}

function applyAll(before: World, edits: readonly Edit[]): World | undefined {
  let world = before
  for (const edit of edits) {
    const applied = applyEdit(world, edit)
    if ('error' in applied) return undefined
    world = applied.world
  }
  return world
}

/** All steps as one fix. */
export function asOneFix(steps: readonly RepairStep[], { engine }: Reproduction): Fix {
  const notes = [...new Set(steps.flatMap(({ fix }) => fix.note ?? []))]
  const variant = steps.find(({ fix }) => fix.variant)?.fix.variant
  return {
    description: steps.map(({ fix }) => fix.description).join('; then '),
    edits: steps.flatMap(({ fix }) => fix.edits ?? []),
    undo: steps.toReversed().flatMap(({ fix }) => fix.undo ?? []),
    ...(variant === undefined ? {} : { variant }),
    verified: engine.id,
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
  }
}

/** Of a request that was stopped, where no single fix brings it and its reply through. `evidence`: of the explained journey. */
export function severalCauses(
  evidence: Evidence,
  explained: Journey,
  world: World,
  engine: Engine,
  given?: WalkBudget,
): Finding | undefined {
  const mending = explained.findings.flatMap(({ fix }) =>
    fix.filter(({ verified, after, but }) => verified && after && isPassed(after) && but === undefined),
  )
  // a policy opens everything: what is narrower goes before it, even in two steps
  if (!mending.every(isPolicy) || !isOpening(explained, evidence.nat, world)) return undefined
  evidence.journey.outcome = explained.outcome
  const context = makeContext(evidence, decideOutcome(evidence, world), world, [], undefined, given)
  const { budget } = context
  const reproduction = reproduce(context, engine)
  if ('reason' in reproduction) return undefined
  const explainPlayed = ({ evidence: played, ended }: Played, after: World) => explain(played, after, { ended, budget })
  const steps = searchRepair(reproduction, explainPlayed, (fix) => mending.length === 0 || !isPolicy(fix))
  if (!steps || steps.length < 2) return undefined
  const last = reproduction.play(
    applyAll(
      reproduction.world,
      steps.flatMap(({ fix }) => fix.edits ?? []),
    )!,
  ).told!
  const rules = steps.flatMap(
    ({
      finding: {
        rules: [first],
      },
    }) => first ?? [],
  )
  return finding('several-causes', 'error', messageOf(steps, rules), {
    rules,
    fix: [{ ...asOneFix(steps, reproduction), after: last.ended.outcome }],
  })
}

const COUNTS = ['No', 'One thing', 'Two things', 'Three things', 'Four things']

function messageOf(steps: readonly RepairStep[], rules: readonly RuleRef[]): string {
  const distinct = [...new Set(rules.map(nameRef))]
  if (distinct.length === 1 && rules.length === 2) return `${distinct[0]} stops the request, and would stop its reply.`
  const names = distinct.join(', then ')
  return `${COUNTS[steps.length]} stop this exchange${names === '' ? '' : `: ${names}`}.`
}
