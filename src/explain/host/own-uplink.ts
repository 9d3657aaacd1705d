/** Replies of an address of this host, led out of the link that has the address: by a routing rule for it, and a table whose default route leaves there. */
import type { Host, Link, Route } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { hasAddress } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { neighboursWith } from '../../rules/neighbours.ts'
import { lookupRoute, routeDevices, rulesFor, wayBackOf } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import { type Change, type Proposal, together } from '../changes/proposal.ts'
import { addRoute, addRoutingRule, hasNoLinkLayer, homeOf, isDefault, isOwnTable } from './routes.ts'
import { addConnected } from './routes-of-tables.ts'
import { unboundSource } from './unbound-source.ts'

/** Where `asked`, to which the packet was sent, is an address of the link by which it came in, and this host replies itself. */
export function replyByOwnLink(packet: Packet, asked: string, host: Host): Proposal[] {
  const { in: device, src } = packet
  const { routes, routingRules } = host
  if (src === undefined || device === undefined || !routes || !routingRules) return []
  const link = linkNamed(host, device)
  if (!link || !hasAddress(host, device, asked)) return []
  const reply = wayBackOf(packet, asked, 0)
  // one that may apply, as for what one user sends, is to come after the new one as well
  const chosen = rulesFor(reply, host).find(
    (rule) => typeof rule.action === 'object' && lookupRoute(reply, { ...host, routingRules: [rule] }) !== null,
  )
  const family = asked.includes(':') ? 'ip6' : 'ip'
  const priority = (chosen?.priority ?? MAIN) - 1
  if (priority < 1) return []
  const from = `${asked}/${family === 'ip' ? 32 : 128}`
  const byTable = (table: string): Change => addRoutingRule({ family, priority, from, action: { table } })
  const note = [`affects every packet that this host sends from ${asked}`, ...unboundSource(host, reply)].join('; ')
  const table = tableOut(packet, link, family, host)
  if (!table)
    return [
      {
        description: `route packets from ${asked} by a table of its own, whose default route leaves by ${device} (ip route add default via ROUTER dev ${device} table ${unusedTable(host)}; ip rule add from ${asked} table ${unusedTable(host)})`,
        unverified: `the router behind ${device} is unknown`,
      },
    ]
  const { name, made } = table
  return propose(
    made.length === 0
      ? `use table ${name} to route packets from ${asked}: its default route leaves by ${device}`
      : `route packets from ${asked} by a table of its own, ${name}, whose default route leaves by ${device}`,
    together(...made, byTable(name)),
    note,
  )
}

export interface OwnTable {
  name: string
  /** Its routes, where it is not there yet. */
  made: readonly Change[]
}

/** A table beside main whose default route leaves by that link: one that is there, or a new one. */
export function tableOut(packet: Packet, link: Link, family: Route['family'], host: Host): OwnTable | undefined {
  const device = link.name
  const own = host.routes?.find(
    (one) => one.family === family && isDefault(one) && !isOwnTable(one.table) && routeDevices(one).includes(device),
  )
  if (own) return { name: own.table, made: [] }
  const way = wayOut(packet, link, family, host)
  if (!way) return undefined
  const table = unusedTable(host)
  const home = homeOf(way.gateway ?? '', host, device)
  const destination = family === 'ip' ? '0.0.0.0/0' : '::/0'
  return {
    name: table,
    made: [
      ...(home?.link.name === device && !/^fe[89ab]/.test(way.gateway ?? '') ? [addConnected(home, host, table)] : []),
      addRoute({ family, type: 'unicast', destination, table, device, ...way }),
    ],
  }
}

/** The rule for table main, which each host has. */
const MAIN = 32_766

/** The router on that link: of a default route that counts less, or the neighbour that handed the packet over; a tunnel has none. */
function wayOut(
  { src, srcMac }: Packet,
  link: Link,
  family: Route['family'],
  host: Host,
): Pick<Route, 'gateway'> | undefined {
  const { name } = link
  const lesser = host.routes?.find(
    (one) => one.family === family && isDefault(one) && one.device === name && one.gateway !== undefined,
  )
  if (lesser) return { gateway: lesser.gateway! }
  if (hasNoLinkLayer(link)) return {}
  const by = srcMac === undefined ? [] : neighboursWith(host, name, family, srcMac)
  const [router] = by.filter(({ address }) => address !== src)
  return router && { gateway: router.address }
}

/** Of numbers that people use, the first that nothing is in and no rule names. */
function unusedTable({ routes = [], routingRules = [] }: Host): string {
  const used = new Set([
    ...routes.map(({ table }) => table),
    ...routingRules.flatMap(({ action }) => (typeof action === 'object' && 'table' in action ? [action.table] : [])),
  ])
  let table = 101
  while (used.has(String(table))) table++
  return String(table)
}
