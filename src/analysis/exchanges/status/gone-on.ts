/** What a sender's own sequence numbers tell: a new attempt, or that it went on with what it had begun. */
import { isAsking, type Part } from '../join/joined.ts'

/** Who uses a port anew begins with another sequence number: what came before has ended, well or not. */
export function isSameAttempt(one: Part, other: Part): boolean {
  const [first, then] = [one, other].map(({ own, told }) => (own ? told.journey.packet.tcpSeq : undefined))
  return first === undefined || then === undefined || first === then
}

/** Whoever asked to begin has sent more than that: it has had a reply, by whichever way. */
export function hasGoneOn(parts: readonly Part[]): boolean {
  const isTcp = ({ told: { journey } }: Part) => journey.packet.protocol === 'tcp'
  const first = parts.findIndex((one) => isAsking(one) && one.told.says === 'opens' && isTcp(one))
  return (
    first >= 0 &&
    parts.some(
      (one, i) =>
        i > first &&
        one.role === 'request' &&
        one.told.says === 'any' &&
        isTcp(one) &&
        isBehindOpening(one, parts[first]!),
    ) &&
    // nothing is known of what was begun anew
    !parts.some(
      (one) =>
        one.id > parts[first]!.id && isAsking(one) && one.told.says === 'opens' && !isSameAttempt(parts[first]!, one),
    )
  )
}

/** Of one capture, it acknowledges something, and its numbers go on from those of the packet that began. */
function isBehindOpening(later: Part, first: Part): boolean {
  const [packet, began] = [later.told.journey.packet, first.told.journey.packet]
  if (later.capture !== first.capture || packet.tcpFlags?.includes('ack') === false) return false
  if (!later.own || !first.own || packet.tcpSeq === undefined || began.tcpSeq === undefined) return true
  const ahead = (packet.tcpSeq - began.tcpSeq) >>> 0
  return ahead > 0 && ahead < 0x80000000
}

/**
 * Whoever asked has sent something behind the answer to another one than it had asked, which only the answer can have named:
 * nothing gave that its source back.
 */
export function answersStranger(parts: readonly Part[], answer: Part): boolean {
  const first = parts.find(isAsking)
  if (!first?.own || first.told.says !== 'opens') return false
  const [asked, from] = [first.told.journey.packet, first.told.journey.steps[0]]
  return parts.some(({ id, role, own, capture, told: { journey } }) => {
    const [at, { packet }] = [journey.steps[0], journey]
    // where nat has been passed by both, or by none
    const isSamePlace = at?.hook === from?.hook && at?.table === from?.table && at?.chain === from?.chain
    if (role !== 'request' || id < answer.id || !own || capture !== first.capture || !isSamePlace) return false
    return packet.protocol === 'tcp' && (packet.dst !== asked.dst || packet.dport !== asked.dport)
  })
}
