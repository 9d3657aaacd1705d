import { type Detector, finding } from '../context.ts'
import { atRouting } from './routing.ts'

/** No route to the destination, or one that says no. */
export const vanishedNoRoute: Detector = {
  code: 'vanished-no-route',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || routed.route === undefined) return []
    const type = routed.route?.type
    if (routed.route !== null && type !== 'unreachable' && type !== 'blackhole' && type !== 'prohibit') return []
    const why = type === undefined ? `there is no route to ${routed.dst}` : `the route to ${routed.dst} is "${type}"`
    return [
      finding('vanished-no-route', 'error', `Routing dropped it: ${why}.`, {
        steps: [context.ended.step + 1],
        fix: [
          {
            description: `add a route to ${routed.dst}, then ask: ip route get ${routed.dst}`,
            unverified: 'which gateway is not known here',
          },
        ],
      }),
    ]
  },
}
