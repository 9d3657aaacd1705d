/** What a sender's own sequence numbers tell: a new attempt, or that it went on with what it had begun. */
import { isPassed } from '../../model/outcome-kinds.ts'
import { isAsking, type Part } from './joined.ts'

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

/**
 * That it vanished is concluded from a line that is missing, and lines of a log get lost: whoever has answered it has had it.
 * What says why it was dropped is more than a missing line.
 */
export function wasAnswered({ id, capture, role, told }: Part, parts: readonly Part[]): boolean {
  const { outcome, basis, findings, packet } = told.journey
  if (outcome !== 'vanished' || basis === 'observed' || role === 'replies') return false
  if (findings.some(({ severity }) => severity !== 'note')) return false
  // nothing came before it that a datagram back could be the reply to
  const isFirstDatagram = packet.protocol === 'udp' && parts[0]?.id === id
  if (told.says !== 'opens' && !isFirstDatagram) return false
  return parts.some(
    (one) =>
      one.role === 'replies' &&
      (one.told.says === 'answers' || isFirstDatagram) &&
      one.id > id &&
      one.capture === capture &&
      isPassed(one.told.journey.outcome),
  )
}
