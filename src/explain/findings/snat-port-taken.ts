import { isPassed } from '../../model/outcome-kinds.ts'
import { hasAddress } from '../../rules/fib.ts'
import { changesOf, propose, spotOf } from '../changes.ts'
import { type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { givenSource, isNatStatement, sourceRule } from '../counterfactual/rewritten.ts'
import { nameRef } from '../refs.ts'
import { asItCame, entryOpened } from '../request-reply.ts'

/**
 * A rule leaves one source port for many, and another connection to the same end has it: their replies could not be told
 * apart, so the kernel drops the later one where its entry is to be confirmed (__nf_conntrack_confirm).
 */
export const snatPortTaken: Detector = {
  code: 'snat-port-taken',
  detect(context) {
    const { world, evidence, journey } = context
    const { conntrack, links } = world.host
    // the model plays the drop, a capture shows it as passed
    const isOut = isPassed(journey.outcome) || journey.outcome === 'vanished'
    const rule = isOut && conntrack ? sourceRule(context) : undefined
    if (!rule || !isNatStatement(rule.statement) || entryOpened(asItCame(evidence, world), world)) return []
    const [port, last] = rule.statement.ports ?? []
    if (port === undefined || port !== last) return []
    const { packet, hook } = evidence.arrivals[rule.step]!
    const { dst, dport, protocol } = packet
    const { out } = lastPacket(context)
    const source = givenSource(rule.statement, packet.src)
    const has = conntrack!.find(
      ({ protocol: other, reply }) =>
        other === protocol &&
        reply.src === dst &&
        reply.sport === dport &&
        reply.dport === port &&
        (source === undefined ? out !== undefined && hasAddress(links, out, reply.dst) : reply.dst === source),
    )
    const spot = spotOf(rule.ref)
    if (!has || !spot) return []
    const { original, reply } = has
    const first = `${describeEnd(original.src, original.sport)} to ${describeEnd(original.dst, original.dport)}`
    const such = { kind: 'such', packet, hints: hook === undefined ? {} : { hook } } as const
    return [
      finding(
        'snat-port-taken',
        'error',
        `${nameRef(rule.ref)} gives it the source ${describeEnd(reply.dst, port)}, which the connection of ${first} already has. The kernel drops the later one: it could not tell their replies apart.`,
        {
          steps: [rule.step + 1],
          rules: [rule.ref],
          culprit: rule.step,
          fix: propose(
            'masquerade such packets with any free source port',
            changesOf(rule.ref).add(rule.ref, spot, such, { kind: 'masquerade' }),
            'the server then sees another source port',
          ),
        },
      ),
    ]
  },
}
