import { listener } from '../../rules/sockets.ts'
import { type Context, type Detector, describeEnd, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'
import { withoutEndpoints } from '../without-endpoints.ts'

/** A Service without anybody behind it, or with nobody on this node: kube-proxy stops what is for it. */
export const noEndpoints: Detector = {
  code: 'no-endpoints',
  detect(context) {
    const found = withoutEndpoints(context)
    const ref = found && refAt(context, found.step)
    if (!found || !ref) return []
    const { service, local, step, isMarked } = found
    const name = service === undefined ? 'the Service' : `the Service ${service}`
    const policy = local ? policyOf(context, step) : ''
    const { packet } = context.evidence.arrivals[step]!
    const own = listener(context.world.host, packet)
    const listens = own?.process === undefined ? '' : ` (program ${own.process})`
    const beside = own ? ` This host itself listens on ${describeEnd(packet.dst, packet.dport)}${listens}.` : ''
    const message = local
      ? `${nameRef(ref)} stopped it, because ${name} has no endpoint on this node and its ${policy} is Local.${beside}`
      : `${nameRef(ref)} stopped it, because ${name} has no endpoints.${beside}`
    const description = local
      ? `send it to a node that runs one of its pods (kubectl get endpointslices -o wide), or set ${policy} to Cluster`
      : NOT_READY
    return [
      finding('no-endpoints', 'error', message, {
        steps: [...new Set([step + 1, context.ended.step + 1])],
        rules: [ref],
        fix: [{ description, unverified: 'this is not a netfilter change' }],
        // the rule that had chosen the Service is the one to look at
        ...(isMarked ? {} : { culprit: step }),
      }),
    ]
  },
}

export const NOT_READY =
  "check why no pod is ready, and whether the Service's selector matches: kubectl get endpointslices"

/** Of a cluster IP it is the one, of a node port or an external address the other; some places are for both. */
function policyOf({ evidence }: Context, step: number): string {
  const { chain, rule } = evidence.arrivals[step]!
  const name = chain?.name ?? ''
  if (/^KUBE-SVL-/.test(name) || /@no-endpoint-services/.test(rule?.text ?? ''))
    return 'internal- or externalTrafficPolicy'
  return name === 'KUBE-SERVICES' ? 'internalTrafficPolicy' : 'externalTrafficPolicy'
}
