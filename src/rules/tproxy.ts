/**
 * Which socket TPROXY looks for (nf_tproxy_get_sock_v4 in net/ipv4/netfilter/nf_tproxy_ipv4.c, called by
 * net/netfilter/xt_TPROXY.c and nft_tproxy.c): first one of the packet's own connection, wherever the rule leads; only
 * without it one that listens there. It is of use only if it is transparent.
 */
import type { Socket, Tuple } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { entryAnswered } from './conntrack/entries.ts'
import { isLocal } from './fib.ts'
import { isOpen, knowsSockets, sameAddress } from './sockets.ts'
import { type Unknown, unknown } from './truth.ts'

/** Whether TPROXY takes a packet, as `--assume` words it. */
export const TAKES = '-j TPROXY'

/** The socket that the packet's connection has on this host. */
export interface OwnSocket {
  /** As it is listed; of one that has asked somebody, it is enough that the packet answers that. */
  listed?: Socket
}

/**
 * Undefined: it has none, or that is not known. What a socket of UDP has sent says nothing: it may be connected to nobody,
 * and then it does not count. `original`: the connection, where the model knows it; else it is looked for in host state.
 */
export function ownSocket(packet: Packet, world: World, original?: Tuple): OwnSocket | undefined {
  const { protocol, dst } = packet
  const listed = world.host.sockets?.find((socket) => isConnected(socket, packet))
  if (listed) return { listed }
  if (protocol !== 'tcp' || begins(packet) || isLocal(dst, world.host) !== true) return undefined
  const asked = original ?? entryAnswered(packet, world)?.original
  // TPROXY looks before conntrack gives replies their addresses back
  return asked !== undefined && isAnswerTo(packet, asked) ? {} : undefined
}

/** No socket can have its connection yet. */
export const begins = ({ protocol, tcpFlags }: Packet): boolean =>
  protocol === 'udp' || (tcpFlags?.includes('syn') === true && !tcpFlags.includes('ack'))

/** False: it is not transparent, so TPROXY does not use it. */
export const servesProxy = ({ listed }: OwnSocket): false | Unknown =>
  listed?.transparent === false
    ? false
    : unknown('it is unknown whether the socket of its connection has IP_TRANSPARENT')

/**
 * False: no transparent socket listens for what has none of its own. That one does is never certain: which sockets there
 * were at that moment is not known.
 */
export function listensForProxy(packet: Packet, port: number | undefined, { host }: World): false | Unknown {
  const { protocol } = packet
  if (!begins(packet) || !knowsSockets(host, protocol) || port === undefined) return SOMETHING_MAY
  const there = (host.sockets ?? []).filter((one) => one.protocol === protocol && one.port === port && isOpen(one))
  return there.every(({ transparent }) => transparent === false) ? false : SOMETHING_MAY
}

const SOMETHING_MAY = unknown('the sockets open at that moment are not known')

const isAnswerTo = ({ src, sport, dst, dport }: Packet, asked: Tuple): boolean =>
  asked.src === dst && asked.sport === dport && asked.dst === src && asked.dport === sport

/** Of UDP, too: `ESTAB`. */
function isConnected(socket: Socket, { protocol, src, sport, dst, dport }: Packet): boolean {
  if (socket.protocol !== protocol || isOpen(socket) || GOING.test(socket.state)) return false
  if (src === undefined || dst === undefined || sport === undefined) return false
  if (socket.port !== dport || socket.peerPort !== sport) return false
  const { address, peerAddress } = socket
  return (
    address !== undefined && peerAddress !== undefined && sameAddress(address, dst) && sameAddress(peerAddress, src)
  )
}

/** A new connection may take its place. */
const GOING = /^time-wait$/i
