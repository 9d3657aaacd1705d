import { silentState } from '../../model/silent-neighbour.ts'
import { canonicalPrefix } from '../../rules/prefixes.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { nameRef } from '../refs.ts'

/** It is to leave for a next hop that has not answered ARP or neighbour discovery, as host state has it. */
export const neighbourFailed: Detector = {
  code: 'neighbour-failed',
  detect(context) {
    const { journey, ended, world } = context
    if (journey.outcome !== 'forwarded' && journey.outcome !== 'sent') return []
    const { neighbours } = world.host
    const packet = lastPacket(context)
    const question = questionOf(packet)
    if (!neighbours || !question || packet.out === undefined) return []
    const route = lookupRoute(question, world.host)
    // another way than the routes of now lead is not theirs to explain
    if (route?.type !== 'unicast' || route.nexthops || route.device !== packet.out) return []
    const hop = canonicalPrefix(route.gateway ?? question.dst)
    const found = neighbours.find(
      (one) => one.device === packet.out && canonicalPrefix(one.address) === hop && silentState(one) !== undefined,
    )
    if (!found) return []
    const [protocol, ask] = journey.family === 'ip6' ? ['neighbour discovery', 'ip -6 neigh'] : ['ARP', 'ip neigh']
    const sent = destinationRule(context)
    const by = sent ? `, where ${nameRef(sent.ref)} sends it` : ''
    const gateway = route.gateway === undefined ? '' : `, the gateway to ${route.destination}`
    const more = by === '' && gateway === '' ? '' : `${by}${gateway},`
    return [
      finding(
        'neighbour-failed',
        'warning',
        `${found.address} on ${packet.out}${more} has not answered ${protocol}: its neighbour entry is ${silentState(found)}.`,
        {
          steps: [ended.step + 1],
          ...(sent ? { rules: [sent.ref], culprit: sent.step } : {}),
          fix: [
            {
              description: `see whether ${found.address} is up and on ${packet.out}; ${ask} shows it then`,
              unverified: 'it is not in the rules',
            },
          ],
        },
      ),
    ]
  },
}
