/** To which addresses and ports the targets of table nat rewrite. */
import { formatAddress, inPrefix, maskFromLength, parseAddress } from '../model/address.ts'
import type { Host, LinkAddress } from '../model/host.ts'
import type { Nat } from '../model/statement.ts'
import type { Machine } from './machine.ts'
import type { NatRange } from './nat-tuple.ts'
import type { Skb } from './skb.ts'
import { Undetermined } from './undetermined.ts'

/** Or the verdict where nothing can be rewritten. */
export function rangeOf(machine: Machine, skb: Skb, nat: Nat): NatRange | 'accept' | 'drop' {
  const range: NatRange = {}
  if (nat.ports) range.ports = nat.ports
  if (nat.basePort !== undefined) range.basePort = nat.basePort
  if (nat.flags?.includes('random') || nat.flags?.includes('fully-random')) range.random = true
  const addresses = addressesOf(machine, skb, nat)
  if (addresses === 'drop' || addresses === 'accept') return addresses
  if (addresses) range.addresses = addresses
  return range
}

function addressesOf(machine: Machine, skb: Skb, nat: Nat): [string, string] | undefined | 'accept' | 'drop' {
  const both = (address: string | undefined): [string, string] | 'drop' =>
    address === undefined ? 'drop' : [address, address]
  const { host } = machine.world
  switch (nat.kind) {
    case 'dnat':
    case 'snat':
      return nat.addresses
    case 'netmap': {
      const destination = skb.hook === 'prerouting' || skb.hook === 'output'
      return both(mapped(destination ? skb.packet.dst! : skb.packet.src!, nat.network!))
    }
    case 'redirect':
      if (skb.hook === 'output') return both(skb.family === 'ip' ? '127.0.0.1' : '::1')
      return both(firstAddress(host, skb.indev!, skb.family, skb.packet.dst!))
    case 'masquerade':
      // probably not meant to be rewritten (nf_nat_masquerade_ipv4)
      if (skb.connection!.original.src === '0.0.0.0') return 'accept'
      return both(sourceOf(host, skb))
  }
}

/** The host part is kept (net/netfilter/xt_NETMAP.c). */
function mapped(address: string, { prefix, length }: { prefix: string; length: number }): string {
  const [own, network] = [parseAddress(address)!, parseAddress(prefix)!]
  const mask = maskFromLength(length, own.length * 8)
  return formatAddress(own.map((byte, i) => (network[i]! & mask[i]!) | (byte & ~mask[i]! & 0xff)))
}

function addressesOn(host: Host, device: string, family: 'ip' | 'ip6'): LinkAddress[] {
  const link = host.links?.find(({ name }) => name === device)
  if (!link?.addresses) throw new Undetermined(`address of ${device}`, `which addresses ${device} has is not known`)
  return link.addresses.filter((one) => one.family === family)
}

const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)

/** nf_nat_redirect.c: IPv6 takes one of the destination's own scope. */
function firstAddress(host: Host, device: string, family: 'ip' | 'ip6', dst: string): string | undefined {
  const own = addressesOn(host, device, family)
  return (family === 'ip' ? own[0] : own.find(({ address }) => isLinkLocal(address) === isLinkLocal(dst)))?.address
}

/** The address that a packet sent over this interface would have (inet_select_addr, ipv6_dev_get_saddr). */
function sourceOf(host: Host, { route, outdev, family, packet }: Skb): string | undefined {
  const towards = parseAddress(route?.gateway ?? packet.dst!)!
  const usable = (list: readonly LinkAddress[]) => list.filter(({ scope }) => scope !== 'host' && scope !== 'link')
  const own = usable(addressesOn(host, outdev!, family))
  const sharing = own.find((one) => inPrefix(towards, parseAddress(one.address)!, one.prefixLength))
  const elsewhere = () =>
    usable((host.links ?? []).flatMap(({ addresses }) => addresses ?? [])).filter((one) => one.family === family)
  return (sharing ?? own[0] ?? elsewhere()[0])?.address
}
