/**
 * Route look-up in the host's state, as the kernel does it: rules by priority (net/core/fib_rules.c), and in each
 * rule's table the longest prefix that fits (net/ipv4/fib_trie.c; net/ipv6/route.c).
 */
import type { Host, Route, RoutingRule } from '../model/host.ts'
import { memo2 } from '../model/memo.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import { groupNumber } from './group.ts'
import { protocolNumber } from './iptables/protocols.ts'
import { hex } from './iptables/values/numbers.ts'
import { linkNamed } from './links.ts'
import { type Asked, isError, LEGACY_TOS, longestPrefix, type RouteQuestion, routeDevices } from './longest-prefix.ts'
import { covers, type IpFamily, readPrefix, type TableRoute, tableOf } from './routing-table.ts'
import { isUnknown, type Truth, type Unknown, unknown } from './truth.ts'
import { mayBeOwn, mayHaveRoute } from './unread.ts'
import { addressBytes } from './values.ts'

export { leadsOutOf, type RouteQuestion, routeDevices } from './longest-prefix.ts'

/** The question that routing asks for a packet that comes in, or that this host sends; undefined without a destination, or an interface's name. */
export function questionOf(packet: Packet): RouteQuestion | undefined {
  const { dst, src, mark, tos, protocol, sport, dport, uid } = packet
  if (dst === undefined || isNameless(packet.in)) return undefined
  const question: RouteQuestion = { dst }
  if (src !== undefined) question.src = src
  if (mark !== undefined) question.mark = mark
  if (packet.in !== undefined && packet.in !== '') question.in = packet.in
  if (tos !== undefined) question.tos = tos
  if (protocol !== undefined) question.protocol = protocol
  if (sport !== undefined) question.sport = sport
  if (dport !== undefined) question.dport = dport
  if (uid !== undefined) question.uid = uid
  return question
}

/**
 * The same behind a chain of type route, for what leaves by its `out` so far: a link-local address is on every link, so the
 * kernel asks for a way out of the link that was chosen (ip6_route_me_harder).
 */
export function questionAnew(packet: Packet): RouteQuestion | undefined {
  const question = questionOf(packet)
  if (question && packet.out !== undefined && isLinkLocal(question.dst)) question.out = packet.out
  return question
}

/** fe80::/10 */
export const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)

/**
 * What the reverse path filter asks: its ends are exchanged, its ports too (net/ipv4/fib_frontend.c). Where the source is not
 * known, that cannot be told, as of any text that is no address.
 */
export function wayBackOf({ src, protocol, sport, dport }: Packet, dst: string, mark: number): RouteQuestion {
  return {
    ...{ dst: src ?? '', src: dst, mark },
    ...(protocol === undefined ? {} : { protocol }),
    ...(dport === undefined ? {} : { sport: dport }),
    ...(sport === undefined ? {} : { dport: sport }),
  }
}

/** The same, if that one were not there. */
export const lookupWithout = (route: Route, question: RouteQuestion, host: Host): Route | null | undefined =>
  lookupRoute(question, { ...host, routes: (host.routes ?? []).filter((one) => one !== route) })

/** `undefined`: cannot be told; `null`: there is none. */
export function lookupRoute(question: RouteQuestion, host: Host): Route | null | undefined {
  const found = lookup(question, host)
  if (found === null) return null
  return isUnknown(found) ? undefined : found.route
}

/** The routing rule that says no by itself (`prohibit` …), not by a table's route. */
export function refusingRule(question: RouteQuestion, host: Host): RoutingRule | undefined {
  const found = lookup(question, host)
  return found === null || isUnknown(found) ? undefined : found.rule
}

/**
 * The route as it is listed; an error (`unreachable` …) that a rule itself gives comes as one, too. `reverse`: as the
 * reverse path filter looks it up.
 */
export function lookup(question: RouteQuestion, host: Host, reverse = false): TableRoute | null | Unknown {
  const found = lookupListed(question, host, reverse)
  if (!host.unread || isUnknown(found)) return found
  if (found === null) return mayHaveRoute(host) ?? found
  // what is this host's own is found first
  return (found.route.table === 'local' || reverse ? undefined : mayBeOwn(host, question.dst)) ?? found
}

