/** Whoever was asked replies to this host, and has not replied to the packet's own source. */
import { isLocal } from '../../rules/fib.ts'
import { type Context, lastPacket } from '../context.ts'
import { ownRepliedTo } from '../counterfactual/known-there.ts'
import { isMasqueradedOtherwise } from '../counterfactual/masqueraded-otherwise.ts'
import { staysUnanswered } from '../counterfactual/undeliverable.ts'
import { hasSilentNextHop } from '../neighbours/stand-in.ts'

/** Sentences; undefined where conntrack does not show it. `other`: the IP version that is not the packet's. */
export function servesThisHost(context: Context, other: string): string | undefined {
  const { journey, world } = context
  const packet = lastPacket(context)
  const { src, dst, dport, protocol, out } = packet
  // what waits for its next hop has not left
  if (out === undefined || hasSilentNextHop(context, out)) return undefined
  const isKept = journey.outcome === 'forwarded' && isLocal(src, world.host) === false && staysUnanswered(context)
  const own = isKept ? ownRepliedTo(packet, world.host) : undefined
  if (own === undefined) return undefined
  const left = `It left for ${dst} with its own source ${src}, and connection tracking has seen no reply`
  const at = dport === undefined ? '' : ` from ${protocol} port ${dport}`
  const alone = isMasqueradedOtherwise(context, out) ? ` On ${out}, only ${other} is masqueraded.` : ''
  // dnsmasq and ntpd, say, answer some networks alone, and refuse nothing
  const dropper = protocol === 'udp' ? 'a firewall or the program' : 'a firewall'
  const why = `either replies to ${src} do not come back through this host, or ${dropper} there drops packets from that source`
  return `${left}. ${dst} replied${at} to this host's address ${own}: ${why}.${alone}`
}
