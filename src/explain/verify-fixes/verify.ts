/**
 * Whatever a finding proposes is tried before anybody types it: its edits are applied to a copy of the World, and the
 * packet sent again. That says something only where the engine first gives the journey as it was seen.
 */
import { applyEdits } from '../../edits/apply.ts'
import type { Played } from '../../journey/engine.ts'
import type { Edit } from '../../model/edit.ts'
import type { Finding, Fix, Journey } from '../../model/journey.ts'
import { getsThrough, helps, isPassed } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { reaches } from '../request-reply.ts'
import { astray } from '../routes.ts'
import { harmOf, leadsOthersAway } from './bystanders.ts'
import type { Reproduced, Reproduction } from './reproduce.ts'

/** What came of one proposed fix; `index` is its place among its finding's. */
interface Trial extends Pick<Fix, 'verified' | 'after' | 'afterSource' | 'but' | 'unverified'> {
  index: number
  /** Absent: nothing to try. */
  mends?: boolean
  /** Others of the same sender go another way then. */
  isWide?: true
}

/** For each finding its fixes, in the order in which they are to be shown. */
export type Trials = readonly (readonly Trial[])[]

/**
 * Tries what the journey's findings propose. What is done by hand stays on top; then what mends; last what does not.
 * `reproduce` is asked only where something changes the ruleset or the host.
 */
export function tryFixes({ findings }: Journey, reproduce: () => Reproduction | { reason: string }): Trials {
  const changes = findings.some(({ fix }) => fix.some(({ edits }) => edits !== undefined))
  const reproduction = changes ? reproduce() : undefined
  return findings.map((finding) => trialsOf(finding, reproduction))
}

function trialsOf(finding: Finding, reproduction: Reproduction | { reason: string } | undefined): Trial[] {
  const trials = finding.fix.map(({ edits, stops }, index): Trial => {
    if (!edits || !reproduction || UNPLAYED.has(finding.code)) return { index }
    if ('reason' in reproduction) return { index, unverified: reproduction.reason }
    return { index, ...tryEdits(edits, stops, finding, reproduction) }
  })
  const rank = ({ mends, isWide }: Trial) => (mends === undefined ? 0 : mends ? (isWide ? 2 : 1) : 3)
  return trials.sort((a, b) => rank(a) - rank(b))
}

/** A finding of the exchange, not of the journey alone, with what came of trying its fixes. */
export const tryFinding = (finding: Finding, reproduction: Reproduction): Finding => ({
  ...finding,
  fix: noted(finding.fix, trialsOf(finding, reproduction)),
})

/** Writes what came of it into the findings: of the journey that was tried, or of another one of the same fate. */
export function noteTrials(journey: Journey, trials: Trials): void {
  journey.findings.forEach((finding, i) => {
    finding.fix = noted(finding.fix, trials[i]!)
  })
}

const noted = (fixes: readonly Fix[], trials: readonly Trial[]): Fix[] =>
  trials.map(({ index, mends: _, isWide, ...told }) => {
    const { unverified, ...proposed } = fixes[index]!
    const wide = isWide ? 'it also changes how this sender reaches other hosts' : undefined
    const note = [wide, proposed.note].filter((one) => one !== undefined).join('; ')
    const fix = note === '' ? proposed : { ...proposed, note }
    const untold = told.verified === undefined && told.unverified === undefined && unverified !== undefined
    return { ...fix, ...(untold ? { unverified } : {}), ...told }
  })

function tryEdits(
  edits: readonly Edit[],
  stops: Fix['stops'],
  finding: Finding,
  reproduction: Reproduction,
): Omit<Trial, 'index'> {
  const after = applyEdits(reproduction.world, edits)
  if ('error' in after) return { mends: false, unverified: `it cannot be tried: ${after.error}` }
  const ways = playAllWays(reproduction, after.world)
  if (typeof ways === 'string') return { mends: false, unverified: ways }
  const results = ways.map((reproduced) => judge(reproduced, stops, finding, reproduction, after.world))
  // one that fails tells more than those that do not
  const told = results.find(({ mends }) => !mends) ?? results[0]!
  const same = results.every(({ after: outcome }) => outcome === told.after)
  if (!same) return { mends: false, unverified: 'what becomes of the packet is left to chance' }
  const { afterSource, ...rest } = told
  const harm = getsThrough(told) ? harmOf(reproduction, after.world) : undefined
  if (harm !== undefined) Object.assign(rest, { mends: false, but: harm })
  else if (told.mends && leadsOthersAway(reproduction, after.world)) Object.assign(rest, { isWide: true })
  const oneSource = results.every((one) => one.afterSource === afterSource)
  return {
    verified: reproduction.engine.id,
    ...rest,
    ...(oneSource && afterSource !== undefined ? { afterSource } : {}),
  }
}

