/** What the routing tables say of an address: whose it is, and which way leads back to it. */
import type { Host, Link, Route } from '../model/host.ts'
import { memo } from '../model/memo.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import { groupMac } from './group-mac.ts'
import { isError, longestPrefix, type RouteQuestion, routeDevices } from './longest-prefix.ts'
import { familyOf } from './prefixes.ts'
import { inVrf, lookup } from './route.ts'
import { oneTable, type TableRoute } from './routing-table.ts'
import { isUnknown, type Unknown, unknown } from './truth.ts'
import { mayBeOwn } from './unread.ts'
import { addressBytes } from './values.ts'

/**
 * `local` `broadcast` `multicast` `unicast` …; `device`: as far as it is reached over that interface. IPv4 looks only
 * in the local table, and what is not there is unicast (net/ipv4/fib_frontend.c, inet_dev_addr_type); IPv6 looks up its
 * route, and tells `local`, `anycast` and `unreachable` (net/netfilter/xt_addrtype.c, match_lookup_rt6).
 */
export function addressType(
  address: string | undefined,
  host: Host,
  device?: string,
  mark: number | undefined = 0,
): string | Unknown {
  if (address === undefined) return unknown('the address is not known')
  const bytes = addressBytes(address)
  if (!bytes) return unknown(`"${address}" is not an address`)
  const vrf = device === undefined ? false : inVrf([device], host)
  if (vrf !== false) return unknown(`the routing table that ${device} uses is not known`)
  return bytes.length === 4 ? ipv4Type(bytes, address, host, device) : ipv6Type(bytes, address, host, device, mark)
}

/** As what nobody knows is asked for, where routes do not tell whether an address is this host's, or a group that it is in. */
export const localCondition = (address: string): string => `${address} is local`
export const isLocalCondition = (condition: string): boolean => condition.endsWith(' is local')

/** Is this one of the host's own addresses? Undefined where host state does not tell. */
export function isLocal(address: string | undefined, host: Host): boolean | undefined {
  const type = addressType(address, host)
  return typeof type === 'string' ? type === 'local' : undefined
}

function ipv4Type(bytes: Uint8Array, address: string, host: Host, device: string | undefined): string | Unknown {
  if (isUnspecified(bytes) || isBroadcast(bytes)) return 'broadcast'
  if (isMulticast(bytes)) return 'multicast'
  const table = oneTable(host, 'ip', 'local')
  if (isUnknown(table)) return bytes[0] === 127 ? 'local' : table
  const question = about(address, '0.0.0.0')
  const found = longestPrefix(table, { question, host, family: 'ip', dst: bytes, src: undefined, reverse: false })
  if (found === null) return mayBeOwn(host, address) ?? 'unicast'
  if (isUnknown(found)) return found
  const { route } = found
  if (isError(route) || (device !== undefined && routeDevices(route)[0] !== device)) return 'unicast'
  return route.type
}

/** What a look-up asks that is about no certain packet. */
const about = (dst: string, src: string): RouteQuestion => {
  return { dst, src, mark: 0, tos: 0, protocol: '0', sport: 0, dport: 0, uid: 0 }
}

function ipv6Type(
  bytes: Uint8Array,
  address: string,
  host: Host,
  device: string | undefined,
  mark: number | undefined,
): string | Unknown {
  if (device !== undefined && hasAddress(host, device, address)) return 'local'
  const question = about(address, '::')
  set(question, 'mark', mark)
  if (device !== undefined) question.out = device
  const found = lookup(question, host)
  if (isUnknown(found)) return withoutRoutes(address, bytes) ?? found
  if (found === null || isError(found.route)) return 'unreachable'
  if (isAnycast(found, bytes)) return 'anycast'
  // over one interface only what is its own counts
  return found.route.type === 'local' && device !== undefined ? 'unicast' : found.route.type
}

/** A host that speaks IPv6 at all has a way to itself and to groups. */
const withoutRoutes = (address: string, bytes: Uint8Array): string | undefined =>
  bytes[0] === 0xff ? 'multicast' : address === '::1' ? 'local' : undefined

/** Is this known to be an address of that interface? Its addresses tell, and table local. */
export function hasAddress({ links, routes }: Host, device: string, address: string): boolean {
  if (links?.some(({ name, addresses }) => name === device && addresses?.some((one) => one.address === address)))
    return true
  return routes !== undefined && localAddresses(routes).has(`${device} ${address}`)
}

/** Of table local: `DEVICE ADDRESS`. */
const localAddresses = memo((routes: readonly Route[]): ReadonlySet<string> => {
  const alone = routes.filter(({ type, destination }) => type === 'local' && /\/(32|128)$/.test(destination))
  return new Set(alone.map(({ device, destination }) => `${device} ${destination.split('/')[0]}`))
})

