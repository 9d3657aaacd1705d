/** Where the journey ended, by contract.md's table: what is not shown or implied is `undetermined`, with the reason. */
import { isAnnouncement } from '../model/announcement.ts'
import { DSTNAT, type Hook } from '../model/hook.ts'
import type { Journey, Outcome } from '../model/journey.ts'
import { isOwnTable } from '../model/own-table.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { bridgePassingOn } from '../rules/bridge-calls.ts'
import { keepsDestination } from '../rules/conntrack/entries.ts'
import { isGroup, isLocal, isOwnCopy } from '../rules/fib.ts'
import { joinsByItself } from '../rules/joined-groups.ts'
import { leadsNowhere } from '../rules/route.ts'
import { whyUnanswered } from '../rules/unanswered.ts'
import { usesConntrack } from '../rules/uses-conntrack.ts'
import { type Backend, backendOf, seenFrom } from './backends.ts'
import {
  type BaseChain,
  baseChainsAt,
  hasNatChains,
  mayBeAbsent,
  nextAtHook,
  nextBehindHook,
  withoutMaybes,
} from './base-chains.ts'
import { behindBridgeChain } from './bridge-outcome.ts'
import { goesOn, goesToThisHost, isConfirmed, leadsToThisHost, sentByEntry } from './destination.ts'
import { type Evidence, isUntracked, priorityHere } from './evidence.ts'
import { lacksLines } from './gaps.ts'
import { writesDestination } from './given-destination.ts'
import { isRewrittenAt, type StepContext } from './step-context.ts'
import { withoutTwins } from './twins.ts'
import { isUnlisted, withUnlisted } from './unlisted.ts'
import { isWayBackUnknown } from './way-back.ts'

export interface Conclusion {
  outcome: Outcome
  basis: Journey['basis']
  /** Why it is undetermined, or what had to come. */
  because?:
    | 'no-ruleset'
    | 'ruleset-mismatch'
    | 'unknown-target'
    /** The ruleset's beginning is missing, where policies are declared. */
    | 'unknown-policy'
    | 'only-log'
    | 'lost-events'
    | 'capture-ends'
    | 'no-routes'
    | 'way-back'
    /** It is for a group, and host state does not list which ones somebody here has joined. */
    | 'group'
    /** Only of a simulation: a rule asks for what nobody can know. */
    | 'unknown-condition'
    /** The flow's connection may rewrite the packet behind the last chain there is. */
    | 'nat-unseen'
    /** A bridge has it, and the frame's destination address does not tell whether for this host. */
    | 'frame-address'
    /** This host puts fragments together before INPUT, and the whole packet goes on alone. */
    | 'fragment'
    /** The capture shows one of iptables-legacy and nf_tables, and the other comes next. */
    | 'other-backend'
    /** The same, and the other's chain hangs at the very place of the last one that was seen: before it, or behind. */
    | 'ambiguous-order'
    /** iptables-nft lists the chain that had to come, as it lists those of its table that nobody has made as well. */
    | 'maybe-no-chain'
    /** What decides, or may come next, is in a table that no listing shows. */
    | 'not-shown'
  /** The base chain that had to come and did not. */
  missing?: BaseChain
  /** Or this one, where its destination is not known. */
  orMissing?: BaseChain
  /** In front of it, a chain of nat that is traversed unless the packet's connection is known. */
  natFirst?: BaseChain
  /** What it hangs on: the condition in its rule's own words, and why nobody can tell. */
  open?: { condition: string; reason: string; endless?: true; otherwise?: Outcome }
  /** Index of the step that decides; -1 where no step is shown. */
  step: number
}

