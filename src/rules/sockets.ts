/** Who listens for a packet, by the sockets in host state. */
import { compareAddresses, parseAddress } from '../model/address.ts'
import type { Host, Socket } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'

/**
 * The socket that takes what is new; undefined: none, or not known (see knowsSockets). Listings may show connections,
 * too (`ss -tunap`), which take nothing but their own packets.
 */
export const listener = (host: Host, packet: Packet): Socket | undefined =>
  host.sockets?.find((socket) => takes(socket, packet))

/** All that may take it: several programs may share a port. */
export const listeners = (host: Host, packet: Packet): Socket[] =>
  host.sockets?.filter((socket) => takes(socket, packet)) ?? []

function takes(socket: Socket, packet: Packet): boolean {
  const { dst, dport, protocol } = packet
  if (dst === undefined || dport === undefined) return false
  return (
    socket.protocol === protocol &&
    socket.port === dport &&
    isOpen(socket) &&
    (socket.device === undefined || packet.in === undefined || socket.device === packet.in) &&
    (socket.address === undefined ? takesFamily(socket, dst) : sameAddress(socket.address, dst))
  )
}

/**
 * The one program that listens on this very address of 127.0.0.0/8, on another port: it is for that program alone, so a
 * rule was to send it what comes for the packet's port.
 */
export function listensBeside(host: Host, { dst, dport, protocol }: Packet): (Socket & { port: number }) | undefined {
  if (!dst?.startsWith('127.') || dst === '127.0.0.1' || dport === undefined) return undefined
  const isBeside = (socket: Socket): socket is Socket & { port: number } =>
    socket.protocol === protocol && isOpen(socket) && socket.port !== undefined && socket.address === dst
  const [first, ...others] = host.sockets?.filter(isBeside) ?? []
  return others.length > 0 ? undefined : first
}

/** Does host state list all open sockets of this protocol? `ss -lnt` alone says nothing of UDP, `ss -tn` of neither, `ss | grep` of what grep left out. */
export const knowsSockets = (host: Host, protocol = ''): boolean =>
  (host.listening?.includes(protocol) ||
    (!host.unread?.sockets && host.sockets?.some((socket) => socket.protocol === protocol && isOpen(socket)))) ??
  false

/** Sockets of its protocol are known, and none of them takes what is new; of an end that is not known nothing is said. */
export const isForNobody = (host: Host, packet: Packet): boolean =>
  packet.dst !== undefined &&
  packet.dport !== undefined &&
  knowsSockets(host, packet.protocol) &&
  listener(host, packet) === undefined

/** What has no states of a connection is `UNCONN` until it is told its other end. */
export const isOpen = ({ state }: Socket): boolean => /^(listen|unconn)$/i.test(state)

const takesFamily = (socket: Socket, dst: string) =>
  socket.family === 'any' || socket.family === (dst.includes(':') ? 'ip6' : 'ip')

export function sameAddress(a: string, b: string): boolean {
  const [one, other] = [parseAddress(a), parseAddress(b)]
  return !!one && !!other && compareAddresses(one, other) === 0
}
