import { type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'
import { withoutEndpoints } from './verdicts.ts'

/** A Service without anybody behind it: kube-proxy rejects what is for it. */
export const noEndpoints: Detector = {
  code: 'no-endpoints',
  detect(context) {
    const { journey, ended } = context
    if (journey.outcome !== 'dropped' && journey.outcome !== 'rejected') return []
    const service = withoutEndpoints(context)
    const ref = refAt(context, ended.step)
    if (service === undefined || !ref) return []
    return [
      finding('no-endpoints', 'error', `${nameRef(ref)} stopped it, as the Service ${service} has no endpoints.`, {
        steps: [ended.step + 1],
        rules: [ref],
        fix: [
          {
            description: "see why no pod is ready, and whether the Service's selector fits: kubectl get endpointslices",
            unverified: 'it is done outside of netfilter',
          },
        ],
        culprit: ended.step,
      }),
    ]
  },
}
