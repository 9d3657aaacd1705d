/** To whom `reject` says nothing: the kernel drops the packet all the same (nf_reject_ipv4.c, icmp_send, icmp6_send). */
import type { Host } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import type { Statement } from '../model/statement.ts'
import { isGroup } from './fib.ts'
import { lookup } from './route.ts'
import { isUnknown } from './truth.ts'
import { knownProtocol } from './values.ts'

const [ICMP, TCP, ICMPV6] = [1, 6, 58]
/** What asks and what answers; everything else is an error, or unknown to the kernel. */
const NO_ERRORS = [0, 8, 9, 10, 13, 14, 15, 16, 17, 18]
const NO_WAY = ['unreachable', 'blackhole', 'prohibit']

/** Why this packet gets no answer; undefined: it gets one, or nobody can tell. */
export function whyUnanswered(statements: readonly Statement[], packet: Packet, host: Host): string | undefined {
  const reject = statements.find(({ kind }) => kind === 'reject')
  if (reject?.kind !== 'reject') return undefined
  if ((packet.fragOffset ?? 0) > 0) return 'a later fragment gets no answer'
  const protocol = knownProtocol(packet.protocol ?? '')
  if (reject.with === 'tcp-reset') {
    if (protocol === TCP && packet.tcpFlags?.includes('rst')) return 'a reset gets no reset'
  } else {
    if (isError(protocol, packet.icmpType)) return 'an ICMP error gets no answer'
    if (isForMany(packet)) return 'what is for a group or for all gets no answer'
  }
  if (packet.src === '0.0.0.0' || packet.src === '::') return 'a packet without a source address gets no answer'
  return hasWayBack(packet, host) ? undefined : 'there is no way back to its source'
}

function isError(protocol: number | undefined, type: number | undefined): boolean {
  if (type === undefined) return false
  return protocol === ICMP ? !NO_ERRORS.includes(type) : protocol === ICMPV6 && type < 128
}

const isForMany = ({ dst, dstMac }: Packet): boolean =>
  (dst !== undefined && (isGroup(dst) || dst === '255.255.255.255')) ||
  (dstMac !== undefined && (Number.parseInt(dstMac.slice(0, 2), 16) & 1) === 1)

function hasWayBack({ src, dst, in: device }: Packet, host: Host): boolean {
  if (src === undefined || dst === undefined || device === undefined || !host.routes) return true
  const found = lookup({ dst: src, src: dst, mark: 0, tos: 0 }, host)
  if (isUnknown(found)) return true
  return found !== null && !NO_WAY.includes(found.route.type)
}
