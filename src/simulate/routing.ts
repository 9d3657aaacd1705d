/** Where the routing code sends the packet (net/ipv4/route.c, net/ipv6/route.c), by the routes in host state. */
import type { Host, Route } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import {
  hasAddress,
  isGroup,
  isOwnCopy,
  isUnnumbered,
  LIMITED_BROADCAST,
  linkWith,
  localCondition,
} from '../rules/fib.ts'
import { joinsByItself } from '../rules/joined-groups.ts'
import { exceedsMtu } from '../rules/mtu.ts'
import { familyOf } from '../rules/prefixes.ts'
import {
  isLinkLocal,
  leadsHere,
  leadsNowhere,
  lookup,
  questionOf,
  type RouteQuestion,
  routeDevices,
  wayBackOf,
} from '../rules/route.ts'
import { isUnknown, type Unknown } from '../rules/truth.ts'
import { addressBytes, knownProtocol } from '../rules/values.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'
import { Undetermined } from './undetermined.ts'

/** null: there is none. */
export function findRoute(question: RouteQuestion, host: Host, reverse = false): Route | null | Unknown {
  const found = lookup(question, host, reverse)
  return found === null || isUnknown(found) ? found : found.route
}

/** The route, or that there is none. Throws Undetermined where host state does not tell. */
function routeFor(machine: Simulator, skb: Skb, question: RouteQuestion): Route | null {
  const found = findRoute(question, machine.world.host)
  return isUnknown(found) ? assumedRoute(machine, skb, found.unknown) : found
}

/** Without routes a capture may show where it goes, or `assume` say so: `10.0.0.1 is local`, and the packet's own `out` as it was given. */
function assumedRoute(machine: Simulator, { packet, given }: Skb, reason: string): Route {
  const { dst } = packet
  const seen = machine.seenWay(packet)
  const out = seen ?? (given.dst === dst ? given.out : undefined)
  const family = familyOf(dst!)
  const destination = `${dst}/${family === 'ip' ? 32 : 128}`
  const condition = localCondition(dst!)
  const local = seen === undefined ? machine.settle(condition, { unknown: reason }) : seen === 'lo'
  if (local === true) return { family, type: 'local', destination, table: 'local', device: 'lo' }
  if (out !== undefined || local === false)
    return { family, type: 'unicast', destination, table: 'main', ...(out === undefined ? {} : { device: out }) }
  throw new Undetermined(condition, reason)
}

/** What comes in. Undefined: it vanishes here. */
export function routeInput(machine: Simulator, skb: Skb): Route | undefined {
  const { packet, family } = skb
  // what is sent to many comes back with the route that it was sent with (ip_rcv_finish_core)
  const { host } = machine.world
  // with an address of another link somebody forges it, as far as nothing shows
  if (isOwnCopy(packet, host) && hasAddress(host, packet.in!, packet.src!))
    return { family, type: isGroup(packet.dst!) ? 'multicast' : 'broadcast', destination: packet.dst!, table: 'local' }
  const group = groupRoute(machine, packet, family)
  if (group) return group === 'nobody' ? undefined : group
  if (family === 'ip' && isMartian(machine, packet)) return undefined
  const route = routeFor(machine, skb, { ...questionOf(packet)!, in: packet.in! })
  if (route === null) return undefined
  if (leadsHere(route)) return passesSource(machine, packet) ? route : undefined
  if (route.type !== 'unicast' || !machine.settings.device(packet.in!).forwards[family]) return undefined
  return passesSource(machine, packet) ? route : undefined
}

/** What is for a group or for everybody is not routed; undefined: it is for neither. */
function groupRoute(machine: Simulator, packet: Packet, family: Skb['family']): Route | 'nobody' | undefined {
  const { src, dst } = packet
  const route = (type: Route['type']): Route => ({ family, type, destination: dst!, table: 'local' })
  if (family === 'ip' && (isGroup(src!) || src === LIMITED_BROADCAST)) return 'nobody'
  if (dst === LIMITED_BROADCAST || (src === '0.0.0.0' && dst === '0.0.0.0'))
    return passesSource(machine, packet) ? route('broadcast') : 'nobody'
  if (!isGroup(dst!)) return undefined
  if (family === 'ip' && !mayAskGroup(machine, packet)) return 'nobody'
  if (joinsByItself(dst!, packet.in, machine.world.host)) return route('multicast')
  const reason = 'the multicast groups that this host has joined are not known'
  const condition = localCondition(dst!)
  const joined = machine.settle(condition, { unknown: reason })
  if (isUnknown(joined)) throw new Undetermined(condition, reason)
  return joined ? route('multicast') : 'nobody'
}

/** ip_mc_validate_source: who has no address yet asks on his link only. */
function mayAskGroup(machine: Simulator, packet: Packet): boolean {
  const { src, dst, protocol, in: device } = packet
  if (src === '0.0.0.0') return dst!.startsWith('224.0.0.') || knownProtocol(protocol!) === IGMP
  if (src!.startsWith('127.') && !machine.settings.device(device!).routeLocalnet) return false
  return passesSource(machine, packet)
}

const IGMP = 2

/** IPv6 refuses these before any hook (ip6_rcv_core); a group cannot send, not even over lo, and some have no scope beyond it. */
export function isRefused({ src, dst }: Packet, indev: string): boolean {
  if (!src!.includes(':')) return false
  const scope = /^ff[\da-f]([01]):/i.exec(dst!)?.[1]
  return isGroup(src!) || scope === '0' || (indev !== 'lo' && (src === '::1' || dst === '::1' || scope === '1'))
}

