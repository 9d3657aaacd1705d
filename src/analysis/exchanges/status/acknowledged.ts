/** What TCP's acknowledgements tell of a segment that was stopped: its bytes arrived all the same, sent again. */
import { isAsking, type Part } from '../join/joined.ts'

/** No window is larger (RFC 7323: 2^30); numbers further apart than this are of something else. */
const FARTHEST = 2 ** 24

/**
 * Tells whether the other side acknowledged a byte of a segment later. Whoever sends smaller segments, or the same again,
 * may do so where no trace sees it. A reset acknowledges what it refuses.
 */
export function acknowledgements(parts: readonly Part[]): (part: Part) => boolean {
  // of their like only some keep their numbers, so these are few
  const all = parts.filter(
    ({ own, role, told }) =>
      own && role !== 'errors' && told.says !== 'resets' && told.journey.packet.tcpFlags?.includes('ack'),
  )
  if (all.length === 0) return () => false
  const own = new Set(parts.flatMap((one) => (one.own ? [one.told] : [])))
  return (part) => {
    const { tcpSeq, protocol } = part.told.journey.packet
    // whoever goes on losing segments sends more after the acknowledgement
    if (protocol !== 'tcp' || tcpSeq === undefined || !own.has(part.told)) return false
    return all.some(({ id, capture, role, told }) => {
      if (id < part.id || capture !== part.capture || isAsking({ role }) === isAsking(part)) return false
      const bytes = ((told.journey.packet.tcpAck ?? tcpSeq) - tcpSeq) | 0
      return bytes > 0 && bytes < FARTHEST
    })
  }
}
