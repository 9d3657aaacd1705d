/** What is said of a rule or policy that ended the journey; shared by the findings that name one. */
import { wayTo } from '../../journey/step-context.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { knowsSockets, listener } from '../../rules/sockets.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { WalkedBack } from '../cause.ts'
import { walkBack } from '../cause.ts'
import { acceptBefore, deleteRule, propose } from '../changes/change.ts'
import { type Changing, NOT_TRIED, OPENS_ALL_DROPPED, type Proposal } from '../changes/proposal.ts'
import { addElement, elementHeld, removeElement, setOf } from '../changes/sets.ts'
import { type Context, lastPacket, momentAt } from '../context.ts'
import { tooEarly } from '../counterfactual/before-nat.ts'
import { graphOf } from '../counterfactual/chain-graph.ts'
import { isForInvalid, isListed } from '../counterfactual/failed-condition.ts'
import { seenLately } from '../counterfactual/later.ts'
import { asksOthers, keyHeld, type Lookup, lookupOf } from '../counterfactual/map-keys.ts'
import { isReadForMore } from '../counterfactual/shared-mark.ts'
import { passAt } from '../counterfactual/skipped-rules.ts'
import { choosesSubjects } from '../counterfactual/subjects.ts'
import { isPrivate } from '../counterfactual/undeliverable.ts'
import { deviceByMark } from '../counterfactual/way-by-mark.ts'
import { wayBySource } from '../counterfactual/way-by-source.ts'
import { homeOf } from '../host/routes.ts'
import { sentAsRest } from '../only-stops.ts'
import { type Owner, ownerOf } from '../owners/owners.ts'
import { inZone, restores, toldOwner } from '../owners/undone.ts'
import { isNft, nameRef, ownerAt, refAt, refOf } from '../refs.ts'
import { adviceWithoutZone, unnamedInterface } from '../unnamed-interface.ts'
import { type WithoutEndpoints, withoutEndpoints } from '../without-endpoints.ts'
import { asksOwnAddress, asksPassingPort, isFullSet, isPublished } from './missing-element.ts'
import { acceptPeerNetwork } from './peer-network.ts'
import { opensOf, suchPackets } from './such-packets.ts'

export interface Blame {
  walked: WalkedBack
  /** The rule that ended it. */
  end: RuleRef
  /** The rule to look at. */
  culprit: RuleRef
  /** All rules of the cause, the most telling first. */
  rules: RuleRef[]
  steps: number[]
  /** Behind what it says of the rule: who had put the packet into the set that it asks for, or written what it compares. */
  filled: string
  /** Who had written it. */
  writer?: { step: number; ref: RuleRef }
}

/** Undefined where the last step has no rule (a LOG line). */
export function blame(context: Context): Blame | undefined {
  const walked = walkBack(context)
  const [end, culprit] = [refAt(context, context.ended.step), refAt(context, walked.culprit)]
  if (!end || !culprit) return undefined
  const rules = [...walked.cause].reverse().map((one) => one.rule)
  const by = fillerOf(context, walked.culprit)
  if (by) rules.push(by.ref)
  const wrote = by ? undefined : headerWriterOf(context, walked.culprit)
  if (wrote) rules.unshift(wrote.ref)
  const rest = sentAsRest(context)
  if (rest) rules.push(rest.ref)
  const lister = seenLately.there?.listerOf(context, walked.culprit)
  if (lister) rules.push(lister.ref)
  const filled = by ? `; ${nameRef(by.ref)} adds it to ${by.set}` : wrote ? `; ${wrote.words}` : (lister?.words ?? '')
  const steps = walked.cause.map((one) => one.step)
  return { walked, end, culprit, rules, steps, filled, ...(wrote ? { writer: wrote } : {}) }
}