/** Looks at the last step that is more than a LOG line. `lossless`: the capture proves that it lost nothing. */
export function decideOutcome(evidence: Evidence, world: World, lossless = evidence.lossless ?? false): Conclusion {
  const { journey, arrivals } = evidence
  const step = journey.steps.findLastIndex((one) => one.kind !== 'log')
  const at = (outcome: Outcome, basis = basisOf(evidence)): Conclusion => ({ outcome, basis, step })
  const open = (because: NonNullable<Conclusion['because']>): Conclusion => ({ ...at('undetermined'), because })
  if (journey.steps.length === 0 && evidence.lossless !== undefined)
    return { outcome: 'undetermined', basis: 'observed', because: 'capture-ends', step }
  if (step < 0)
    return { outcome: 'undetermined', basis: 'observed', because: 'only-log', step: journey.steps.length - 1 }
  const arrival = arrivals[step]!
  // nft's trace shows the verdict, and what stopped the packet stopped it whatever the ruleset says
  const isShown = evidence.lossless !== undefined && isStopping(arrival.ending)
  if (arrival.mismatch !== undefined && !isShown) return open('ruleset-mismatch')
  const lost = evidence.followed || evidence.lossy === true
  const cut = () => open(lost ? 'lost-events' : 'capture-ends')
  switch (arrival.ending) {
    case 'drop':
      return at('dropped')
    case 'reject':
      return at(
        whyUnanswered(arrival.rule?.statements ?? [], arrival, world.host) === undefined ? 'rejected' : 'dropped',
      )
    case 'queue':
      return at('queued')
    case 'stolen':
      return at('stolen')
    case 'unknown':
      if (isUnlisted(world, journey.family, journey.steps[step]!.table)) return open('not-shown')
      if (!world.tables.some((table) => table.family === journey.family)) return open('no-ruleset')
      return open(journey.steps[step]!.kind === 'policy' ? 'unknown-policy' : 'unknown-target')
    case 'accept':
      if (evidence.endsWithHeader) return cut()
      if (evidence.logged?.stop) return acceptedByLog(evidence, step)
      if (evidence.lossless !== undefined && !arrival.chain) return acceptedUnknown(evidence, step)
      return accepted(
        evidence,
        withUnlisted(evidence.lossless === undefined ? world : withoutTwins(world)),
        step,
        lossless,
      )
    default:
      // jump, return, continue: another line of the same table had to come
      return cut()
  }
}

/** What stopped it was captured, or the ruleset tells it of what was. */
const basisOf = ({ logged, rest }: Evidence): Journey['basis'] =>
  logged?.stop?.basis ?? (rest === undefined ? 'observed' : 'inferred')

/** A LOG line tells of it, and the ruleset that nothing behind can stop it. */
function acceptedByLog({ arrivals }: Evidence, step: number): Conclusion {
  const { hook, packet } = arrivals[step]!
  const outcome = hook === 'input' ? 'delivered' : packet.in === undefined ? 'sent' : 'forwarded'
  return { outcome, basis: 'inferred', step }
}

const isStopping = (ending: StepContext['ending']): boolean =>
  ending === 'drop' || ending === 'reject' || ending === 'queue' || ending === 'stolen'

/** The next base chain of that hook. Which of several with one priority comes first only the trace tells. */
function nextHere(evidence: Evidence, world: World, step: number, hook: Hook, nat: boolean): BaseChain | undefined {
  const { journey, arrivals } = evidence
  const priority = priorityHere(evidence, step, hook)
  const family = arrivals[step]!.table?.family === 'bridge' ? 'bridge' : journey.family
  if (evidence.lossless === undefined) return nextAtHook(world, family, hook, priority, nat)
  const passed = new Set(arrivals.map(({ table, chain }) => `${table?.family} ${table?.name} ${chain?.name}`))
  const here = arrivals[step]!.table
  // of the other backend's chain at the same priority nobody knows whether it comes before this one
  const isBeside = ({ table, chain }: BaseChain) =>
    here !== undefined &&
    backendOf(table) === backendOf(here) &&
    !passed.has(`${table.family} ${table.name} ${chain.name}`)
  return baseChainsAt(world, family, hook, nat).find(
    (one) => one.priority > priority || (one.priority === priority && isBeside(one)),
  )
}

/**
 * Accepted in a chain of which no ruleset tells the place. A trace shows every chain, so behind the last one of a hook at
 * which a packet's way ends nothing came.
 */
function acceptedUnknown(evidence: Evidence, step: number): Conclusion {
  const { arrivals, followed, lossless } = evidence
  const { hook, packet } = arrivals[step]!
  const ended = (outcome: Outcome): Conclusion => ({ outcome, basis: 'inferred', step })
  const open = (because: NonNullable<Conclusion['because']>): Conclusion => ({
    outcome: 'undetermined',
    basis: 'observed',
    because,
    step,
  })
  if (lossless === false) return open('lost-events')
  if (hook === 'input') return ended('delivered')
  const leaves = packet.out !== undefined && packet.out !== 'lo' && hook !== 'ingress'
  if (!leaves) return open(hook === 'prerouting' || hook === undefined ? 'no-ruleset' : 'capture-ends')
  if (!followed && hook !== 'postrouting') return open('capture-ends')
  const came = arrivals.some(
    (one) => one.packet.in !== undefined || one.hook === 'prerouting' || one.hook === 'forward',
  )
  return ended(came ? 'forwarded' : 'sent')
}

