/** Packets such as the one that was stopped, as a rule chooses them; and what that rule opens. */
import { isDiscovery } from '../../model/neighbour-discovery.ts'
import type { Packet } from '../../model/packet.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { portDirection } from '../../rules/service-ports.ts'
import type { MatchHints } from '../changes/match-hints.ts'
import type { Chosen } from '../changes/rule-changes.ts'
import type { Context } from '../context.ts'
import { isChosenByTurns } from '../counterfactual/what-if.ts'
import { isOfGroups, isOnAllLinks } from '../neighbours/discovery.ts'
import { acceptsOpening, isAnswer, openingOf } from '../reply/request-reply.ts'

/** What a rule for such packets opens: the address that nat chooses anew each time is left out of it. */
export function opensOf({ packet, hints: { byTurns, answer, hook } }: Chosen & { kind: 'such' }): string {
  if (isDiscovery(packet))
    return `opens only neighbour discovery${isOnAllLinks(packet, hook) ? '' : ' on this interface'}`
  const { protocol } = packet
  if (isOfGroups(packet))
    return `opens only ${protocol === 'igmp' ? 'IGMP' : 'multicast listener discovery'} on this interface`
  if (!byTurns && !isOfOneService(packet, answer))
    return `opens all traffic of protocol ${protocol} from this source to this destination`
  if (!byTurns) return answer ? 'opens only packets of this service' : 'opens only this source and service'
  return answer
    ? 'opens every source that nat may choose, for this destination and service'
    : 'opens every destination that nat may choose, for this source and service'
}

/** A fragment has no port; other protocols than these have none at all. */
const isOfOneService = ({ protocol, sport, dport, icmpType }: Packet, answer: boolean | undefined): boolean =>
  protocol === undefined || (answer ? sport : dport) !== undefined || icmpType !== undefined

/** The packet, as it was there, and its like. */
export const suchPackets = (context: Context, packet: Packet): Chosen & { kind: 'such' } => ({
  kind: 'such',
  packet,
  hints: toldOf(context),
})

function toldOf(context: Context): MatchHints {
  const { journey, world, evidence, ended } = context
  const { hook, table } = evidence.arrivals[ended.step]!
  const answer =
    isAnswer(journey.packet, world) ||
    acceptsOpening(journey.packet) ||
    entryAnswered(journey.packet, world) !== undefined ||
    portDirection(journey.packet, world) === 'reply'
  // before nat has done its work nobody can ask for it
  const behind = hook !== 'prerouting' && !(hook === 'output' && table?.name !== 'filter')
  const rewritten =
    behind && journey.steps.some(({ changes }) => changes.some(({ field }) => /^d(st|port)$/.test(field)))
  const asked = answer ? openingOf(journey.packet, world) : journey.packet
  const written = answer ? asked !== undefined && asked.dst !== journey.packet.src : rewritten
  const byTurns = written && asked !== undefined && isChosenByTurns(context, asked)
  return { hook, answer, rewritten: rewritten || byTurns, byTurns }
}
