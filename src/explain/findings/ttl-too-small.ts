import { hasLeft } from '../../model/outcome-kinds.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'
import { ttlWriter } from './vanished-ttl.ts'
import { withoutRule } from './verdicts.ts'

/** More than most ways have routers (RFC 1700 and its successors: 64). */
const MANY = 64

/**
 * A rule has set the TTL of what has left, too low to get far: routers on the way drop it. Where it is 1 the next one does;
 * else that is worth a look once one of them has said so.
 */
export const ttlTooSmall: Detector = {
  code: 'ttl-too-small',
  detect(context) {
    const step = hasLeft(context.journey.outcome) ? ttlWriter(context) : undefined
    const ref = step === undefined ? undefined : refAt(context, step)
    const left = ttlLeft(context)
    if (step === undefined || !ref || left === undefined || left >= MANY) return []
    const router = left <= 1 ? nextRouter(context) : undefined
    if (!router && context.inVain !== 'unanswered') return []
    const name = lastPacket(context).dst?.includes(':') ? 'hop limit' : 'TTL'
    const end = router ? `The next router, ${router}, does not forward it` : 'Each router on the way takes one of that'
    return [
      finding(
        'ttl-too-small',
        'warning',
        `${nameRef(ref)} set its ${name}, so it left this host with ${name} ${left}. ${end}.`,
        { steps: [step + 1], rules: [ref], culprit: step, fix: withoutRule(context, step, ref) },
      ),
    ]
  },
}

/** The kernel takes one of it in front of FORWARD (ip_forward in net/ipv4/ip_forward.c). */
function ttlLeft(context: Context): number | undefined {
  const { ttl } = lastPacket(context)
  const isBefore = context.evidence.arrivals[context.ended.step]?.hook === 'prerouting'
  return ttl === undefined ? undefined : Math.max(0, ttl - Number(isBefore && context.journey.outcome === 'forwarded'))
}

/** Undefined: it is on the same link, or its route is not known. */
function nextRouter(context: Context): string | undefined {
  const question = questionOf(lastPacket(context))
  const route = question && lookupRoute(question, context.world.host)
  return route?.gateway
}
