/**
 * Every command that a finding proposes is tried before anybody types it: applied to a copy of the World, and the
 * packet sent again. That says something only where the engine first gives the journey as it was seen.
 */
import { applyEdit } from '../edits/apply.ts'
import { parseCommand } from '../edits/parse.ts'
import type { Engine, Played } from '../journey/engine.ts'
import type { Finding, Fix, Journey, Outcome } from '../model/journey.ts'
import type { World } from '../model/world.ts'
import type { Context } from './context.ts'
import { reaches } from './conversation.ts'
import { type Rehearsal, type Rehearsed, rehearse } from './rehearse.ts'

/** Explains what the engine played; handed in, as it would ask for itself. */
export type ExplainPlayed = (played: Played, world: World) => Journey

const GOOD: readonly Outcome[] = ['delivered', 'forwarded', 'sent']

/** What came of one proposed fix; `index` is its place among its finding's. */
interface Trial extends Pick<Fix, 'verified' | 'after' | 'afterSource' | 'but' | 'unverified'> {
  index: number
  /** Absent: nothing to try. */
  mends?: boolean
}

/** For each finding its fixes, in the order in which they are to be shown. */
export type Trials = readonly (readonly Trial[])[]

/** Tries what the journey's findings propose. What is done by hand stays on top; then what mends; last what does not. */
export function tryFixes(context: Context, engine: Engine, explainPlayed: ExplainPlayed): Trials {
  const { journey } = context
  const rehearsal = journey.findings.some((finding) => finding.fix.some(isEdit)) ? rehearse(context, engine) : undefined
  return journey.findings.map((finding) => {
    const trials = finding.fix.map((fix, index): Trial => {
      if (!isEdit(fix) || !rehearsal) return { index }
      if ('reason' in rehearsal) return { index, unverified: rehearsal.reason }
      return { index, ...tryFix(fix, finding, rehearsal, explainPlayed) }
    })
    const rank = ({ mends }: Trial) => (mends === undefined ? 0 : mends ? 1 : 2)
    return trials.sort((a, b) => rank(a) - rank(b))
  })
}

/** Writes what came of it into the findings: of the journey that was tried, or of another one of the same fate. */
export function noteTrials(journey: Journey, trials: Trials): void {
  journey.findings.forEach((finding, i) => {
    finding.fix = trials[i]!.map(({ index, mends: _, ...told }) => {
      const { unverified, ...fix } = finding.fix[index]!
      const untold = told.verified === undefined && told.unverified === undefined && unverified !== undefined
      return { ...fix, ...(untold ? { unverified } : {}), ...told }
    })
  })
}

function tryFix(fix: Fix, finding: Finding, rehearsal: Rehearsal, explainPlayed: ExplainPlayed): Omit<Trial, 'index'> {
  const after = applyCommand(rehearsal.world, fix.command!)
  if ('error' in after) return { mends: false, unverified: `it cannot be tried: ${after.error}` }
  const rehearsed = rehearsal.play(after.world)
  const { told } = rehearsed
  if (!told) return { mends: false, unverified: 'the answer would not come to this point' }
  const tried = explainPlayed(told, after.world)
  if (tried.outcome === 'undetermined') {
    const { open } = told.ended
    const why = open
      ? `what becomes of the packet hangs on ${open.condition}: ${open.reason}`
      : 'what becomes of the packet cannot be told'
    return { mends: false, unverified: why }
  }
  const source = told.packet.src
  const rewritten = tried.outcome === 'forwarded' && source !== undefined && source !== rehearsal.packet.src
  const good = GOOD.includes(tried.outcome)
  const but = good ? stillWrong(tried, rehearsed) : undefined
  return {
    verified: rehearsal.engine.id,
    after: tried.outcome,
    ...(rewritten ? { afterSource: source } : {}),
    ...(but === undefined ? {} : { but }),
    mends: good && but === undefined && !tried.findings.some(({ code }) => code === finding.code),
  }
}

/** Of a packet that gets through. */
function stillWrong(tried: Journey, { asked, answer }: Rehearsed): string | undefined {
  if (tried.findings.some(({ code }) => code === 'closed-port')) return 'nothing listens there'
  if (!asked || !answer || reaches(asked, answer) !== false) return undefined
  return GOOD.includes(answer.ended.outcome)
    ? 'its answer would come from another address'
    : `its answer would be ${answer.ended.outcome}`
}

/** Only what edits/ knows changes anything; the rest (tcpdump, ss) looks. */
const isEdit = ({ command = '' }: Fix): boolean => /^(iptables|ip6tables|ipset|sysctl|ip|conntrack) /.test(command)

function applyCommand(world: World, command: string): { world: World } | { error: string } {
  const parsed = parseCommand(command)
  if ('error' in parsed) return { error: parsed.error.message }
  let at = world
  for (const edit of parsed.edits) {
    const applied = applyEdit(at, edit)
    if ('error' in applied) return applied
    at = applied.world
  }
  return { world: at }
}
