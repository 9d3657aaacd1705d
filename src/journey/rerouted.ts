/**
 * A chain of type route in OUTPUT that has changed the mark makes the kernel route the packet again (nf_route_table_hook4,
 * ip_route_me_harder in net/ipv4/netfilter.c), and so does nat with another destination. The hook's lines go on to show the
 * interface that was chosen before; where no chain of POSTROUTING shows the new one, the routes tell.
 */
import type { Host, Route } from '../model/host.ts'
import type { Family, Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { afterAll, writesMark } from '../rules/assign.ts'
import { isGroup, isLocal, LIMITED_BROADCAST, linkWith } from '../rules/fib.ts'
import { leadsHere, lookupRoute, questionAnew, type RouteQuestion, routeDevices } from '../rules/route.ts'
import { hasNatAt } from './base-chains.ts'
import { baseOf, type StepContext } from './step-context.ts'

export interface Rerouted {
  /** What the last step shows. */
  from: string
  /** By which it leaves; absent: not known, or nowhere. */
  out?: string
  /** What that was looked up in; undefined: not known. */
  route?: Route | null
}

/** Undefined: it was not, or a chain of POSTROUTING shows it, or a rule stopped it before it left. */
export function rerouted(arrivals: readonly StepContext[], family: Family, world: World): Rerouted | undefined {
  const last = arrivals.at(-1)
  const from = last?.packet.out
  if (!last || from === undefined || !mayBeAtOutput(last)) return undefined
  // the hook goes on to show what it was routed by first, and a rule that is to let it pass has to ask for that
  if (last.ending === 'drop' || last.ending === 'reject') return undefined
  return byMark(arrivals, from, family, world) ?? byDnat(arrivals, from, family, world)
}

/**
 * Conntrack's entry gives a later packet of a connection the destination that nat in OUTPUT had given the first one, and no
 * line shows that (nf_nat_ipv4_local_fn in net/netfilter/nf_nat_proto.c): it is on its way to lo, and its destination is
 * elsewhere, or the other way round.
 */
function byDnat(arrivals: readonly StepContext[], from: string, family: Family, world: World): Rerouted | undefined {
  const { packet, hook } = arrivals.at(-1)!
  if (hook !== 'output') return undefined
  const isKnown = packet.ctStatus?.includes('dnat') === true && packet.ctDir !== 'reply'
  // what begins a connection passes nat, and shows what that writes
  const mayBe = () =>
    from === 'lo' && hasNatAt(world, family, 'output') && !arrivals.some((_, i) => typeAt(arrivals, i) === 'nat')
  if (!isKnown && !(mayBe() && isLocal(packet.dst, world.host) === false)) return undefined
  const anew = isForLink(packet.dst) ? undefined : { from, ...wayAnew(packet, world.host) }
  return anew?.out === undefined || (anew.out === 'lo') === (from === 'lo') ? undefined : anew
}

function byMark(arrivals: readonly StepContext[], from: string, family: Family, world: World): Rerouted | undefined {
  const last = arrivals.at(-1)!
  const types = arrivals.flatMap((one, i) =>
    mayBeAtOutput(one) && isMarkedAt(arrivals, i) ? [typeAt(arrivals, i)] : [],
  )
  if (!types.includes('route')) return types.includes('unknown') ? { from } : undefined
  const { packet } = afterAll(last.rule?.statements ?? [], { packet: last.packet, family, world })
  if (isForLink(packet.dst)) return ofSource(packet, from, world.host)
  return { from, ...wayAnew(packet, world.host) }
}

/** By its mark and its destination. */
function wayAnew(packet: Packet, host: Host): Omit<Rerouted, 'from'> {
  const question = packet.mark === undefined ? undefined : questionAnew(packet)
  const route = question && lookupRoute(fromSocket(question, packet, host), host)
  const [out, ...others] = route ? waysOut(route) : []
  return { ...(route === undefined ? {} : { route }), ...(out === undefined || others.length > 0 ? {} : { out }) }
}

/** What a local route takes comes in again over lo (ip_route_output_key_hash_rcu). */
function waysOut(route: Route): string[] {
  if (route.type === 'unicast') return routeDevices(route)
  return leadsHere(route) && route.type !== 'broadcast' ? ['lo'] : []
}

/** nf_route compares the mark in front of its own chain and behind. */
function isMarkedAt(arrivals: readonly StepContext[], i: number): boolean {
  const { packet, rule } = arrivals[i]!
  const next = arrivals[i + 1]?.packet
  return next ? next.mark !== packet.mark : rule !== undefined && writesMark(rule)
}

/** Without the ruleset, nft's trace does not tell a chain's hook. */
const mayBeAtOutput = ({ hook, packet }: StepContext): boolean =>
  hook === 'output' || (hook === undefined && packet.in === undefined)

/** Without the ruleset, any chain may be of type route. */
const typeAt = (arrivals: readonly StepContext[], i: number) =>
  baseOf(arrivals, i)?.type ?? (arrivals[i]!.table ? undefined : 'unknown')

const isForLink = (dst: string | undefined): boolean => dst !== undefined && (isGroup(dst) || dst === LIMITED_BROADCAST)

/** It leaves by the interface that has its source (ip_route_output_key_hash_rcu); IPv6 keeps the one that it has. */
function ofSource({ src, dst }: Packet, from: string, host: Host): Rerouted {
  if (dst?.includes(':')) return { from, out: from }
  const own = src === undefined ? undefined : linkWith(host, src)?.name
  return { from, ...(own === undefined ? {} : { out: own }) }
}

/** A socket that is bound to an interface asks for a way out of that. */
function fromSocket(question: RouteQuestion, { protocol, sport }: Packet, { sockets = [] }: Host): RouteQuestion {
  const bound = sockets.find((one) => one.device !== undefined && one.protocol === protocol && one.port === sport)
  return bound ? { ...question, out: bound.device! } : question
}