function lookupListed(question: RouteQuestion, host: Host, reverse: boolean): TableRoute | null | Unknown {
  const asked = askedOf(question, host, reverse)
  if (!asked) return unknown(`"${question.dst}" is not an address`)
  const { family } = asked
  const rules = rulesOf(host, family)
  if (!rules) {
    const found = lookInTables(asked, DEFAULT_TABLES[family])
    return mayBeLedElsewhere(asked, found) ?? found
  }
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i]!
    const applies = ruleApplies(rule, asked)
    if (applies === false) continue
    const outcome = act(rule, asked)
    if (outcome === null) continue
    if (applies !== true) return applies
    if (isUnknown(outcome)) return outcome
    if ('goto' in outcome) {
      const target = rules.findIndex(({ priority }, at) => at > i && priority >= outcome.goto)
      // a goto to nowhere is passed over
      if (rules[target]?.priority === outcome.goto) i = target - 1
      continue
    }
    return outcome
  }
  return null
}

/** Are the rules listed of the family that the address is of? None at all: those that the kernel itself makes. */
export const knowsRoutingRules = ({ routingRules }: Host, address: string): boolean =>
  routingRules !== undefined &&
  (routingRules.length === 0 || routingRules.some(({ family }) => (family === 'ip6') === address.includes(':')))

/** The table that the rule leads to; undefined for all other actions. */
export const tableLedTo = ({ action }: Pick<RoutingRule, 'action'>): string | undefined =>
  typeof action === 'object' && 'table' in action ? action.table : undefined

/** Of the host's own routing rules those that may apply, by priority, and those that a goto leads to. */
export function rulesFor(question: RouteQuestion, host: Host): RoutingRule[] {
  const asked = askedOf(question, host, false)
  const rules = (asked && rulesOf(host, asked.family)) ?? []
  const targets = new Set(
    rules.map(({ action }) => (typeof action === 'object' && 'goto' in action ? action.goto : -1)),
  )
  return rules.filter((rule) => targets.has(rule.priority) || ruleApplies(rule, asked!) !== false)
}

/** Does it go by marks, and by this one? `not` turns the whole rule, and is left to who asks. */
export const asksForMark = ({ mark, markMask = -1 }: RoutingRule, has: number): boolean =>
  mark !== undefined && mark !== 0 && ((has ^ mark) & markMask) === 0

/** Does the rule match for certain? */
export function ruleMatches(rule: RoutingRule, question: RouteQuestion, host: Host): boolean {
  const asked = askedOf(question, host, false)
  return asked !== undefined && ruleApplies(rule, asked) === true
}

function askedOf(question: RouteQuestion, host: Host, reverse: boolean): Asked | undefined {
  const dst = addressBytes(question.dst)
  const src = question.src === undefined ? undefined : addressBytes(question.src)
  return dst && { dst, src, family: dst.length === 4 ? 'ip' : 'ip6', question, host, reverse }
}

/** As long as nobody changed the rules, IPv4's first two tables are one (fib_table_lookup of local and main). */
const DEFAULT_TABLES: Readonly<Record<IpFamily, readonly (readonly string[])[]>> = {
  ip: [['local', 'main'], ['default']],
  ip6: [['local'], ['main']],
}

function lookInTables(asked: Asked, groups: readonly (readonly string[])[]): TableRoute | null | Unknown {
  for (const names of groups) {
    const one = lookInTable(asked, names)
    if (one !== null) return one
  }
  return null
}

/** Several names: as if it were one table, in which the first is preferred. */
function lookInTable(asked: Asked, names: readonly string[]): TableRoute | null | Unknown {
  const table = tableOf(asked.host, asked.family, names)
  if (isUnknown(table)) return wholeAddress(asked, names) ?? table
  const one = longestPrefix(table, asked)
  // the packet is thrown out of this table, to the next rule
  return one !== null && !isUnknown(one) && one.route.type === 'throw' ? null : one
}

/**
 * Where the second of two tables was not listed: the first one's route for this very address. No route is longer, and of
 * equals the first table's stands in front (fib_find_alias in net/ipv4/fib_trie.c).
 */
