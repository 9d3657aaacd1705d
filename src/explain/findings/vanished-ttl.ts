import { type Detector, finding } from '../context.ts'
import { toForward } from './routing.ts'

/** It had to be forwarded, and its time to live is used up (net/ipv4/ip_forward.c). */
export const vanishedTtl: Detector = {
  code: 'vanished-ttl',
  detect(context) {
    const routed = toForward(context)
    if (!routed || routed.packet.ttl === undefined || routed.packet.ttl > 1) return []
    return [
      finding(
        'vanished-ttl',
        'error',
        `It arrived with TTL ${routed.packet.ttl} and had to be forwarded: the kernel drops it and answers "time exceeded".`,
        {
          steps: [context.ended.step + 1],
          fix: [
            {
              description: 'look for a routing loop (traceroute), or for a sender that sets so small a TTL',
              unverified: 'it is not in the rules',
            },
          ],
        },
      ),
    ]
  },
}
