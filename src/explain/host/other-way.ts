/** A sender that is reached over two interfaces: a route to it alone leads back out of one of them, and the check of the way back then fails on the other. */
import type { Host } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { silentState } from '../../model/silent-neighbour.ts'
import type { Proposal } from '../changes/proposal.ts'
import { addWayBack, homeOf } from './routes.ts'

/** The interface, other than the packet's own, over which its sender is reached, too: it replied there, or both are in its network. */
export function otherWay({ src, in: device }: Packet, host: Host): string | undefined {
  if (src === undefined || device === undefined) return undefined
  const known = host.neighbours?.find(
    (one) => one.address === src && one.device !== device && one.mac !== undefined && silentState(one) === undefined,
  )
  if (known) return known.device
  if (homeOf(src, host, device)?.link.name !== device) return undefined
  const others = host.links?.filter(({ name }) => name !== device)
  return others && homeOf(src, { ...host, links: others })?.link.name
}

/** A route to the sender in front of the other proposals; where it is reached over another interface as well, behind them, with what it costs there. */
export function withWayBack(packet: Packet, host: Host, others: readonly Proposal[]): Proposal[] {
  const forged = `rp_filter also drops packets with forged sources: first check that ${packet.src} is behind this neighbour`
  const ways = addWayBack(packet, host, forged)
  const other = ways.length === 0 ? undefined : otherWay(packet, host)
  if (other === undefined) return [...ways, ...others]
  const cost = `packets from ${packet.src} on ${other} may then fail this check`
  return [...others, ...ways.map((way) => ({ ...way, note: `${cost}; ${forged}` }))]
}
