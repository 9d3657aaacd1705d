/** An address that a route of type local makes this host's own: no interface has it, or table local alone comes before another way. */
import { inPrefix, parseAddress } from '../../model/address.ts'
import type { Host, Route } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { lookupRoute, lookupWithout, questionOf, routeDevices, rulesFor, tableLedTo } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import { type Proposal, together } from '../changes/proposal.ts'
import {
  addRoutingRule,
  deleteRoute,
  deleteRoutingRule,
  hostPrefix,
  isAsNarrow,
  isDefault,
  KERNEL_TABLES,
  routeWords,
} from './routes.ts'

export interface OwnByRoute {
  /** The kernel makes such a route for each address of an interface; a program made this one. */
  route: Route
  /** `route local 10.0.0.50 dev eth0 (table local, protocol 66)` */
  words: string
  /** Where the packet would go without that route: absent where no other route leads to its destination. */
  onward?: Route
  fix: Proposal[]
}

/** A route for whatever comes is for what a proxy takes (TPROXY): that is no address of the host's. */
export function ownByRoute(packet: Packet, host: Host): OwnByRoute | undefined {
  const question = questionOf(packet)
  const route = question && lookupRoute(question, host)
  if (!question || route?.type !== 'local' || isDefault(route) || isOfInterface(question.dst, host) !== false)
    return undefined
  const without = lookupWithout(route, question, host)
  const origin = route.protocol === undefined ? '' : `, protocol ${route.protocol}`
  const on = route.device === undefined ? '' : ` dev ${route.device}`
  return {
    route,
    words: `route local ${route.destination.replace(/\/(32|128)$/, '')}${on} (table ${route.table}${origin})`,
    ...(without?.type === 'unicast' ? { onward: without } : {}),
    fix: propose(
      'if another host has the address, delete that route',
      deleteRoute(route),
      'the program that made the route may add it again',
    ),
  }
}

/** Does an interface have it? Undefined where the addresses of some are not listed. */
function isOfInterface(address: string, { links }: Host): boolean | undefined {
  const bytes = parseAddress(address)
  if (!bytes || !links || links.length === 0 || !links.every(({ addresses }) => addresses)) return undefined
  // of a loopback interface's address the kernel makes all of its network local (fib_add_ifaddr)
  return links.some(({ name, addresses = [] }) =>
    addresses.some((one) => {
      const own = parseAddress(one.address)
      return own && inPrefix(bytes, own, name === 'lo' ? one.prefixLength : own.length * 8)
    }),
  )
}

export interface Kept {
  /** A sentence or two. */
  told: string
  fix: Proposal[]
}

/** What the packet missed by it: it never left, or was not forwarded; undefined where the route may be meant. */
export function keptByRoute(packet: Packet, host: Host): Kept | undefined {
  const found = ownByRoute(packet, host)
  if (!found) return keptByTableLocal(packet, host)
  const { words, onward } = found
  const ways = onward ? routeDevices(onward) : []
  const makes = `No interface has ${packet.dst}: the ${words} makes it an address of this host`
  if (packet.in === undefined || packet.in === 'lo') return { ...found, told: `${makes}, so the packet never leaves.` }
  // a balancer delivers with its own address what such a route is for: by the link that the packet would leave by again
  if (!onward || isDefault(onward) || ways.includes(packet.in)) return undefined
  return { ...found, told: `${makes}. Without this route, the packet would leave by ${ways.join(' or ')}.` }
}

/** Another host has the same address, and a routing rule leads to it: table local, which comes first, keeps the packet here. */
function keptByTableLocal(packet: Packet, host: Host): Kept | undefined {
  const question = questionOf(packet)
  const { dst, in: from } = packet
  if (!question || from === undefined || from === 'lo') return undefined
  const rules = rulesFor(question, host)
  const local = rules.find((one) => tableLedTo(one) === 'local')
  const link = host.links?.find(({ addresses }) => addresses?.some(({ address }) => address === dst))
  if (!local || dst === undefined || !link || lookupRoute(question, host)?.table !== 'local') return undefined
  const others = host.routingRules?.filter((one) => one !== local) ?? []
  const onward = lookupRoute(question, { ...host, routingRules: others })
  if (onward?.type !== 'unicast' || KERNEL_TABLES.has(onward.table) || isDefault(onward)) return undefined
  const ways = routeDevices(onward)
  const rule = rules.find((one) => tableLedTo(one) === onward.table)
  // tables of an uplink have the networks of the links, too; and what leads all of a VPN's networks there has many own addresses in it
  if (!rule || ways.includes(from) || ways.includes(link.name) || !isAsNarrow(onward, link, dst)) return undefined
  // nothing goes in front of priority 0
  const behind = local.priority > 0 ? [] : [addRoutingRule({ ...local, priority: 1 }), deleteRoutingRule(local)]
  const { family } = local
  const priority = Math.max(0, local.priority - 1)
  const inFront = { family, priority, in: from, to: hostPrefix(dst), action: { table: onward.table } }
  const leads = `routing rule ${rule.priority}, whose table ${onward.table} would lead the packet out of ${ways.join(' or ')} (${routeWords(onward)})`
  return {
    told: `${dst} is this host's own address (${link.name}): table local comes before ${leads}.`,
    fix: propose(
      `if the packet is for another host with that address, look up table ${onward.table} before table local for it`,
      together(...behind, addRoutingRule(inFront)),
      `packets that come in on ${from} then no longer reach ${dst} of this host`,
    ),
  }
}
