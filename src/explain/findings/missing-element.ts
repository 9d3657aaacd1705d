/** A rule did not match as its set lacks what the packet has: what is missing there, and how it is added. */
import type { NamedSet } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { isLocal } from '../../rules/fib.ts'
import { setFields, setParts } from '../../rules/ipset.ts'
import { propose } from '../changes/change.ts'
import type { Change, Proposal } from '../changes/proposal.ts'
import { addElement, elementHeld, setOf } from '../changes/sets.ts'
import type { Context } from '../context.ts'
import { type FailedCondition, isListed } from '../counterfactual/failed-condition.ts'
import { asksOthers, keyHeld, type Lookup, lookupOf } from '../counterfactual/map-keys.ts'
import { sharersOf } from '../neighbours/shared-link-address.ts'
import { isAnswer } from '../reply/request-reply.ts'

/** Of a named set, whose elements come and go; undefined where it is none, or a packet does not tell its elements. */
export function missingElement(
  context: Context,
  miss: FailedCondition,
  moment: EvalContext,
): { words: string; fix: Proposal[] } | undefined {
  const lookup = lookupOf(miss.condition)
  if (!lookup || isListed(miss) || asksOthers(miss.condition)) return undefined
  const set = setOf(context, lookup)
  if (!set || set.dataType !== undefined) return undefined
  if (!lookup.nft && lookup.fields.length < setParts(set.type).length) return undefined
  const key = lookup.nft && keyHeld(lookup, moment)
  const element = elementHeld(set, lookup, moment)
  if (element === undefined || key?.includes('')) return undefined
  const isNobodys =
    asksOwnAddress(context, lookup, set, moment) ||
    asksPassingPort(context, lookup, set, moment) ||
    asksSharedLinkAddress(context, lookup, set, moment) ||
    zoneWith(context, lookup, set, element) !== undefined
  return {
    words: `${element} is not in set ${lookup.set}${emptyWords(set)}`,
    fix: isFullSet(set) ? [LARGER] : isNobodys ? [] : change(addElement(context, lookup, set, element, key), false),
  }
}

function emptyWords(set: NamedSet): string {
  if (set.elements.length > 0) return ''
  return hasRunOut(set) ? ', which is empty: its elements time out' : ', which is empty'
}

/** Nobody has filled it again since. With a timeout of 0 elements stay for ever, where nothing is said of one. */
export const hasRunOut = ({ elements, timeout = 0 }: NamedSet): boolean => timeout > 0 && elements.length === 0

/** It takes no more elements. What nft counts of intervals is not what it lists. */
export const isFullSet = ({ most, elements, forceadd, flags }: NamedSet): boolean =>
  most !== undefined && elements.length >= most && !forceadd && !flags?.includes('interval')

/** A list of a country's networks, or a long one: it is published, and nobody adds a host to it. */
export const isPublished = ({ elements }: NamedSet): boolean =>
  elements.length > MOST_BY_HAND ||
  (elements.length > 0 && elements.every(({ parts }) => /\/|[.:].*-/.test(parts[0] ?? '')))

const MOST_BY_HAND = 64

/** The kernel has no command for it: its elements go into a larger one. */
export const LARGER: Proposal = {
  description:
    'create the set again with a larger limit (nft: size; ipset: maxelem, or size for a list:set), then add the old elements and the missing one',
  unverified: 'the model does not create sets',
}

export function change(change: Change | undefined, negated: boolean): Proposal[] {
  const note = 'affects every rule that uses this set'
  return propose(negated ? 'remove it from the set' : 'add it to the set', change, note)
}

/**
 * Sets of interfaces that have no interface in common are zones: the one that has this interface. In a second zone it
 * would get all that is for the interfaces of that one.
 */
export function zoneWith(
  { world }: Context,
  { fields, nft }: Lookup,
  set: NamedSet,
  element: string | undefined,
): NamedSet | undefined {
  if (element === undefined || !nft || fields.length > 1 || set.dataType !== undefined) return undefined
  if (!/^meta [io]if(name)?$/.test(fields[0]!) || set.elements.length === 0) return undefined
  const has = ({ elements }: NamedSet, name: string) => elements.some(({ parts }) => parts[0] === name)
  return world.sets.find(
    (one) =>
      one !== set &&
      one.table === set.table &&
      one.family === set.family &&
      one.type === set.type &&
      one.dataType === undefined &&
      has(one, element) &&
      !set.elements.some(({ parts }) => has(one, parts[0]!)),
  )
}

/** The port of whoever asks is another one with the next packet. */
export function asksPassingPort(
  { journey, world }: Context,
  lookup: Lookup,
  { type }: NamedSet,
  moment: EvalContext,
): boolean {
  const passing = isAnswer(journey.packet, world) ? / dport$/ : / sport$/
  return fieldsAsked(lookup, type, moment).some((field) => passing.test(field))
}

/** By that alone: in the set it would let in whoever else sends by way of it. */
export function asksSharedLinkAddress(
  { world: { host } }: Context,
  lookup: Lookup,
  { type }: NamedSet,
  moment: EvalContext,
): boolean {
  const fields = fieldsAsked(lookup, type, moment)
  const isAlone = fields.includes('ether saddr') && !fields.some((field) => /^ip6? saddr$/.test(field))
  return isAlone && sharersOf(moment.packet, host).length > 0
}

/** Of an ipset, what its elements' parts are compared with. */
function fieldsAsked({ fields, nft }: Lookup, type: string, { family }: EvalContext): readonly string[] {
  const isIp = family === 'ip' || family === 'ip6'
  return nft || !isIp ? fields : (setFields(type, fields, family) ?? [])
}

/** Whoever asks this host has that for its destination: in a set of other hosts it would let all of them in. */
export function asksOwnAddress(
  { world }: Context,
  lookup: Lookup,
  { elements }: NamedSet,
  moment: EvalContext,
): boolean {
  const { dst, in: from } = moment.packet
  const asked = lookup.fields.some((field) => /^dst\b| daddr$/.test(field))
  return (
    asked &&
    from !== undefined &&
    isLocal(dst, world.host) === true &&
    elements.length > 0 &&
    !elements.some(({ parts }) => parts.some((part) => isLocal(part, world.host)))
  )
}
