/** A reply with another source than the one that was asked: connection tracking does not know it, and no program waits for it. */
import { describeEnd, finding } from '../../explain/context.ts'
import { listener } from '../../explain/sockets.ts'
import type { Finding, Journey } from '../../model/journey.ts'
import type { World } from '../../model/world.ts'
import { asItLeft } from '../hosts.ts'
import type { Part } from './joined.ts'

/**
 * A program of this host takes what is for any of its addresses: without being told which one was asked, it replies from
 * the one that the way out has (RFC 1122, 4.1.3.5).
 */
export const mayAnswerElsewhere = ({ outcome, packet }: Journey, { host }: World): boolean => {
  if (packet.protocol !== 'udp' || outcome !== 'delivered') return false
  const socket = listener(host, packet)
  return socket !== undefined && socket.address === undefined
}

/**
 * nf_nat_core.c's get_unique_tuple gives a new connection another source port where its own would be taken for a reply of
 * the request's connection: whoever asked does not know that port.
 */
export function asNewConnection(parts: readonly Part[], reply: Part): Finding | undefined {
  const request = parts.find(({ role }) => role === 'request')
  if (!request) return undefined
  const { packet } = request.told.journey
  const { dst, dport } = asItLeft(request.told.journey)
  const { src, sport, protocol } = reply.told.journey.packet
  if (protocol !== 'udp' || dst === undefined || src === undefined || request.told.isForMany) return undefined
  if (src === dst && sport === dport) return undefined
  const isRewritten = dst !== packet.dst || dport !== packet.dport
  if (isRewritten && (request.told.nat !== 'passed' || reply.told.nat !== 'passed')) return undefined
  if (!isRewritten && (request.told.journey.outcome !== 'delivered' || asItLeft(reply.told.journey).src === dst))
    return undefined
  const [sent, came] = [describeEnd(dst, dport), describeEnd(src, sport)]
  const bind = `let the program reply from ${sent}: bind its socket to ${dst}`
  return finding(
    'reply-from-other-address',
    isRewritten ? 'error' : 'warning',
    isRewritten
      ? `nat sent the request to ${sent}, and its reply comes from ${came}: conntrack takes that for a new connection and gives it another source port.`
      : `The request was for ${sent}, and its reply comes from ${came}: as a rule, a program that asked one address, and a firewall in front of it, take no reply from another one.`,
    {
      fix: [
        {
          description: isRewritten ? `${bind}, or change the DNAT rule's destination to ${came}` : bind,
          unverified: 'it is done outside of netfilter',
        },
      ],
    },
  )
}