/** Whether a chain is there that perhaps nobody has made, matters only where that alone decides. */
function accepted(evidence: Evidence, world: World, step: number, lossless: boolean): Conclusion {
  const ended = acceptedIn(evidence, world, step, lossless)
  const { missing } = ended
  if (!missing || !mayBeAbsent(missing.table, missing.chain)) return ended
  const without = acceptedIn(evidence, withoutMaybes(world), step, lossless)
  if (without.outcome === 'vanished' || without.outcome === 'undetermined') return without
  // a chain that is there would have shown the packet
  if (lossless && isNextFor(missing.chain.hook, evidence.arrivals[step]!.hook)) return { ...without, basis: 'inferred' }
  const because = missing.table.unlisted ? 'not-shown' : 'maybe-no-chain'
  return { outcome: 'undetermined', basis: 'observed', because, missing, step }
}

/** Between these hooks nothing drops a packet (net/ipv4/ip_forward.c, ip_forward_finish; ip_output.c, __ip_local_out). */
const isNextFor = (next: Hook | undefined, hook = ''): boolean =>
  (next === 'postrouting' ? ['forward', 'output', next] : next === 'input' ? [next] : []).includes(hook)

function acceptedIn(evidence: Evidence, all: World, step: number, lossless: boolean): Conclusion {
  const { family } = evidence.journey
  const { arrivals } = evidence
  const arrival = arrivals[step]!
  const { hook } = arrival
  const side = arrival.table && backendOf(arrival.table)
  const world = side ? seenFrom(all, side) : all
  const natPassed = evidence.nat === 'passed' && !cameBack(evidence, step)
  if (hook === undefined) return { outcome: 'undetermined', basis: 'observed', because: 'lost-events', step }
  const ended = (outcome: Outcome, basis: Journey['basis'] = 'observed'): Conclusion => ({ outcome, basis, step })
  const missing = (next: BaseChain): Conclusion => {
    const rival = side && rivalOf(world, family, next, natPassed, side)
    if (rival) return { ...ended('undetermined'), because: 'other-backend', missing: rival }
    if (side && backendOf(next.table) !== side)
      return { ...ended('undetermined'), because: 'other-backend', missing: next }
    const isLossy = evidence.followed && !lossless && isConfirmed(evidence.journey.packet, world)
    if (isLossy || lacksLines(evidence)) return { ...ended('undetermined'), because: 'lost-events', missing: next }
    if (evidence.followed) return { ...ended('vanished', lossless ? 'observed' : 'inferred'), missing: next }
    const isNatNext = natUnseen(evidence, world, step) && !goesOn(arrival.packet)
    const nat = isNatNext ? nextHere(evidence, world, step, hook, true) : undefined
    return { ...ended('undetermined'), because: 'capture-ends', missing: next, ...(nat ? { natFirst: nat } : {}) }
  }
  if (arrival.table?.family === 'bridge') {
    const way = behindBridgeChain(arrivals, world, step, nextHere(evidence, world, step, hook, true))
    if (way.missing) return missing(way.missing)
    if (way.end !== 'unknown') return ended(way.end)
    return { ...ended('undetermined'), because: isGroup(arrival.packet.dst ?? '') ? 'group' : 'frame-address' }
  }
  const natGoesOn = natPassed && !isRewrittenAt(arrivals, step)
  const next = nextHere(evidence, world, step, hook, natGoesOn)
  if (next) return missing(next)
  const beside = side && besideOf(evidence, world, step, natGoesOn)
  if (beside) return { ...ended('undetermined'), because: 'ambiguous-order', missing: beside }
  switch (hook) {
    case 'input':
      return ended('delivered')
    case 'forward': {
      const behind = nextBehindHook(world, family, hook, natPassed, false)
      return behind ? missing(behind) : ended('forwarded')
    }
    case 'output': {
      const behind = nextBehindHook(world, family, hook, natPassed, false)
      return behind ? missing(behind) : leaving(evidence, world, step)
    }
    case 'postrouting':
    case 'egress':
      return leaving(evidence, world, step)
    case 'prerouting':
      return routed(evidence, world, step, natPassed, ended, missing)
    default:
      return { ...ended('undetermined'), because: 'capture-ends' }
  }
}

