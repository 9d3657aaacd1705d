/** What the routing table says of an address, as far as host state tells. */
import { inPrefix, parseAddress } from '../model/address.ts'
import type { Host } from '../model/host.ts'
import { type Unknown, unknown } from './truth.ts'

/**
 * `local` `broadcast` `multicast` `unicast` …: the kernel's inet_addr_type (net/ipv4/fib_frontend.c) looks only in the
 * local table, and what is not there is unicast; IPv6 looks up its route (net/netfilter/xt_addrtype.c).
 */
export function addressType(address: string | undefined, host: Host): string | Unknown {
  if (address === undefined) return unknown('the capture does not show the address')
  const bytes = parseAddress(address)
  if (!bytes) return unknown(`"${address}" is not an address`)
  if (bytes.length === 4) {
    if (bytes[0] === 0 || bytes.every((byte) => byte === 255)) return 'broadcast'
    if (bytes[0]! >= 224 && bytes[0]! < 240) return 'multicast'
    if (bytes[0] === 127 && !host.routes) return 'local'
  } else {
    if (bytes[0] === 0xff) return 'multicast'
    if (address === '::1' && !host.routes) return 'local'
  }
  let best: { type: string; length: number } | undefined
  for (const route of host.routes ?? []) {
    if (route.table !== 'local' && bytes.length === 4) continue
    const slash = route.destination.indexOf('/')
    const network = parseAddress(route.destination.slice(0, slash))
    const length = Number(route.destination.slice(slash + 1))
    if (!network || !inPrefix(bytes, network, length) || (best && best.length >= length)) continue
    best = { type: route.type, length }
  }
  if (best) return best.type
  if (host.routes) return 'unicast'
  for (const link of host.links ?? []) {
    for (const own of link.addresses ?? []) {
      if (own.address === address) return 'local'
      if (own.broadcast === address) return 'broadcast'
    }
  }
  return host.links
    ? 'unicast'
    : unknown("which addresses are this host's own is not known (no `ip addr` or `ip route` given)")
}

/** Is this one of the host's own addresses? Undefined where host state does not tell. */
export function isLocal(address: string | undefined, host: Host): boolean | undefined {
  const type = addressType(address, host)
  return typeof type === 'string' ? type === 'local' : undefined
}
