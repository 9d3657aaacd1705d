/**
 * Neighbour discovery (RFC 4861) between two hosts of one network behind different ports of a bridge: whoever is asked
 * replies only when it has learned the sender's link address, from what the sender asks or from its advertisement.
 */
import type { Played } from '../../journey/engine.ts'
import { inPrefix, parseAddress } from '../../model/address.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { isLinkLocal } from '../../rules/route.ts'
import { solicitedGroup } from '../../rules/solicited-group.ts'
import { ADVERTISEMENT, SOLICITATION } from './neighbours.ts'
import type { Reproduction } from './reproduce.ts'

/** What is stopped of it, where all that would tell is. */
export function stoppedBetweenPorts(
  { engine, budget }: Reproduction,
  world: World,
  { in: bridge, physIn, physOut, src, dst }: Packet,
): Played | undefined {
  if (bridge === undefined || physIn === undefined || physOut === undefined) return undefined
  if (src === undefined || dst === undefined || !areOfOneNetwork(src, dst)) return undefined
  const [ofAsked, ofSender] = [solicitedGroup(dst), solicitedGroup(src)]
  if (ofAsked === undefined || ofSender === undefined) return undefined
  const there = { in: bridge, physIn, physOut }
  const back = { in: bridge, physIn: physOut, physOut: physIn }
  const stops = (packet: Packet, ...before: Packet[]): Played | undefined => {
    const played = engine.play(world, packet, { budget, before })
    return isStopped(played.ended.outcome) ? played : undefined
  }
  // a solicitation tells its sender's link address, too
  if (!stops({ ...SOLICITATION, src, dst: ofAsked, ...there })) return undefined
  const asks: Packet = { ...SOLICITATION, src: dst, dst: ofSender, ...back }
  return stops(asks) ?? stops({ ...ADVERTISEMENT, src, dst, ...there }, asks)
}

/** The length of nearly every prefix of IPv6 that hosts have on a link. */
const ON_LINK = 64

function areOfOneNetwork(src: string, dst: string): boolean {
  const [one, other] = [parseAddress(src), parseAddress(dst)]
  return (
    one?.length === 16 && other?.length === 16 && isLinkLocal(src) === isLinkLocal(dst) && inPrefix(one, other, ON_LINK)
  )
}