/** The other backend's chain at the place of the next one: it may come before it, and stop the packet there. */
const rivalOf = (world: World, family: Journey['family'], next: BaseChain, nat: boolean, side: Backend) =>
  family === 'ip' || family === 'ip6'
    ? baseChainsAt(world, family, next.hook, nat).find(
        ({ table, priority }) => priority === next.priority && backendOf(table) !== side,
      )
    : undefined

/** The other backend's chain at the same hook and priority, where this packet was not seen in it. */
function besideOf({ journey, arrivals }: Evidence, world: World, step: number, nat: boolean): BaseChain | undefined {
  const { hook, table } = arrivals[step]!
  if (!hook || !table) return undefined
  const here = baseChainsAt(world, journey.family, hook, true)
  const priority = here.find((one) => one.table === table)?.priority
  return baseChainsAt(world, journey.family, hook, nat).find(
    (one) =>
      one.priority === priority &&
      backendOf(one.table) !== backendOf(table) &&
      !arrivals.some((arrival) => arrival.hook === hook && arrival.table === one.table),
  )
}

/** Sent over lo, and in again: nat has done its part in OUTPUT and POSTROUTING and is not asked a second time. */
const cameBack = ({ arrivals }: Evidence, step: number): boolean =>
  (arrivals[step]!.hook === 'prerouting' || arrivals[step]!.hook === 'input') &&
  arrivals.some(({ hook }, i) => i < step && (hook === 'output' || hook === 'postrouting'))

/** What this host has sent has been routed, and rewritten, by then. */
const hasItsRoute = (packet: Packet, { host }: World): boolean => packet.in === 'lo' || isOwnCopy(packet, host)

/** In PREROUTING or OUTPUT, before the place where the destination of a known flow is rewritten without a line. */
function natUnseen(evidence: Evidence, world: World, step: number): boolean {
  const { nat, arrivals, journey } = evidence
  const { hook, packet } = arrivals[step]!
  // a flow without a connection is never rewritten
  if (isUntracked(evidence)) return false
  if (nat === 'passed' || hasItsRoute(packet, world) || (hook !== 'prerouting' && hook !== 'output')) return false
  if (isOfLink(packet) || isNeverTracked(world, journey.family) || keepsDestination(packet, world)) return false
  return priorityHere(evidence, step, hook) < DSTNAT && hasNatChains(world, journey.family)
}

/** The host's connections are listed, and nothing has the kernel track any of this family: its chains of nat are not traversed. */
const isNeverTracked = (world: World, family: Journey['family']): boolean =>
  (family === 'ip' || family === 'ip6') && world.host.conntrack !== undefined && !usesConntrack(world, family)

/** Rewritten in OUTPUT: the rest of that hook still shows the interface of the route that it had before. */
const rewrittenInOutput = ({ arrivals }: Evidence, step: number): boolean =>
  arrivals[step]!.hook === 'output' &&
  arrivals.some(({ hook, packet }, i) => i < step && hook === 'output' && packet.dst !== arrivals[step]!.packet.dst)

/** So does the very last step of OUTPUT, and no later one shows to what. */
function rewritesLast({ arrivals }: Evidence, world: World, step: number): boolean {
  const { hook, rule, packet, ending } = arrivals[step]!
  if (hook !== 'output' || ending !== 'accept' || step !== arrivals.length - 1) return false
  return writesDestination(rule) !== undefined && !keepsDestination(packet, world)
}