function wholeAddress(asked: Asked, [first = '', ...others]: readonly string[]): TableRoute | undefined {
  if (others.length === 0) return undefined
  const table = tableOf(asked.host, asked.family, [first])
  const one = isUnknown(table) ? table : longestPrefix(table, asked)
  return one === null || isUnknown(one) || one.length < asked.dst.length * 8 ? undefined : one
}

/**
 * There are tables that the kernel does not make itself, and one of them has another way for the packet than those that it
 * makes: whether a routing rule leads it there, only the rules' listing tells. What is for this host itself is found first,
 * unless somebody moved the first rule of all.
 */
function mayBeLedElsewhere(asked: Asked, found: TableRoute | null | Unknown): Unknown | undefined {
  const { family, host, question } = asked
  if (knowsRoutingRules(host, question.dst)) return undefined
  if (found !== null && !isUnknown(found) && found.route.table === 'local') return undefined
  for (const table of host.routes ? otherTables(host.routes, family) : []) {
    const other = lookInTable(asked, [table])
    if (other === null || isSameWay(found, other)) continue
    const packet = question.mark ? `mark ${hex(question.mark)}` : 'the packet'
    return unknown(`whether a routing rule leads ${packet} to table ${table} is unknown (no \`ip rule\` given)`)
  }
  return undefined
}

function isSameWay(one: TableRoute | null | Unknown, other: TableRoute | Unknown): boolean {
  if (one === null || isUnknown(one) || isUnknown(other)) return false
  const [a, b] = [one.route, other.route]
  return a.type === b.type && a.gateway === b.gateway && routeDevices(a).join() === routeDevices(b).join()
}

const otherTables = memo2((routes: readonly Route[], family: IpFamily): readonly string[] => {
  const own = new Set([...DEFAULT_TABLES[family].flat(), 'default'])
  return [
    ...new Set(routes.flatMap((route) => (route.family === family && !own.has(route.table) ? [route.table] : []))),
  ]
})

/** By priority; undefined: those that the kernel itself makes. */
const rulesOf = ({ routingRules }: Host, family: IpFamily): readonly RoutingRule[] | undefined =>
  routingRules && sorted(routingRules, family)

const sorted = memo2((routingRules: readonly RoutingRule[], family: IpFamily): readonly RoutingRule[] | undefined => {
  const rules = routingRules.filter((rule) => rule.family === family).sort((a, b) => a.priority - b.priority)
  return rules.length === 0 || areDefault(rules, DEFAULT_TABLES[family].flat()) ? undefined : rules
})

function areDefault(rules: readonly RoutingRule[], tables: readonly string[]): boolean {
  return (
    rules.length === tables.length &&
    rules.every(({ action, ...rule }, i) => {
      const named = typeof action === 'object' && 'table' in action && action.table === tables[i]
      return named && Object.keys(rule).every((key) => key === 'family' || key === 'priority')
    })
  )
}

/** What the rule gives if it applies; null: nothing, so the next one is asked. */
function act(rule: RoutingRule, asked: Asked): TableRoute | { goto: number } | null | Unknown {
  const { action } = rule
  if (action === 'nop') return null
  if (action === 'l3mdev') return unknown('the routing table of a VRF is not known')
  if (typeof action === 'string') return errorOf(rule, action, asked)
  if ('goto' in action) return action
  const one = lookInTable(asked, [action.table])
  if (one === null || isUnknown(one)) return one
  const suppressed = isSuppressed(rule, one, asked.host)
  if (suppressed === true) return null
  return suppressed === false ? one : suppressed
}

function errorOf(rule: RoutingRule, type: 'blackhole' | 'unreachable' | 'prohibit', { family }: Asked): TableRoute {
  const destination = family === 'ip' ? '0.0.0.0/0' : '::/0'
  const address = new Uint8Array(family === 'ip' ? 4 : 16)
  return { route: { family, type, destination, table: '' }, address, length: 0, from: undefined, rule }
}

