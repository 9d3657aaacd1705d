import type { Host, Route } from '../../model/host.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { isLeftAlone } from '../../rules/ipsec.ts'
import { prefixLength } from '../../rules/prefixes.ts'
import {
  leadsOutOf,
  lookupRoute,
  lookupWithout,
  questionOf,
  type RouteQuestion,
  routeDevices,
  rulesFor,
  tableLedTo,
} from '../../rules/route.ts'
import { wentAstray } from '../cause-words.ts'
import { propose } from '../changes/change.ts'
import { type Proposal, together } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, finding, lastPacket, moment } from '../context.ts'
import { markingSteps, packetRouted } from '../counterfactual/marked-way.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import {
  isPrivate,
  isSentNowhere,
  isSentToItself,
  lacksReply,
  staysUnanswered,
} from '../counterfactual/undeliverable.ts'
import { askRoute } from '../host/ask-route.ts'
import { ipv6Off } from '../host/ipv6-off.ts'
import {
  addRoute,
  addRoutingRule,
  astray,
  backToSender,
  changeRoute,
  deleteRoute,
  giveAddress,
  hostPrefix,
  isDefault,
  leadsToSender,
  mainRoute,
  pastMain,
  routeWords,
} from '../host/routes.ts'
import { addConnected, addToTable } from '../host/routes-of-tables.ts'
import { alikeByTurns } from '../host/tables-by-turns.ts'
import { nameRef } from '../refs.ts'
import { isReplied } from '../reply/request-reply.ts'
import { addressesOf, isOfUplink } from './own-source.ts'
import { pastNeighbour } from './past-neighbour.ts'
import { ruleTooLate } from './rule-too-late.ts'
import { sentBack } from './sent-back.ts'
import { chooserOf, unmarked } from './table-chooser.ts'
import { markedForUnledTable } from './unled-mark.ts'

/** It left, or was to leave, by another interface than the one that leads to its destination; sent-to-itself.ts needs no routes. */
export const wrongWayOut: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const packet = packetRouted(context)
    const sent = isSentNowhere(context) ? destinationRule(context) : undefined
    if (sent) {
      const leads = `but only the default route leads there: back out of ${packet.out}, where the packet came in`
      return [
        finding('wrong-way-out', 'warning', `${nameRef(sent.ref)} sends it to ${packet.dst}, ${leads}.`, {
          steps: [context.ended.step + 1],
          rules: [sent.ref],
          culprit: sent.step,
          fix: [
            {
              description: `make the rule send it to a host that exists, or add a route to ${packet.dst}`,
              unverified: 'the right interface is unknown here',
            },
          ],
        }),
      ]
    }
    if (isSentToItself(context) && destinationRule(context)) return []
    const question = questionOf(packet)
    const ask = question && askRoute(question, context.world.host)
    const note = ask && `then check: ${ask}`
    const found = astray(packet, context.world.host, undefined, context.journey.packet.dst)
    if (!found) {
      const back = sentBack(context)
      if (back) return back
      const itself = backToItself(context, packet, note)
      if (itself.length > 0) return itself
      const late = ruleTooLate(context, packet)
      return [
        ...pastTableMain(context, packet, note),
        ...pastNeighbour(context, packet, note),
        ...backToRouter(context, packet),
        ...pastNextHop(context, packet, note),
        ...withoutIpv6(context, packet),
        ...(late.length > 0 ? late : toTheInternet(context, packet, note)),
        ...markedForUnledTable(context, packet, note),
      ]
    }
    const { route, home, main, why, fix = [] } = found
    const { table } = route
    // a table that a routing rule chooses has no routes of its own to this host's networks
    const isBare = table !== 'main' && isDefault(route) && home
    const bare = isBare ? alikeByTurns(context, questionOf(packet)!, table, home) : []
    const connected = isBare
      ? propose(
          `give table${bare.length > 1 ? 's' : ''} ${bare.join(' and ')} the route to ${home.network}`,
          together(...bare.map((one) => addConnected(home, context.world.host, one))),
          note,
        )
      : []
    const chosen = chooserOf(context, questionOf(packet)!, route)
    const marked = chosen?.marked
    // a reply came: it arrived
    if (isReplied(context)) return []
    const { sentence, ...words } = wentAstray(why)
    return [
      finding('wrong-way-out', 'warning', `${sentence}${chosen?.words ?? ''}`, {
        ...words,
        steps: [context.ended.step + 1],
        ...(marked ? { rules: [marked.ref], culprit: marked.step } : {}),
        fix: [
          ...fix,
          ...(main
            ? propose(
                `give table ${table} the route to ${main.destination}`,
                addToTable(main, table, context.world.host),
                [`affects all traffic to ${main.destination} that uses table ${table}`, ...(note ? [note] : [])].join(
                  '; ',
                ),
              )
            : []),
          ...connected,
          ...(marked ? unmarked(context, marked) : []),
          ...propose('remove that route', deleteRoute(route), note),
        ],
      }),
    ]
  },
}

