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
/** Times that one segment was sent, where a single acknowledgement may not have been captured. */
const ENOUGH = 3
/** A packet that is seen at several places is there again sooner; no timer for retransmissions is shorter (RFC 6298: 1 s, Linux: 0.2 s). */
const SENT_AGAIN_AFTER = 1e5

/**
 * Undefined where a capture may have left acknowledgements out: then it shows none at all, or the sender goes on with other
 * data. A side that ends the connection acknowledges nothing that came before.
 */
export function unacknowledged(parts: readonly Part[], asked: Packet): Unacknowledged | undefined {
  if (!parts.some(isBareAcknowledgement)) return undefined
  const sent = parts.filter(
    (one) => one.role !== 'errors' && one.segment?.carriesData && isPassed(one.told.journey.outcome),
  )
  for (const copies of bySegment(sent)) {
    const times = timesSent(copies)
    const [part, last] = [copies[0]!, copies.at(-1)!]
    const waited = last.clock - part.clock
    if (times < ENOUGH || !(waited >= LONG_ENOUGH)) continue
    if (!mayBeAcknowledged(part, parts) && !hasGoneOnWithData(last, sent))
      return { part, finding: found(part, { asked, times, waited, isFirst: !sent.some(({ id }) => id < part.id) }) }
  }
  return undefined
}

/** Each with its copies, in the order in which they were sent. */
function bySegment(sent: readonly Part[]): Iterable<Part[]> {
  const known = new Map<string, Part[]>()
  for (const part of sent) {
    const key = `${part.capture} ${isAsking(part)} ${part.segment!.seq}`
    const copies = known.get(key)
    if (copies) copies.push(part)
    else known.set(key, [part])
  }
  return known.values()
}

const isBareAcknowledgement = ({ segment, told }: Part): boolean =>
  segment?.carriesData === false && told.says === 'any' && told.journey.packet.tcpFlags?.join() === 'ack'

const isOfSameSide = (one: Part, part: Part): boolean =>
  one.capture === part.capture && isAsking(one) === isAsking(part) && one.segment !== undefined

const isBefore = (one: Part, part: Part): boolean =>
  isOfSameSide(one, part) && ((one.segment!.seq - part.segment!.seq) | 0) < 0

function timesSent(copies: readonly Part[]): number {
  let [times, since] = [0, Number.NEGATIVE_INFINITY]
  for (const { clock } of copies) {
    if (clock - since < SENT_AGAIN_AFTER) continue
    times++
    since = clock
  }
  return times
}

/** Until its retransmission is acknowledged, a sender sends nothing else (RFC 5681, 3.1: the loss window is one segment). */
const hasGoneOnWithData = (last: Part, sent: readonly Part[]): boolean =>
  sent.some((one) => isOfSameSide(one, last) && one.id > last.id && isBefore(last, one))

/**
 * By what the other side sent, in whichever capture. A packet without numbers may do it; who resets the connection
 * acknowledges nothing; and who has no room for data takes none, however well it arrives.
 */
function mayBeAcknowledged(part: Part, parts: readonly Part[]): boolean {
  return parts.some(({ id, capture, role, segment, told }) => {
    if (role === 'errors' || isAsking({ role }) === isAsking(part)) return false
    if (capture === part.capture && id < part.id) return false
    if (!segment || told.says === 'resets' || segment.isWindowClosed) return true
    return ((segment.ack - part.segment!.seq) | 0) > 0
  })
}

interface Repeated {
  asked: Packet
  times: number
  waited: number
  /** Neither side had sent data before. */
  isFirst: boolean
}

function found(part: Part, { asked: { src, sport, dst, dport }, times, waited, isFirst }: Repeated): Finding {
  const ends = [describeEnd(src, sport), describeEnd(dst, dport)]
  const [sender, silent] = isAsking(part) ? ends : ends.reverse()
  return finding(
    'data-unacknowledged',
    'error',
    `${isFirst ? 'The handshake was complete' : 'Earlier data arrived'}, but ${sender} sent the same data ${times} times in ${Math.round(waited / 1e5) / 10} s (first: #${part.id}), and ${silent} acknowledged none of it. No rule here stopped it.`,
    {
      fix: [
        {
          description: `capture on the host of ${silent}: ${isFirst ? 'a firewall there or on the way may drop packets with data, or large ones' : 'it may be gone, or a firewall there or on the way may drop large packets'}`,
          unverified: 'this is not a netfilter change of this host',
        },
      ],
    },
  )
}
