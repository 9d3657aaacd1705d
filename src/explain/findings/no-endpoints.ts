import { type Context, type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

const SAYS = /^(.*?) has no (?:local )?endpoints$/

/** Letting such packets pass would lead them nowhere. */
export const servesNobody = ({ evidence, ended }: Context): boolean =>
  SAYS.test(evidence.arrivals[ended.step]?.rule?.comment ?? '')

/** A Service without anybody behind it: kube-proxy rejects what is for it. */
export const noEndpoints: Detector = {
  code: 'no-endpoints',
  detect(context) {
    const { journey, evidence, ended } = context
    if (journey.outcome !== 'dropped' && journey.outcome !== 'rejected') return []
    const [, service] = SAYS.exec(evidence.arrivals[ended.step]!.rule?.comment ?? '') ?? []
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