/** Routes that are too general, or that lead over one of these interfaces, do not count; errors always do. */
function isSuppressed(rule: RoutingRule, { route, length }: TableRoute, host: Host): Truth {
  if (isError(route)) return false
  if (rule.suppressPrefixLength !== undefined && length <= rule.suppressPrefixLength) return true
  const group = rule.suppressInterfaceGroup
  if (group === undefined) return false
  const [device = ''] = routeDevices(route)
  const link = linkNamed(host, device)
  if (link?.group === group) return true
  const [one, other] = [groupNumber(link?.group), groupNumber(group)]
  return one === undefined || other === undefined ? unknown(`the group of ${device} is not known`) : one === other
}

function ruleApplies(rule: RoutingRule, asked: Asked): Truth {
  const { question, host } = asked
  let truth: Truth = true
  const and = (what: string, one: boolean | undefined) => {
    if (one === false) truth = false
    else if (one === undefined && truth !== false)
      truth = unknown(`it is unknown whether routing rule ${rule.priority} applies: ${what}`)
  }
  if (rule.unknown) and(rule.unknown.join(', '), undefined)
  if (rule.action === 'l3mdev') and('which interfaces are in a VRF', inVrf(devicesOf(question), host))
  if (rule.from !== undefined) and('the source address', isIn(asked.src, rule.from))
  if (rule.to !== undefined) and('the destination', isIn(asked.dst, rule.to))
  if (rule.mark !== undefined) {
    const { mark } = question
    and("the packet's mark", mark === undefined ? undefined : ((mark ^ rule.mark) & (rule.markMask ?? -1)) === 0)
  }
  // the kernel asks with the loopback for what this host sends
  if (rule.in !== undefined) and('', (question.in ?? 'lo') === rule.in)
  if (rule.out !== undefined) and('', question.out === rule.out)
  // 0 stands for any
  if (rule.tos) {
    const bits = asked.family === 'ip' ? LEGACY_TOS : 0xfc
    and('the type of service', question.tos === undefined ? undefined : (question.tos & bits) === rule.tos)
  }
  if (rule.protocol !== undefined) {
    const { protocol } = question
    const same = protocol !== undefined && protocolNumber(protocol) === protocolNumber(rule.protocol)
    and('the protocol', protocol === undefined ? undefined : same)
  }
  and('the source port', within(question.sport, rule.sport))
  and('the destination port', within(question.dport, rule.dport))
  and('the sender', within(question.uid ?? (question.in === undefined ? undefined : 0), rule.uid))
  return rule.not && typeof truth === 'boolean' ? !truth : truth
}

const devicesOf = ({ in: input, out }: RouteQuestion): string[] =>
  [input, out].filter((name): name is string => name !== undefined)

function within(value: number | undefined, range: readonly [number, number] | undefined): boolean | undefined {
  if (!range) return true
  return value === undefined ? undefined : value >= range[0] && value <= range[1]
}

function isIn(address: Uint8Array | undefined, network: string): boolean | undefined {
  const prefix = readPrefix(network)
  if (!address || !prefix) return undefined
  return covers(prefix, address)
}

/** Is one of these interfaces a VRF's? Undefined where host state does not tell. */
export function inVrf(devices: readonly string[], host: Host): boolean | undefined {
  // the kernel makes a routing rule with the first VRF
  const someVrf = host.routingRules?.some(({ action }) => action === 'l3mdev')
  if (someVrf === false) return false
  let open = false
  for (const name of devices) {
    const device = linkNamed(host, name)
    const master = linkNamed(host, device?.master)
    if (device?.kind === 'vrf' || master?.kind === 'vrf') return true
    // `ip addr` without -d does not tell what the master is
    if (device ? device.master !== undefined && master?.kind === undefined : someVrf) open = true
  }
  return open ? undefined : false
}

const REFUSING: readonly unknown[] = ['unreachable', 'blackhole', 'prohibit']

/** What the host takes as its own: an anycast address, too, which only IPv6 has (ip6_rt_init_dst in net/ipv6/route.c). */
export const leadsHere = ({ type, family }: Route): boolean =>
  type === 'local' || type === 'broadcast' || (type === 'anycast' && family === 'ip6')

/** A route's type, or a routing rule's action, that says no. */
export const refuses = (type: unknown): boolean => REFUSING.includes(type)

/** There is no route, or it says no. */
export const leadsNowhere = (route: Route | null): boolean => route === null || refuses(route.type)