/** The link that has this address. */
export const linkWith = (host: Host, address: string): Link | undefined =>
  host.links?.find(({ name }) => hasAddress(host, name, address))

/** It serves connections that have it, and new ones are to begin with another (RFC 4862). */
export const isDeprecated = (address: string, { links = [] }: Host): boolean =>
  links.some(({ addresses = [] }) =>
    addresses.some((one) => one.address === address && one.flags?.includes('deprecated')),
  )

/** Were addresses of this one's IP version listed? They have the lengths of their networks' prefixes, and `-4` lists none of IPv6. */
export function knowsNetworks({ links }: Host, address: string): boolean {
  const family = familyOf(address)
  return links?.some(({ addresses }) => addresses?.some((one) => one.family === family)) ?? false
}

/** Are all addresses of that interface known that are of this one's IP version? */
export function knowsAddresses(host: Host, device: string, address: string): boolean {
  // which of those that are listed it is, nobody knows
  if (isNameless(device)) return false
  const family = familyOf(address)
  if (host.routes?.some((one) => one.type === 'local' && one.family === family)) return true
  const isListed = host.links?.some(({ name, addresses }) => name === device && addresses !== undefined)
  return isListed === true && knowsNetworks(host, address)
}

/** Is it known to have no address of IPv4 at all? */
export const isUnnumbered = (host: Host, device: string): boolean =>
  knowsAddresses(host, device, '0.0.0.0') &&
  !host.links?.some(({ name, addresses }) => name === device && addresses?.some(({ family }) => family === 'ip')) &&
  !host.routes?.some((one) => one.type === 'local' && one.family === 'ip' && one.device === device)

/** The first address of a network on a link is all routers' (include/net/ip6_route.h, ipv6_anycast_destination). */
function isAnycast({ route, length, address }: TableRoute, bytes: Uint8Array): boolean {
  if (route.type === 'anycast') return true
  const onLink = route.gateway === undefined && route.nexthops === undefined
  return onLink && length < 127 && address.every((byte, i) => byte === bytes[i])
}

export interface Way {
  /** The interface it leads over; empty: there is none, or none that counts. */
  device: string
  /** `local` where the address is this host's own. */
  type: string
}

export interface ReverseOptions {
  mark: boolean
  strict: boolean
  best?: boolean
}

const NO_WAY: Way = { device: '', type: 'unreachable' }

/**
 * The way back to the packet's source, as rpfilter looks it up (ipt_rpfilter.c, ip6t_rpfilter.c; nft_fib_ipv4.c alike).
 * `strict`: only the packet's own input interface counts; `mark`: the packet's mark does. `best`: for IPv6, ip6tables asks
 * for a route over that interface, and nft for the best of all, which then has to lead over it (nft_fib_ipv6.c).
 */
export function reverseWay(packet: Packet, host: Host, options: ReverseOptions): Way | Unknown {
  const { src, dst } = packet
  const device = isNameless(packet.in) ? undefined : packet.in
  if (src === undefined || dst === undefined || device === undefined)
    return unknown('the addresses and the input interface are not known')
  if (device === 'lo') return { device, type: 'unicast' }
  const [from, to] = [addressBytes(src), addressBytes(dst)]
  if (!from || !to) return unknown(`"${from ? dst : src}" is not an address`)
  if (inVrf([device], host) !== false) return unknown(`the routing table that ${device} uses is not known`)
  const question = about(src, answersFrom(dst, to))
  set(question, 'tos', packet.tos)
  if (options.mark) set(question, 'mark', packet.mark)
  if (from.length === 4) {
    // who has no address yet, asks everybody
    if (isUnspecified(from) && (isBroadcast(to) || isLocalGroup(to))) return { device, type: 'unicast' }
    return wayOf(lookup(question, host, true), device, options.strict)
  }
  if (isUnspecified(from) && (!options.best || asksLink(packet, to))) return { device, type: 'unicast' }
  set(question, 'protocol', packet.protocol)
  if (isOfLink(from) || (options.strict && !options.best)) question.out = device
  const found = lookup(question, host, true)
  // which of several next hops it is, a hash of the flow decides
  if (options.best && options.strict && question.out === undefined && found && !isUnknown(found)) {
    const devices = new Set(allDevices(found.route))
    if (devices.size > 1 && devices.has(device)) return unknown('the route has several next hops')
  }
  return wayOf(found, device, options.strict)
}

/** fe80::/10 */
const isOfLink = (bytes: Uint8Array): boolean => bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80

/** Who has no address yet asks its link's neighbours and routers (nft_fib_v6_skip_icmpv6). */
const asksLink = ({ protocol }: Packet, to: Uint8Array): boolean =>
  protocol === 'icmpv6' && (isOfLink(to) || (to[0] === 0xff && (to[1]! & 15) === 2))

