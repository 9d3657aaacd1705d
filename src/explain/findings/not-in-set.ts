import type { NftSet } from '../../model/condition.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { isLocal } from '../../rules/fib.ts'
import { inSet } from '../../rules/in-set.ts'
import { setParts } from '../../rules/ipset.ts'
import { inNftSet } from '../../rules/nft/lookup.ts'
import { allowanceIn } from '../../rules/nft/update.ts'
import { changesOf, propose } from '../changes/change.ts'
import { masqueradeSpared } from '../changes/own-source.ts'
import type { Proposal } from '../changes/proposal.ts'
import { addElement, elementHeld, removeElement, setOf } from '../changes/sets.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { blockingRule } from '../counterfactual/blocked-members.ts'
import { asksQuality, type FailedCondition, fieldOf, isExact, isListed } from '../counterfactual/failed-condition.ts'
import { type Goal, goals, nearlyGiven } from '../counterfactual/goals.ts'
import { asksOthers, keyHeld, type Lookup, lookupOf, slip } from '../counterfactual/map-keys.ts'
import { type NearMiss, nearMisses } from '../counterfactual/near-misses.ts'
import { turnedEnd } from '../counterfactual/other-end.ts'
import { fillerOf, isNetworkOfSources, ofOtherPort } from '../counterfactual/set-ends.ts'
import { roomWords } from '../counterfactual/settled-words.ts'
import { refOfSkipped, type SkippedRule } from '../counterfactual/skipped-rules.ts'
import { sharedWords } from '../neighbours/shared-link-address.ts'
import { nftOnly } from '../nft-only/later.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import {
  asksOwnAddress,
  asksPassingPort,
  asksSharedLinkAddress,
  change,
  isFullSet,
  isPublished,
  LARGER,
  zoneWith,
} from './missing-element.ts'
import { acceptAlone } from './verdicts.ts'

const MOST = 3

/** A rule would have taken it, had it been in the rule's ipset, or not been. */
export const notInSet: Detector = {
  code: 'not-in-set',
  detect: (context) =>
    goals(context)
      .flatMap((goal) => {
        const all = nearMisses(context, goal)
        const empty = emptyBeside(context, all)
        const held = all.filter((one) => !empty.has(one))
        return [...held, ...empty].flatMap((one) => tell(context, goal, one, empty.has(one)))
      })
      .slice(0, MOST),
}

/** The same of a rule that only marks: its set has what the packet has at its other end. */
export function turnedLookup(
  context: Context,
  { rule: { counters }, moment }: SkippedRule,
  { condition }: FailedCondition,
  ref: RuleRef,
): { words: string; fix: Proposal[] } | undefined {
  const lookup = lookupOf(condition)
  const set = lookup && !asksOthers(condition) ? setOf(context, lookup) : undefined
  const turned = set && turnedRound(lookup!, set, moment)
  if (!turned || asksOwn(context, turned, moment)) return undefined
  const held = otherSide(set, lookup!, turned, moment) ?? 'its other side'
  return {
    words: `set ${lookup!.set} does not have it, but has ${held} (${turned.join(',')})`,
    fix: turnRule({ used: counters && counters.packets > 0 }, ref, lookup!, turned),
  }
}

/** That a rule has matched nothing is no sign of a mistake where its set has no members, and another rule's has some. */
function emptyBeside(context: Context, all: readonly NearMiss[]): ReadonlySet<NearMiss> {
  const sizes = all.flatMap((one) => {
    const { condition } = one.miss
    const lookup = isListed(one.miss) || asksOthers(condition) ? undefined : lookupOf(condition)
    const set = lookup && setOf(context, lookup)
    return set ? [{ one, size: set.elements.length }] : []
  })
  return new Set(sizes.some(({ size }) => size > 0) ? sizes.flatMap(({ one, size }) => (size === 0 ? [one] : [])) : [])
}

