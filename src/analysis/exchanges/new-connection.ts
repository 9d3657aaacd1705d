/** A reply with another source than the one that nat had sent the request to: connection tracking does not know it. */
import { describeEnd, finding } from '../../explain/context.ts'
import type { Finding } from '../../model/journey.ts'
import { asItLeft } from '../hosts.ts'
import type { Part } from './joined.ts'

/**
 * nf_nat_core.c's get_unique_tuple gives a new connection another source port where its own would be taken for a reply of
 * the request's connection: whoever asked does not know that port.
 */
export function asNewConnection(parts: readonly Part[], reply: Part): Finding | undefined {
  const request = parts.find(({ role }) => role === 'request')
  // what a program sends is not rewritten yet in OUTPUT
  const isAsSent = reply.told.journey.steps[0]?.hook === 'output'
  if (request?.told.nat !== 'passed' || !(isAsSent || reply.told.nat === 'passed')) return undefined
  const { packet } = request.told.journey
  const { dst, dport } = asItLeft(request.told.journey)
  const { src, sport, protocol } = reply.told.journey.packet
  if (protocol !== 'udp' || dst === undefined || src === undefined || (dst === packet.dst && dport === packet.dport))
    return undefined
  if (src === dst && sport === dport) return undefined
  const [sent, came] = [describeEnd(dst, dport), describeEnd(src, sport)]
  return finding(
    'reply-from-other-address',
    'error',
    `nat sent the request to ${sent}, and its reply comes from ${came}: conntrack takes that for a new connection and gives it another source port.`,
    {
      fix: [
        {
          description: `let the program reply from ${sent}: bind its socket to ${dst}, or change the DNAT rule's destination to ${came}`,
          unverified: 'it is done outside of netfilter',
        },
      ],
    },
  )
}
