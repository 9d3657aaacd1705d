import type { Host, Route, RoutingRule } from '../../model/host.ts'
import { hasAddress } from '../../rules/fib.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { prefixLength } from '../../rules/prefixes.ts'
import {
  leadsNowhere,
  lookupRoute,
  lookupWithout,
  type RouteQuestion,
  refusingRule,
  routeDevices,
  rulesFor,
  tableLedTo,
} from '../../rules/route.ts'
import { droppedBy } from '../cause-words.ts'
import { propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { markBehind } from '../counterfactual/mark-behind.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { askRoute } from '../host/ask-route.ts'
import { ipv6Off } from '../host/ipv6-off.ts'
import { restOfPrefix } from '../host/rest-of-prefix.ts'
import { routerIgnored } from '../host/router-ignored.ts'
import {
  addRoutingRule,
  deleteRoute,
  deleteRoutingRule,
  homeOf,
  hostPrefix,
  isDefault,
  isOwnTable,
  KERNEL_TABLES,
} from '../host/routes.ts'
import { addConnected, addToTable } from '../host/routes-of-tables.ts'
import { unboundSource } from '../host/unbound-source.ts'
import { unledTable } from '../host/unled-table.ts'
import { nameRef, refAt } from '../refs.ts'
import { atOwnRouting, atRouting, isOneOfSeveral, type Routed, routedAnew } from './routing.ts'
import { chooserOf, type Marking, markerOf, unmarked } from './table-chooser.ts'
import { withoutAnyone } from './unserved.ts'

/** No route to the destination, or one that says no; or a routing rule that does. */
export const vanishedNoRoute: Detector = {
  code: 'vanished-no-route',
  detect(context) {
    const own = atOwnRouting(context)
    const once = own ?? atRouting(context)
    const anew = once ? undefined : routedAnew(context)
    const routed = once ?? anew
    if (!routed || routed.route === undefined) return []
    const { route, dst } = routed
    if (!leadsNowhere(route)) return []
    const rule = refusingRule(routed.question, context.world.host)
    const others = route === null ? ofOtherSources(context, routed) : []
    const wider = forAnySource(others, context.world.host)
    const isLoopback = dst === '::1' && routed.packet.in !== undefined
    const why = isLoopback
      ? `a packet that came in on ${routed.packet.in} cannot be routed to ::1`
      : rule
        ? `routing rule ${rule.priority} is "${rule.action}" for such packets`
        : route === null
          ? `there is no route to ${dst}${others.length > 0 ? ` from ${routed.packet.src}, only for packets from ${others.map(({ from }) => from).join(' or ')}` : ''}`
          : `the route to ${dst}${inTable(route)} is "${route.type}"`
    const sent = destinationRule(context)
    // the reply to what nat sent from there to another host
    const asked = isLoopback && !sent && routed.packet.dst !== context.journey.packet.dst
    const chosen = route && !rule ? chooserOf(context, routed.question, route) : undefined
    const marked = anew && ledAway(context, anew.question)
    const setter = marked ?? chosen?.marked ?? (rule && markerOf(context, rule))
    const gave =
      chosen?.words ??
      (setter && (rule || marked)
        ? ` ${nameRef(setter.ref)} gave it the mark ${markOf(context, setter)}${
            marked ? `: without this mark, the packet leaves by ${marked.ways}` : ''
          }.`
        : '')
    const by = !sent
      ? ''
      : isOneOfSeveral(context)
        ? `. ${nameRef(sent.ref)} chooses among several destinations, and this is the only one that routing refuses`
        : `. ${nameRef(sent.ref)} sends it to ${dst}`
    const blamed = [...(setter ? [setter] : []), ...(sent ? [sent] : [])]
    const told = blamed.length > 0 ? { rules: blamed.map(({ ref }) => ref), culprit: blamed[0]!.step } : {}
    const other = own && otherTable(context, own, rule)
    const unled = rule && besideRefusal(context, routed, rule)
    const isMissing = route === null && !isLoopback && !rule && others.length === 0
    const off = isMissing && context.journey.family === 'ip6' ? ipv6Off(context.world.host) : undefined
    const ignored =
      isMissing && !off && context.journey.family === 'ip6' ? routerIgnored(context.world.host) : undefined
    const rest = route && !rule ? restOfPrefix(route, dst, context.world.host) : undefined
    const mends: Proposal[] = isLoopback
      ? [
          {
            description: asked
              ? `connect to another address of this host than ::1: IPv6 has no route_localnet`
              : `send it to an address of ${routed.packet.in}, and make the program listen there`,
            unverified: 'the address is unknown here',
          },
        ]
      : rule
        ? [
            ...(unled?.proposed ?? []),
            ...(other?.proposed ?? []),
            ...propose(
              `delete routing rule ${rule.priority}`,
              deleteRoutingRule(rule),
              withoutRuleNote(context, routed, rule),
            ),
          ]
        : [
            ...(isException(context, routed)
              ? [...mend(context, routed), ...(other?.proposed ?? [])]
              : [...(other?.proposed ?? []), ...mend(context, routed)]),
            ...wider,
            ...(rest ? [rest.fix] : []),
            ...(other?.proposed.length || wider.length > 0 ? [] : [addOne(context, routed.question, route?.table)]),
          ]
    const empty = isMissing ? withoutAnyone(context, routed.packet) : undefined
    const elsewhere: Proposal[] = sent
      ? [
          {
            description: `or make ${nameRef(sent.ref)} send it elsewhere`,
            unverified: 'the right destination is unknown here',
          },
        ]
      : []
    const { sentence, ...words } = droppedBy('Routing', `${why}${by}`)
    return [
      ...(empty ? [empty] : []),
      finding(
        'vanished-no-route',
        'error',
        `${sentence}${gave}${unled?.told ?? ''}${other?.told ?? ''}${off?.told ?? ignored?.told ?? ''}${rest?.told ?? ''}`,
        {
          ...words,
          steps: [context.ended.step + 1],
          fix: empty
            ? []
            : [
                ...(off ? [off.fix] : (ignored?.fix ?? [])),
                ...(marked ? unmarked(context, marked) : []),
                ...mends,
                ...elsewhere,
              ],
          ...told,
        },
      ),
    ]
  },
}

const markOf = (context: Context, { step }: Marking): string => hex(markBehind(context, step) ?? 0)

/** The last mark without which there is a way. */
function ledAway(context: Context, question: RouteQuestion) {
  const { evidence, journey, world } = context
  for (let step = evidence.arrivals.length - 1; step >= 0; step--) {
    const [before, mark] = [markBehind(context, step - 1) ?? 0, markBehind(context, step)]
    const ref = refAt(context, step)
    if (mark === undefined || before === mark || journey.steps[step]!.kind !== 'rule' || !ref) continue
    const route = lookupRoute({ ...question, mark: before }, world.host)
    if (route?.type === 'unicast') return { ref, step, mark, ways: routeDevices(route).join(' or ') }
  }
  return undefined
}

const addOne = ({ world }: Context, question: RouteQuestion, table = 'main'): Proposal => ({
  description: `add a route to ${question.dst}${isOwnTable(table) ? '' : ` in table ${table}`}, then check: ${askRoute(question, world.host) ?? 'ip route get'}`,
  unverified: 'the right gateway is unknown here',
})

const ALL_CHOSEN = 'affects every packet that matches the rule'

/** What it refuses goes on by the rules behind it: by an uplink that it may have been there to keep it from. */
function withoutRuleNote({ world: { host } }: Context, { question }: Routed, rule: RoutingRule): string {
  const rules = host.routingRules?.filter((one) => one !== rule)
  const next = rules && lookupRoute(question, { ...host, routingRules: rules })
  return next?.type === 'unicast' ? `${ALL_CHOSEN}: they then leave by ${routeDevices(next).join(' or ')}` : ALL_CHOSEN
}

/** What the mark is for has a table, and the rule that leads there is missing: the one that refuses is for when it is down. */
function besideRefusal({ world: { host } }: Context, { question }: Routed, rule: RoutingRule) {
  const { family, mark, markMask, priority } = rule
  const table = mark === undefined || rule.not ? undefined : unledTable(host, family)
  if (mark === undefined || table === undefined || priority < 1) return undefined
  const mask = markMask === undefined ? {} : { markMask }
  const added: RoutingRule = { family, priority: priority - 1, mark, ...mask, action: { table } }
  const way = lookupRoute(question, { ...host, routingRules: [added] })
  if (way?.type !== 'unicast') return undefined
  return {
    told: ` Table ${table} has a route out of ${routeDevices(way).join(' or ')}, and no routing rule selects it.`,
    proposed: propose(
      `use table ${table} to route packets with this mark`,
      addRoutingRule(added),
      'affects every packet with this mark',
    ),
  }
}

const inTable = ({ table }: Route): string => (isOwnTable(table) ? '' : ` in table ${table}`)

/** One that leads there out of the interface whose address it is sent from, for packets that routing rules do not choose now. */
function otherTable({ world: { host } }: Context, { packet, question }: Routed, refusing: RoutingRule | undefined) {
  const { src } = packet
  if (src === undefined) return undefined
  const family = src.includes(':') ? 'ip6' : 'ip'
  const of = (host.routes ?? []).filter((one) => one.family === family && !KERNEL_TABLES.has(one.table))
  for (const table of new Set(of.map((one) => one.table))) {
    const action = { table }
    const route = lookupRoute(question, { ...host, routingRules: [{ family, priority: 1, action }] })
    if (route?.type !== 'unicast' || !routeDevices(route).some((name) => hasAddress(host, name, src))) continue
    const marked = host.routingRules?.find(
      (one) => one.family === family && one.mark && JSON.stringify(one.action) === JSON.stringify(action),
    )
    const late = `: this host routes its own packets before an output chain can set a mark`
    const by = marked
      ? `, for packets with mark 0x${marked.mark!.toString(16)} (routing rule ${marked.priority})${late}`
      : ''
    return {
      told: ` Table ${table} has a route out of ${routeDevices(route).join(' or ')}${by}.`,
      proposed: propose(
        `use table ${table} to route packets from ${src}`,
        // what the rules before the refusing one lead elsewhere, as to hosts on a link, goes there still
        addRoutingRule({
          ...{ family, from: hostPrefix(src), action },
          ...(refusing && refusing.priority > 1 ? { priority: refusing.priority - 1 } : {}),
        }),
        [`all packets from ${src} then take that route`, ...unboundSource(host, question)].join('; '),
      ),
    }
  }
  return undefined
}

/** IPv6 has routes for packets from one network alone. */
const ofOtherSources = ({ world: { host } }: Context, { question }: Routed): Route[] =>
  (host.routes ?? []).filter(({ from, ...route }) => {
    if (from === undefined || route.type !== 'unicast' || route.table !== 'main') return false
    return lookupRoute(question, { ...host, routes: [route] })?.type === 'unicast'
  })

/** Where all of them lead the same way. */
function forAnySource([first, ...others]: readonly Route[], host: Host): Proposal[] {
  if (!first || others.some(({ gateway, device }) => gateway !== first.gateway || device !== first.device)) return []
  const note = `the networks behind ${first.device} must accept such sources, or this host must rewrite them`
  return propose(
    `let packets from any source use the route to ${first.destination}`,
    addToTable(first, first.table, host),
    note,
  )
}

/** What refuses it lies within what another route of the table leads to; a default route is no such lead. */
function isException({ world: { host } }: Context, { route, question }: Routed): boolean {
  const next = route && lookupWithout(route, question, host)
  return next?.type === 'unicast' && next.table === route!.table && !isDefault(next)
}

/** What a table refuses that has no route for it is kept from where others go: as what is for a VPN that is down. */
function withoutRouteNote(route: Route, next: Route): string {
  const leave = `such packets then leave by ${routeDevices(next).join(' or ')}`
  const isGuard = isDefault(route) && !isOwnTable(route.table) && isOwnTable(next.table)
  return isGuard ? `${leave}, which table ${route.table} may be there to prevent` : leave
}

const isOneHost = (prefix: string | undefined): boolean =>
  prefix !== undefined && prefixLength(prefix) === (prefix.includes(':') ? 128 : 32)

/** Taking away the route that says no; or the one that a link's address should have brought. */
function mend({ world }: Context, { route, dst, question }: Routed): Proposal[] {
  if (route) {
    const next = lookupWithout(route, question, world.host)
    const note = next?.type === 'unicast' ? withoutRouteNote(route, next) : undefined
    const chosen = rulesFor(question, world.host).find((one) => tableLedTo(one) === route.table)
    // the table may refuse others, too, for whom other routing rules choose it
    const ofOne =
      chosen && [chosen.from, chosen.to].some((one) => isOneHost(one))
        ? propose(`delete routing rule ${chosen.priority}`, deleteRoutingRule(chosen), ALL_CHOSEN)
        : []
    // without it there would be no route at all, or another one that refuses
    if (next === null || (next && leadsNowhere(next))) return ofOne
    return [...ofOne, ...propose(`remove the ${route.type} route`, deleteRoute(route), note)]
  }
  const home = homeOf(dst, world.host)
  if (!home) return []
  const { link, network } = home
  return propose(
    `${link.name} has an address in ${network}: restore its connected route`,
    addConnected(home, world.host),
  )
}