/**
 * Only what was for this host alone is forwarded; what is from an address of one link, or from no address, IPv6 takes to
 * no other link (ip_forward, ip6_forward).
 */
export function mayForward({ packet, moment }: Skb, indev: string, outdev: string): boolean {
  const { src, dstMac } = packet
  const type = moment.written?.get('meta pkttype')
  if (isUnknown(type)) throw new Undetermined('meta pkttype', type.unknown)
  if (type !== undefined && type !== 'unicast') return false
  if (type === undefined && dstMac !== undefined && Number.parseInt(dstMac.slice(0, 2), 16) & 1) return false
  return indev === outdev || (src !== '::' && !isLinkLocal(src!))
}

/** What this host sends, with what a rule has made of it by now. `src` is chosen by the route where it is not set. */
export function routeOutput(machine: Simulator, skb: Skb): Route | undefined {
  const { packet } = skb
  const { in: _, ...question } = questionOf(packet)!
  // a group and a link-local address are on every link: who asks them says on which
  const { out, dst } = skb.given
  if (out !== undefined && dst === packet.dst && (isGroup(dst!) || isLinkLocal(dst!))) question.out = out
  const route = routeFor(machine, skb, question)
  if (route === null || leadsNowhere(route)) return undefined
  // 127.0.0.1 cannot be a source on a wire (__mkroute_output)
  const device = deviceOf(machine, skb, route)
  if (packet.src?.startsWith('127.') && device !== 'lo' && !machine.settings.device(device).routeLocalnet)
    return undefined
  return route
}

/** Would what this host answers to the packet find a way (nf_send_reset)? Where host state does not tell, it would. */
export function hasWayBack(machine: Simulator, { src, dst }: Packet): boolean {
  const route = findRoute({ dst: src!, src: dst!, mark: 0, tos: 0 }, machine.world.host)
  if (isUnknown(route)) return true
  if (route === null || leadsNowhere(route)) return false
  if (route.type === 'local' || !dst!.startsWith('127.')) return true
  return routeDevices(route).every((device) => device === 'lo' || machine.settings.device(device).routeLocalnet)
}

/** Where a packet goes out by this route; what is for this host itself goes over lo. */
export function deviceOf(machine: Simulator, { packet, given }: Skb, route: Route): string {
  // ip6_rt_get_dev_rcu: what is for an own anycast address goes over lo as well
  if (route.type === 'local' || route.type === 'anycast') return 'lo'
  const devices = routeDevices(route)
  if (devices.length === 1) return devices[0]!
  if (given.out !== undefined && (devices.length === 0 || devices.includes(given.out))) return given.out
  if (devices.length === 0) throw new Undetermined(`the route to ${packet.dst}`, 'the output interface is not known')
  machine.note(`the kernel takes one of ${devices.join(', ')} by a hash; the model takes the first`)
  return devices[0]!
}

/** An address that cannot come from there (ip_route_input_slow). */
function isMartian({ settings }: Simulator, { src, dst, in: device }: Packet): boolean {
  const [from, to] = [addressBytes(src!), addressBytes(dst!)]
  if (!from || !to) return false
  if (isGroup(src!) || src === LIMITED_BROADCAST || src === '0.0.0.0' || dst === '0.0.0.0') return true
  return (from[0] === 127 || to[0] === 127) && !settings.device(device!).routeLocalnet
}

/** Could the packet have come from there? (fib_validate_source) */
function passesSource(machine: Simulator, packet: Packet): boolean {
  const { src, dst, in: device, mark, tos } = packet
  if (src!.includes(':') || src === '0.0.0.0') return true
  const { settings } = machine
  const { host } = machine.world
  const { rpFilter: mode, acceptLocal, srcValidMark } = settings.device(device!)
  // inet_lookup_ifaddr_rcu: by the addresses of its links
  if (mode === 0 && !settings.hasOwnRules) return acceptLocal || linkWith(host, src!) === undefined
  // the mark counts only with src_valid_mark
  const marked = srcValidMark ? (mark ?? 0) : 0
  const back = findRoute({ ...wayBackOf(packet, dst!, marked), in: device!, tos: tos ?? 0 }, host, true)
  // without routes nobody can tell; most packets are right
  if (isUnknown(back)) return true
  if (back === null || leadsNowhere(back)) return mode === 0
  if (back.type !== 'unicast' && !(back.type === 'local' && acceptLocal)) return false
  if (routeDevices(back).includes(device!) || (back.type === 'local' && device === 'lo')) return true
  // on an interface without an address, loose is as strict
  return mode === 0 || (mode !== 1 && !isUnnumbered(host, device!))
}

/** Throws Undetermined where nobody knows whether its parts fit. */
export function isTooLong(machine: Simulator, { packet }: Skb, route: Route, device: string): boolean {
  const truth = exceedsMtu(packet, route, device, machine.world.host)
  if (isUnknown(truth)) throw new Undetermined('the length of the fragments', truth.unknown)
  return truth
}

/** ip_route_me_harder: later hooks see the new way out, this one does not. */
export function routeAnew(machine: Simulator, skb: Skb): boolean {
  const route = routeOutput(machine, skb)
  if (!route) return false
  skb.route = route
  skb.moment.routedTo = undefined
  skb.outdev = deviceOf(machine, skb, route)
  return true
}
