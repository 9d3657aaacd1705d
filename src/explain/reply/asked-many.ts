/**
 * A broadcast or a group is asked, and whoever replies does so from its own address: connection tracking knows a reply by
 * the address that was asked, so to it an echo reply is invalid, and a datagram begins a connection. It knows better only
 * where a helper expects such replies (net/netfilter/nf_conntrack_broadcast.c).
 */
import type { ConntrackEntry, Host } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { entryAskedElsewhere } from '../../rules/conntrack/entries.ts'
import { isForMany, isGroup } from '../../rules/fib.ts'

export interface AskedMany {
  /** Of the request, which has no reply of its own address. */
  entry: ConntrackEntry
  /** What was asked, in words. */
  what: string
}

/** What of the packet's request is no address of one host; undefined: it is one, or that is not known. */
export function askedMany(packet: Packet, world: Pick<World, 'host'>): AskedMany | undefined {
  // TCP asks one
  const entry = packet.protocol === 'tcp' ? undefined : entryAskedElsewhere(packet, world)
  const what = entry && manyWords(entry.reply.src, world.host)
  return entry && what !== undefined ? { entry, what } : undefined
}

export const manyWords = (dst: string, host: Host): string | undefined =>
  isGroup(dst) ? 'a multicast group' : isForMany({ dst }, host) ? 'a broadcast address' : undefined

/** They expect replies from all addresses of the interface's network (nf_conntrack_netbios_ns.c, nf_conntrack_snmp.c). */
const BROADCAST_HELPERS: Readonly<Record<number, string>> = { 137: 'netbios-ns', 161: 'snmp' }

/** Of groups none does. */
export const helperOf = ({ entry: { protocol, original }, what }: AskedMany): string | undefined =>
  protocol === 'udp' && what === 'a broadcast address' ? BROADCAST_HELPERS[original.dport ?? 0] : undefined