/** A rule that it met before has written the field of the IP header by which the rule of `step` takes it. */
function headerWriterOf(context: Context, step: number): { ref: RuleRef; words: string; step: number } | undefined {
  const { rule } = context.evidence.arrivals[step]!
  const moment = momentAt(context, step)
  for (let i = step - 1; i >= 0; i--)
    for (const { field, from, to } of context.journey.steps[i]!.changes) {
      if (field !== 'tos' && field !== 'ttl') continue
      const before = { ...moment, packet: { ...moment.packet, [field]: Number(from) } }
      const ref = refAt(context, i)
      if (!ref || !rule?.conditions.some((one) => evaluate(one, before) === false)) continue
      const ttl = moment.packet.dst?.includes(':') ? 'hop limit' : 'TTL'
      // between two hooks the router has taken one of it
      const words = field === 'ttl' ? ttl : `TOS from ${hex(Number(from))} to ${hex(Number(to))}`
      return { ref, step: i, words: `${nameRef(ref)} had changed its ${words}` }
    }
  return undefined
}

/** A rule that it met before has put it into the set by which the rule of `step` takes it: taken out, it comes back. */
function fillerOf(context: Context, step: number): { ref: RuleRef; set: string } | undefined {
  const { arrivals } = context.evidence
  for (const asked of arrivals[step]!.rule?.conditions ?? []) {
    if (asked.kind !== 'lookup' || asked.differs) continue
    const { set, fields, nft } = asked
    const at = arrivals.findIndex(
      ({ rule }, i) =>
        i < step &&
        rule?.statements.some(
          (one) =>
            one.kind === 'update-set' &&
            one.op === 'add' &&
            one.set === set &&
            one.nft?.table?.name === nft?.table?.name &&
            one.fields.join() === fields.join(),
        ),
    )
    const ref = at < 0 ? undefined : refAt(context, at)
    if (ref) return { ref, set }
  }
  return undefined
}

/** In front of what stopped it; of a policy, in front of the rule by which the packet left the chain for it. */
export function acceptSuch(
  context: Context,
  end: RuleRef,
): { change: Changing | undefined; opens: string; isPastWay: boolean } {
  const { arrivals } = context.evidence
  const { chain } = arrivals[context.ended.step]!
  const isPolicy = context.journey.steps[context.ended.step]!.kind === 'policy' && end.chain === chain?.name
  const last = isPolicy ? arrivals.findLastIndex((one, i) => i < context.ended.step && one.chain === chain) : -1
  const isLeft = arrivals[last]?.ending === 'return' || arrivals[last]?.ending === 'goto'
  const spot = (isLeft && refAt(context, last)) || end
  const { packet } = arrivals[context.ended.step]!
  const such = suchPackets(context, packet)
  // as it is, it goes past the tunnel or uplink that a mark or a routing rule was to lead it to
  const device = deviceByMark(context) ?? wayBySource(context)?.device
  const past = device ? `the packet then leaves by ${packet.out}, not by ${device}; ` : ''
  return { change: acceptBefore(spot, packet, such.hints), opens: `${past}${opensOf(such)}`, isPastWay: past !== '' }
}

/** Take away the rule of step `i`; first what its owner's users should do instead. */
export function withoutRule(context: Context, i: number, ref: RuleRef): Proposal[] {
  const owner = ownerAt(context, i)
  const remove = deleteRule(ref)
  const found: Proposal[] = []
  if (owner)
    found.push({
      description: owner.instead,
      unverified: 'this is not a netfilter change',
      note: restores(owner),
      owner: toldOwner(owner, ref.chain),
    })
  if (remove)
    found.push({
      description: `${owner ? 'for now, ' : ''}delete ${numberedRef(ref)}`,
      ...remove,
      unverified: NOT_TRIED,
      note: FOR_ALL,
      ...(owner ? { beside: { owner, chain: ref.chain } } : {}),
    })
  return found
}

/** Nobody would take it but a program of this host, from which the Service's port keeps it. */
function mayBeHidden(context: Context, { isMarked }: WithoutEndpoints): boolean {
  const { host } = context.world
  const packet = lastPacket(context)
  return listener(host, packet) !== undefined || (isMarked && !knowsSockets(host, packet.protocol))
}