/** Types of routes that lead somewhere, of which kernels do not all say where. */
const TO_MANY = ['broadcast', 'multicast', 'anycast']

/**
 * The way to the packet's destination (nft_fib4_eval, nft_fib6_eval). `device`: only over that one; what is for this host
 * itself has none.
 */
export function wayTo(packet: Packet, host: Host, mark: boolean, device: string | undefined): Way | Unknown {
  const { src, dst } = packet
  if (src === undefined || dst === undefined) return unknown('the addresses are not known')
  if (device !== undefined && inVrf([device], host) !== false)
    return unknown(`the routing table that ${device} uses is not known`)
  const question = about(dst, src)
  set(question, 'tos', packet.tos)
  if (mark) set(question, 'mark', packet.mark)
  if (dst.includes(':')) {
    set(question, 'protocol', packet.protocol)
    if (device !== undefined) question.out = device
  }
  const found = lookup(question, host)
  if (found && !isUnknown(found)) {
    if (found.route.type === 'local') return NO_WAY
    if (TO_MANY.includes(found.route.type) || isGroup(dst)) return unknown(`the route to ${dst} is not known`)
    if (device === undefined && (found.route.nexthops?.length ?? 0) > 1)
      return unknown('the route has several next hops')
  }
  return wayOf(found, device ?? '', device !== undefined)
}

function set<K extends keyof RouteQuestion>(
  question: RouteQuestion,
  key: K,
  value: RouteQuestion[K] | undefined,
): void {
  if (value === undefined) delete question[key]
  else question[key] = value
}

function wayOf(found: TableRoute | null | Unknown, device: string, strict: boolean): Way | Unknown {
  if (found === null) return NO_WAY
  if (isUnknown(found)) return found
  const { route } = found
  const devices = allDevices(route)
  const counts = !strict || devices.includes(device)
  // for IPv6 it does not matter which interface the own address is on
  if (route.type === 'local') return counts || route.family === 'ip6' ? { device: '', type: 'local' } : NO_WAY
  if (route.type !== 'unicast' || !counts) return NO_WAY
  return { device: strict ? device : (devices[0] ?? ''), type: 'unicast' }
}

/** Dead ones count, too. */
const allDevices = ({ nexthops, device }: Route): string[] =>
  nexthops ? nexthops.flatMap((hop) => hop.device ?? []) : device === undefined ? [] : [device]

/** A group or nobody cannot be a source. */
function answersFrom(address: string, bytes: Uint8Array): string {
  if (bytes.length === 16) return bytes[0] === 0xff ? '::' : address
  return isMulticast(bytes) || isBroadcast(bytes) ? '0.0.0.0' : address
}

const isUnspecified = (bytes: Uint8Array): boolean => isAll(bytes, 0)
const isBroadcast = (bytes: Uint8Array): boolean => isAll(bytes, 255)

function isAll(bytes: Uint8Array, byte: number): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== byte) return false
  return true
}

/** For all of the link, which no route is asked for (ip_route_input_slow). */
export const LIMITED_BROADCAST = '255.255.255.255'

/** For a group, or for all of a link: so says the frame where the addresses of this host are not known. */
export function isForMany({ dst, dstMac }: Packet, host: Host): boolean {
  if (dst === undefined) return false
  if (isGroup(dst) || dst === LIMITED_BROADCAST) return true
  const type = addressType(dst, host)
  return type === 'broadcast' || (isUnknown(type) && dstMac !== undefined && groupMac(dstMac) === 'broadcast')
}

/**
 * What this host sends to many it gets as well, by the interface that it left by: with the route that it has already, and
 * without link addresses (ip_mc_output and ip_output in net/ipv4/ip_output.c, dev_loopback_xmit).
 */
export const isOwnCopy = (packet: Packet, host: Host): boolean =>
  mayBeOwnCopy(packet, host) && isLocal(packet.src, host) === true

/** The same, whoever's its source is. */
export const mayBeOwnCopy = (packet: Packet, host: Host): boolean =>
  packet.in !== undefined && packet.in !== 'lo' && packet.srcMac === undefined && isForMany(packet, host)

/** Of many: not one host's. */
export function isGroup(address: string): boolean {
  const bytes = addressBytes(address)
  return bytes ? isMulticast(bytes) : false
}

const isMulticast = (bytes: Uint8Array): boolean =>
  bytes.length === 4 ? bytes[0]! >= 224 && bytes[0]! < 240 : bytes[0] === 0xff
/** 224.0.0.0/24 */
const isLocalGroup = (bytes: Uint8Array): boolean => bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0

/** Both settings have to allow it (IN_DEV_BFORWARD, include/linux/inetdevice.h). */
export const forwardsBroadcasts = ({ sysctls }: Host, device: string | undefined): boolean =>
  ['all', device].every((one) => sysctls?.get(`net.ipv4.conf.${one}.bc_forwarding`) === '1')
