import { isPassed } from '../../model/outcome-kinds.ts'
import { callsItself } from '../../rules/bridge-calls.ts'
import { changesOf, propose, spotOf } from '../changes/change.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { destinationRule, sourceRule } from '../counterfactual/rewritten.ts'
import { bridgeOf, callWords } from '../host/bridges.ts'
import { homeOf } from '../host/routes.ts'
import { nameRef } from '../refs.ts'
import { keepOutUnplayed } from './bridge-nf-call.ts'

/**
 * A bridge hands what it passes on to IP's chains, and a rule that is meant for what leaves the network gives it another
 * source (net/bridge/br_netfilter_hooks.c). Where nat has chosen the destination as well, it is to do so: the reply has to come back.
 */
export const bridgedNat: Detector = {
  code: 'bridge-nf-call',
  detect(context) {
    const { journey, evidence, world } = context
    const { host } = world
    if (!isPassed(journey.outcome) || destinationRule(context)) return []
    const rule = sourceRule(context)
    const bridge = evidence.arrivals.map(({ packet }) => bridgeOf(packet, host)).find((one) => one)
    const { src, dst } = journey.packet
    const spot = rule && spotOf(rule.ref)
    if (!rule || !spot || !bridge || src === undefined || dst === undefined) return []
    if (![src, dst].every((one) => homeOf(one, host)?.link === bridge)) return []
    const { packet, hook } = evidence.arrivals[rule.step]!
    const now = lastPacket(context).src
    const such = { kind: 'such', packet, hints: hook === undefined ? {} : { hook } } as const
    return [
      finding(
        'bridge-nf-call',
        'warning',
        `Bridge ${bridge.name} forwards it and does not route it. ${nameRef(rule.ref)} rewrites its source only because ${callWords(host, bridge, journey.family)}: ${dst} sees ${now === src ? 'an address of this host' : now}, not ${src}.`,
        {
          steps: [rule.step + 1],
          rules: [rule.ref],
          culprit: rule.step,
          fix: [
            ...propose(
              'leave the source of such packets as it is',
              changesOf(rule.ref).add(rule.ref, spot, such, { kind: 'accept' }),
            ),
            // the bridge's own setting counts beside that for all
            ...(callsItself(bridge, journey.family) ? [] : keepOutUnplayed(host, journey.family)),
          ],
        },
      ),
    ]
  },
}
