/** Packets whose addresses nobody has rewritten, and that do no good so: they come to no program, or no answer finds back. */
import { parseAddress } from '../../model/address.ts'
import type { Hook } from '../../model/hook.ts'
import type { ConntrackEntry, Host } from '../../model/host.ts'
import type { Outcome } from '../../model/journey.ts'
import { memo } from '../../model/memo.ts'
import { hasLeft, isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { entryOpened, isUnreplied } from '../../rules/conntrack/entries.ts'
import { addressType, hasAddress, isLocal } from '../../rules/fib.ts'
import { lookupRoute, questionOf } from '../../rules/route.ts'
import { knowsSockets, listener } from '../../rules/sockets.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { type Context, lastPacket } from '../context.ts'
import { bridgeOf, mayReplyOverBridge, replyOverBridge } from '../host/bridges.ts'
import { hasNoLinkLayer, homeOf, isDefault, mainRoute } from '../host/routes.ts'
import { asItCame, entryBegun, isAlwaysAnswered, isOpening } from '../reply/request-reply.ts'
import { verdictAt } from '../verdict-at.ts'
import { isKnownThere, otherRepliedTo } from './known-there.ts'
import { DESTINATION, SOURCE } from './rewritten.ts'
import { isNatChain } from './skipped-rules.ts'
import { isAroundThisHost } from './spared-networks.ts'

/** `surely`: as far as the journey shows, it gets to nobody; `maybe`: it went on, and nobody knows how far. */
export type Nowhere = 'surely' | 'maybe' | undefined

/** As a step or the packet's end shows, or as the rule says whose work the capture does not show any more. */
export const hasNewDestination = (context: Context): boolean =>
  hasOtherDestination(asItCame(context.evidence, context.world), lastPacket(context)) ||
  context.journey.steps.some(({ changes, kind }, i) => {
    if (changes.some(({ field }) => field === 'dst' || field === 'dport')) return true
    const { hook, ending } = context.evidence.arrivals[i]!
    const first = hook === 'prerouting' || hook === 'output'
    return first && kind === 'rule' && ending === 'accept' && DESTINATION.includes(verdictAt(context, i))
  })

/** A connection's later packets are rewritten by its entry, between two steps. */
const hasOtherDestination = (first: Packet, last: Packet): boolean =>
  first.dst !== undefined && (first.dst !== last.dst || first.dport !== last.dport)

const BEFORE_NAT: readonly (Hook | undefined)[] = [undefined, 'ingress', 'prerouting']

/** Does it need another destination? */
export function needsDestination(context: Context): Nowhere {
  const { journey, evidence, ended, world } = context
  if (evidence.nat !== 'passed' || hasNewDestination(context)) return undefined
  const packet = lastPacket(context)
  const { outcome } = journey
  const stopped = isStoppedByRule(outcome)
  if (stopped && BEFORE_NAT.includes(evidence.arrivals[ended.step]?.hook)) return undefined
  if (addressType(packet.dst, world.host) === 'local') {
    // it is where it was to go
    if (listener(world.host, packet)) return undefined
    return context.inVain === 'refused' || knowsSockets(world.host, packet.protocol) ? 'surely' : 'maybe'
  }
  if (stopped || isSentBack(packet, world.host) || hasNoRoute(packet, outcome, world.host)) return 'surely'
  return outcome === 'forwarded' || outcome === 'sent' || outcome === 'vanished' ? 'maybe' : undefined
}

/** To a network that none of this host's links is in. */
function hasNoRoute(packet: Packet, outcome: Outcome, host: Host): boolean {
  const question = outcome === 'vanished' ? questionOf(packet) : undefined
  return question !== undefined && lookupRoute(question, host) === null && !homeOf(question.dst, host)
}

/** Whoever sent it here, from afar, takes this host for the one to ask; it went back to where it came from. */
function isSentBack({ in: from, out, src, dst }: Packet, host: Host): boolean {
  if (from === undefined || from !== out || src === undefined || dst === undefined) return false
  return homeOf(dst, host, out)?.link.name === out && homeOf(src, host, from)?.link.name !== from
}

/** Does it need another source? */
export function needsSource(context: Context): Nowhere {
  const { journey, evidence, world } = context
  if (!hasLeft(journey.outcome)) return undefined
  // what a bridge passes on has not left its network
  const isBridged = bridgeOf(lastPacket(context), world.host) !== undefined && !comesBackToSender(context)
  if (hasNewSource(context) || isBridged) return undefined
  const entry = entryBegun(evidence, world)
  // whatever its source is, a reply has come back by way of this host
  if (entry && !isUnanswered(entry)) return undefined
  if (journey.outcome === 'forwarded' && isKnownThere(lastPacket(context), world.host)) return undefined
  const isStrange =
    (isPrivateAbroad(journey.outcome, lastPacket(context)) &&
      !isHandedOn(lastPacket(context), world.host) &&
      knownInItsPlace(context) === undefined) ||
    isLoopbackAbroad(context) ||
    firstLink(context) ||
    (journey.outcome === 'forwarded' && gatewayBeside(lastPacket(context), world))
  if (evidence.nat === 'passed') return isStrange || isHairpin(context) ? 'surely' : 'maybe'
  if (!isOpening(journey, evidence.nat, world)) return undefined
  if (!entry && rewritesSources(context) !== false) return undefined
  return isStrange || isHairpin(context) ? 'surely' : undefined
}

/**
 * Another private source that got a reply from there as it is: a later router rewrites it, or knows the way back to it, and
 * may do so for this one. Undefined where an entry says that this one got none.
 */
const knownInItsPlace = (context: Context): string | undefined =>
  staysUnanswered(context) ? undefined : otherRepliedTo(lastPacket(context), context.world.host, isPrivate)

/** The same, where nothing else says whether this one gets a reply. */
export const mayBeKnownAs = (context: Context): string | undefined =>
  isPrivateAbroad(context.journey.outcome, lastPacket(context)) &&
  !isHandedOn(lastPacket(context), context.world.host) &&
  needsSource(context) === 'maybe'
    ? knownInItsPlace(context)
    : undefined

/** Its source is as it was, and nothing has come back to that. */
const isUnanswered = (entry: ConntrackEntry): boolean => isUnreplied(entry) && entry.reply.dst === entry.original.src

/** conntrack says that nothing has come back to the packet's own source, and something would in any case. */
export function staysUnanswered({ evidence, world }: Context): boolean {
  const asked = asItCame(evidence, world)
  const entry = isAlwaysAnswered(asked) ? entryOpened(asked, world) : undefined
  return entry !== undefined && isUnanswered(entry)
}

/** The same, whichever source it left with. */
export function lacksReply({ evidence, world }: Context): boolean {
  const asked = asItCame(evidence, world)
  const entry = isAlwaysAnswered(asked) ? entryOpened(asked, world) : undefined
  return entry !== undefined && isUnreplied(entry)
}

/** It got to where nat sent it, and no reply came back: with its own source, replies may go past this host. */
export const mayLackSource = (context: Context): boolean =>
  context.inVain === 'unanswered' && hasDestinationAlone(context)

/** nat has sent it on to another host, with the source that it came with. */
export const hasDestinationAlone = (context: Context): boolean =>
  context.evidence.nat === 'passed' &&
  context.journey.outcome === 'forwarded' &&
  hasNewDestination(context) &&
  !hasNewSource(context)

/** Is there a rule that rewrites sources? Undefined: nat's rules are not known. */
export function rewritesSources({ world, journey }: Context): boolean | undefined {
  const tables = world.tables.filter(({ family }) => family === journey.family || family === 'inet')
  if (tables.some(hasSourceRule)) return true
  // who saved nat's rules of one family saved those of the other; a ruleset of nft's is listed whole
  const isKnown = world.tables.some(
    (table) =>
      (table.kind === 'nft' && tables.includes(table)) ||
      [...table.chains.values()].some((one) => isNatChain(table, one)),
  )
  return isKnown ? false : undefined
}

/** Do strangers come to its network by this host's own address? They know of no other way there. */
export function isReachedByNat(context: Context): boolean {
  const { host } = context.world
  const home = homeOf(lastPacket(context).src ?? '', host)
  return home !== undefined && linksBehindNat(host).has(home.link.name)
}

/** A dump may list millions, most of them alike. */
const MOST_LOOKED_AT = 2000

const linksBehindNat = memo((host: Host): ReadonlySet<string | undefined> => {
  const found = (host.conntrack ?? [])
    .slice(0, MOST_LOOKED_AT)
    .filter(({ original: { src, dst }, reply }) => dst !== reply.src && isPublic(src) && isLocal(dst, host))
  return new Set(found.map(({ reply }) => homeOf(reply.src, host)?.link.name))
})

/**
 * The router that this host has in the network that the packet left for, from another one, where it masquerades others:
 * whoever is there has the same router, as a rule, and replies by that.
 */
export function gatewayBeside(packet: Packet, { host, tables }: World): string | undefined {
  const { src, dst, out } = packet
  if (src === undefined || dst === undefined || isKnownThere(packet, host)) return undefined
  if (homeOf(dst, host, out)?.link.name !== out || homeOf(src, host, out)?.link.name === out) return undefined
  const family = dst.includes(':') ? 'ip6' : 'ip'
  const routes = (host.routes ?? []).filter((one) => one.family === family && one.gateway !== undefined)
  // another router has routes of its own
  if (routes.some(({ gateway }) => gateway === dst)) return undefined
  if (!tables.some((table) => (table.family === family || table.family === 'inet') && hasSourceRule(table)))
    return undefined
  // with an uplink of its own where the packet came in, this host is a router to the outside, too
  const isUplink = routes.some((one) => isDefault(one) && one.device === packet.in)
  if (isUplink && (isPublic(src) || !isAtTunnel(src, packet.in, host))) return undefined
  return routes.find((one) => isDefault(one) && one.table === 'main' && one.device === out)?.gateway
}

/** In the network of a tunnel: whoever is at its other end is reached through this host alone, whatever routes lead there. */
function isAtTunnel(address: string, device: string | undefined, host: Host): boolean {
  const link = homeOf(address, host, device)?.link
  if (!link || link.name !== device) return false
  // a listing that shows link addresses shows none there
  return (
    hasNoLinkLayer(link) ||
    (link.mac === undefined && (host.links ?? []).some(({ name, mac }) => name !== 'lo' && mac !== undefined))
  )
}

const hasSourceRule = memo((table: Table): boolean => rulesOfSources(table).length > 0)

export const rulesOfSources = ({ chains }: Table) =>
  [...chains.values()].flatMap(({ rules }) => rules.filter((rule) => SOURCE.includes(verdictOf(rule).text)))

/** The interface whose address this host chose for its source, before rules led the packet out of another one. */
export function firstLink(context: Context): string | undefined {
  const { dst } = lastPacket(context)
  // within one's own networks answers find back to any of this host's addresses
  if (dst === undefined || !isPublic(dst) || hasNewDestination(context)) return undefined
  return linkOfSource(context)
}

/** The same where nat gave the packet another destination behind another interface, and nothing has come back to that source. */
export function linkBeforeNat(context: Context): string | undefined {
  return hasNewDestination(context) && staysUnanswered(context) ? linkOfSource(context) : undefined
}

function linkOfSource(context: Context): string | undefined {
  const { journey, evidence, world } = context
  const { src, out } = lastPacket(context)
  if (journey.outcome !== 'sent' || src === undefined || out === undefined || out === 'lo') return undefined
  const first = evidence.arrivals.find(({ hook }) => hook === 'output')?.packet.out
  if (first === undefined || first === out || first === 'lo') return undefined
  const has = (name: string) => hasAddress(world.host, name, src)
  return has(first) && !has(out) ? first : undefined
}

/** By a rule of nat that was met, even where the capture does not show what it wrote. */
export const hasNewSource = (context: Context): boolean =>
  context.evidence.arrivals.some(
    ({ hook, ending }, i) => hook === 'postrouting' && ending === 'accept' && SOURCE.includes(verdictAt(context, i)),
  )

/** An address that only its own network knows, on its way to one that the whole world knows. */
export const isPrivateAbroad = (outcome: Outcome, { src, dst }: Pick<Packet, 'src' | 'dst'>): boolean =>
  src !== undefined && dst !== undefined && isPrivate(src) && isPublic(dst) && outcome === 'forwarded'

/** To another router of the sender's own network: that one knows the way back to it, and whether it needs another source. */
const isHandedOn = ({ src, in: from, out }: Packet, host: Host): boolean =>
  src !== undefined && out !== undefined && from === out && homeOf(src, host, out)?.link.name === out

/** To any other host 127.0.0.1 is that host itself. */
export function isLoopbackAbroad(context: Context): boolean {
  const { src = '', out } = lastPacket(context)
  return context.journey.outcome === 'sent' && out !== 'lo' && (src.startsWith('127.') || src === '::1')
}

/** What a host makes of a packet with its own address as source: IPv4 drops it as a martian (fib_validate_source), IPv6 has no such check. */
export const ownSourceWords = (address: string | undefined): string =>
  address?.includes(':')
    ? 'a host replies to its own address over lo, so no reply comes back here'
    : 'a host drops packets that come in with its own address as source'

/** nat sends its sender's own packet back to it, with its own address as source. */
export function comesBackToSender(context: Context): boolean {
  const { src, dst } = lastPacket(context)
  return src === dst && isSentBackByNat(context)
}

/** Sent back to the network that it came from, for a destination that nat has written: the answer would go past this host. */
export const isHairpin = (context: Context): boolean =>
  isSentBackByNat(context) && !replyOverBridge(context) && !mayReplyOverBridge(context)

function isSentBackByNat(context: Context): boolean {
  const { in: from, out, src } = lastPacket(context)
  if (from === undefined || from !== out || src === undefined || isSentNowhere(context)) return false
  if (isSentToItself(context)) return false
  return hasNewDestination(context) && isLocal(src, context.world.host) !== true
}

/** The same between ports of a bridge that shows connection tracking none of its packets. */
export const isRepliedPast = (context: Context): boolean =>
  context.journey.outcome === 'forwarded' &&
  !hasNewSource(context) &&
  isSentBackByNat(context) &&
  replyOverBridge(context)?.calls === false

/** nat sent it to a private address that only the default route leads to, back to where it came from: a host of one link has no other way. */
export function isSentNowhere(context: Context): boolean {
  const packet = lastPacket(context)
  const { in: from, out } = packet
  if (context.world.host.links?.filter(({ name, up }) => name !== 'lo' && up !== false).length === 1) return false
  if (from === undefined || from !== out || !isOnlyByDefault(packet, context.world.host)) return false
  return hasNewDestination(context) && !isAroundThisHost(context, packet)
}

/** For a private address to which only the default route leads. */
export function isOnlyByDefault(packet: Packet, host: Host): boolean {
  if (packet.dst === undefined || !isPrivate(packet.dst)) return false
  const question = questionOf(packet)
  const route = question && lookupRoute(question, host)
  if (!route || !isDefault(route)) return false
  // a routing rule may lead it past the route that is there
  const main = mainRoute(question, host)
  return !main || isDefault(main)
}

/**
 * nat sent it back to the very host that it came from, by rules that take whatever destination it has. Who asks for a
 * service of its own by the service's address is meant to be sent there, and needs another source.
 */
export function isSentToItself(context: Context): boolean {
  const { in: from, out, src, dst } = lastPacket(context)
  if (from === undefined || from !== out || out === 'lo' || src === undefined || src !== dst) return false
  return hasNewDestination(context) && !hasNewSource(context) && !isAskedByAddress(context)
}

/** Its first destination is this host's, or one that a rule on its way through nat asks for. */
const isAskedByAddress = ({ journey, evidence, world }: Context): boolean =>
  addressType(journey.packet.dst, world.host) === 'local' ||
  evidence.arrivals.some(
    ({ rule, hook }) =>
      (hook === 'prerouting' || hook === 'output') &&
      rule?.conditions.some(
        (one) =>
          (one.kind === 'compare' && / daddr$/.test(one.field)) ||
          (one.kind === 'lookup' && one.fields.some((field) => field === 'dst' || / daddr$/.test(field))),
      ),
  )

/** RFC 1918, RFC 6598, RFC 4193. */
export function isPrivate(address: string): boolean {
  const bytes = parseAddress(address)
  if (!bytes) return false
  const [a, b] = [bytes[0]!, bytes[1]!]
  if (bytes.length === 16) return (a & 0xfe) === 0xfc
  return a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128)
}

export function isPublic(address: string): boolean {
  const bytes = parseAddress(address)
  if (!bytes || isPrivate(address)) return false
  const a = bytes[0]!
  if (bytes.length === 16) return a >= 0x20 && a < 0x40
  return a !== 0 && a !== 127 && !(a === 169 && bytes[1] === 254) && a < 224
}