/** Delete or get past the culprit; first what its owner's users should do instead. */
export function fixes(context: Context, { culprit, end, walked, writer }: Blame): Proposal[] {
  const without = withoutEndpoints(context)
  if (without && !mayBeHidden(context, without)) return []
  const found = writer ? withoutRule(context, writer.step, writer.ref) : []
  const owner = ownerAt(context, walked.culprit)
  const { rule } = context.evidence.arrivals[walked.culprit]!
  const isForState = rule !== undefined && isForInvalid(rule)
  // of a zone, or what leads to one
  const led = (rule && verdictOf(rule).chain) ?? culprit.chain
  const zone = owner?.zoned?.test(culprit.chain ?? '') === false ? led : culprit.chain
  const unzoned = owner && adviceWithoutZone(context, owner, walked.culprit)
  if (owner && !(owner.opens && isForState) && !isLedPast(context, owner))
    found.push({
      description: unzoned ?? inZone(owner, owner.instead, zone),
      unverified: 'this is not a netfilter change',
      note: restores(owner),
      owner: toldOwner(owner, zone),
    })
  const told = (note: string): Pick<Proposal, 'beside' | 'note'> =>
    owner ? { beside: { owner, chain: culprit.chain } } : { note }
  const forNow = owner ? 'for now, ' : ''
  const unverified = { unverified: NOT_TRIED }
  // a mark, or a chain, may be for many; who set it for this service is the one to go, unless others live by the mark
  const through = walked.markSetter !== undefined
  const isShared = through && isReadForMore(context.world, context.evidence.arrivals[walked.markSetter!]!.rule)
  const drop = deleteRule(culprit)
  const remove = drop && {
    description: `${forNow}delete ${numberedRef(culprit)}`,
    ...drop,
    ...unverified,
  }
  const element = byElement(context, walked.culprit, forNow)
  if (!element.isForMany) found.push(...element.change)
  const unmark = remove && through ? [{ ...remove, ...told(FOR_ALL), note: FOR_ALL }] : []
  const alone = acceptAlone(context, walked.culprit, end)
  found.push(...(isShared ? [...alone, ...unmark] : [...unmark, ...alone]))
  if (!owner) found.push(...acceptPeerNetwork(context))
  if (element.isForMany) found.push(...element.change)
  // without the rule that takes whatever is left, everything is open
  if (remove && !through && rule?.conditions.length !== 0)
    found.push({ ...remove, ...told(OPENS_ALL_DROPPED), note: OPENS_ALL_DROPPED })
  return found
}

/** Lets this packet's source and service through in front of what stopped it, and nothing else. `step`: whose owner says how it lasts. */
export function acceptAlone(context: Context, step: number, end: RuleRef): Proposal[] {
  const [owner, at] = [ownerAt(context, step), refAt(context, step)]
  const beside = owner && at && { owner, chain: at.chain }
  // a chain that only rejects is for packets of all chains
  const { step: sent } = unnamedInterface(context) ?? sentAsRest(context) ?? {}
  const spot = spotToAccept(context, (sent === undefined ? undefined : refAt(context, sent)) ?? end)
  const { change, opens, isPastWay } = acceptSuch(context, spot)
  if (!change) return []
  return [
    {
      description: `${beside ? 'for now, ' : ''}accept such packets ${spotWords(spot)}`,
      ...change,
      unverified: NOT_TRIED,
      ...(beside ? { beside } : { note: opens }),
      ...(isPastWay ? { note: opens } : {}),
    },
  ]
}

export const spotWords = (spot: RuleRef): string =>
  spot.rule === undefined && spot.ruleNumber === undefined
    ? `in ${spot.chain}`
    : `before ${spot.ruleNumber === undefined ? `the policy of ${spot.chain}` : numberedRef(spot)}`

/** In the chain that the rule's owner leaves to its users; or where it led there from, if it would write its chains back. */
export function spotToAccept(context: Context, end: RuleRef): RuleRef {
  const { evidence, ended } = context
  const owner = ownerAt(context, ended.step)
  const { table } = evidence.arrivals[ended.step]!
  const pass = passAt(context, ended.step)
  if (!owner || !table || !pass) return end
  for (const step of pass.steps) {
    const { rule } = evidence.arrivals[step]!
    const users = table.chains.get((rule && verdictOf(rule).chain) ?? '')
    if (!users || !owner.marks.some(({ jumps }) => jumps?.test(users.name))) continue
    const [first] = users.rules
    const { family, name } = table
    return first ? refOf(context, name, users, first) : { family, table: name, chain: users.name }
  }
  if (!owner.rewrites) return end
  for (const at of wayTo(evidence.arrivals, evidence.arrivals[ended.step]!.caller)) {
    const ref = refAt(context, at)
    const { chain } = evidence.arrivals[at]!
    if (!ref || !chain) break
    if (!ownerOf({ family: ref.family, table: ref.table, chain: chain.name, contents: table })) return ref
  }
  return end
}

