/** To whom `reject` says nothing: the kernel drops the packet all the same (nf_reject_ipv4.c, icmp_send, icmp6_send). */
import type { Hook } from '../model/hook.ts'
import type { Host } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import type { Statement } from '../model/statement.ts'
import { isForMany, isLocal } from './fib.ts'
import { leadsNowhere, lookup } from './route.ts'
import { isUnknown } from './truth.ts'
import { knownProtocol } from './values.ts'

const [ICMP, TCP, ICMPV6] = [1, 6, 58]
/** What asks and what answers; everything else is an error, or unknown to the kernel. */
const NO_ERRORS = [0, 8, 9, 10, 13, 14, 15, 16, 17, 18]

/** Why this packet gets no answer; undefined: it gets one, or nobody can tell. */
export function whyUnanswered(
  statements: readonly Statement[],
  { packet, hook, table }: { packet: Packet; hook?: Hook | undefined; table?: { family: string } | undefined },
  host: Host,
): string | undefined {
  const reject = statements.find(({ kind }) => kind === 'reject')
  if (reject?.kind !== 'reject') return undefined
  if ((packet.fragOffset ?? 0) > 0) return 'a later fragment gets no reply'
  const isReset = reject.with === 'tcp-reset'
  const protocol = knownProtocol(packet.protocol ?? '')
  if (isReset && protocol === TCP && packet.tcpFlags?.includes('rst')) return 'a reset gets no reply'
  if (table?.family === 'netdev' || table?.family === 'bridge') return whyUnansweredAtDevice(packet, protocol, isReset)
  if (!isReset && isError(protocol, packet.icmpType)) return 'an ICMP error gets no reply'
  // before it is routed IPv4 does not look
  const isRouted = packet.dst?.includes(':') || (hook !== 'prerouting' && hook !== 'ingress')
  if ((isRouted && isForMany(packet, host)) || (!isReset && isFrameForMany(packet)))
    return 'multicast and broadcast packets get no reply'
  // there it asks for the way to the source (nf_reject_fill_skb_dst)
  if (!isRouted && packet.src !== undefined && isForMany({ dst: packet.src }, host))
    return 'a packet from a broadcast or multicast address gets no reply'
  if (packet.src === '0.0.0.0' || packet.src === '::') return 'a packet without a source address gets no reply'
  // over lo it would come from where the packet was to go, what rules wrote (icmp_send); IPv6 takes one of the host's own
  const isForHost = hook === 'input' || (!isRouted && isLocal(packet.src, host) === true)
  if (!isReset && isForHost && !packet.dst?.includes(':') && isLocal(packet.dst, host) === false)
    return 'this host does not reply from an address that is not its own'
  return hasWayBack(packet, host) ? undefined : "there is no route back to the packet's source"
}

/** Its answer is a frame to whom the frame came from, which nothing routes (nft_reject_netdev.c, nft_reject_bridge.c,
 * nf_skb_is_icmp_unreach). */
function whyUnansweredAtDevice(packet: Packet, protocol: number | undefined, isReset: boolean): string | undefined {
  if (isFrameForMany(packet)) return 'multicast and broadcast packets get no reply'
  const unreachable = protocol === ICMP ? 3 : protocol === ICMPV6 ? 1 : undefined
  if (!isReset && unreachable !== undefined && packet.icmpType === unreachable) return 'an ICMP error gets no reply'
  return undefined
}

function isError(protocol: number | undefined, type: number | undefined): boolean {
  if (type === undefined) return false
  return protocol === ICMP ? !NO_ERRORS.includes(type) : protocol === ICMPV6 && type < 128
}

const isFrameForMany = ({ dstMac }: Packet): boolean =>
  dstMac !== undefined && (Number.parseInt(dstMac.slice(0, 2), 16) & 1) === 1

function hasWayBack({ src, dst, in: device }: Packet, host: Host): boolean {
  if (src === undefined || dst === undefined || !host.routes) return true
  const found = lookup({ dst: src, src: dst, mark: 0, tos: 0 }, host)
  if (isUnknown(found)) return true
  // what this host sends from an address of its own comes back by itself
  if (found === null) return device === undefined && !host.links
  return !leadsNowhere(found.route)
}
