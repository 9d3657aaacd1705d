/** To which addresses and ports the targets of table nat rewrite. */
import { formatAddress, mappedInto, maskFromLength, parseAddress } from '../model/address.ts'
import type { Host } from '../model/host.ts'
import { standInFor } from '../model/stand-in.ts'
import type { Nat } from '../model/statement.ts'
import { linkNamed } from '../rules/links.ts'
import type { NatRange } from './nat-tuple.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'
import { addressesOn, SITE, scopeOf, sourceIpv4, sourceIpv6 } from './source-address.ts'

/** Or the verdict where nothing can be rewritten. */
export function rangeOf(machine: Simulator, skb: Skb, nat: Nat): NatRange | 'accept' | 'vanished' {
  const range: NatRange = {}
  if (nat.ports) range.ports = nat.ports
  if (nat.basePort !== undefined) range.basePort = nat.basePort
  if (nat.flags?.includes('random') || nat.flags?.includes('fully-random')) range.random = true
  if (nat.flags?.includes('persistent')) range.persistent = true
  const addresses = addressesOf(machine, skb, nat)
  if (addresses === 'vanished' || addresses === 'accept') return addresses
  if (addresses) range.addresses = addresses
  return range
}

function addressesOf(machine: Simulator, skb: Skb, nat: Nat): [string, string] | undefined | 'accept' | 'vanished' {
  const both = (address: string | undefined): [string, string] | 'vanished' =>
    address === undefined ? 'vanished' : [address, address]
  const { host } = machine.world
  switch (nat.kind) {
    case 'dnat':
    case 'snat':
      return nat.addresses ?? (nat.network && allOf(nat.network))
    case 'netmap': {
      const destination = skb.hook === 'prerouting' || skb.hook === 'output'
      return both(mappedInto(nat.network!, destination ? skb.packet.dst! : skb.packet.src!))
    }
    case 'redirect':
      if (skb.hook === 'output') return both(skb.family === 'ip' ? '127.0.0.1' : '::1')
      return both(firstAddress(host, skb.indev!, skb.family, skb.packet.dst!))
    case 'masquerade':
      // probably not meant to be rewritten (nf_nat_masquerade_ipv4)
      if (skb.connection!.original.src === '0.0.0.0') return 'accept'
      if (machine.isCaptured && !linkNamed(host, skb.outdev!)?.addresses) return both(standInFor(skb.family))
      return both(
        skb.family === 'ip'
          ? sourceIpv4(host, skb.outdev!, skb.route?.gateway ?? skb.packet.dst!)
          : sourceIpv6(host, skb.outdev!, skb.packet.dst!),
      )
  }
}

/** Its first address and its last. */
function allOf({ prefix, length }: { prefix: string; length: number }): [string, string] {
  const own = parseAddress(prefix)!
  const mask = maskFromLength(length, own.length * 8)
  return [
    formatAddress(own.map((byte, i) => byte & mask[i]!)),
    formatAddress(own.map((byte, i) => byte | (~mask[i]! & 0xff))),
  ]
}

/** nf_nat_redirect.c: IPv6 takes one of the destination's own scope, if that is narrow. */
function firstAddress(host: Host, device: string, family: 'ip' | 'ip6', dst: string): string | undefined {
  const own = addressesOn(host, device, family)
  if (family === 'ip') return own[0]?.address
  const scope = scopeOf(dst)
  return own.find(({ address, unused }) => unused === undefined && (scope > SITE || scopeOf(address) === scope))
    ?.address
}
