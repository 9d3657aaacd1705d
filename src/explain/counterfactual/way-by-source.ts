/** A packet that was stopped where it leaves by one interface, and would not be by another: a routing rule leads some of its link's hosts there, and not its source. */
import { wayTo } from '../../journey/step-context.ts'
import type { Host, RoutingRule } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { isInNetwork, prefixLength } from '../../rules/prefixes.ts'
import { lookupRoute, questionOf, routeDevices, tableLedTo } from '../../rules/route.ts'
import type { Walk } from '../../rules/walk.ts'
import { type Context, momentAt } from '../context.ts'
import { homeOf, KERNEL_TABLES, leadsToSender } from '../host/routes.ts'
import { fieldOf } from './failed-condition.ts'
import { type Goal, goals } from './goals.ts'
import { wouldMeet } from './way-by-mark.ts'

export interface WayBySource {
  goal: Goal
  /** Leads packets from other sources there. */
  rule: RoutingRule & { from: string }
  table: string
  /** The interface by which the packet would be let go. */
  device: string
  /** What the table that stopped the packet does with it there. */
  then: Walk
}

export const wayBySource = memo(findWay)

function findWay(context: Context): WayBySource | undefined {
  const { journey, world, evidence, ended } = context
  const { host } = world
  const { packet } = evidence.arrivals[ended.step] ?? {}
  const goal = goals(context).find(({ kind, mendable, pass }) => kind === 'pass' && mendable && pass.hook === 'forward')
  const question = packet && questionOf(packet)
  if (!goal || !question || packet.out === undefined || isForOneService(context)) return undefined
  const taken = lookupRoute(question, host)
  if (!taken || !routeDevices(taken).includes(packet.out)) return undefined
  for (const one of host.routingRules ?? []) {
    const { from, ...wider } = one
    const table = tableLedTo(one)
    if (one.family !== journey.family || from === undefined || one.not || one.unknown || table === undefined) continue
    if (KERNEL_TABLES.has(table) || !isForNeighbours(from, packet, host) || isForSource(context, from)) continue
    // one that matches before it leads the packet elsewhere, whatever this one is for
    const route = lookupRoute(question, {
      ...host,
      routingRules: host.routingRules!.map((each) => (each === one ? wider : each)),
    })
    const [device, ...others] = route?.type === 'unicast' && !leadsToSender(route, question) ? routeDevices(route) : []
    if (device === undefined || others.length > 0 || device === packet.out) continue
    const then = wouldMeet(context, goal, device, packet.mark ?? 0)
    if (goal.wanted(then)) return { goal, rule: { ...one, from }, table, device, then }
  }
  return undefined
}

/** Of the same link's network as the packet's source, which it leaves out. */
function isForNeighbours(from: string, { src, in: link }: Packet, host: Host): boolean {
  const home = src === undefined || link === undefined ? undefined : homeOf(src, host, link)
  if (!home || home.link.name !== link || isLocal(src!, host) !== false) return false
  const isNarrower = prefixLength(from) > prefixLength(home.network)
  return isNarrower && isInNetwork(from.split('/')[0]!, home.network) && !isInNetwork(src!, from)
}

/** What stopped it, or led it there, asks for a service or a destination: that is kept from the uplink on purpose, whoever may use it. */
const isForOneService = (context: Context): boolean =>
  stoppingRules(context).some(({ rule }) => rule.conditions.some((one) => SERVICE.test(fieldOf(one) ?? '')))

/** The one that stopped it, and those that led it there. */
const stoppingRules = ({ evidence: { arrivals }, ended }: Context): { rule: Rule; step: number }[] =>
  [...wayTo(arrivals, ended.step)].flatMap((step) => {
    const { rule } = arrivals[step]!
    return rule ? [{ rule, step }] : []
  })

/** What stopped it, or led it there, would not have stopped the others: it is for such sources, wherever they go. */
function isForSource(context: Context, from: string): boolean {
  return stoppingRules(context).some(({ rule, step }) => {
    const moment = momentAt(context, step)
    const packet = { ...moment.packet, src: from.split('/')[0]! }
    return rule.conditions.some(
      (one) => LINK_ADDRESS.test(fieldOf(one) ?? '') || evaluate(one, { ...moment, packet }) === false,
    )
  })
}

/** Of whom, whatever its IP address is. */
const LINK_ADDRESS = /^ether saddr$/

const SERVICE = / (?:dport|sport|daddr|type|code)$/
