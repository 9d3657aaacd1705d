/** A link address that stands for several hosts: a router or a repeater sends with its own whatever it hands on. */
import type { Host } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { silentState } from '../../model/silent-neighbour.ts'
import { neighboursWith } from '../../rules/neighbours.ts'
import { canonicalAddress, familyOf } from '../../rules/prefixes.ts'
import { isLinkLocal } from '../../rules/route.ts'

/** More are not named. */
const MOST_NAMED = 3

/** The other neighbours that have the link address of the packet's sender. */
export function sharersOf({ srcMac, src, in: device }: Packet, host: Host): string[] {
  if (srcMac === undefined || src === undefined || device === undefined) return []
  const family = familyOf(src)
  const own = canonicalAddress(src)
  const all = neighboursWith(host, device, family, srcMac).filter((one) => silentState(one) === undefined)
  // one host has several addresses of IPv6
  if (family === 'ip6' && all.some(({ address }) => canonicalAddress(address) === own)) return []
  return all.flatMap(({ address }) => (canonicalAddress(address) === own || isLinkLocal(address) ? [] : [address]))
}

/** For the end of a sentence; empty where nobody else has it. */
export function sharedWords(packet: Packet, host: Host): string {
  const others = sharersOf(packet, host)
  if (others.length === 0) return ''
  const named = others.slice(0, MOST_NAMED)
  const more = others.length - named.length
  const list = more > 0 ? `${named.join(', ')} and ${more} more` : named.join(' and ')
  return `, and ${list} ${others.length > 1 ? 'have' : 'has'} that link address, too, as where a router or repeater sends for several hosts`
}
