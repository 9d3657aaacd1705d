/** What this host sends with an address of another link than the one that it leaves by, and what nobody replies to. */
import type { Host, Link, LinkAddress, Route, RoutingRule } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { hasAddress } from '../../rules/fib.ts'
import { familyOf } from '../../rules/prefixes.ts'
import { leadsOutOf, lookupRoute, questionOf, type RouteQuestion, routeDevices, rulesFor } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { hasNewSource, isPrivate, isPublic, staysUnanswered } from '../counterfactual/undeliverable.ts'
import { addRoutingRule, giveSource, isDefault, routeWords } from '../host/routes.ts'
import { unledTable } from '../host/unled-table.ts'
import { isAnswer, isReplied } from '../reply/request-reply.ts'

/**
 * A routing rule goes by the source (`from`), and takes an address of this host for one of the network that it is for:
 * without it the packet would leave by the link that has the address.
 */
export const sourceLedAway: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const sent = sentWithOther(context)
    if (!sent) return []
    const { packet, question, link } = sent
    const { host } = context.world
    const rule = ruleBySource(question, packet.out, host)
    if (!rule) return []
    const others = host.routingRules!.filter((one) => one !== rule)
    const route = lookupRoute(question, { ...host, routingRules: others })
    if (!leadsOutOf(route, link.name)) return []
    const { family, priority, from } = rule
    const { src, out } = packet
    return [
      finding(
        'wrong-way-out',
        'warning',
        `Routing rule ${priority} (from ${from}) sends it out of ${out}, but its source ${src} is an address of ${link.name}. Without that rule, ${routeWords(route)} of table ${route.table || 'main'} leads out of ${link.name}.`,
        {
          steps: [context.ended.step + 1],
          fix: propose(
            `look up table ${route.table || 'main'} first for packets with this source`,
            addRoutingRule({
              ...{ family, priority: priority - 1, from: `${src}/${family === 'ip6' ? 128 : 32}` },
              action: { table: route.table || 'main' },
            }),
          ),
        },
      ),
    ]
  },
}

/**
 * IPv6 chooses among the addresses of all links (RFC 6724): one of another link comes before a deprecated one of the way
 * out, and before one that is less like the destination (net/ipv6/addrconf.c, ipv6_dev_get_saddr).
 */
export const sourceOfOtherLink: Detector = {
  code: 'not-masqueraded',
  detect(context) {
    const sent = sentWithOther(context)
    if (!sent || context.journey.family !== 'ip6') return []
    const { packet, question, link } = sent
    const { src, out } = packet
    const [own] = addressesOf(out!, context.world.host, 'ip6')
    return own ? told(context, `${src}, an address of ${link.name}`, own, question) : []
  },
}

/**
 * The way out has no address that is used beyond its link, so the kernel took that of another link (RFC 6724; IPv4:
 * inet_select_addr in net/ipv4/devinet.c). A table leads out of that link, and no routing rule selects it for the packet.
 */
export const tableOfSourceUnasked: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const sent = sentWithOther(context)
    if (!sent) return []
    const { packet, question, link } = sent
    const { host } = context.world
    const family = familyOf(question.dst)
    const out = packet.out!
    const taken = lookupRoute(question, host)
    if (!leadsOutOf(taken, out) || !isDefault(taken) || addressesOf(out, host, family).length > 0) return []
    const table = tableLeading(question, link.name, host)
    const chosen = ruleTaken(question, host)
    if (table === undefined || !chosen || chosen.priority < 2) return []
    const { dst } = packet
    return [
      finding(
        'wrong-way-out',
        'warning',
        unledWords(sent, taken, table, `: ${out} has no address that is used beyond its link`, 'it for this packet'),
        {
          steps: [context.ended.step + 1],
          // `from` would come too late: the kernel looks up the route before it chooses the source (ip6_dst_lookup_tail)
          fix: propose(
            `look up table ${table} first for packets to ${dst}`,
            addRoutingRule({
              ...{ family, priority: chosen.priority - 1, to: `${dst}/${family === 'ip6' ? 128 : 32}` },
              action: { table },
            }),
            `without "to", the rule leads all that has no route but the default one out of ${link.name}`,
          ),
        },
      ),
    ]
  },
}

/**
 * The way out has an address of its own, so a program has bound its socket to another link's: this is no source that the kernel
 * chose. A table leads out of that link, and no routing rule selects it for the packet, which a mark may have led elsewhere.
 */
