/** The one thing that kept a rule from matching a packet. */
import type { Condition, Value } from '../../model/condition.ts'
import type { Hook } from '../../model/hook.ts'
import type { Host } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { conditionText, evaluate } from '../../rules/evaluate.ts'
import { conditionsOf } from '../../rules/match.ts'
import { simpleConditions } from '../../rules/simple-conditions.ts'
import { plainWords } from '../plain-conditions.ts'
import { holdsForTwin, isForTwin } from './icmp-twin.ts'

export interface FailedCondition {
  condition: Condition
  /** That it did not hold is known only from the trace, which shows that the rule did not match. */
  settled: boolean
}

/**
 * Undefined where more than one thing speaks against the rule, or nothing does. A rule is passed, so if all but one of
 * its conditions hold, that one does not. A wrong protocol is one thing, whatever the ports behind it are read from, and
 * so is a wrong IP version, or both where a rule is for the same message of the other version.
 */
export function onlyFailed(rule: Rule, moment: EvalContext): FailedCondition | undefined {
  const failed: Condition[] = []
  const open: Condition[] = []
  for (const [condition, at] of conditionsOf(rule, moment)) {
    const truth = evaluate(condition, at)
    if (truth === true) continue
    if (truth === false) failed.push(condition)
    else open.push(condition)
    if (failed.length + open.length > 3) return undefined
  }
  const protocol = failed.find(isProtocol) ?? failed.find(isVersion)
  const isTwin = protocol !== undefined && isForTwin(rule, protocol, moment)
  const isOther = (one: Condition) =>
    !holdsForProtocol(one, moment) && !(protocol && isOfVersion(one, protocol)) && !(isTwin && isVersion(one))
  const rest = protocol ? failed.filter((one) => one !== protocol && isOther(one)) : failed.slice(1)
  if (rest.length > 0) return undefined
  const condition = protocol ?? failed[0]
  // what the element allows is asked only where there is one
  if (condition?.kind === 'room') return missed(condition, false)
  // what is asked of the other version's packets, a limit say, is asked of none of this one's
  const isOpen = (one: Condition) => !isNeverShown(one) && !isRate(one) && !(protocol && isOfVersion(one, protocol))
  if (condition) return !open.some(isOpen) ? missed(condition, false) : undefined
  return open.length === 1 ? missed(open[0]!, true) : undefined
}

/** A limit counts the packets that all else holds for: one that the rule was not for has used none of it. */
export const isRate = (condition: Condition): boolean =>
  condition.kind === 'unknown' &&
  condition.lasts !== undefined &&
  ('packets' in condition.lasts || 'refills' in condition.lasts)

/** Asks for the interface that a packet leaves by. */
export const asksOutput = (condition: Condition): boolean => /^meta oif(name)?$/.test(fieldOf(condition) ?? '')

/** Asks for the interface that a packet came in by. */
export const asksInput = (condition: Condition): boolean => /^meta iif(name)?$/.test(fieldOf(condition) ?? '')

/** No trace of nft's tells who has sent a packet: a rule that asks for that is wrong by what can be seen, if anything. */
export const isNeverShown = (condition: Condition): boolean => /^meta (sk[ug]id|cgroup)$/.test(fieldOf(condition) ?? '')

/** All that speaks against the rule; undefined where something cannot be told. */
export function missedBy(rule: Rule, moment: EvalContext): FailedCondition[] | undefined {
  const found: FailedCondition[] = []
  for (const [condition, at] of conditionsOf(rule, moment)) {
    const truth = evaluate(condition, at)
    if (truth === true) continue
    if (truth !== false) return undefined
    found.push(missed(condition, false))
  }
  return found
}

/** The packet's interface that this field is compared with; undefined of any other field. */
export const interfaceHeld = (field: string, { in: came, out }: Packet): string | undefined =>
  field === 'meta iifname' ? came : field === 'meta oifname' ? out : undefined

const missed = (condition: Condition, settled: boolean): FailedCondition => ({ condition, settled })

/** What is asked for, in the rule's own words where there are no plainer ones. */
export const asks = ({ condition }: FailedCondition): string => {
  const text = conditionText(condition)
  const version = isVersion(condition) && condition.kind === 'compare' && VERSIONS[String(condition.value)]
  // what is written into a set says only by its key which version it is for
  if (version && /^(add|update|delete) @/.test(text)) return `${version} (${text})`
  return plainWords(text) ?? text
}

const VERSIONS: Readonly<Record<string, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' }

/** The same of several: of nft's `tcp dport 22` the protocol and the port have the same words. */
export const asksAll = (misses: readonly FailedCondition[]): string => [...new Set(misses.map(asks))].join(' ')

/** What no service is chosen by, and what packets of any service may be: asked besides a service, it can be left out. */
export const asksQuality = (condition: Condition): boolean =>
  /^(fib .*type|meta (pkttype|length)|ip ttl|ip6 hoplimit|ip6? dscp|ct (direction|helper)|rt classid)$/.test(
    fieldOf(condition) ?? '',
  )

