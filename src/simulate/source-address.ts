/** Which of its addresses the kernel gives a packet that goes out by an interface. */
import { inPrefix, parseAddress } from '../model/address.ts'
import type { Host, LinkAddress } from '../model/host.ts'
import { linkNamed } from '../rules/links.ts'
import { Undetermined } from './undetermined.ts'

export function addressesOn(host: Host, device: string, family: 'ip' | 'ip6'): LinkAddress[] {
  const link = linkNamed(host, device)
  if (!link?.addresses) throw new Undetermined(`address of ${device}`, `the addresses of ${device} are not known`)
  return link.addresses.filter((one) => one.family === family)
}

const everywhere = (host: Host, family: 'ip' | 'ip6'): LinkAddress[] =>
  (host.links ?? []).flatMap(({ addresses = [] }) => addresses.filter((one) => one.family === family))

/** Towards `nexthop` over `device`; undefined where this host has no address that could be shown (inet_select_addr). */
export function sourceIpv4(host: Host, device: string, nexthop: string): string | undefined {
  const usable = (list: readonly LinkAddress[]) => list.filter(({ scope = 'global' }) => scope === 'global')
  const own = usable(addressesOn(host, device, 'ip'))
  const towards = parseAddress(nexthop)!
  const near = own.find(({ address, prefixLength }) => inPrefix(towards, parseAddress(address)!, prefixLength))
  return (near ?? own[0] ?? usable(everywhere(host, 'ip'))[0])?.address
}

/** RFC 6724 as ipv6_dev_get_saddr scores it (net/ipv6/addrconf.c); of equal ones the first. */
export function sourceIpv6(host: Host, device: string, dst: string): string | undefined {
  const own = addressesOn(host, device, 'ip6')
  const candidates = scopeOf(dst) === GLOBAL ? everywhere(host, 'ip6') : own
  const towards = parseAddress(dst)!
  let best: { address: string; score: number[] } | undefined
  for (const { address, prefixLength } of candidates) {
    const bytes = parseAddress(address)!
    const score = [
      Number(address === dst),
      scopeScore(scopeOf(address), scopeOf(dst)),
      Number(own.some((one) => one.address === address)),
      Number(labelOf(bytes) === labelOf(towards)),
      Math.min(prefixLength, sharedBits(bytes, towards)),
    ]
    if (!best || isBetter(score, best.score)) best = { address, score }
  }
  return best?.address
}

const HOST = 1
const LINK = 2
export const SITE = 5
const GLOBAL = 14

/** IPV6_ADDR_SCOPE_*; a group says its own. */
export function scopeOf(address: string): number {
  const [first = 0, second = 0] = parseAddress(address)!
  if (first === 0xff) return second & 15
  if (address === '::1') return HOST
  if (first === 0xfe && (second & 0xc0) === 0x80) return LINK
  return first === 0xfe && (second & 0xc0) === 0xc0 ? SITE : GLOBAL
}

/** The smallest that is large enough. */
const scopeScore = (scope: number, asked: number): number => (scope >= asked ? -scope : scope - 128)

/** The kernel's own table (net/ipv6/addrlabel.c). */
const LABELS: readonly (readonly [string, number, number])[] = [
  ['::1', 128, 0],
  ['::', 96, 3],
  ['::ffff:0:0', 96, 4],
  ['2001::', 32, 6],
  ['2001:10::', 28, 7],
  ['2002::', 16, 2],
  ['3ffe::', 16, 12],
  ['fec0::', 10, 11],
  ['fc00::', 7, 5],
]

const labelOf = (bytes: Uint8Array): number =>
  LABELS.find(([network, length]) => inPrefix(bytes, parseAddress(network)!, length))?.[2] ?? 1

function sharedBits(a: Uint8Array, b: Uint8Array): number {
  const i = a.findIndex((byte, at) => byte !== b[at])
  return i < 0 ? a.length * 8 : i * 8 + Math.clz32(a[i]! ^ b[i]!) - 24
}

function isBetter(score: readonly number[], best: readonly number[]): boolean {
  const i = score.findIndex((one, at) => one !== best[at])
  return i >= 0 && score[i]! > best[i]!
}