/** `isEmpty`: its set has no members, and another rule's has some. */
function tell(context: Context, goal: Goal, one: NearMiss, isEmpty: boolean): Detected[] {
  const { miss, moment, step, doubt } = one
  const lookup = lookupOf(miss.condition)
  // what a rule lists itself is no set that anybody could add to
  if (!lookup || isListed(miss)) return []
  const negated = asksOthers(miss.condition)
  const ref = refOfSkipped(context, one)
  const set = setOf(context, lookup)
  if (set && !lookup.nft && !negated && lookup.fields.length < setParts(set.type).length)
    return [askedForTooFew(context, goal, one, lookup, set)]
  const key = lookup.nft && keyHeld(lookup, moment)
  const element = set && elementHeld(set, lookup, moment)
  const zone = negated || !set ? undefined : zoneWith(context, lookup, set, element)
  const other = negated || !set ? undefined : turnedRound(lookup, set, moment)
  const held = other && otherSide(set!, lookup, other, moment)
  const filler = other && fillerOf(context, set!, lookup)
  const isMeant = filler !== undefined || (other && isNetworkOfSources(set!, lookup, held))
  const turned = isMeant || (other && asksOwn(context, other, moment)) ? undefined : other
  const end = goal.kind === 'pass' ? refAt(context, context.ended.step) : undefined
  const kind = set?.dataType === undefined ? 'set' : 'map'
  const numbers = lookup.nft && nftOnly.loaded.missingNumbers(context, miss)
  const gives =
    one.gives ?? (kind === 'map' && !negated ? nftOnly.loaded.dataServed(context, goal, one, lookup) : undefined)
  const spent = set && lookup.nft && !negated ? spentWords({ ...lookup, nft: lookup.nft }, moment) : undefined
  const what = spent
    ? `${element ?? 'it'} is in ${kind} ${lookup.set}, and ${spent}`
    : numbers
      ? nftOnly.loaded.missingWords(numbers, lookup.set)
      : `${element ?? 'it'} is ${negated ? '' : 'not '}in ${kind} ${lookup.set}`
  const like = lookup.nft && !negated ? slip(context, lookup, moment) : undefined
  // an element that gives something else, as `drop`, was not meant
  const isLike = like?.data === undefined || like.data.join(' . ') === gives
  const near = isLike ? like?.parts.join(' . ') : undefined
  const isOfPort = !negated && set && !turned && !asksPassingPort(context, lookup, set, moment)
  const port = isOfPort ? ofOtherPort(set, lookup, moment) : undefined
  const inZone = zone ? ` but in ${zone.name}` : ''
  const ofPort = port === undefined ? inZone : `, which has it only with ${port}`
  const has = near === undefined ? ofPort : `, which has ${near}`
  const hint = turned
    ? `; ${held ?? 'its other side'} is (${turned.join(',')})`
    : filler
      ? `; ${nameRef(filler)} adds the ${lookup.fields.join(' . ')} of packets to it`
      : ''
  const isFull = !negated && set !== undefined && isFullSet(set)
  const full = isFull ? `, which is full (${set.elements.length} of ${set.most} elements): nothing can be added` : ''
  const blocking = negated || !set ? undefined : blockingRule(context.world, set)
  const blocks = blocking
    ? `, whose members ${nameRef(refOf(context, blocking.table.name, blocking.chain, blocking.rule))} drops`
    : ''
  const isBeside = isBesideService(context, goal, one)
  const isShared = !negated && set !== undefined && asksSharedLinkAddress(context, lookup, set, moment)
  const shared = isShared ? sharedWords(moment.packet, context.world.host) : ''
  const isUnclear = spent === undefined && kind === 'map' && gives === undefined && near === undefined && !numbers
  return [
    finding(
      'not-in-set',
      (goal.mendable || isFull) && !isUnclear && !goal.exceptions && !isBeside && !zone && !isEmpty
        ? 'warning'
        : 'note',
      `${nameRef(ref)} would have ${goal.what(one.then)}, but ${what}${blocks}${full}${has}${hint}${shared}.`,
      {
        steps: [step + 1],
        rules: end ? [ref, end] : [ref],
        fix: mends(),
        doubt: isBeside || zone || isEmpty ? doubt + 1 : port === undefined ? doubt : doubt - 1,
        [FOR_REPORTS]: nearlyGiven(goal),
      },
    ),
  ]

  function mends(): Proposal[] {
    // it is there, and to add it anew would change nothing
    if (spent !== undefined) return []
    if (goal.exceptions) return masqueradeSpared(context, ref)
    if (isFull) return [LARGER]
    if (!goal.mendable) return []
    if (turned) return turnRule(one, ref, lookup!, turned)
    // an interface that the packet has not, as the output's in input: nft takes no empty name
    if (element === undefined || key?.includes('') || (!negated && isNobodysToAdd())) return []
    const mended = change(
      negated ? removeElement(lookup!, set!, element, key) : addElement(context, lookup!, set!, element, key, gives),
      negated,
    )
    if (kind === 'map' && set?.dataType !== 'verdict' && goal.kind === 'destination' && gives === undefined && !negated)
      return [
        {
          description: `if such packets are to be forwarded: add ${element} to map ${lookup!.set}, with the address of the server`,
          unverified: 'which server is meant is unknown here',
        },
      ]
    const isListOfOthers = !negated && kind === 'set' && goal.kind === 'pass' && isPublished(set!)
    return [
      ...(isListOfOthers && end && mended.length > 0 ? acceptAlone(context, context.ended.step, end) : []),
      ...mended,
    ]
  }

  function isNobodysToAdd(): boolean {
    const isOwn = goal.kind === 'pass' && asksOwnAddress(context, lookup!, set!, moment)
    return zone !== undefined || isOwn || isShared || asksPassingPort(context, lookup!, set!, moment)
  }
}

