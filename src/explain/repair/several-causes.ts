/** What is said of a request that several things stop: all of them, and the changes that together let it through. */
import { applyEdits } from '../../edits/apply.ts'
import type { Engine } from '../../journey/engine.ts'
import type { Evidence } from '../../journey/evidence.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Finding, Journey, RuleRef } from '../../model/journey.ts'
import { getsThrough } from '../../model/outcome-kinds.ts'
import type { World } from '../../model/world.ts'
import type { WalkBudget } from '../../rules/walk-budget.ts'
import { finding } from '../context.ts'
import { playAgain } from '../explain.ts'
import { asksForReply, natSeen } from '../reply/request-reply.ts'
import { unknownRouteWords } from '../verify-fixes/assumed-return.ts'
import type { Reproduction } from '../verify-fixes/reproduce.ts'
import {
  asOneFix,
  isPolicy,
  nearestAmong,
  opensForNoOthers,
  opensForOthers,
  STOPPED_BY,
  searchRepair,
} from './search.ts'
import { messageOf } from './words.ts'

/** Of a request that was stopped, where no single fix brings it and its reply through. `evidence`: of the explained journey. */
export function severalCauses(
  evidence: Evidence,
  explained: Journey,
  world: World,
  engine: Engine,
  given?: WalkBudget,
): Finding | undefined {
  const { findings } = explained
  const mending = findings.filter(nearestAmong(findings)).flatMap(({ fix }) => fix.filter(getsThrough))
  // what opens more than this exchange comes last: what is narrower goes before it, even in two steps
  if (!mending.every(opensForOthers) || !asksForReply(explained, natSeen(evidence), world)) return undefined
  Object.assign(evidence.journey, { outcome: explained.outcome, findings: explained.findings })
  const reproduction = playAgain(evidence, world, engine, given)
  if ('reason' in reproduction) return undefined
  const repair = searchRepair(reproduction, (fix) => mending.length === 0 || !opensForOthers(fix))
  if (!repair && mending.length === 0) return listensElsewhereBehind(explained, reproduction)
  if (!repair || repair.steps.length < 2) return undefined
  // without the rule that stops it, it gets through in one step: in two, it has to be for this exchange alone
  if (!mending.every(isPolicy) && !opensForNoOthers(repair.steps)) return undefined
  const { steps } = repair
  const rulesOf = ({ rules }: Finding) => rules.map((rule) => asSaved(rule, reproduction.world))
  const assumed = steps.some(({ isOfReply }) => isOfReply) ? unknownRouteWords(reproduction) : ''
  return finding('several-causes', 'error', messageOf(steps, rulesOf, reproduction.returnsBy) + assumed, {
    rules: steps.flatMap(({ finding }) => rulesOf(finding)),
    fix: [asOneFix(repair, reproduction)],
  })
}

/** What brings it to this host is not all: its port is open, on another address than that. No command makes a program listen. */
function listensElsewhereBehind(explained: Journey, { explain, play, world }: Reproduction): Finding | undefined {
  const [own] = explained.findings.filter(({ code }) => STOPPED_BY.has(code))
  if (!own) return undefined
  const toHost = explained.findings
    .flatMap(({ fix }) => fix)
    .filter((one) => one.after === 'delivered' && !isPolicy(one))
  for (const fix of toHost) {
    const applied = applyEdits(world, fix.edits ?? [])
    const { told } = 'error' in applied ? {} : play(applied.world)
    if ('error' in applied || !told) continue
    const closed = explain(told, applied.world).findings.find((one) => one[FOR_REPORTS]?.listensElsewhere)
    if (!closed) continue
    const then = `Also, ${closed[FOR_REPORTS]!.listensElsewhere}.`
    return finding('several-causes', 'error', `${own.message} ${then}`, {
      rules: own.rules,
      fix: [...closed.fix.filter(({ edits }) => !edits), fix],
    })
  }
  return undefined
}

/** What stops it behind the first steps has the number that it has then; people know the rule by the one that it has now. */
function asSaved(ref: RuleRef, { tables }: World): RuleRef {
  const { family, table, chain, ruleNumber: number, rule } = ref
  if (number === undefined || rule === undefined) return ref
  const rules = tables.find((one) => one.family === family && one.name === table)?.chains.get(chain)?.rules ?? []
  const farFrom = (one: { ruleNumber: number }) => Math.abs(one.ruleNumber - number)
  const [saved] = rules.filter(({ text }) => text === rule).sort((a, b) => farFrom(a) - farFrom(b))
  return saved ? { ...ref, ruleNumber: saved.ruleNumber } : ref
}
