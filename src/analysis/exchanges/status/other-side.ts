/**
 * Where both backends are traced, iptables-legacy's kernel log and nft's trace each tell of one and the same packet: what ends
 * at the other one's chains is told there.
 */
import { isStoppedByRule } from '../../../model/outcome-kinds.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** Without the halves that only show how far the packet had come when the other backend took or stopped it. */
export function withoutOtherSide(parts: readonly Part[]): readonly Part[] {
  if (parts.length < 2) return parts
  const stopped = parts.filter((one) => one.own && isStoppedByRule(one.told.journey.outcome))
  const isOther = (one: Part) => endsElsewhere(one) || stopped.some((other) => isHalfOf(one, other))
  const rest = parts.some(isOther) ? parts.filter((one) => !isOther(one)) : parts
  return rest.length === 0 ? parts : rest
}

const endsElsewhere = ({ told: { journey } }: Part) =>
  journey.outcome === 'undetermined' && journey.findings.some(({ code }) => code === 'mixed-backends')

/** By what no filter changes, of one machine's two captures; IPv6 has no number for each packet. */
function isHalfOf(one: Part, other: Part): boolean {
  if (one === other || !one.own || one.capture === other.capture || one.told.host !== other.told.host) return false
  if (!isAsking(one) || !isAsking(other) || isStoppedByRule(one.told.journey.outcome)) return false
  const [a, b] = [one, other].map(({ told: { journey } }) => journey.packet)
  return (
    !!a!.ipId &&
    (['ipId', 'ttl', 'in', 'protocol', 'src', 'dst', 'sport', 'dport'] as const).every((key) => a![key] === b![key])
  )
}