/** A router sent it for what no interface here has, and gets it back; nobody replies to that. */
function backToRouter(context: Context, packet: Packet): Detected[] {
  const { journey, world, ended } = context
  const { dst, in: from, out } = packet
  const question = questionOf(packet)
  if (journey.outcome !== 'forwarded' || dst !== journey.packet.dst || from !== out || !question) return []
  const route = lookupRoute(question, world.host)
  const came = { ...journey.packet, ...packet }
  const sender = route?.type === 'unicast' ? backToSender(came, route, world.host) : undefined
  if (sender === undefined || !staysUnanswered(context)) return []
  const off = journey.family === 'ip6' && isDefault(route!) ? ipv6Off(world.host) : undefined
  const message = `It went back to ${sender}, which had sent it: no interface of this host has ${dst}.${off?.told ?? ''}`
  const fix = [...(off ? [off.fix] : []), giveAddress(packet, world.host)]
  return [finding('wrong-way-out', 'warning', message, { steps: [ended.step + 1], fix })]
}

/** The next hop of another table's route is the very host that sent it, while table main leads elsewhere. */
function backToItself(context: Context, packet: Packet, note: string | undefined): Detected[] {
  const { journey, world, ended } = context
  const { src, in: from, out } = packet
  const question = questionOf(packet)
  if (journey.outcome !== 'forwarded' || from !== out || !question || isReplied(context)) return []
  const route = lookupRoute(question, world.host)
  const main = mainRoute(question, world.host)
  if (!route || !leadsToSender(route, packet) || !main || leadsOutOf(main, out)) return []
  const chosen = chooserOf(context, question, route)
  const marked = chosen?.marked
  const message = `It went back to its sender: ${src} is the next hop of ${routeWords(route)} in table ${route.table}.${chosen?.words ?? ''}`
  return [
    finding('wrong-way-out', staysUnanswered(context) ? 'warning' : 'note', message, {
      steps: [ended.step + 1],
      ...(marked ? { rules: [marked.ref], culprit: marked.step } : {}),
      fix: marked ? unmarked(context, marked) : pastTable(question, src!, route, main, world.host, note),
    }),
  ]
}

/** Others may need the table that has led it back. */
function pastTable(
  question: RouteQuestion,
  src: string,
  { family, table }: Route,
  main: Route,
  host: Host,
  note: string | undefined,
): Proposal[] {
  const rule = rulesFor(question, host).find((one) => tableLedTo(one) === table)
  if (!rule || rule.priority === 0) return []
  const { priority } = rule
  const lead = { family, priority: priority - 1, from: hostPrefix(src), action: { table: main.table } }
  const affects = `affects all traffic from ${src}`
  return propose(
    `add a routing rule for ${src} before rule ${priority}`,
    addRoutingRule(lead),
    [affects, ...(note ? [note] : [])].join('; '),
  )
}

/** The destination is a router, the next hop of a route out of another interface; but the packet left by a route to more than that router. */
function pastNextHop(context: Context, packet: Packet, note: string | undefined): Detected[] {
  const { journey, world, ended } = context
  const { dst, out } = packet
  const question = questionOf(packet)
  if (!hasLeft(journey.outcome) || dst === undefined || !question || !staysUnanswered(context)) return []
  const route = lookupRoute(question, world.host)
  if (!leadsOutOf(route, out)) return []
  // a route without a next hop may lead to the same router; so does the one to link-local addresses, which each link has
  if (route.gateway === undefined && !route.nexthops) return []
  const all = world.host.routes?.filter((one) => one.gateway === dst && isNextHopBehind(one, world.host)) ?? []
  const [by] = all
  // two uplinks may have routers of the same address
  if (by?.device === undefined || all.some(({ device }) => device !== by.device) || by.device === out) return []
  // another table's router may be for other packets
  if (all.some(({ table }) => table !== route.table)) return []
  const why = `${dst} is a router behind ${by.device} (the next hop of ${routeWords(by)}), but ${routeWords(route)} leads out of ${out}`
  const own = {
    family: route.family,
    type: 'unicast',
    destination: `${dst}/${prefixLength(dst)}`,
    table: route.table,
    device: by.device,
  } as const
  const wider = lookupWithout(route, question, world.host)
  const fix =
    route.destination !== own.destination
      ? propose(`add a route to ${dst} out of ${by.device}`, addRoute(own), note)
      : leadsOutOf(wider, by.device)
        ? propose('remove that route', deleteRoute(route), note)
        : propose(`lead that route out of ${by.device}`, changeRoute(route, own), note)
  const { sentence, ...words } = wentAstray(why)
  return [finding('wrong-way-out', 'warning', sentence, { ...words, steps: [ended.step + 1], fix })]
}