/** Of the chains that its advice names, those that are in this table did not have the packet, and nothing leads it there. */
function isLedPast(context: Context, { instead, marks }: Owner): boolean {
  const { evidence, ended, world } = context
  const pass = passAt(context, ended.step)
  const isUsers = (word: string) => marks.some(({ jumps }) => jumps?.test(word))
  const named = (instead.match(/[\w-]+/g) ?? []).filter((word) => isUsers(word) && pass?.table.chains.has(word))
  if (!pass || named.length === 0) return false
  const reachable = graphOf(pass.table, world.sets).reachableFrom(pass.base)
  return !named.some(
    (name) => reachable.has(name) || pass.steps.some((i) => evidence.arrivals[i]!.chain?.name === name),
  )
}

interface ByElement {
  change: Proposal[]
  /** It is there for whatever comes by an interface, not for a host or a service; or all of a host's traffic is in it. */
  isForMany: boolean
}

/** The packet is in a set that the rule asks, or has an element of its map, or is in none that it spares: that changes, and the rule stays for all others. */
function byElement(context: Context, step: number, forNow: string): ByElement {
  // the element is right, and asked too early
  if (tooEarly(context)) return { change: [], isForMany: false }
  const { rule, table } = context.evidence.arrivals[step]!
  const moment = momentAt(context, step)
  for (const condition of rule?.conditions ?? []) {
    const lookup = lookupOf(condition)
    const set = lookup && setOf(context, lookup)
    const element = set && elementHeld(set, lookup, moment)
    if (!set || element === undefined || isListed({ condition })) continue
    if (asksOthers(condition)) {
      const change = spareElement(context, set, lookup, element, moment, forNow)
      if (change.length > 0) return { change, isForMany: isPublished(set) }
      continue
    }
    const isForMany =
      lookup.fields.every((field) => field.startsWith('meta ')) ||
      choosesSubjects(condition, rule!, table) ||
      isWholeHost(context, lookup, set, moment)
    const change = propose(
      `${forNow}remove ${element} from ${set.dataType === undefined ? 'set' : 'map'} ${set.name}`,
      removeElement(lookup, set, element, keyHeld(lookup, moment)),
      isForMany ? 'opens everything that the element blocked' : 'affects every rule that uses this set',
    )
    return { change, isForMany }
  }
  return { change: [], isForMany: false }
}

/** It is asked for the destination alone, and that is this host or one that it serves: all of its services, for everybody. */
function isWholeHost(
  { world: { host } }: Context,
  { fields }: Lookup,
  { type }: NamedSet,
  moment: EvalContext,
): boolean {
  const { dst, in: from, out } = moment.packet
  // the same word asks an ipset of ports for the port
  const isDestination = (field: string) => / daddr$/.test(field) || (field === 'dst' && /:(ip|net)$/.test(type ?? ''))
  if (dst === undefined || from === undefined || !fields.every(isDestination)) return false
  const home = isPrivate(dst) ? homeOf(dst, host, out)?.link.name : undefined
  return isLocal(dst, host) === true || (home !== undefined && home !== from)
}

/** The rule takes all but the set's members. */
function spareElement(
  context: Context,
  set: NamedSet,
  lookup: Lookup,
  element: string,
  moment: EvalContext,
  forNow: string,
): Proposal[] {
  if (set.dataType !== undefined || isFullSet(set)) return []
  if (asksOwnAddress(context, lookup, set, moment) || asksPassingPort(context, lookup, set, moment)) return []
  return propose(
    `${forNow}add ${element} to set ${set.name}`,
    addElement(context, lookup, set, element, lookup.nft && keyHeld(lookup, moment)),
    'affects every rule that uses this set',
  )
}

/** nft names its rules by handle. */
export const numberedRef = (ref: RuleRef): string =>
  isNft(ref) && ref.handle !== undefined
    ? `handle ${ref.handle} of ${ref.chain}`
    : `rule ${ref.ruleNumber} of ${ref.chain}`

export const FOR_ALL = 'affects every packet that matches the rule'
