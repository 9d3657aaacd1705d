/**
 * What the kernel itself takes of a handshake that it answers in the server's place: behind all chains of INPUT and
 * POSTROUTING (ipv4_synproxy_hook, ipv6_synproxy_hook in net/netfilter/nf_synproxy_core.c).
 */
import type { TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'

/** In front of confirmation, which is last. */
export const SYNPROXY = Number.MAX_VALUE

const keyOf = ({ packet: { src, sport, dst, dport } }: Skb): string => `${src} ${sport} ${dst} ${dport}`

/** A rule takes the client's ACK: the kernel asks the server itself then, with the client's address. */
export function noteTaken(machine: Simulator, skb: Skb): void {
  const { tcpFlags } = skb.packet
  if (tcpFlags?.includes('ack') && !tcpFlags.includes('syn')) machine.proxied.add(keyOf(skb))
}

/** The SYN with which the kernel asks begins such a connection. */
export function isAskedForClient(machine: Simulator, skb: Skb): boolean {
  const { packet } = skb
  if (machine.proxied.size === 0 || packet.in !== undefined || packet.tcpFlags?.includes('syn') !== true) return false
  return machine.proxied.has(keyOf(skb))
}

/** The server's SYN-ACK, which the kernel acknowledges itself; and until that is there, what the client sends behind its ACK. */
export function takeHandshake(_: Simulator, { connection, tracking, packet }: Skb): TableVerdict {
  if (!connection?.isProxied || !connection.tcp) return 'accept'
  const { state } = connection.tcp
  const [syn, ack] = [packet.tcpFlags?.includes('syn'), packet.tcpFlags?.includes('ack')]
  if (state === 'SYN_RECV' && syn && ack) return 'stolen'
  return state === 'SYN_SENT' && !syn && ack && tracking?.direction === 'original' ? 'stolen' : 'accept'
}
