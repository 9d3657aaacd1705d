/** How far what a condition asks for is from what the packet has. */
import { isHostPartOf } from '../../model/address.ts'
import type { Condition, Scalar, Value } from '../../model/condition.ts'
import { isLoopback } from '../../model/loopback.ts'
import type { Packet } from '../../model/packet.ts'
import { type FailedCondition, fieldOf, isExact, isListed, isLookup, isNegated } from './failed-condition.ts'
import { isNumberedAlike, looksLike, lookupOf } from './map-keys.ts'
import { isForTheWayBack, isOtherEnd } from './other-end.ts'

/** Of the IP packet: a host keeps that with another network card. */
export const isAddressOrPort = (condition: FailedCondition['condition']): boolean =>
  /^(?!ether ).*(addr|port)$/.test(fieldOf(condition) ?? '')

const SLIP = 0.3

/** Asks for one address or port that is not like the packet's: it is there for another host or service. */
export const isForAnother = (miss: FailedCondition, packet: Packet): boolean =>
  isAddressOrPort(miss.condition) && isExact(miss.condition) && !isNear(miss, packet)

/** Asks for a loopback address of what came in by a link: it is there for what this host sends to itself. */
export const isForHostItself = ({ condition }: FailedCondition, packet: Packet): boolean =>
  packet.in !== undefined &&
  packet.in !== 'lo' &&
  !isNegated(condition) &&
  / [sd]addr$/.test(fieldOf(condition) ?? '') &&
  wantedBy(condition).every((one) => isLoopback(String(one)))

/** Is what it asks for a slip of the pen away from what the packet has, or in its network? */
export const isNear = (miss: FailedCondition, packet: Packet): boolean => distanceOf(miss, packet) <= SLIP

/** From 0, a slip of the pen, to 1, something else altogether. */
export function distanceOf({ condition, settled }: FailedCondition, packet: Packet): number {
  if (settled) return 0.2
  if (isLookup({ condition })) return isListed({ condition }) ? 0.4 : 0.5
  const field = fieldOf(condition) ?? ''
  if (/^ct /.test(field)) return 0.2
  // what others are marked for says little of this packet; why it has not the mark is another finding's to say
  if (field === 'meta mark') return 0.5
  // a rule for the other version of IP is there for other packets
  if (/^meta (nfproto|protocol)$|^ether type$/.test(field)) return 0.85
  if (/^meta [io]ifname$|^meta l4proto$|^ether /.test(field)) return 0.4
  const [wanted, held] = [wantedBy(condition), heldBy(field, packet)]
  if (wanted.length === 0 || held === undefined) return 0.6
  const b = String(held)
  if (isAllBut({ condition }, packet) || isOtherEnd({ condition }, packet)) return 0.1
  if (isHostPart(condition, packet)) return 0.2
  // whose network it is decides about many; a network of the same site is nearer than another one, and both than one of the other version
  if (/addr$/.test(field)) {
    if (wanted.every((a) => isOtherVersion(String(a), b))) return 0.9
    return !wanted.some((a) => sharedPrefix(String(a), b)) ? 0.7 : isExact(condition) ? 0.3 : 0.6
  }
  if (isForTheWayBack({ condition }, packet)) return 0.8
  const like = wanted.map(String).filter((a) => looksLike(a, b))
  if (like.length === 0) return 0.8
  return like.every((a) => isNumberedAlike(a, b)) ? 0.25 : 0.2
}

/** Does it ask for all but the very one that the packet has? */
export function isAllBut({ condition }: Pick<FailedCondition, 'condition'>, packet: Packet): boolean {
  const held = heldBy(fieldOf(condition) ?? '', packet)
  return held !== undefined && isNegated(condition) && wantedBy(condition).join() === String(held)
}

/** An address of IPv6 without its prefix, which a mask was to leave out. */
export function isHostPart(condition: FailedCondition['condition'], packet: Packet): boolean {
  const held = heldBy(fieldOf(condition) ?? '', packet)
  return typeof held === 'string' && wantedBy(condition).some((one) => isHostPartOf(String(one), held))
}

/** One of these. */
export function wantedBy(condition: FailedCondition['condition']): Scalar[] {
  if (condition.kind === 'not') return wantedBy(condition.of)
  return condition.kind === 'compare' ? scalarsOf(condition.value) : []
}

function scalarsOf(value: Value): Scalar[] {
  if (typeof value !== 'object') return [value]
  if ('prefix' in value) return [value.prefix]
  if ('set' in value) return value.set.slice(0, MOST_COMPARED).flatMap(scalarsOf)
  return 'range' in value ? [value.range[0]] : []
}

const MOST_COMPARED = 50

function heldBy(field: string, packet: Packet): Scalar | undefined {
  const part = /([sd])(addr|port)$/.exec(field)
  if (!part) return undefined
  const source = part[1] === 's'
  return part[2] === 'addr' ? packet[source ? 'src' : 'dst'] : packet[source ? 'sport' : 'dport']
}

const isOtherVersion = (a: string, b: string): boolean => a.includes(':') !== b.includes(':')

/** The same network, as far as three parts of an address go. */
const sharedPrefix = (a: string, b: string): boolean =>
  a.split(/[.:]/).slice(0, 3).join() === b.split(/[.:]/).slice(0, 3).join()

/** An address of the other IP version, or a set of such. */
export function asksOtherAddress(condition: Condition, { src }: Packet): boolean {
  const fields = lookupOf(condition)?.fields ?? [fieldOf(condition) ?? '']
  return fields.some((field) => {
    const [, version] = /^ip(6?) [sd]addr$/.exec(field) ?? []
    return version !== undefined && src !== undefined && src.includes(':') !== (version === '6')
  })
}

/** A protocol that has no ports, other than ICMP, where the packet has: nobody confuses those. */
export function asksPortless(condition: Condition, { protocol }: Packet): boolean {
  if (fieldOf(condition) !== 'meta l4proto' || isNegated(condition) || !/^(tcp|udp)$/.test(protocol ?? '')) return false
  return wantedBy(condition).every((one) => typeof one === 'string' && !CONFUSED.test(one))
}

const CONFUSED = /^(tcp|udp|sctp|dccp|udplite|icmp|icmpv6|ipv6-icmp)$/