/**
 * Is the next hop to be asked for on the route's own link? Nobody is on a link without carrier. Of many tunnels the next hop
 * is the outer address of the other end, which is reached by another link.
 */
function isNextHopBehind({ device, flags = [] }: Route, { links }: Host): boolean {
  if (flags.includes('linkdown') || flags.includes('dead')) return false
  const kind = links?.find(({ name }) => name === device)?.kind
  return kind === undefined ? !flags.includes('onlink') || links !== undefined : !TO_OUTER_HOST.has(kind)
}

/** Without a fixed other end, the route says which (ipip_tunnel_xmit, ipgre_xmit, sit_tunnel_xmit). */
const TO_OUTER_HOST: ReadonlySet<string> = new Set(['ipip', 'gre', 'sit', 'ip6tnl', 'ip6gre'])

/** A private destination leaves by the default route, while an interface has lost its own routes. */
function withoutIpv6(context: Context, packet: Packet): Detected[] {
  const { journey, world, ended } = context
  const { dst = '', in: from, out } = packet
  if (journey.family !== 'ip6' || !hasLeft(journey.outcome) || from === out || !isPrivate(dst)) return []
  const question = questionOf(packet)
  const route = question && lookupRoute(question, world.host)
  if (route?.type !== 'unicast' || !isDefault(route) || !routeDevices(route).includes(out ?? '')) return []
  const off = staysUnanswered(context) ? ipv6Off(world.host) : undefined
  if (!off) return []
  const message = `It left by ${out}, through the default route: no other route leads to ${dst}.${off.told}`
  return [finding('wrong-way-out', 'warning', message, { steps: [ended.step + 1], fix: [off.fix] })]
}

/**
 * What is for a private network leaves by the default route of a link with a public address, as of an uplink to the internet;
 * and this host has more links, of which one may lead there. It may also be a modem's own address, or a network of the provider's.
 */
function toTheInternet(context: Context, packet: Packet, note: string | undefined): Detected[] {
  const { journey, world, ended } = context
  const { dst = '', in: from, out = '' } = packet
  if (!hasLeft(journey.outcome) || from === out || !isPrivate(dst) || destinationRule(context)) return []
  const question = questionOf(packet)
  const route = question && lookupRoute(question, world.host)
  if (route?.type !== 'unicast' || !isDefault(route) || !leadsOutOf(route, out)) return []
  const family = journey.family === 'ip6' ? 'ip6' : 'ip'
  // IPsec's policies take packets on their way out of the uplink
  const isAlone = [packet, lastPacket(context)].every((one) => isLeftAlone(moment(context, one, undefined), 'out'))
  if (world.host.ipsecPolicies && !isAlone) return []
  if (!isOfUplink(out, world.host, family) || !lacksReply(context)) return []
  const others = world.host.links?.filter(({ name }) => {
    return name !== out && name !== from && name !== 'lo' && addressesOf(name, world.host, family).length > 0
  })
  if (!others?.length) return []
  const names = others.map(({ name }) => name).join(', ')
  const message = `Only the default route matches ${dst}, a private address. The packet left through ${out}, which has a public address. Routers of the internet have no route to ${dst}; a modem or a network of the provider may have one. If ${dst} is behind another interface (${names}), the route to its network is missing.`
  const description = `add the route to the network of ${dst}, through the interface that leads there`
  return [
    finding('wrong-way-out', 'warning', message, {
      steps: [ended.step + 1],
      fix: [
        { description, unverified: 'the right interface is unknown here', ...(note === undefined ? {} : { note }) },
      ],
    }),
  ]
}

/** Many a table for an uplink is meant to be so; a way that nobody replies by is not. */
function pastTableMain(context: Context, packet: Packet, note: string | undefined): Detected[] {
  const { journey, world } = context
  if (!hasLeft(journey.outcome)) return []
  const past = pastMain(packet, world.host)
  if (!past || isReplied(context)) return []
  const isSilent = staysUnanswered(context)
  const { route, main } = past
  const { table } = route
  const question = questionOf(packet)!
  // by its mark, which is told with the rule that gave it
  const isByMark = rulesFor(question, world.host).find((one) => tableLedTo(one) === table)?.mark !== undefined
  if (isSilent && isByMark && markingSteps(context)) return []
  const chosen = chooserOf(context, question, route)
  return [
    finding(
      'wrong-way-out',
      isSilent ? 'warning' : 'note',
      `It left by ${packet.out} and not by the route to ${main.destination} through ${routeDevices(main).join(' or ')}: that route is in table main, but a routing rule selects table ${table}, where only the default route matches it.${chosen?.words ?? ''}`,
      {
        steps: [context.ended.step + 1],
        fix: propose(`give table ${table} the route to ${main.destination}`, addToTable(main, table, world.host), note),
      },
    ),
  ]
}
