/**
 * A reply whose request went another way. Its SYN ACK is invalid to connection tracking, so nat is not asked; what follows
 * is picked up as a connection of its own (nf_conntrack_tcp_loose), and nat is.
 */
import { acceptBefore, propose } from '../../../explain/changes/change.ts'
import { sayable } from '../../../explain/changes/sayable.ts'
import { describeEnd, finding } from '../../../explain/context.ts'
import { nameRef, refOfStep } from '../../../explain/refs.ts'
import type { Finding } from '../../../model/journey.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import { asItLeft, hidesSource } from '../../as-it-left.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** Which packet of the reply got another source than its SYN ACK. */
export function rewrittenMidway(parts: readonly Part[]): { part: Part; finding: Finding } | undefined {
  const first = parts.find(({ role, told }) => role === 'replies' && told.says === 'answers')
  if (first?.told.journey.packet.protocol !== 'tcp' || isRewritten(first)) return undefined
  if (parts.some((one) => isAsking(one) && one.told.says === 'opens')) return undefined
  const part = parts.find(
    (one) => one.role === 'replies' && one.id > first.id && one.capture === first.capture && isRewritten(one),
  )
  const step = part?.told.journey.steps.findLast((one) => hidesSource(one) || one.changes.some(isSource))
  const ref = step && refOfStep(step)
  if (!part || !step || !ref) return undefined
  const { packet } = part.told.journey
  const { src, sport } = asItLeft(part.told.journey)
  const to = src === undefined ? '' : ` to ${describeEnd(src, sport)}`
  return {
    part,
    finding: finding(
      'reply-from-other-address',
      'error',
      `${nameRef(ref)} rewrote the source of #${part.id}${to}. The SYN ACK before it kept ${describeEnd(packet.src, packet.sport)}, which ${describeEnd(packet.dst, packet.dport)} had contacted. Only the reply traverses this host, not its request, so conntrack treats #${part.id} as a new connection.`,
      {
        rules: [ref],
        fix: [
          ...propose(
            'do not rewrite such replies',
            acceptBefore(ref, packet, { hook: 'postrouting', answer: true }),
            'existing connections keep their source address',
          ).map(sayable),
          {
            description: 'route requests and replies the same way: both through this host, or neither',
            unverified: 'this is not a rule change',
          },
        ],
      },
    ),
  }
}

const isSource = ({ field }: { field: string }): boolean => field === 'src'

function isRewritten({ told: { journey } }: Part): boolean {
  return isPassed(journey.outcome) && asItLeft(journey).src !== journey.packet.src
}
