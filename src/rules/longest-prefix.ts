/** Which of a table's routes the kernel takes (net/ipv4/fib_trie.c, fib_table_lookup; net/ipv6/route.c, rt6_select). */
import type { Host, Route } from '../model/host.ts'
import { covers, type IpFamily, type TableRoute } from './routing-table.ts'
import { type Truth, type Unknown, unknown } from './truth.ts'

/** Absent fields are not known, but for `in` and `out`. */
export interface RouteQuestion {
  dst: string
  /** `0.0.0.0`, `::`: none is chosen yet. */
  src?: string
  mark?: number
  /** Input interface; absent: sent by this host. */
  in?: string
  /** The interface that the sender asked for; absent: none. */
  out?: string
  tos?: number
  /** As Packet has it. */
  protocol?: string
  /** 0 where the protocol has no ports. */
  sport?: number
  dport?: number
  /** Who sends it; for what comes in, the kernel asks with 0. */
  uid?: number
}

/** A question with what is read from it once. */
export interface Asked {
  question: RouteQuestion
  host: Host
  family: IpFamily
  dst: Uint8Array
  /** Undefined: not known. */
  src: Uint8Array | undefined
  /** The reverse path filter asks: the way itself, whether the link is up or not; IPv6, for one over this interface. */
  reverse: boolean
}

/** `table` as tableOf gives it; null: none of its routes leads there. */
export function longestPrefix(table: readonly TableRoute[], asked: Asked): TableRoute | null | Unknown {
  return asked.family === 'ip' ? inIpv4(table, asked) : inIpv6(table, asked)
}

/** The interfaces that are not known to be dead. */
export function routeDevices(route: Route): string[] {
  const alive = (flags: readonly string[] | undefined) => !flags?.includes('dead')
  if (route.nexthops) return route.nexthops.flatMap(({ device, flags }) => (alive(flags) && device ? [device] : []))
  return route.device === undefined || !alive(route.flags) ? [] : [route.device]
}

/** Does it lead on by that interface, alone or among others? */
export const leadsOutOf = (route: Route | null | undefined, device: string | undefined): route is Route =>
  route?.type === 'unicast' && device !== undefined && routeDevices(route).includes(device)

export const isError = ({ type }: Route): boolean =>
  type === 'unreachable' || type === 'blackhole' || type === 'prohibit' || type === 'throw'

function inIpv4(table: readonly TableRoute[], asked: Asked): TableRoute | null | Unknown {
  const { question, dst } = asked
  for (const one of table) {
    if (!covers(one, dst)) continue
    const { route } = one
    if (!isError(route)) {
      if (!isUsable(route, asked)) continue
      if (question.out !== undefined && !routeDevices(route).includes(question.out)) continue
    }
    const tos = tosFits(route.tos, asked)
    if (tos === false) continue
    return tos === true ? one : tos
  }
  return null
}

/** Of the type of service only the old bits are compared, so a route for another class is never taken (fib_dscp_masked_match). */
export const LEGACY_TOS = 0x1c

function tosFits(tos: number | undefined, { question }: Asked): Truth {
  if (tos === undefined || tos === 0) return true
  if (question.tos === undefined) return unknown("the packet's type of service is not known")
  return (question.tos & LEGACY_TOS) === tos
}

function isUsable(route: Route, { host, reverse }: Asked): boolean {
  const devices = routeDevices(route)
  if (devices.length === 0) return false
  if (reverse || !route.flags?.includes('linkdown')) return true
  return !devices.every((device) => ignoresLinkDown(host, route.family, device))
}

function ignoresLinkDown({ sysctls }: Host, family: IpFamily, device: string): boolean {
  const version = family === 'ip' ? 'ipv4' : 'ipv6'
  return ['all', device.replaceAll('.', '/')].some(
    (name) => sysctls?.get(`net.${version}.conf.${name}.ignore_routes_with_linkdown`) === '1',
  )
}

/** All routes of one destination (and source) stand together, and are weighed against each other. */
function inIpv6(table: readonly TableRoute[], asked: Asked): TableRoute | null | Unknown {
  let wayBack = false
  for (let i = 0; i < table.length; ) {
    const first = table[i]!
    let end = i + 1
    while (end < table.length && sameDestination(table[end]!, first)) end++
    const group = table.slice(i, end)
    const before = table[i - 1]
    i = end
    if (!covers(first, asked.dst) || (!wayBack && isHidden(first, before))) continue
    const from = comesFrom(first, asked)
    if (from === false) continue
    const chosen = choose(
      group.filter(({ route }) => isError(route) || isUsable(route, asked)),
      asked,
    )
    if (chosen) return from === true ? chosen : from
    // on the way back up the tree all routes are met (fib6_backtrack)
    wayBack = true
  }
  return null
}

/** Beside routes for certain sources one for all is never found, but for the default (fib6_node_lookup_1). */
const isHidden = ({ route, length, from }: TableRoute, before: TableRoute | undefined): boolean =>
  !from?.length && length > 0 && before?.route.destination === route.destination

const sameDestination = ({ route }: TableRoute, { route: other }: TableRoute): boolean =>
  route.destination === other.destination && route.from === other.from

function comesFrom({ from }: TableRoute, { src }: Asked): Truth {
  if (!from || from.length === 0) return true
  return src ? covers(from, src) : unknown('the source address is not known')
}

/** One over the interface that is asked for; where that is no must, else the first of the lowest metric. */
function choose(group: readonly TableRoute[], asked: Asked): TableRoute | undefined {
  const { question, reverse } = asked
  const device = question.out ?? (reverse ? undefined : question.in)
  if (device === undefined) return group[0]
  const leadsOver = ({ route }: TableRoute) => devicesOf(route).includes(device)
  if (mustLeadOver(asked)) return group.find(leadsOver)
  const lowest = group.filter(({ route }) => reverse || route.metric === group[0]!.route.metric)
  return lowest.find(leadsOver) ?? group[0]
}

/** Errors stand on the loopback. */
const devicesOf = (route: Route): string[] => (isError(route) ? ['lo'] : routeDevices(route))

/** What is meant for one link only (rt6_need_strict); and an interface that was asked for without a source address. */
function mustLeadOver({ dst, src, question, reverse }: Asked): boolean {
  const linkLocal = dst[0] === 0xfe && (dst[1]! & 0xc0) === 0x80
  if (reverse) return linkLocal
  const loopback = dst.every((byte, i) => byte === (i === 15 ? 1 : 0))
  if (linkLocal || loopback || dst[0] === 0xff) return true
  const noSource = src?.every((byte) => byte === 0) ?? false
  return question.out !== undefined && noSource
}