/** Without it, a rule that rewrites destinations takes what is for any other host as well. */
export const asksDestinationType = (condition: Condition): boolean =>
  /^fib daddr .*type$/.test(fieldOf(condition) ?? '')

const isProtocol = (condition: Condition): boolean => condition.kind === 'compare' && condition.field === 'meta l4proto'

const isVersion = (condition: Condition): boolean =>
  condition.kind === 'compare' && /^meta (nfproto|protocol)$/.test(condition.field)

/** `ip saddr` in an inet table asks for IPv4 first: of an IPv6 packet that is one thing. */
const isOfVersion = (condition: Condition, version: Condition): boolean =>
  isVersion(version) && condition.text !== undefined && condition.text === version.text

const PORT = /^(tcp|udp|sctp|dccp|udplite) ([sd]port)$/

/** Does it hold, or would it, if the packet were of the protocol that it asks for? */
export const holdsButForProtocol = (condition: Condition, moment: EvalContext): boolean =>
  evaluate(condition, moment) !== false || holdsForProtocol(condition, moment)

/** A port or a message asked of another protocol: would it hold, if the packet were of that one? */
function holdsForProtocol(condition: Condition, moment: EvalContext): boolean {
  if (holdsForTwin(condition, moment)) return true
  if (condition.kind === 'lookup' && condition.nft) {
    const fields = condition.fields.map((field) => field.replace(PORT, 'th $2'))
    return fields.join() !== condition.fields.join() && evaluate({ ...condition, fields }, moment) === true
  }
  if (condition.kind !== 'compare') return false
  const [, , side] = PORT.exec(condition.field) ?? []
  if (side === undefined) return false
  return evaluate({ ...condition, field: `th ${side}` }, moment) === true
}

/** The field that a condition asks for, through a negation; of several alternatives none. */
export function fieldOf(condition: Condition): string | undefined {
  if (condition.kind === 'not') return fieldOf(condition.of)
  if (condition.kind === 'compare') return condition.field
  if (condition.kind === 'any' || condition.kind === 'all') {
    const fields = new Set(condition.of.map(fieldOf))
    return fields.size === 1 || condition.of.some((one) => fieldOf(one)?.startsWith('ct '))
      ? [...fields].at(-1)
      : undefined
  }
  return undefined
}

/** All that it asks for. */
export const fieldsOf = (condition: Condition): string[] =>
  simpleConditions(condition).flatMap((one) =>
    one.kind === 'compare' ? one.field : one.kind === 'lookup' ? one.fields : [],
  )

/** It is for certain senders, or for what rules have marked. */
export const asksSender = (condition: Condition): boolean =>
  fieldsOf(condition).some((field) => /^src$| saddr$| mark$/.test(field))

/** Does the packet's line show what it asks for: addresses, ports, interfaces, the protocol, the state? */
export function isShown(condition: Condition): boolean {
  const fields = simpleConditions(condition).flatMap((one) =>
    one.kind === 'compare' ? one.field : one.kind === 'lookup' ? one.fields : '',
  )
  return fields.length > 0 && fields.every((field) => ON_LINE.test(field))
}

const ON_LINE = /^(ip6? [sd]addr|\w+ [sd]port|ct state|meta (l4proto|nfproto|protocol|mark|[io]if(name)?)|ether type)$/

export const isNegated = (condition: Condition): boolean =>
  condition.kind === 'not' || (condition.kind === 'compare' && condition.op === '!=')

/** Asks for a certain address, port, mark or set: not what any packet has. */
export function isParticular(condition: Condition): boolean {
  if (condition.kind === 'lookup') return true
  if (condition.kind !== 'compare' || condition.op !== '==') return false
  if (/ mark$/.test(condition.field)) return condition.value !== 0
  return /(addr|port|proto-dst|proto-src|icmp type|icmpv6 type)$/.test(condition.field)
}

/** Asks for one host or one service, a mark or a set. */
export const isExact = (condition: Condition): boolean =>
  isParticular(condition) &&
  !(condition.kind === 'compare' && typeof condition.value === 'object' && isNetwork(condition.value))

const isNetwork = (value: Value): boolean =>
  typeof value === 'object' && 'prefix' in value && value.length < (value.prefix.includes(':') ? 128 : 32)

/** Asks for so many ports, up to the last ones, that these are no service's: programs ask from them. */
export function isForClients(condition: Condition): boolean {
  if (condition.kind !== 'compare' || condition.op !== '==' || typeof condition.value !== 'object') return false
  const ranges = 'set' in condition.value ? condition.value.set : [condition.value]
  return ranges.some((one) => {
    if (typeof one !== 'object' || !('range' in one)) return false
    const [from, to] = one.range.map(Number) as [number, number]
    return to >= FIRST_PASSING && to - from >= MANY
  })
}

/** IANA's first port that is for no service; Linux itself begins at 32768. */
const FIRST_PASSING = 49_152
const MANY = 4096

/** `-m tcp` without an option. */
export const isAnyPort = (one: Condition): boolean => one.kind === 'compare' && one.op === '>=' && one.value === 0

