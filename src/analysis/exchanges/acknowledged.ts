/** What TCP's acknowledgements tell of a segment that was stopped: its bytes arrived all the same, sent again. */
import { isAsking, type Part } from './joined.ts'

/** No window is larger (RFC 7323: 2^30); numbers further apart than this are of something else. */
const FARTHEST = 2 ** 24

/**
 * The other side acknowledged a byte of it later. Whoever sends smaller segments, or the same again, may do so where no
 * trace sees it. A reset acknowledges what it refuses.
 */
export function wasAcknowledged(part: Part, parts: readonly Part[]): boolean {
  const { tcpSeq, protocol } = part.told.journey.packet
  if (protocol !== 'tcp' || tcpSeq === undefined) return false
  // of its like only the first one's number is kept: whoever goes on losing them sends more after the acknowledgement
  if (!part.own && !parts.some((one) => one.own && one.told === part.told)) return false
  return parts.some(({ id, capture, own, role, told }) => {
    const { tcpAck, tcpFlags } = told.journey.packet
    if (!own || id < part.id || capture !== part.capture || role === 'errors') return false
    if (told.says === 'resets' || isAsking({ role }) === isAsking(part) || !tcpFlags?.includes('ack')) return false
    const bytes = ((tcpAck ?? tcpSeq) - tcpSeq) | 0
    return bytes > 0 && bytes < FARTHEST
  })
}
