/** Which of its addresses the kernel gives a packet that goes out by an interface. */
import { inPrefix, parseAddress, sharedBits } from '../model/address.ts'
import type { Host, LinkAddress } from '../model/host.ts'
import { sysctlName } from '../rules/interface-settings.ts'
import { linkNamed } from '../rules/links.ts'
import { Undetermined } from './undetermined.ts'

export function addressesOn(host: Host, device: string, family: 'ip' | 'ip6'): LinkAddress[] {
  const link = linkNamed(host, device)
  if (!link?.addresses) throw new Undetermined(`address of ${device}`, `the addresses of ${device} are not known`)
  return link.addresses.filter((one) => one.family === family)
}

const everywhere = (host: Host, family: 'ip' | 'ip6'): LinkAddress[] =>
  (host.links ?? []).flatMap(({ addresses = [] }) => addresses.filter((one) => one.family === family))

/**
 * Towards `nexthop` over `device`, of a link's own network where there is no next hop that chooses one; undefined where this
 * host has no address that could be shown (inet_select_addr). The scope of a route on a link lets its addresses count, too.
 */
export function sourceIpv4(
  host: Host,
  device: string,
  nexthop: string | undefined,
  scopes: readonly string[] = ['global'],
): string | undefined {
  const usable = (list: readonly LinkAddress[]) => list.filter(({ scope = 'global' }) => scopes.includes(scope))
  const own = usable(addressesOn(host, device, 'ip'))
  const towards = nexthop === undefined ? undefined : parseAddress(nexthop)
  const near =
    towards && own.find(({ address, prefixLength }) => inPrefix(towards, parseAddress(address)!, prefixLength))
  const others = everywhere(host, 'ip').filter(({ scope }) => scope !== 'link')
  return (near ?? own[0] ?? usable(others)[0])?.address
}

/**
 * RFC 6724 as ipv6_dev_get_saddr scores it (net/ipv6/addrconf.c); of equal ones the first. Throws Undetermined where a flag
 * decides that is not listed.
 */
export function sourceIpv6(host: Host, device: string, dst: string): string | undefined {
  const own = addressesOn(host, device, 'ip6')
  const scope = scopeOf(dst)
  const isBound = dst.startsWith('ff') || scope <= LINK || sysctlOf(host, device, 'use_oif_addrs_only') === 1
  const candidates = isBound
    ? own.map((one) => ({ one, on: device }))
    : (host.links ?? []).flatMap(({ name, addresses = [] }) => addresses.map((one) => ({ one, on: name })))
  const towards = parseAddress(dst)!
  const scored = candidates
    .filter(({ one }) => one.family === 'ip6' && one.unused === undefined)
    .map(({ one, on }) => ({ one, on, score: scoreOf(one, on) }))
  const chosen = bestOf(scored.map(({ score }) => score))
  if (chosen < 0) return undefined
  const { address } = scored[chosen]!.one
  // a listing without scopes has no flags either
  for (const [flag, at] of FLAGGED)
    if (scored.some(({ one, score }) => one.scope === undefined && isTied(score, scored[chosen]!.score, at)))
      throw new Undetermined(
        `source address of ${device}`,
        `the address listing has no flags, so it is unknown whether ${address} is ${flag}`,
      )
  return address

  function scoreOf({ address, prefixLength, flags = [] }: LinkAddress, on: string): number[] {
    const bytes = parseAddress(address)!
    const prefersTemporary = (sysctlOf(host, on, 'use_tempaddr') ?? 0) >= 2
    return [
      Number(address === dst),
      scopeScore(scopeOf(address), scope),
      Number(address === '::1' || !flags.some((flag) => flag !== 'temporary')),
      Number(on === device),
      Number(labelOf(bytes) === labelOf(towards)),
      Number(flags.includes('temporary') === prefersTemporary),
      Math.min(prefixLength, sharedBits(bytes, towards)),
    ]
  }
}

/** Flags, and which places of a score stand in front of theirs. */
const FLAGGED = [
  ['deprecated', 2],
  ['temporary', 5],
] as const

/** Of the same interface, and equal in what stands in front of that place: another one. */
const isTied = (score: readonly number[], best: readonly number[], at: number): boolean =>
  score !== best && score[ON] === best[ON] && score.slice(0, at).every((one, i) => one === best[i])

/** Where a score has whether the address is on the output interface. */
const ON = 3

function bestOf(scores: readonly (readonly number[])[]): number {
  let best = -1
  scores.forEach((score, i) => {
    if (best < 0 || isBetter(score, scores[best]!)) best = i
  })
  return best
}

/** Of that interface; a file of sysctls names a dot in an interface's name with a slash. */
function sysctlOf({ sysctls }: Host, device: string, name: string): number | undefined {
  const value = sysctls?.get(`net.ipv6.conf.${sysctlName(device)}.${name}`)
  return value === undefined ? undefined : Number(value)
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

function isBetter(score: readonly number[], best: readonly number[]): boolean {
  const i = score.findIndex((one, at) => one !== best[at])
  return i >= 0 && score[i]! > best[i]!
}
