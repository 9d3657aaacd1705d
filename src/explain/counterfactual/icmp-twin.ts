/** Messages that both versions of IP have, each by its own number: a rule for one of them is often meant for both. */
import type { Condition } from '../../model/condition.ts'
import type { Rule } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { simpleConditions } from '../../rules/simple-conditions.ts'

/** Of ICMP and of ICMPv6: unreachable, time exceeded, parameter problem, echo request, echo reply (RFC 792, RFC 4443). */
const TWINS: readonly (readonly [number, number])[] = [
  [3, 1],
  [11, 3],
  [12, 4],
  [8, 128],
  [0, 129],
]

/** The condition asks for a message of the other version: would it hold for the packet's own message, were it of that version? */
export function holdsForTwin(condition: Condition, moment: EvalContext): boolean {
  const twin = twinOf(moment)
  return twin !== undefined && asksMessage(condition) && evaluate(condition, twin) === true
}

function twinOf({ packet, ...rest }: EvalContext): EvalContext | undefined {
  const isSix = packet.protocol === 'icmpv6'
  if (!isSix && packet.protocol !== 'icmp') return undefined
  const found = TWINS.find(([four, six]) => packet.icmpType === (isSix ? six : four))
  if (!found) return undefined
  const other = { protocol: isSix ? 'icmp' : 'icmpv6', icmpType: isSix ? found[0] : found[1] }
  return { ...rest, family: isSix ? 'ip' : 'ip6', packet: { ...packet, ...other } }
}

/** The rule is for the packet's message, and for the other version's alone. */
export const isForTwin = ({ conditions }: Rule, condition: Condition, moment: EvalContext): boolean =>
  asksTwinProtocol(condition, moment) && conditions.some((one) => holdsForTwin(one, moment))

/** Of ICMP in place of ICMPv6, or the other way round: by that alone it is for the other version of IP. */
export const asksTwinProtocol = (
  condition: Condition,
  { packet: { protocol } }: Pick<EvalContext, 'packet'>,
): boolean =>
  condition.kind === 'compare' &&
  ((protocol === 'icmpv6' && condition.value === 'icmp') || (protocol === 'icmp' && condition.value === 'ipv6-icmp'))

const asksMessage = (condition: Condition): boolean =>
  simpleConditions(condition).every((one) =>
    one.kind === 'compare'
      ? /^icmp(v6)? type$/.test(one.field)
      : one.kind === 'lookup' && one.fields.every((field) => /^icmp(v6)? type$/.test(field)),
  )
