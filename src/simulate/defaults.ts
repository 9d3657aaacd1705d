/** What a packet has where nobody said otherwise. */
import type { Host } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import { routeDevices } from '../rules/route.ts'
import { isUnknown } from '../rules/truth.ts'
import { hasPorts, knownProtocol } from '../rules/values.ts'
import { saysEntry } from './conntrack.ts'
import { findRoute } from './routing.ts'
import { sourceIpv4, sourceIpv6 } from './source-address.ts'
import { Undetermined } from './undetermined.ts'

const EPHEMERAL = 49152
/** The same list for packet after packet, by which they are found alike soonest (alike.ts). */
const SYN = ['syn']
const ACK = ['ack']

/**
 * Fills it up to an opening TCP packet, an echo request: what begins a flow. Addresses are never invented, nor options of a
 * captured packet: traces of nft show none.
 */
export function withDefaults(packet: Packet, host: Host, isCaptured = false): Packet {
  packet.mark ??= 0
  packet.ttl ??= 64
  packet.tos ??= 0
  packet.protocol ??= 'tcp'
  const ipv6 = (packet.dst ?? packet.src ?? '').includes(':')
  const protocol = knownProtocol(packet.protocol)
  if (packet.src === undefined) {
    const source = sourceFor(packet, host)
    if (source !== undefined) packet.src = source
  }
  if (hasPorts(protocol) && !packet.fragOffset) {
    packet.sport ??= EPHEMERAL
    packet.dport ??= EPHEMERAL
  }
  if (protocol === 6) {
    packet.tcpFlags ??= isOfKnownFlow(packet) ? ACK : SYN
    if (!isCaptured)
      packet.tcpOptions ??= packet.tcpFlags.includes('syn') && hasRoomForMss(packet, ipv6) ? '020405B4' : ''
  }
  if (protocol === 1 || protocol === 58) {
    packet.icmpType ??= ipv6 ? 128 : 8
    packet.icmpCode ??= 0
    if (!packet.inner) {
      packet.icmpId ??= 1
      packet.icmpSeq ??= 1
    }
  }
  if (!ipv6) packet.dontFragment ??= true
  packet.length ??= (ipv6 ? 40 : 20) + transportLength(packet, protocol)
  return packet
}

/** It has an entry, so that its SYN has gone before. */
const isOfKnownFlow = (packet: Packet): boolean => packet.ctState !== 'new' && saysEntry(packet)

/** hping and scapy send a SYN without options: longer headers than its length would make it invalid. */
const hasRoomForMss = ({ length = Infinity }: Packet, ipv6: boolean): boolean => length >= (ipv6 ? 40 : 20) + 24

/** As small as such a packet is; an echo carries what ping sends. */
function transportLength(packet: Packet, protocol: number | undefined): number {
  if (protocol === 6) return 20 + (packet.tcpOptions ?? '').length / 2
  if (protocol === 17) return 8
  if (packet.inner) return 8 + (packet.inner.length ?? 28)
  return protocol === 1 || protocol === 58 ? 64 : 0
}

/** What a program that binds to no address gets. */
function sourceFor(packet: Packet, host: Host): string | undefined {
  const { dst, mark = 0 } = packet
  if (packet.in !== undefined || dst === undefined) return undefined
  const route = findRoute({ dst, mark }, host)
  if (isUnknown(route) || !route) return undefined
  if (route.source !== undefined) return route.source
  if (route.type === 'local') return dst
  const [device] = routeDevices(route)
  if (device === undefined || !host.links?.some(({ name, addresses }) => name === device && addresses)) return undefined
  if (dst.includes(':')) return chosenIpv6(host, device, dst)
  // fib_info_update_nhc_saddr
  return sourceIpv4(host, device, route.gateway, route.scope === 'link' ? ['global', 'site', 'link'] : ['global'])
}

/** A flag that is not listed may decide it: then no address is said. */
function chosenIpv6(host: Host, device: string, dst: string): string | undefined {
  try {
    return sourceIpv6(host, device, dst)
  } catch (error) {
    if (error instanceof Undetermined) return undefined
    throw error
  }
}