/** Not for a connection's first packet, which a SYN is whether conntrack sees it or not. */
export function isForLater(condition: Condition, moment: EvalContext): boolean {
  const { ctState, tcpFlags = [] } = moment.packet
  if (ctState !== 'untracked' || !tcpFlags.includes('syn') || tcpFlags.includes('ack')) return false
  return evaluate(condition, { ...moment, packet: { ...moment.packet, ctState: 'new' } }) !== true
}

/** Asks for an address that it is for, or for a kind of address. */
export function namesDestination(condition: Condition): boolean {
  if (condition.kind === 'lookup') return condition.fields.some((field) => field === 'dst' || field.endsWith('daddr'))
  if (condition.kind !== 'compare' || isAnywhere(condition.value)) return false
  return condition.field.endsWith(' daddr') || condition.field.startsWith('fib daddr')
}

/** `::/0`: every address of the family. */
const isAnywhere = (value: Value): boolean => typeof value === 'object' && 'prefix' in value && value.length === 0

/** Is it for what connection tracking can make nothing of? A verdict map of states, too, where that alone is dropped. */
export const isForInvalid = ({ conditions, statements }: Rule): boolean =>
  conditions.some(
    (one) => one.kind === 'compare' && one.field === 'ct state' && one.op === '==' && one.value === 'invalid',
  ) ||
  statements.some((one) => {
    if (one.kind !== 'vmap' || one.map.fields.join() !== 'ct state') return false
    const dropped = one.map.nft.elements?.filter(({ data }) => data?.[0] === 'drop') ?? []
    return dropped.length > 0 && dropped.every(({ parts }) => parts[0] === 'invalid')
  })

/**
 * `iif 2`: the number of an interface that is gone, as nft lists it. One that comes later has another number, even by the
 * same name. Conditions have interfaces by name, whichever way they are asked for.
 */
export function asksGoneInterface(condition: Condition, { links }: Host): boolean {
  if (condition.kind !== 'compare' || condition.op !== '==' || !/^(meta )?[io]if /.test(condition.text ?? ''))
    return false
  if (!links?.every(({ index }) => index !== undefined)) return false
  const { value } = condition
  const asked = typeof value === 'object' && 'set' in value ? value.set : [value]
  return asked.some((one) => isNumber(one) && !links.some(({ index }) => index === Number(one)))
}

/** It asks for what no packet has any more, or ever had: as it is, the rule matches nothing. */
export const matchesNothing = (condition: Condition, host: Host): boolean =>
  asksGoneInterface(condition, host) ||
  asksUnspecified(condition) ||
  asksOtherVersion(condition) ||
  asksMaskedBits(condition)

/** By which interface it leaves, where routing has not decided that yet or it stays; or by which it came, of what this host sends. */
export const asksMissingSide = (condition: Condition, hook: Hook | undefined): boolean =>
  !isNegated(condition) &&
  ((/^meta oif/.test(fieldOf(condition) ?? '') && (hook === 'prerouting' || hook === 'input' || hook === 'ingress')) ||
    (/^meta iif/.test(fieldOf(condition) ?? '') && hook === 'output'))

/** `--mark 0x10000/0xff`: of a mark under this mask these bits are never there. */
export const asksMaskedBits = (condition: Condition): boolean =>
  condition.kind === 'compare' &&
  condition.op === '==' &&
  condition.mask !== undefined &&
  / mark$/.test(condition.field) &&
  (Number(condition.value) & ~Number(condition.mask)) !== 0

/** The IPv4 header's version is 4. */
export const asksOtherVersion = (condition: Condition): boolean =>
  condition.kind === 'compare' &&
  condition.op === '==' &&
  /^(ip version (== )?(?!4$)|ip6 version (== )?(?!6$))\d+$/.test(condition.text ?? '')

/** `0.0.0.0` or `::` as destination, where any was meant: the kernel sends nothing there. */
export const asksUnspecified = (condition: Condition): boolean =>
  condition.kind === 'compare' &&
  condition.op === '==' &&
  / daddr$/.test(condition.field) &&
  isUnspecified(condition.value)

const isUnspecified = (value: Value): boolean =>
  typeof value === 'object'
    ? 'prefix' in value && !isNetwork(value) && isUnspecified(value.prefix)
    : /^(0\.0\.0\.0|::)$/.test(String(value))

const isNumber = (value: Value): boolean => typeof value !== 'object' && /^[1-9]\d*$/.test(String(value))

/** Asks a set or map that the rule itself lists. */
export const isListed = ({ condition }: Pick<FailedCondition, 'condition'>): boolean =>
  condition.kind === 'not'
    ? isListed({ condition: condition.of })
    : condition.kind === 'lookup' && condition.nft !== undefined && condition.nft.table === undefined

/** Asks for membership in a set. */
export const isLookup = ({ condition }: Pick<FailedCondition, 'condition'>): boolean =>
  condition.kind === 'not' ? isLookup({ condition: condition.of }) : condition.kind === 'lookup'