/** The element is there, and its limit, quota or count let nothing more through; undefined where it has none. */
function spentWords(lookup: Lookup & { nft: NftSet }, moment: EvalContext): string | undefined {
  const { fields, set, nft } = lookup
  if (!allowanceIn(lookup, moment)?.element) return undefined
  const lasts = { element: { fields: [...fields], set, nft } }
  const room = roomWords({ kind: 'unknown', text: '', reason: '', lasts }, moment)
  return room === undefined
    ? 'the limit of this element was used up, or the element was added later'
    : `its element allows less: ${room}`
}

/** It is for whatever service, and a rule that nothing has met is for this one, and misses it for what can be left out. */
const isBesideService = (context: Context, goal: Goal, { rule }: NearMiss): boolean =>
  !rule.conditions.some((one) => / dport$/.test(fieldOf(one) ?? '')) &&
  nearMisses(context, goal).some(
    (one) => one.likely && one.used === false && asksQuality(one.miss.condition) && namesService(one),
  )

const namesService = ({ rule }: NearMiss): boolean =>
  rule.conditions.some((one) => / dport$/.test(fieldOf(one) ?? '') && isExact(one))

/** The kernel finds nothing in a set that is asked for fewer parts than its elements have (ip_set_core.c, ip_set_test). */
function askedForTooFew(context: Context, goal: Goal, one: NearMiss, lookup: Lookup, set: NamedSet): Detected {
  const ref = refOfSkipped(context, one)
  const parts = setParts(set.type)
  const [asked, end] = [lookup.fields.join(','), goal.kind === 'pass' ? refAt(context, context.ended.step) : undefined]
  // who is served is asked by its port, unless the packet goes back
  const ways = ['dst', 'src'].map((side) => [...lookup.fields, ...parts.slice(lookup.fields.length).map(() => side)])
  const whole = ways.find((fields) => inSet(lookup.set, fields, one.moment) === true)
  return finding(
    'not-in-set',
    goal.mendable ? 'warning' : 'note',
    `${nameRef(ref)} would have ${goal.what(one.then)}, but it never matches: it looks up ${asked} in set ${lookup.set}, whose elements have ${parts.length} parts (${parts.join(',')}).`,
    {
      steps: [one.step + 1],
      rules: end ? [ref, end] : [ref],
      fix:
        whole && goal.mendable
          ? propose(
              `make rule ${ref.ruleNumber} of ${ref.chain} look up ${whole.join(',')} in the set`,
              changesOf(ref).turnLookup(ref, lookup.set, whole),
              'the rule then matches all elements of the set',
            )
          : [],
      doubt: one.doubt,
      [FOR_REPORTS]: nearlyGiven(goal),
    },
  )
}

/** Is the packet in the set, if source and destination are asked the other way round, or for a service of the destination? */
function turnedRound(lookup: Lookup, set: NamedSet, moment: EvalContext): string[] | undefined {
  const { fields, nft } = lookup
  const other = fields.map(nft ? turnedEnd : (one) => (one === 'src' ? 'dst' : 'src'))
  const service = ofService(fields, nft ? [] : setParts(set.type))
  return [other, ...(service ? [service] : [])].find(
    (turned) =>
      turned.join() !== fields.join() &&
      (nft ? inNftSet({ set: lookup.set, fields: turned, nft }, false, moment) : inSet(lookup.set, turned, moment)) ===
        true,
  )
}

/**
 * The destination's address with the port of its service, where the rule asks for the source's. An address is not turned alone:
 * `src,dst` is for whom the source may ask, and `dst,dst` would let anyone ask that host.
 */
function ofService(fields: readonly string[], parts: readonly string[]): string[] | undefined {
  const turned = fields.map((one, i) => (parts[i] === 'port' ? 'dst' : one.replace(/ sport$/, ' dport')))
  return turned.every((one) => !/^src$| s(addr|port)$/.test(one)) ? turned : undefined
}

/** Whatever this host gets, or sends, has its own address there: a rule that asks for that takes all of it. */
const asksOwn = ({ world: { host } }: Context, fields: readonly string[], { packet }: EvalContext): boolean =>
  fields.some((field) =>
    /^dst\b| daddr$/.test(field)
      ? packet.in !== undefined && isLocal(packet.dst, host) === true
      : /^src\b| saddr$/.test(field) && packet.in === undefined && isLocal(packet.src, host) === true,
  )

const otherSide = (
  set: NamedSet,
  { nft, ...rest }: Lookup,
  turned: string[],
  moment: EvalContext,
): string | undefined => elementHeld(set, { ...rest, ...(nft ? { nft } : {}), fields: turned }, moment)

function turnRule(
  { used }: Pick<NearMiss, 'used'>,
  ref: RuleRef,
  lookup: Lookup,
  turned: readonly string[],
): Proposal[] {
  if (used) return []
  return propose(
    `match ${turned.join(',')} in rule ${ref.ruleNumber} of ${ref.chain}`,
    changesOf(ref).turnLookup(ref, lookup.set, turned),
    used === false ? 'the rule has never matched a packet' : 'first check whether other packets need the rule as it is',
  )
}
