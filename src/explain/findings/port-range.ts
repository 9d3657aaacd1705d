import type { Condition, Value } from '../../model/condition.ts'
import { changesOf, propose } from '../changes/change.ts'
import { type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { fieldOf } from '../counterfactual/failed-condition.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { nameRef } from '../refs.ts'

/**
 * A range of ports behind DNAT is what the kernel may choose from, and no shift: each port of a range as wide goes to the
 * first one (net/netfilter/nf_nat_core.c, nf_nat_l4proto_unique_tuple), unless iptables gives it a base.
 */
export const portRange: Detector = {
  code: 'dnat-mismatch',
  detect(context) {
    const rule = destinationRule(context)
    const { ref, step, statement: to } = rule ?? {}
    if (!ref || step === undefined || to?.kind !== 'dnat' || !to.ports || to.map || to.basePort !== undefined) return []
    const { rule: { conditions } = { conditions: [] }, packet, hook } = context.evidence.arrivals[step]!
    const [first, last] = to.ports
    const asked = conditions.map(portsOf).find((one) => one !== undefined)
    const { dst: address, dport: port } = lastPacket(context)
    if (!asked || packet.dport === undefined || port === undefined || address === undefined) return []
    const meant = first + packet.dport - asked[0]
    if (first === last || last - first !== asked[1] - asked[0] || port === meant) return []
    const message = `${nameRef(ref)} rewrites its destination to ${describeEnd(address, port)}. The kernel chooses any port of ${first}-${last}: it does not map port ${packet.dport} to ${meant}.`
    return [
      finding('dnat-mismatch', 'warning', message, {
        steps: [step + 1],
        rules: [ref],
        culprit: step,
        fix: propose(
          `send port ${packet.dport} to ${meant}`,
          changesOf(ref).add(
            ref,
            { chain: ref.chain, before: ref },
            { kind: 'such', packet, hints: hook === undefined ? {} : { hook } },
            { kind: 'dnat', to: { address, port: meant } },
          ),
          to.addresses && ref.handle === undefined
            ? `to map every port to its own: --to-destination ${to.addresses[0]}:${first}-${last}/${asked[0]}`
            : 'to map every port to its own, use a map from port to port',
        ),
      }),
    ]
  },
}

/** The range of ports that a condition matches. */
export function portsOf(condition: Condition): readonly [number, number] | undefined {
  if (condition.kind !== 'compare' || condition.op !== '==' || !/ dport$/.test(fieldOf(condition) ?? ''))
    return undefined
  const { value } = condition
  if (typeof value !== 'object' || !('range' in value)) return undefined
  const [from, to] = value.range
  return typeof from === 'number' && typeof to === 'number' ? [from, to] : undefined
}

/** Does it match nearly all ports: all from the first that is not privileged, say, or two ranges with one port between? */
export function isMostPorts(condition: Condition): boolean {
  if (condition.kind !== 'compare' || !/ dport$/.test(condition.field)) return false
  const { op, value } = condition
  if (op === '==') return portsIn(value) >= MOST_PORTS
  return (op === '>' || op === '>=') && typeof value === 'number' && PORTS - value >= MOST_PORTS
}

const PORTS = 65_536
/** Up to where those begin that are nobody's (RFC 6335). */
const MOST_PORTS = 49_152

function portsIn(value: Value): number {
  if (typeof value !== 'object') return 1
  if ('set' in value) return value.set.reduce<number>((sum, one) => sum + portsIn(one), 0)
  const [from, to] = 'range' in value ? value.range : []
  return typeof from === 'number' && typeof to === 'number' ? to - from + 1 : 1
}
