/**
 * Every command that a finding proposes is tried before anybody types it: applied to a copy of the World, and the
 * packet sent again. That says something only where the engine first gives the journey as it was seen.
 */
import { applyEdit } from '../edits/apply.ts'
import { parseCommand } from '../edits/parse.ts'
import type { Engine, Played } from '../journey/engine.ts'
import type { Evidence } from '../journey/evidence.ts'
import type { ConntrackEntry } from '../model/host.ts'
import type { Finding, Fix, Journey, Outcome } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'

/** Explains what the engine played; handed in, as it would ask for itself. */
export type ExplainPlayed = (played: Played, world: World) => Journey

const GOOD: readonly Outcome[] = ['delivered', 'forwarded', 'sent']

/** What came of one proposed fix; `index` is its place among its finding's. */
interface Trial extends Pick<Fix, 'verified' | 'after' | 'afterSource' | 'unverified'> {
  index: number
  /** Absent: nothing to try. */
  mends?: boolean
}

/** For each finding its fixes, in the order in which they are to be shown. */
export type Trials = readonly (readonly Trial[])[]

/** Tries what the journey's findings propose. What is done by hand stays on top; then what mends; last what does not. */
export function tryFixes(evidence: Evidence, world: World, engine: Engine, explainPlayed: ExplainPlayed): Trials {
  const { journey } = evidence
  const proposed = journey.findings.some((finding) => finding.fix.some(isEdit))
  const before = proposed ? worldBefore(evidence, world) : world
  const reason = proposed ? whyNotTried(journey, engine, before) : undefined
  return journey.findings.map((finding) => {
    const trials = finding.fix.map((fix, index): Trial => {
      if (!isEdit(fix)) return { index }
      if (reason !== undefined) return { index, unverified: reason }
      return { index, ...tryFix(fix, finding, journey, before, engine, explainPlayed) }
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

function tryFix(
  fix: Fix,
  finding: Finding,
  journey: Journey,
  before: World,
  engine: Engine,
  explainPlayed: ExplainPlayed,
): Omit<Trial, 'index'> {
  const after = applyCommand(before, fix.command!)
  if ('error' in after) return { mends: false, unverified: `it cannot be tried: ${after.error}` }
  const played = engine.play(after.world, journey.packet)
  const tried = explainPlayed(played, after.world)
  if (tried.outcome === 'undetermined') {
    const { open } = played.ended
    const why = open
      ? `what becomes of the packet hangs on ${open.condition}: ${open.reason}`
      : 'what becomes of the packet cannot be told'
    return { mends: false, unverified: why }
  }
  const source = played.packet.src
  const rewritten = tried.outcome === 'forwarded' && source !== undefined && source !== journey.packet.src
  return {
    verified: engine.id,
    after: tried.outcome,
    ...(rewritten ? { afterSource: source } : {}),
    mends: GOOD.includes(tried.outcome) && !tried.findings.some((one) => one.code === finding.code),
  }
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

/** Undefined where the engine gives what was seen. */
function whyNotTried(journey: Journey, engine: Engine, world: World): string | undefined {
  const { src, dst } = journey.packet
  if (src === undefined || dst === undefined) return "not tried: the capture does not show the packet's addresses"
  const { evidence, ended } = engine.play(world, journey.packet)
  if (ended.outcome === 'undetermined') {
    if (!world.host.routes)
      return "not tried: the host's addresses and routes are not known (ip -j addr, ip -j route show table all)"
    return ended.open
      ? `not tried: it hangs on ${ended.open.condition} (${ended.open.reason})`
      : "not tried: the packet's way cannot be told"
  }
  if (ended.outcome === journey.outcome && samePlace(evidence.journey, journey)) return undefined
  return `not tried: played again, the packet would have been ${ended.outcome}, so something else was in force`
}

function samePlace(a: Journey, b: Journey): boolean {
  const [one, other] = [a.steps.findLast(isWalked), b.steps.findLast(isWalked)]
  return one?.table === other?.table && one?.chain === other?.chain && one?.ruleNumber === other?.ruleNumber
}

const isWalked = (step: Journey['steps'][number]) => step.kind !== 'log'

/** A conntrack dump taken after the capture holds the entry that this packet made: its effect, not its cause. */
function worldBefore({ journey, nat }: Evidence, world: World): World {
  const { conntrack } = world.host
  if (nat !== 'passed' || !conntrack) return world
  const others = conntrack.filter((entry) => !isOf(entry, journey.packet))
  return others.length === conntrack.length ? world : { ...world, host: { ...world.host, conntrack: others } }
}

const isOf = ({ protocol, original }: ConntrackEntry, packet: Packet): boolean =>
  protocol === packet.protocol &&
  original.src === packet.src &&
  original.dst === packet.dst &&
  original.sport === packet.sport &&
  original.dport === packet.dport &&
  original.icmpId === packet.icmpId
