import type { ConntrackEntry } from '../../model/host.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import { hasAddress } from '../../rules/fib.ts'
import { changesOf, propose, spotOf } from '../changes/change.ts'
import { type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { givenSource, isNatStatement, sourceRule } from '../counterfactual/rewritten.ts'
import { nameRef } from '../refs.ts'
import { entryBegun } from '../reply/request-reply.ts'

/** Connections that are over make room for a new one (nf_nat_used_tuple_harder in net/netfilter/nf_nat_core.c). */
const OVER: ReadonlySet<string> = new Set(['TIME_WAIT', 'CLOSE'])

/**
 * A rule leaves some source ports for many, and other connections to the same end have all of them: replies could not be
 * told apart, so the kernel drops the later packet where its entry is to be confirmed (__nf_conntrack_confirm).
 */
export const snatPortTaken: Detector = {
  code: 'snat-port-taken',
  detect(context) {
    const { world, evidence, journey } = context
    const { conntrack } = world.host
    // the model plays the drop, a capture shows it as passed
    const isOut = isPassed(journey.outcome) || journey.outcome === 'vanished'
    const rule = isOut && conntrack ? sourceRule(context) : undefined
    if (!rule || !isNatStatement(rule.statement) || entryBegun(evidence, world)) return []
    const { ports, basePort } = rule.statement
    if (!ports || basePort !== undefined) return []
    const [low, high] = ports
    const { packet, hook } = evidence.arrivals[rule.step]!
    const { dst, dport, protocol } = packet
    const { out } = lastPacket(context)
    const source = givenSource(rule.statement, packet.src)
    if (source === undefined && rule.statement.kind !== 'masquerade') return []
    const users = new Map<number, ConntrackEntry>()
    for (const entry of conntrack!) {
      const { protocol: other, reply, state = '' } = entry
      if (other !== protocol || reply.src !== dst || reply.sport !== dport || OVER.has(state)) continue
      const isIts =
        source === undefined ? out !== undefined && hasAddress(world.host, out, reply.dst) : reply.dst === source
      if (isIts && reply.dport !== undefined && reply.dport >= low && reply.dport <= high) users.set(reply.dport, entry)
    }
    const spot = spotOf(rule.ref)
    const [user] = users.values()
    if (!user || users.size <= high - low || !spot) return []
    const given = user.reply.dst
    // of a masqueraded packet the address is the interface's first one
    if ([...users.values()].some(({ reply }) => reply.dst !== given)) return []
    const such = { kind: 'such', packet, hints: hook === undefined ? {} : { hook } } as const
    const masquerade = propose(
      'masquerade such packets with any free source port',
      changesOf(rule.ref).add(rule.ref, spot, such, { kind: 'masquerade' }),
      'the server then sees another source port',
    )
    const message =
      low === high
        ? `${nameRef(rule.ref)} rewrites its source to ${describeEnd(given, low)}, which the connection of ${endsOf(user)} already uses. The kernel drops the later packet: it could not distinguish the replies of the two connections.`
        : `${nameRef(rule.ref)} gives it one of the source ports ${low}-${high} of ${given}, but ${users.size} connections to ${describeEnd(dst, dport)} already use all of them. The kernel drops the packet when it confirms its conntrack entry: it could not distinguish the replies.`
    return [
      finding('snat-port-taken', 'error', message, {
        steps: [rule.step + 1],
        rules: [rule.ref],
        culprit: rule.step,
        fix:
          low === high
            ? masquerade
            : propose(
                'give the rule more source ports',
                changesOf(rule.ref).giveSourcePorts(rule.ref, ports, [low, Math.min(2 * high - low + 1, LAST_PORT)]),
                'first check that replies to these ports reach this host, too',
              ),
      }),
    ]
  },
}

const LAST_PORT = 65_535

const endsOf = ({ original: { src, sport, dst, dport } }: ConntrackEntry): string =>
  `${describeEnd(src, sport)} to ${describeEnd(dst, dport)}`
