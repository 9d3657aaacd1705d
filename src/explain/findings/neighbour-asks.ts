import { inPrefix, parseAddress } from '../../model/address.ts'
import type { Host } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import { isUnreplied } from '../../rules/conntrack/entries.ts'
import { isLocal } from '../../rules/fib.ts'
import { isResolved, silentNeighbour } from '../../rules/neighbours.ts'
import { nextHopOf } from '../../rules/way-out.ts'
import { acceptNeighbours, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { givenSource, sourceRule } from '../counterfactual/rewritten.ts'
import { homeOf } from '../host/routes.ts'
import {
  askedFrames,
  DISCOVERY_UNPLAYED,
  framesOf,
  isTraced,
  type Stopped,
  stoppedQuestion,
} from '../neighbours/frames.ts'
import { nameRef } from '../refs.ts'
import { isOpening, isReplied } from '../reply/request-reply.ts'
import { spotWords } from './verdicts.ts'

/**
 * Rules of no IP chain drop the frames by which this host asks for its next hop, whose link address it is not known to have: then
 * the packet does not leave. Where the next hop is listed as silent: neighbour-failed.ts.
 */
export const neighbourUnasked: Detector = {
  code: 'neighbour-failed',
  detect(context) {
    const { journey, ended, world } = context
    const { out, ...packet } = lastPacket(context)
    if (!hasLeft(journey.outcome) || out === undefined || out === 'lo' || isReplied(context)) return []
    const hop = nextHopOf(packet, out, world.host)
    const stopped = hop === undefined ? undefined : unasked(context, out, hop)
    if (hop === undefined || !stopped || silentNeighbour(world.host, out, hop)) return []
    const { ref } = stopped
    // a route of IPv4 may have a next hop of IPv6
    const family = hop.includes(':') ? 'ip6' : 'ip'
    return [
      finding(
        'neighbour-failed',
        'warning',
        `${nameRef(ref)} drops ${framesOf(stopped, family)}. Unless this host already knows the MAC address of ${hop}, the packet cannot leave.`,
        {
          steps: [ended.step + 1],
          rules: [ref],
          fix: acceptFrames(ref, family, DISCOVERY_UNPLAYED),
        },
      ),
    ]
  },
}

const acceptFrames = (ref: RuleRef, family: 'ip' | 'ip6', unverified?: string): Proposal[] =>
  propose(
    `accept ${family === 'ip6' ? 'neighbour discovery' : 'ARP'} ${spotWords(ref)}`,
    acceptNeighbours(ref, family),
    undefined,
    unverified,
  )

function unasked(context: Context, out: string, hop: string): Stopped | undefined {
  const { host, tables } = context.world
  if (isResolved(host, out, hop) || tables.every(isTraced)) return undefined
  const { stopped } = askedFrames(context, out, hop)
  return stopped && !isTraced(stopped.ref) ? stopped : undefined
}

/** It left, and rules keep the next hop from finding the address of this host that the reply is sent to. */
export const neighbourAsks: Detector = {
  code: 'neighbour-discovery-dropped',
  detect(context) {
    const { journey, ended, world, evidence } = context
    if (!hasLeft(journey.outcome)) return []
    const { out, ...packet } = lastPacket(context)
    if (out === undefined || out === 'lo' || !isOpening(journey, evidence.nat, world)) return []
    if (isReplied(context)) return []
    const hop = nextHopOf(packet, out, world.host)
    // it is still to find the next hop: findings/neighbour-failed.ts
    if (hop === undefined || silentNeighbour(world.host, out, hop)) return []
    const asked = askedFor(context, out, hop)
    // who has sent something there knows it
    if (asked === undefined || isFound(asked, world.host)) return []
    const stopped = stoppedQuestion(context, out, hop, asked)
    if (!stopped || unasked(context, out, hop)) return []
    const { ref, what } = stopped
    const family = journey.family === 'ip6' ? 'ip6' : 'ip'
    const frames = `${framesOf(stopped, family)} ${what === 'request' ? 'for' : 'of'}`
    return [
      finding(
        'neighbour-discovery-dropped',
        'error',
        `${nameRef(ref)} drops ${frames} ${asked}. Unless ${hop} already knows the MAC address of ${asked}, no reply can come back.`,
        {
          steps: [ended.step + 1],
          rules: [ref],
          fix: acceptFrames(ref, family),
        },
      ),
    ]
  },
}

/** The packet's source, where that is this host's own and the next hop is beside it; else this host's address there. */
function askedFor(context: Context, out: string, hop: string): string | undefined {
  const { host } = context.world
  const { src } = lastPacket(context)
  const rule = sourceRule(context)
  const source = rule ? givenSource(rule.statement, src) : src
  const network = homeOf(hop, host, out)
  if (network?.link.name !== out) return undefined
  if (source !== undefined && isLocal(source, host) === true && homeOf(source, host, out)?.network === network.network)
    return source
  const there = parseAddress(hop)
  const own = (network.link.addresses ?? []).filter(({ address, prefixLength }) => {
    const here = parseAddress(address)
    return (
      here &&
      there &&
      prefixLength < here.length * 8 &&
      here.length === there.length &&
      inPrefix(there, here, prefixLength)
    )
  })
  // of several, any may be the next hop's gateway
  return own.length === 1 ? own[0]!.address : undefined
}

/** Replies have come to it. */
const isFound = (address: string, { conntrack = [] }: Host): boolean =>
  conntrack.some((entry) => entry.reply.dst === address && !isUnreplied(entry))
