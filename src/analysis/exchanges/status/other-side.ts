/**
 * Where both backends are traced, iptables-legacy's kernel log and nft's trace each tell of one and the same packet: what ends
 * at the other one's chains is told there.
 */
import { isStoppedByRule } from '../../../model/outcome-kinds.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** Without the halves that only show how far the packet had come when the other backend took or stopped it. */
export function withoutOtherSide(parts: readonly Part[]): readonly Part[] {
  if (parts.length < 2) return parts
  const stopped = stopsOfCaptures(parts)
  const isOther = (one: Part) => endsElsewhere(one) || wentOnBeside(one, stopped)
  const rest = parts.some(isOther) ? parts.filter((one) => !isOther(one)) : parts
  return rest.length === 0 ? parts : rest
}

const endsElsewhere = ({ told: { journey } }: Part) =>
  journey.outcome === 'undetermined' && journey.findings.some(({ code }) => code === 'mixed-backends')

/** In which captures a rule stopped the packet, by what tells it from others. */
type Stops = ReadonlyMap<string, ReadonlySet<number>>

/** An exchange may have very many packets, and most have those of one capture alone. */
function stopsOfCaptures(parts: readonly Part[]): Stops {
  const stops = new Map<string, Set<number>>()
  if (parts.every(({ capture }) => capture === parts[0]!.capture)) return stops
  for (const one of parts) {
    const key = isStoppedByRule(one.told.journey.outcome) ? keyOf(one) : undefined
    if (key !== undefined) stops.set(key, (stops.get(key) ?? new Set()).add(one.capture))
  }
  return stops
}

function wentOnBeside(one: Part, stops: Stops): boolean {
  if (stops.size === 0 || isStoppedByRule(one.told.journey.outcome)) return false
  const key = keyOf(one)
  return key !== undefined && [...(stops.get(key) ?? [])].some((capture) => capture !== one.capture)
}

/** By what no filter changes, on one machine; IPv6 has no number for each packet. */
function keyOf({ own, role, told: { host, journey } }: Part): string | undefined {
  const { ipId, ttl, in: came, protocol, src, dst, sport, dport } = journey.packet
  return own && isAsking({ role }) && ipId
    ? [host, ipId, ttl, came, protocol, src, dst, sport, dport].join(' ')
    : undefined
}