type Arrived = Reproduced & { told: Played }

/** At most so many conditions are left to chance, each either way. */
const MOST_OPEN = 4

/** Whatever comes of conditions that nobody can know; or the reason why that cannot be told. */
function playAllWays(
  reproduction: Reproduction,
  world: World,
  assume = new Map<string, boolean>(),
): Arrived[] | string {
  const reproduced = reproduction.play(world, assume)
  const { told } = reproduced
  if (!told) return 'the answer would not come to this point'
  const { outcome, open } = told.ended
  if (outcome !== 'undetermined') return [{ ...reproduced, told }]
  if (!open) return 'what becomes of the packet cannot be told'
  if (open.endless) return `what becomes of the packet is unknown behind ${open.condition}: ${open.reason}`
  const why = `what becomes of the packet hangs on ${open.condition}: ${open.reason}`
  if (assume.size >= MOST_OPEN || assume.has(open.condition)) return why
  const all: Arrived[] = []
  for (const holds of [true, false]) {
    const ways = playAllWays(reproduction, world, new Map([...assume, [open.condition, holds]]))
    if (typeof ways === 'string') return why
    all.push(...ways)
  }
  return all
}

function judge(
  reproduced: Arrived,
  stops: Fix['stops'],
  finding: Finding,
  reproduction: Reproduction,
  world: World,
): Pick<Trial, 'after' | 'afterSource' | 'but' | 'mends'> {
  const tried = reproduction.explain(reproduced.told, world)
  const { outcome } = tried
  if (stops) return { after: outcome, mends: helps({ stops, after: outcome }) }
  const source = reproduced.told.packet.src
  const rewritten = outcome === 'forwarded' && source !== undefined && source !== reproduction.packet.src
  const good = isPassed(outcome)
  const but = good ? stillWrong(tried, reproduced, reproduction.opening, world) : undefined
  return {
    after: outcome,
    ...(rewritten ? { afterSource: source } : {}),
    ...(but === undefined ? {} : { but }),
    mends: good && but === undefined && !tried.findings.some(({ code }) => code === finding.code),
  }
}

/** Their fixes change what the model does not play. */
const UNPLAYED: ReadonlySet<string> = new Set(['helper-missing'])

/** Findings of a packet that gets through and does no good so. */
const STILL_WRONG: Readonly<Record<string, string>> = {
  'closed-port': 'nothing listens there',
  'wrong-way-out': 'it would go the wrong way',
  'not-masqueraded': 'answers may not find back to its source',
  'dropped-beside': 'a chain behind those of IP would drop it',
  'ipsec-no-state': 'IPsec would drop it',
  'echo-ignored': 'the kernel would not answer it',
  'bridge-nf-call': 'its answer would come from another address',
}

/** The finding by which a packet that gets through does no good so. */
export const uselessBy = ({ findings }: Journey): string | undefined =>
  findings.find(({ code, severity }) => severity !== 'note' && STILL_WRONG[code] !== undefined)?.code

/** Of a packet that gets through. */
function stillWrong(
  tried: Journey,
  { told, asked, answer }: Arrived,
  opening: Packet | undefined,
  { host }: World,
): string | undefined {
  const wrong = uselessBy(tried)
  if (wrong !== undefined) return STILL_WRONG[wrong]
  // an answer that is played by itself: its connection may be another one's
  if (opening && asked !== opening && reaches(opening, told) === false)
    return `it would not get to ${opening.src}, which had asked`
  if (!asked || !answer) return undefined
  const { outcome } = answer.ended
  if (reaches(asked, answer) === false)
    return isPassed(outcome) ? 'its answer would come from another address' : `its answer would be ${outcome}`
  if (!isPassed(outcome)) return undefined
  if (astray(answer.packet, host)) return 'its answer would go the wrong way'
  const { out } = answer.packet
  const came = asked.in
  return came === undefined || out === undefined || out === came
    ? undefined
    : `its answer would leave by ${out}, not by ${came}`
}
