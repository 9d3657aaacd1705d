import { hasLeft } from '../../model/outcome-kinds.ts'
import { isForMany } from '../../rules/fib.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'
import { ttlWriter } from './vanished-ttl.ts'
import { withoutRule } from './verdicts.ts'

/** Ways across the internet seldom have as many routers; traceroute asks no further than 30. */
const FAR = 32

/**
 * A rule has lowered the TTL of what has left, so far that routers on the way drop it. Where it is 1 the next one does; else
 * that is worth a look once one of them has said so.
 */
export const ttlTooSmall: Detector = {
  code: 'ttl-too-small',
  detect(context) {
    const { journey, world } = context
    // a TTL of 1 is usual for groups, and programs choose it
    const step =
      hasLeft(journey.outcome) && !isForMany(lastPacket(context), world.host) ? ttlWriter(context) : undefined
    const change = step === undefined ? undefined : journey.steps[step]!.changes.find(({ field }) => field === 'ttl')
    const ref = step === undefined ? undefined : refAt(context, step)
    const left = ttlLeft(context)
    if (step === undefined || !ref || !change || left === undefined) return []
    const [from, to] = [Number(change.from), Number(change.to)]
    if (!(to < from && to < FAR)) return []
    const router = left <= 1 ? nextRouter(context) : undefined
    if (!router && context.inVain !== 'unanswered') return []
    const name = lastPacket(context).dst?.includes(':') ? 'hop limit' : 'TTL'
    const leaves = left === to ? '' : `, so it left this host with ${left}`
    const end = router ? `The next router, ${router}, does not forward it` : 'Each router on the way reduces it by 1'
    return [
      finding(
        'ttl-too-small',
        'warning',
        `${nameRef(ref)} lowered its ${name} from ${from} to ${to}${leaves}. ${end}.`,
        {
          steps: [step + 1],
          rules: [ref],
          culprit: step,
          fix: withoutRule(context, step, ref),
        },
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
