/** A routing rule for a source, and programs whose packets get theirs from the route. */
import type { Host } from '../../model/host.ts'
import type { RouteQuestion } from '../../rules/route.ts'
import { listener } from '../../rules/sockets.ts'

/**
 * What to say with such a rule where the sender is a program that listens on every address by UDP: unless it names the source
 * with each packet (IP_PKTINFO), the kernel looks up the route without one (udp_sendmsg in net/ipv4/udp.c), and the rule
 * matches nothing. TCP's connections have their address.
 */
export function unboundSource(host: Host, { protocol, src, sport }: RouteQuestion): string[] {
  if (protocol !== 'udp' || src === undefined || sport === undefined) return []
  const socket = listener(host, { protocol, dst: src, dport: sport })
  if (!socket || socket.address !== undefined) return []
  const who = socket.process ?? `the program on UDP port ${sport}`
  return [`if ${who} does not choose its source, the rule does not match its replies: bind it to ${src}`]
}
