import type { Condition, Scalar } from '../../model/condition.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { RuleRef } from '../../model/journey.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import type { Rule } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { isForNobody, knowsSockets, listener } from '../../rules/sockets.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { acceptBefore, changesOf, propose } from '../changes/change.ts'
import { masqueradeSpared } from '../changes/own-source.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { groupWords, intoGroup } from '../counterfactual/device-group.ts'
import { isAllBut, isHostPart, wantedBy } from '../counterfactual/distance.ts'
import { asks, fieldOf, isExact, isListed, isLookup, isNegated, isShown } from '../counterfactual/failed-condition.ts'
import { type ForeignWildcard, foreignWildcard } from '../counterfactual/foreign-wildcard.ts'
import { exemptions, type Goal, givesSource, goals, isProxied, nearlyGiven } from '../counterfactual/goals.ts'
import { isForTwin } from '../counterfactual/icmp-twin.ts'
import { isNumberedAlike, isOfOwnMap, lookupOf } from '../counterfactual/map-keys.ts'
import type { MissingNumbers } from '../counterfactual/missing-numbers.ts'
import { type NearMiss, nearMisses } from '../counterfactual/near-misses.ts'
import { isNetworkOfSource, isOtherEnd } from '../counterfactual/other-end.ts'
import { isForOtherHost } from '../counterfactual/other-host.ts'
import { isAtOtherLink } from '../counterfactual/other-link.ts'
import { ofOwnService } from '../counterfactual/own-service.ts'
import { sourceRule } from '../counterfactual/rewritten.ts'
import { settledWords } from '../counterfactual/settled-words.ts'
import { refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { isHairpin } from '../counterfactual/undeliverable.ts'
import { deviceByMark } from '../counterfactual/way-by-mark.ts'
import { astray, homeOf } from '../host/routes.ts'
import { sharedWords, sharersOf } from '../neighbours/shared-link-address.ts'
import { nftOnly } from '../nft-only/later.ts'
import { nameBeside, nameRef, refAt, refOf } from '../refs.ts'
import { missedLate } from './marked-too-late.ts'
import { absentWords, appliedToo, fullWords, GOES_ON, heldWords, spareWords } from './near-miss-words.ts'
import { numberedRef } from './verdicts.ts'

/** More would bury the answer. */
const MOST = 5

/** A rule that the packet passed would have taken it to where it was to go, and failed in exactly one condition. */
export const nearMiss: Detector = {
  code: 'near-miss',
  detect: (context) =>
    [...goals(context), ...exemptions(context)]
      .flatMap((goal) => near(context, goal).map((one) => tell(context, goal, one)))
      .slice(0, MOST),
}

/** What sets keep out is told by itself, and so is a mark that comes too late. */
function near(context: Context, goal: Goal): NearMiss[] {
  const found = nearMisses(context, goal).filter(
    (one) =>
      (!isLookup(one.miss) || isListed(one.miss)) &&
      !missedLate(context, one) &&
      // a rule goes by a mark for others: who sets it tells whether this packet was meant as well
      !(goal.exceptions && one.used !== false && fieldOf(one.miss.condition) === 'meta mark'),
  )
  return ofOwnService(found)
}

function tell(context: Context, goal: Goal, one: NearMiss): Detected {
  const { miss, isGone } = one
  const ref = refOfSkipped(context, one)
  const end = goal.kind === 'pass' ? refAt(context, context.ended.step) : undefined
  const absent = absentWords(miss.condition, context, one.moment.hook)
  const part = isHostPart(miss.condition, one.moment.packet)
    ? ', which is only the host part of an IPv6 address: the rule lacks the mask'
    : ''
  const given = sourceGiven(context, one)
  const shared = isSharedMac(context, one) ? sharedWords(one.moment.packet, context.world.host) : ''
  const has = given
    ? `${nameRef(given.ref)} rewrote its source ${given.src} before`
    : (groupWords(context, one) ??
      (isTurned(context, goal, one)
        ? "the packet's source is in that network, and its destination is not"
        : heldWords(miss.condition, one.moment.packet)))
  const full = fullWords(miss.condition, context)
  const wildcard = foreignWildcard(miss.condition, one.moment.packet, context.world.host)
  const settled = settledWords(miss, one.moment, context.journey.time)
  const numbers = lookupOf(miss.condition)?.nft && nftOnly.loaded.missingNumbers(context, miss)
  const but =
    full ??
    (numbers && nftOnly.loaded.missingWords(numbers)) ??
    settled?.why ??
    (wildcard && wildcardWords(wildcard, asks(miss))) ??
    (goal.kind === 'pass' ? spareWords(miss.condition) : undefined) ??
    `only matches ${asks(miss)}${isGone ? absent : part}${has === undefined ? '' : `; ${has}${shared}`}`
  // who protects a service so lets it in by that rule alone
  const isServedByProxy = isProxied(one.then)
  const isAnothers = isForAnother(goal, one)
  const led = ledTo(context, one)
  const by = led ? ` (by ${nameBeside(led, ref)})` : ''
  const message = `${nameRef(ref)} would have ${goal.what(one.then)}${by}, but ${but}.`
  return finding(
    'near-miss',
    (isGone ||
      one.isForReplies ||
      given ||
      full !== undefined ||
      numbers !== undefined ||
      settled?.mend !== undefined ||
      isServedByProxy ||
      isAnothers ||
      asksOwner(miss)) &&
      (goal.sure || isStopped(context.journey.outcome))
      ? 'warning'
      : 'note',
    message,
    {
      steps: [one.step + 1],
      rules: [...(given ? [given.ref] : []), ref, ...(led ? [led] : []), ...(end ? [end] : [])],
      fix: given
        ? given.fix
        : wildcard
          ? withOwnWildcard(ref, wildcard, one)
          : numbers
            ? chooseAmong(ref, numbers, one)
            : settled?.mend === undefined
              ? [...intoGroup(context, one), ...mends(context, goal, one, ref)]
              : [byHand(settled.mend)],
      // what can match nothing, or is used up, is what is wrong for certain: it goes before what else would do, and so does
      // a rule that gives the source by which the same traffic of other protocols is known
      doubt:
        isGone ||
        given ||
        isServedByProxy ||
        numbers ||
        settled?.mend !== undefined ||
        (isAnothers && givesSource(goal))
          ? -1
          : one.doubt,
      [FOR_REPORTS]: {
        ...(isShown(miss.condition) ? { failsOnShown: true } : {}),
        ...nearlyGiven(goal),
        // whoever replies past this host says more than a rule for an uplink
        ...(givesSource(goal) && isAtOtherLink(one) && !isHairpin(context) ? { isAtOtherLink: true } : {}),
      },
    },
  )
}

/** It does for a protocol what this one needs as well: for the other IP version's same message, or for all that has ports. */
const isForAnother = (goal: Goal, { rule, miss, moment }: NearMiss): boolean =>
  goal.kind === 'pass'
    ? isForTwin(rule, miss.condition, moment)
    : givesSource(goal) &&
      fieldOf(miss.condition) === 'meta l4proto' &&
      !leadsOn(rule) &&
      wantedBy(miss.condition).every((one) => one === 'tcp' || one === 'udp') &&
      /^icmp(v6)?$/.test(moment.packet.protocol ?? '')

/** nat gave it another source before, over lo: the rule matches the one that it was sent from. */
function sourceGiven(context: Context, { miss: { condition }, moment }: NearMiss) {
  const rule = asksSource(condition) ? sourceRule(context) : undefined
  const { packet: sent, hook } = (rule && context.evidence.arrivals[rule.step]) ?? {}
  if (!rule || sent?.src === undefined || moment.packet.src === sent.src) return undefined
  if (evaluate(condition, { ...moment, packet: { ...moment.packet, src: sent.src } }) !== true) return undefined
  const kept = acceptBefore(rule.ref, sent, hook === undefined ? {} : { hook })
  return { ref: rule.ref, src: sent.src, fix: propose('do not rewrite the source of such packets', kept) }
}

const wildcardWords = ({ name, tool, own }: ForeignWildcard, text: string): string => {
  const other = tool === 'nft' ? 'iptables' : 'nft'
  return `only matches ${text}. ${JSON.stringify(name)} has the wildcard of ${other}: ${tool} takes it for a name, which no interface has, and writes ${JSON.stringify(own)}`
}

/** It matched nothing by that name, so that nobody is served otherwise than before. */
const withOwnWildcard = (ref: RuleRef, { name, tool, own }: ForeignWildcard, { miss, moment }: NearMiss): Proposal[] =>
  propose(
    `replace ${name} by ${own}, the wildcard of ${tool}`,
    changesOf(ref).correct(ref, miss, moment.packet, { rename: { from: name, to: own } }),
    `the rule then matches every interface whose name begins with ${own.slice(0, -1)}`,
  )

const byHand = (description: string): Proposal => ({ description, unverified: 'the right value is not known here' })

/** Whoever is sent to the missing element's number is sent to one that is there. */
const chooseAmong = (ref: RuleRef, { enough }: MissingNumbers, { miss, moment }: NearMiss): Proposal[] =>
  enough === undefined
    ? [byHand('add the missing elements to the map')]
    : propose(
        `make ${numberedRef(ref)} choose among the ${enough} elements of its map`,
        changesOf(ref).correct(ref, miss, moment.packet, { choices: enough }),
        'new connections of other clients may go to another destination than before',
      )

/** The rule behind a jump that would have done it. */
function ledTo(context: Context, { rule, pass, then: { last, ending } }: NearMiss): RuleRef | undefined {
  if (!last || last.rule === rule || (ending !== 'accept' && ending !== 'policy')) return undefined
  return leadsOn(rule) ? refOf(context, pass.table.name, last.chain, last.rule) : undefined
}

const leadsOn = (rule: Rule): boolean => /^(jump|goto)$/.test(verdictOf(rule).ending)

const NARROW = 'affects only this source, destination and service'

/** Only where the rule has nobody else to serve, and what stopped the packet was not meant for it in particular. */
function mends(context: Context, goal: Goal, one: NearMiss, ref: RuleRef): Proposal[] {
  const { mendable, kind, exceptions } = goal
  const { rule, miss, moment, used, gives, then, isGone } = one
  const turned = isTurned(context, goal, one)
  const likely = one.likely || turned
  if (exceptions && used !== false) return masqueradeSpared(context, ref)
  // a rule for the uplink goes on to serve that, while another one does the same for what comes in elsewhere
  const isForDevice = kind === 'destination' && fieldOf(miss.condition) === 'meta iifname'
  // one for the very service, which another source asks for
  const isForSource = kind === 'destination' && asksSource(miss.condition)
  // what serves all others goes on to serve them
  const isExcepted = kind === 'destination' && isAllBut(miss, moment.packet)
  const hasOtherMac = isSourceOfOtherMac(rule, miss, moment)
  const isAnothers = isForAnother(goal, one)
  if ((used && !isForDevice && !isExcepted && !hasOtherMac && !isAnothers) || !(likely || isAnothers || isForSource))
    return []
  if (!mendable && !one.isForReplies) return []
  if (!hasOtherMac && isSharedMac(context, one)) return []
  // one that may serve its own port well
  const asked =
    miss.condition.kind === 'compare' && / dport$/.test(miss.condition.field) && String(miss.condition.value)
  if (kind === 'destination' && used === undefined && asked && isNumberedAlike(asked, `${moment.packet.dport}`))
    return []
  const serves = (protocol: Scalar) =>
    listener(context.world.host, { ...moment.packet, protocol: `${protocol}` }) !== undefined
  // where a route leads astray, or a mark is missing, the rule's interface is the right one
  if (
    fieldOf(miss.condition) === 'meta oifname' &&
    (astray(lastPacket(context), context.world.host, undefined, context.journey.packet.dst) || deviceByMark(context))
  )
    return []
  // a program listens there by the rule's own protocol
  if (fieldOf(miss.condition) === 'meta l4proto' && wantedBy(miss.condition).some(serves)) return []
  const keeps = !isGone && !turned && mayServeOthers(context, one)
  // where others may need the rule for the end that it asks, none is taken from them: nat gets one for such packets beside it
  const isOfOthers = isOtherEnd(miss, moment.packet) && used !== false
  if (isOfOthers && kind !== 'destination') return []
  // what is meant for the begin of connections is no rule for replies, though they have SYN as well
  if (['syn', 'ack'].every((one) => moment.packet.tcpFlags?.includes(one)) && rule.conditions.some(asksForOpenings))
    return []
  // whom a rule is for, and whom it leaves out, is nobody's to widen: such packets get one of their own
  const corrected =
    (used && !hasOtherMac && !isAnothers) ||
    isOfOthers ||
    (kind === 'pass' && (leavesOut(miss.condition) || isForOtherHost(one))) ||
    (isForSource && !likely) ||
    isForThisHost(context, miss)
      ? []
      : isAnothers || (kind === 'pass' && isOfOtherProtocol(context, one))
        ? propose(
            `add the same rule for ${moment.packet.protocol}`,
            changesOf(ref).alike(ref, { chain: ref.chain, before: ref }, miss, moment.packet),
            `${nameRef(ref)} goes on to serve ${wantedBy(miss.condition)}`,
          )
        : propose(
            keeps ? appliedToo(ref) : `make rule ${ref.ruleNumber} of ${ref.chain} match such packets`,
            changesOf(ref).correct(ref, miss, moment.packet, {
              gives,
              keeps,
              turned,
              handshake: isProxied(then),
            }),
            hasOtherMac
              ? `first check that the host with MAC address ${moment.packet.srcMac} is the right one`
              : keeps
                ? GOES_ON
                : used === false && !rule.counters?.packets
                  ? 'the rule has never matched a packet'
                  : 'first check whether other packets need the rule as it is',
          )
  const { last } = then
  // what matches nothing any more needs no rule beside it
  // nor does a copy have what the rule's map lacks
  if (kind !== 'destination' || !last || isGone || isOfOwnMap(miss.condition, rule)) return corrected
  // where the rule leads there for whatever comes, others would be sent there as well
  const { hook } = moment
  const alike = changesOf(ref).add(
    ref,
    { chain: ref.chain, before: ref },
    { kind: 'such', packet: moment.packet, hints: hook === undefined ? {} : { hook } },
    { kind: 'like', rule: last.rule },
  )
  return [
    ...corrected,
    ...propose(`add a rule for such packets before rule ${ref.ruleNumber} of ${ref.chain}`, alike, NARROW),
  ]
}

/**
 * TCP in place of UDP, or the other way round: many a service has a rule for each. It is not known whether anybody uses this one, nor
 * that no program of this host listens by its protocol.
 */
const isOfOtherProtocol = ({ world: { host } }: Context, { miss, used, then, moment }: NearMiss): boolean =>
  fieldOf(miss.condition) === 'meta l4proto' &&
  used === undefined &&
  !isProxied(then) &&
  !isNegated(miss.condition) &&
  !(moment.hook === 'input' && wantedBy(miss.condition).every((one) => knowsSockets(host, `${one}`)))

/** It may have matched packets, as its counters are not known; or a program listens there, or may, and nobody has asked since they were set to 0. */
function mayServeOthers({ world: { host } }: Context, { miss, used, moment: { hook, packet } }: NearMiss): boolean {
  const { condition } = miss
  const field = fieldOf(condition) ?? ''
  // whoever it lets send goes on to send
  if (asksOwner(miss)) return true
  if (hook === 'input' && !isNegated(condition) && !isOtherEnd(miss, packet)) {
    const asked = wantedBy(condition)
    if (/ dport$/.test(field)) return !asked.every((port) => isForNobody(host, { ...packet, dport: Number(port) }))
    if (field === 'meta l4proto' && asked.every((one) => isForNobody(host, { ...packet, protocol: `${one}` })))
      return false
  }
  return used === undefined && !isHostPart(condition, packet)
}

/** The address of an IP packet's sender, not that of its link. */
const asksSource = (condition: Condition): boolean => /^ip6? saddr$/.test(fieldOf(condition) ?? '')

/** All interfaces, hosts or services but some. */
const leavesOut = (condition: Condition): boolean =>
  (isNegated(condition) || lookupOf(condition)?.differs === true) &&
  (lookupOf(condition)?.fields ?? [fieldOf(condition) ?? '']).some((one) => /^meta [io]if|(addr|port)$/.test(one))

/** The rule names the packet's very source, whose network card it knows by another address: it serves nobody else. */
const isSourceOfOtherMac = ({ conditions }: Rule, { condition }: NearMiss['miss'], moment: EvalContext): boolean =>
  fieldOf(condition) === 'ether saddr' &&
  !isNegated(condition) &&
  conditions.some((one) => asksSource(one) && isExact(one) && evaluate(one, moment) === true)

/** Others send with it as well, and the rule would be for all of them. */
const isSharedMac = ({ world: { host } }: Context, { miss, moment }: NearMiss): boolean =>
  fieldOf(miss.condition) === 'ether saddr' && sharersOf(moment.packet, host).length > 0

/** It asks for SYN, and not for ACK. */
const asksForOpenings = (one: Condition): boolean =>
  one.kind === 'compare' && one.field === 'tcp flags' && (flagsOf(one) & SYN) !== 0 && (flagsOf(one) & ACK) === 0

/** nft's `tcp flags syn` is "not 0 under this mask". */
const flagsOf = ({ value, mask }: Condition & { kind: 'compare' }): number => Number(value || mask)

/** Bits of TCP's flags. */
const [SYN, ACK] = [2, 16]

/** It is for what this host itself sends to those behind it, as to its guests and pods. */
const isForThisHost = ({ world: { host } }: Context, { condition }: NearMiss['miss']): boolean =>
  asksSource(condition) && wantedBy(condition).some((one) => isLocal(String(one), host) === true)

/** For the socket that sends it: no line of a packet shows who owns that. */
const asksOwner = ({ condition }: NearMiss['miss']): boolean => /^meta sk[ug]id$/.test(fieldOf(condition) ?? '')

/**
 * A rule that nobody uses, which was to accept what a network sends through this host, asks for what is sent to it. Never the
 * other way round: that would open the network to everyone. Nor for this host's own packets, nor for a source that is not at home there.
 */
function isTurned({ world: { host } }: Context, { kind }: Goal, { miss, moment, used, chain }: NearMiss): boolean {
  const { packet, hook } = moment
  const isAsked = kind === 'pass' && used === false && hook === 'forward' && isNetworkOfSource(miss, packet, chain)
  return isAsked && (homeOf(packet.src ?? '', host, packet.in)?.link.name ?? packet.in) === packet.in
}
