/** Is a packet too long for its way out, and must not be cut? (ip_exceeds_mtu, ip6_pkt_too_big) */
import type { Host, Route } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import { linkNamed } from './links.ts'
import { type Truth, unknown } from './truth.ts'

/** What a way takes, in bytes of the IP packet; undefined where host state does not tell. */
export const mtuOf = (route: Route, device: string | undefined, host: Host): number | undefined =>
  route.mtu ?? linkNamed(host, device)?.mtu

/**
 * A packet that is longer than what the link takes by which it came in was several: the network card or the kernel has
 * joined them (GRO, fragments), and it is the parts that have to fit.
 */
export function exceedsMtu(packet: Packet, route: Route, device: string | undefined, host: Host): Truth {
  const { length, dontFragment, dst = '' } = packet
  const mtu = mtuOf(route, device, host)
  if (mtu === undefined || length === undefined || length <= mtu) return false
  if (!dst.includes(':') && dontFragment !== true) return false
  const parts = linkNamed(host, packet.in)?.mtu
  if (parts === undefined || length <= parts) return true
  return (
    parts > mtu && unknown(`it is longer than the MTU of ${packet.in}, so it was several packets, of unknown length`)
  )
}