export const tableOfBoundSource: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { journey, world } = context
    const { host } = world
    const isOpen =
      journey.family === 'ip' && !isReplied(context) && !hasNewSource(context) && !isAnswer(journey.packet, world)
    const sent = isOpen ? sentFromOther(context) : undefined
    if (!sent) return []
    const { packet, question, link } = sent
    const { src, out } = packet
    const taken = lookupRoute(question, host)
    const table = tableLeading(question, link.name, host)
    if (!isPublic(question.dst) || !leadsOutOf(taken, out!) || !isDefault(taken) || taken.source === src) return []
    if (addressesOf(out!, host, 'ip').length === 0 || table === undefined) return []
    const isUnled = unledTable(host, 'ip') === table
    return [
      finding(
        'wrong-way-out',
        'warning',
        unledWords(sent, taken, table, '', isUnled ? 'that table' : 'it for this packet'),
        {
          steps: [context.ended.step + 1],
          fix: propose(
            `look up table ${table} for packets with this source`,
            addRoutingRule({ family: 'ip', from: `${src}/32`, action: { table } }),
            `affects all packets that this host sends from ${src}`,
          ),
        },
      ),
    ]
  },
}

/** The default route led it out where its source may be dropped; `table` leads out of the link that has this one. */
const unledWords = ({ packet, link }: Sent, taken: Route, table: string, why: string, selected: string): string =>
  `It left by ${packet.out}, through the default route of table ${taken.table || 'main'}, with the source ${packet.src}, an address of ${link.name}${why}. The hosts behind ${packet.out} may drop that source. Table ${table} leads out of ${link.name}, but no routing rule selects ${selected}.`

/** Of the tables that routing rules may select, the first that leads there. */
function tableLeading(question: RouteQuestion, device: string, host: Host): string | undefined {
  const family = familyOf(question.dst)
  const own = (host.routes ?? []).filter((one) => one.family === family && !/^(main|local|default)?$/.test(one.table))
  return [...new Set(own.map((one) => one.table))].find((table) => {
    return leadsOutOf(
      lookupRoute(question, { ...host, routingRules: [{ family, priority: 1, action: { table } }] }),
      device,
    )
  })
}

function told(context: Context, source: string, { address }: LinkAddress, question: RouteQuestion): Detected[] {
  const { out } = lastPacket(context)
  const message = `It left by ${out} with the source ${source}, although ${out} has ${address}. No reply was seen: the hosts behind ${out} may drop that source, or reply to ${question.src} by another way.`
  return [
    finding('not-masqueraded', 'note', message, {
      steps: [context.ended.step + 1],
      fix: withSource(address, question, out!, context.world.host),
    }),
  ]
}

function withSource(source: string, question: RouteQuestion, out: string, host: Host): Proposal[] {
  const route = lookupRoute(question, host)
  if (route?.type !== 'unicast' || route.device !== out || route.source !== undefined) return []
  return giveSource(route, source, 'the model does not choose the source of a packet')
}

interface Sent {
  packet: Packet
  question: RouteQuestion
  /** The link that has its source. */
  link: Link
}

/** The same where no reply came. */
const sentWithOther = (context: Context): Sent | undefined =>
  staysUnanswered(context) ? sentFromOther(context) : undefined

/** No rule has led it elsewhere than its source was chosen for, and nat keeps that source. */
function sentFromOther(context: Context): Sent | undefined {
  const { journey, evidence, world } = context
  const { links } = world.host
  const packet = lastPacket(context)
  const { src, out } = packet
  if (journey.outcome !== 'sent' || src === undefined || out === undefined || out === 'lo') return undefined
  const first = evidence.arrivals.find(({ hook }) => hook === 'output')?.packet.out
  const link = links?.find(({ name }) => name !== 'lo' && hasAddress(world.host, name, src))
  if (first !== out || !link || hasAddress(world.host, out, src)) return undefined
  const question = questionOf(packet)
  return question && { packet, question, link }
}

/** The first routing rule that gives it a route. */
export const ruleTaken = (question: RouteQuestion, host: Host): RoutingRule | undefined =>
  rulesFor(question, host).find((rule) => lookupRoute(question, { ...host, routingRules: [rule] }))

/** The rule that leads it out there, if that goes by its source. */
function ruleBySource(question: RouteQuestion, out: string | undefined, host: Host): RoutingRule | undefined {
  const first = ruleTaken(question, host)
  if (first?.from === undefined || first.not || first.unknown || typeof first.action !== 'object') return undefined
  const route = lookupRoute(question, { ...host, routingRules: [first] })
  return route && routeDevices(route).includes(out ?? '') ? first : undefined
}

/** Used beyond the link. */
export const addressesOf = (device: string, { links }: Host, of: 'ip' | 'ip6'): LinkAddress[] =>
  links
    ?.find(({ name }) => name === device)
    ?.addresses?.filter(
      ({ family, address, unused, scope = 'global' }) =>
        family === of && unused === undefined && scope === 'global' && !/^fe[89ab]/.test(address),
    ) ?? []

/** It has a public address, and no private one: what is behind it is the internet. */
export function isOfUplink(device: string, host: Host, family: 'ip' | 'ip6'): boolean {
  const own = addressesOf(device, host, family).map(({ address }) => address)
  return own.some(isPublic) && !own.some(isPrivate)
}