/** Past the last chain of OUTPUT or POSTROUTING: forwarded or sent, or on its way back in over lo. */
function leaving(evidence: Evidence, world: World, step: number): Conclusion {
  const { journey, arrivals } = evidence
  const packet = arrivals[step]!.packet
  const last = rewritesLast(evidence, world, step)
  const rerouted = last || rewrittenInOutput(evidence, step)
  const to = last ? goesToThisHost(evidence, world) : isLocal(packet.dst, world.host)
  const out = evidence.rerouted ? evidence.rerouted.out : packet.out
  const local = rerouted ? to : out === 'lo'
  if (rerouted && local === undefined) return { outcome: 'undetermined', basis: 'observed', because: 'no-routes', step }
  if (rerouted && !local) return { outcome: 'sent', basis: 'inferred', step }
  if (local) {
    // a packet that rules tell of is not told of by a session's own table again
    const next = (['prerouting', 'input'] as Hook[])
      .flatMap((hook) => baseChainsAt(world, journey.family, hook, false))
      .find(({ table }) => !isOwnTable(table.name))
    // the packet is this host's own and comes back to it; the capture may not show that half
    if (!next) return { outcome: 'delivered', basis: 'inferred', step }
    return {
      outcome: 'undetermined',
      basis: 'observed',
      because: natUnseen(evidence, world, step) ? 'nat-unseen' : evidence.followed ? 'lost-events' : 'capture-ends',
      missing: next,
      step,
    }
  }
  const anew = evidence.rerouted?.route
  if (anew !== undefined && leadsNowhere(anew)) return { outcome: 'vanished', basis: 'inferred', step }
  // neighbour discovery shows an input interface in POSTROUTING although this host sends it
  if (arrivals.some(({ packet: one, hook }) => hook === 'output' || one.uid !== undefined))
    return { outcome: 'sent', basis: 'observed', step }
  // before Linux 5.7 POSTROUTING had no input interface, so the hooks before it tell
  const came = arrivals.some(
    ({ packet: one, hook }) => one.in !== undefined || hook === 'prerouting' || hook === 'forward',
  )
  if (came) return { outcome: 'forwarded', basis: 'observed', step }
  const own = isLocal(packet.src, world.host)
  return { outcome: own === false ? 'forwarded' : 'sent', basis: 'inferred', step }
}

/** Past PREROUTING the route decides: to this host or through it. */
function routed(
  evidence: Evidence,
  world: World,
  step: number,
  nat: boolean,
  ended: (outcome: Outcome, basis?: Journey['basis']) => Conclusion,
  missing: (next: BaseChain) => Conclusion,
): Conclusion {
  const { family } = evidence.journey
  const { packet } = evidence.arrivals[step]!
  // what is for a group goes to INPUT, where somebody here has joined it
  const group = packet.dst !== undefined && isGroup(packet.dst)
  const mayLack = group && !joinsByItself(packet.dst!, packet.in, world.host)
  // a bridge asks no route for the frame of another machine
  const isPassedOn = packet.dst === evidence.journey.packet.dst && bridgePassingOn(packet, world.host) !== undefined
  const mayBeRewritten = natUnseen(evidence, world, step)
  const sent = mayBeRewritten ? sentByEntry(packet, world) : undefined
  const isUnseen = mayBeRewritten && sent === undefined
  const byRoutes = () =>
    sent === undefined ? goesToThisHost(evidence, world) : leadsToThisHost({ ...packet, dst: sent.dst }, world)
  const local =
    packet.in === 'lo' ||
    group ||
    isOwnCopy(packet, world.host) ||
    (isPassedOn ? false : isUnseen && goesOn(packet) ? undefined : byRoutes())
  const input = nextBehindHook(world, family, 'prerouting', nat, true)
  const through = nextBehindHook(world, family, 'prerouting', nat, false)
  const expected = local === undefined ? (input && through ? input : undefined) : local ? input : through
  // IPv6 puts them together behind INPUT; connection tracking, where it is on, before the first chain
  if (expected === input && input && family === 'ip' && isFragment(packet))
    return { ...ended('undetermined'), because: 'fragment' }
  // no program's: who has not joined goes without, and a bridge hands it on to its ports
  if (mayLack && expected && packet.dport === undefined) return { ...ended('undetermined'), because: 'group' }
  if (expected && local === undefined && through) return { ...missing(expected), orMissing: through }
  if (expected) return missing(expected)
  if (isUnseen) return { ...ended('undetermined'), because: 'nat-unseen' }
  if (local === undefined) return { ...ended('undetermined'), because: 'no-routes' }
  if (mayLack) return { ...ended('undetermined'), because: 'group' }
  if (isWayBackUnknown(packet, world)) return { ...ended('undetermined'), because: 'way-back' }
  return ended(local ? 'delivered' : 'forwarded', 'inferred')
}

/** Neighbour discovery and group reports are not tracked (net/netfilter/nf_conntrack_proto_icmpv6.c). */
const isOfLink = (packet: Packet): boolean => packet.protocol === 'icmpv6' && isAnnouncement(packet)

const isFragment = ({ fragOffset, moreFragments }: Packet): boolean => (fragOffset ?? 0) > 0 || moreFragments === true
