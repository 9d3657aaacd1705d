/** Does the engine give what the capture shows? What it says of anything else counts only then. */
import { mayBeAbsent } from '../../journey/base-chains.ts'
import type { Played } from '../../journey/engine.ts'
import type { Evidence } from '../../journey/evidence.ts'
import type { Journey } from '../../model/journey.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import type { Rule } from '../../model/ruleset.ts'
import { leftBy } from '../../model/way-out.ts'
import type { World } from '../../model/world.ts'
import { lasts } from '../../rules/lasting.ts'
import type { Context } from '../context.ts'
import { isDroppedByProxy } from './observed-conditions.ts'

/** Undefined where it is what was seen. */
export function whyNotSeen(seen: Evidence, { evidence, ended }: Played, { host }: World): string | undefined {
  const { journey } = seen
  if (ended.outcome === 'undetermined') {
    if (!host.routes)
      return "not tried: the host's addresses and routes are unknown (ip -j addr, ip -j route show table all)"
    return ended.open
      ? `not tried: the packet's outcome depends on ${ended.open.condition}: ${ended.open.reason}`
      : "not tried: the packet's path is unknown"
  }
  if (ended.outcome === journey.outcome && samePlace(evidence, seen)) return leavesElsewhere(evidence.journey, journey)
  if (ended.outcome === 'vanished' && isUnconfirmed(journey) && samePlace(evidence, seen)) return undefined
  if (ended.outcome === 'dropped' && isDroppedByProxy(journey) && samePlace(evidence, seen)) return undefined
  if (ended.outcome === 'dropped' && isDroppedBeside(evidence.journey, journey)) return undefined
  if (ended.outcome === journey.outcome)
    return 'not tried: the model and the capture disagree about the rule that decides'
  return `not tried: on the model, the packet is ${ended.outcome}, but the capture shows another outcome`
}

/** A mark that nobody can know of leads it another way, through the same chains. */
function leavesElsewhere(played: Journey, seen: Journey): string | undefined {
  const [out, by] = [played, seen].map(({ steps }) => leftBy(steps))
  if (!isPassed(seen.outcome) || out === undefined || by === undefined || out === by) return undefined
  return `not tried: on the model, the packet leaves by ${out}, but the capture shows ${by}`
}

/** Dropped where its entry is confirmed, behind all that a trace shows. */
const isUnconfirmed = ({ outcome, findings }: Journey): boolean =>
  isPassed(outcome) && findings.some(({ code, severity }) => code === 'snat-port-taken' && severity === 'error')

/** Did it match a rule with a limit that the engine takes it past, or the other way round? */
export function sawOtherLimits({ evidence }: Context, played: Played): boolean {
  const [seen, guessed] = [evidence, played.evidence].map(limitsMet)
  return seen!.size !== guessed!.size || [...seen!].some((rule) => !guessed!.has(rule))
}

const limitsMet = ({ journey, arrivals }: Evidence): ReadonlySet<Rule> =>
  new Set(
    arrivals.flatMap(({ rule }, i) =>
      journey.steps[i]!.kind === 'rule' && rule?.conditions.some(lasts) ? [rule] : [],
    ),
  )

function samePlace(a: Evidence, b: Evidence): boolean {
  const [one, other] = [lastPlace(a), lastPlace(b)]
  if (one?.table !== other?.table || one?.chain !== other?.chain || one?.kind !== other?.kind) return false
  // a policy of nft's has no number
  return one?.kind === 'policy' || one?.ruleNumber === other?.ruleNumber
}

/** A chain that iptables-nft lists and perhaps nobody has made does nothing: a trace shows it only if it is there. */
const lastPlace = ({ journey, arrivals }: Evidence): Journey['steps'][number] | undefined =>
  journey.steps.findLast((step, i) => {
    const { table, chain } = arrivals[i] ?? {}
    return isWalked(step) && !(table && chain?.hook !== undefined && mayBeAbsent(table, chain))
  })

/** By the very chain that is said to have dropped it, which no trace of IP's chains shows. */
function isDroppedBeside(played: Journey, { findings }: Journey): boolean {
  const [said] = findings.flatMap(({ code, severity, rules }) =>
    code === 'dropped-beside' && severity === 'error' ? rules : [],
  )
  const last = played.steps.findLast(isWalked)
  return said !== undefined && said.table === last?.table && said.chain === last.chain
}

const isWalked = (step: Journey['steps'][number]) => step.kind !== 'log'
