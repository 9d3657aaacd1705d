import { type Context, type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'
import { toForward } from './routing.ts'
import { withoutRule } from './verdicts.ts'

/** It had to be forwarded, and its time to live is used up (net/ipv4/ip_forward.c). */
export const vanishedTtl: Detector = {
  code: 'vanished-ttl',
  detect(context) {
    const routed = toForward(context)
    if (!routed || routed.packet.ttl === undefined || routed.packet.ttl > 1) return []
    const lowered = whoLowered(context)
    const ref = lowered === undefined ? undefined : refAt(context, lowered)
    if (lowered !== undefined && ref)
      return [
        finding(
          'vanished-ttl',
          'error',
          `${nameRef(ref)} set its TTL to ${routed.packet.ttl}, and it must be forwarded: the kernel drops it and replies "time exceeded".`,
          {
            steps: [lowered + 1, context.ended.step + 1],
            rules: [ref],
            fix: withoutRule(context, lowered, ref),
            culprit: lowered,
          },
        ),
      ]
    return [
      finding(
        'vanished-ttl',
        'error',
        `It arrived with TTL ${routed.packet.ttl} and must be forwarded: the kernel drops it and replies "time exceeded".`,
        {
          steps: [context.ended.step + 1],
          fix: [
            {
              description:
                'look for a routing loop (traceroute), or for a sender or uplink that sets a small TTL; a rule in mangle PREROUTING can raise the TTL',
              unverified: 'this is not a rule change',
            },
          ],
        },
      ),
    ]
  },
}

/** Index of the step whose rule wrote the TTL last. */
function whoLowered({ evidence, journey }: Context): number | undefined {
  const at = evidence.arrivals.findLastIndex(
    ({ rule }, i) =>
      journey.steps[i]!.kind === 'rule' &&
      rule?.statements.some((one) => one.kind === 'set' && /^ip ttl$|^ip6 hoplimit$/.test(one.field)),
  )
  return at < 0 ? undefined : at
}
