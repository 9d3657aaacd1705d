/** Data of a TCP connection that was sent again and again: none of it arrived, or no acknowledgement came back. */
import { describeEnd, finding } from '../../../explain/context.ts'
import type { Finding } from '../../../model/journey.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import type { Packet } from '../../../model/packet.ts'
import { isAsking, type Part } from '../join/joined.ts'

export interface Unacknowledged {
  /** The segment as it was sent first. */
  part: Part
  finding: Finding
}

/** Microseconds: delayed acknowledgements take at most half a second (RFC 9293, 3.8.6.3), and round trips less than this. */
const LONG_ENOUGH = 1e6
/** Copies of one segment, where a single acknowledgement may not have been captured. */
const ENOUGH = 3

/**
 * Undefined where a capture may have left acknowledgements out: then it shows none at all. A side that ends the connection
 * acknowledges nothing that came before.
 */
export function unacknowledged(parts: readonly Part[], asked: Packet): Unacknowledged | undefined {
  if (!parts.some(isBareAcknowledgement)) return undefined
  const sent = parts.filter(
    (one) => one.role !== 'errors' && one.segment?.carriesData && isPassed(one.told.journey.outcome),
  )
  for (const part of sent) {
    const copies = sent.filter((one) => isCopy(one, part))
    if (copies.length < ENOUGH || copies[0] !== part) continue
    const waited = copies.at(-1)!.clock - part.clock
    if (waited >= LONG_ENOUGH && !mayBeAcknowledged(part, parts))
      return { part, finding: found(part, asked, copies.length, waited) }
  }
  return undefined
}

const isBareAcknowledgement = ({ segment, told }: Part): boolean =>
  segment?.carriesData === false && told.says === 'any' && told.journey.packet.tcpFlags?.join() === 'ack'

const isCopy = (one: Part, { id, capture, role, segment }: Part): boolean =>
  one.capture === capture &&
  one.id >= id &&
  isAsking(one) === isAsking({ role }) &&
  one.segment !== undefined &&
  one.segment.seq === segment?.seq

/** By what the other side sent later; a packet without numbers may do it, and who resets the connection acknowledges nothing. */
function mayBeAcknowledged(part: Part, parts: readonly Part[]): boolean {
  return parts.some(({ id, capture, role, segment, told }) => {
    if (id < part.id || capture !== part.capture || role === 'errors' || isAsking({ role }) === isAsking(part))
      return false
    return !segment || told.says === 'resets' || ((segment.ack - part.segment!.seq) | 0) > 0
  })
}

function found(part: Part, { src, sport, dst, dport }: Packet, copies: number, waited: number): Finding {
  const ends = [describeEnd(src, sport), describeEnd(dst, dport)]
  const [sender, silent] = isAsking(part) ? ends : ends.reverse()
  return finding(
    'data-unacknowledged',
    'error',
    `The handshake was complete, but ${sender} sent the same data ${copies} times in ${Math.round(waited / 1e5) / 10} s (first: #${part.id}), and ${silent} acknowledged none of it. No rule here stopped it.`,
    {
      fix: [
        {
          description: `capture on the host of ${silent}: a firewall there or on the way may drop packets with data, or large ones`,
          unverified: 'this is not a netfilter change of this host',
        },
      ],
    },
  )
}
