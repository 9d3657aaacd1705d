import type { Condition, Value } from '../../model/condition.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Host } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import { isLoopback } from '../../model/loopback.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import { evaluate, evaluateAll } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { isError } from '../../rules/longest-prefix.ts'
import { lookupRoute, questionOf, routeDevices } from '../../rules/route.ts'
import { isForNobody, listener } from '../../rules/sockets.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Destination } from '../changes/rule-changes.ts'
import { type Context, type Detected, type Detector, describeEnd, finding, lastPacket, momentAt } from '../context.ts'
import { asksOutput, fieldOf, isExact, isNegated, onlyFailed } from '../counterfactual/failed-condition.ts'
import { type Goal, goals, rewrites } from '../counterfactual/goals.ts'
import { asksOthers, looksLike, lookupOf } from '../counterfactual/map-keys.ts'
import { markedThere } from '../counterfactual/mark-behind.ts'
import { mentions } from '../counterfactual/mentions.ts'
import { type NearMiss, nearMisses } from '../counterfactual/near-misses.ts'
import { forwardsOf, isOfOtherForward, isSentThereByOthers } from '../counterfactual/other-forwards.ts'
import { asksNoService, hostOf, pairedHost } from '../counterfactual/paired-host.ts'
import { DESTINATION } from '../counterfactual/rewritten.ts'
import { positionsBelow, refOfSkipped, type SkippedRule, skippedRules } from '../counterfactual/skipped-rules.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { hadItMatched, hadItNotMatched } from '../counterfactual/what-if.ts'
import { homeOf } from '../host/routes.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { portInAddress } from './port-in-address.ts'
import { byComment } from './said-destination.ts'
import { sameDestination } from './same-destination.ts'
import { sendTo } from './send-to.ts'
import { numberedRef } from './verdicts.ts'

/** nat sends it to one place, and another rule that is there for it speaks of another. */
export const dnatMismatch: Detector = {
  code: 'dnat-mismatch',
  detect(context) {
    const step = context.evidence.arrivals.findIndex(
      ({ rule, ending }, i) =>
        context.journey.steps[i]!.kind === 'rule' &&
        rule !== undefined &&
        ending === 'accept' &&
        /^(dnat|redirect)$/.test(verdictOf(rule).text),
    )
    const ref = step < 0 ? undefined : refAt(context, step)
    if (!ref) return []
    return [byBrackets, sameDestination, byComment, byPair, byBefore, byFilter, bySocket]
      .flatMap((by) => by(context, step, ref))
      .slice(0, 1)
  },
}

/** IPv6 without the brackets that tell the port from the address. */
function byBrackets(context: Context, step: number, ref: RuleRef): Detected[] {
  const { rule, packet } = context.evidence.arrivals[step]!
  const found = portInAddress(context, rule)
  if (!found) return []
  const { address, meant, other } = found
  return [
    finding(
      'dnat-mismatch',
      'warning',
      `${nameRef(ref)} sends it to the address ${address}: without brackets, port ${meant.port} of ${describeEnd(meant.address, meant.port)} is part of the address.`,
      {
        steps: [step + 1],
        rules: [ref, ...(other ? [other] : [])],
        fix: sendTo(ref, meant, packet.dport),
        [FOR_REPORTS]: { goesFirst: true },
      },
    ),
  ]
}

/** Its address belongs to another host, as the other half of a one-to-one NAT says. */
function byPair(context: Context, step: number, ref: RuleRef): Detected[] {
  const { rule, packet: asked } = context.evidence.arrivals[step]!
  const pair = pairedHost(context.world, asked.dst, rule)
  const to = rule?.statements.find(({ kind }) => kind === 'dnat')
  if (!pair || to?.kind !== 'dnat' || !to.addresses || to.ports || to.addresses.includes(pair.host)) return []
  const { conditions } = rule!
  // who sends one service of the address elsewhere means that
  if (!conditions.some((one) => / daddr$/.test(fieldOf(one) ?? '')) || !asksNoService(conditions)) return []
  const other = refOf(context, pair.table.name, pair.chain, pair.rule)
  const message = `${nameRef(ref)} sends it to ${to.addresses[0]}, while ${nameRef(other)} pairs ${asked.dst} with ${pair.host}. Which of the two is right is unknown.`
  const isInVain = context.inVain !== undefined || isStopped(context.journey.outcome) || lacksReply(context)
  return [
    finding('dnat-mismatch', isInVain ? 'warning' : 'note', message, {
      steps: [step + 1],
      rules: [ref, other],
      fix: sendTo(ref, { address: pair.host, port: asked.dport }, asked.dport, to.addresses[0]),
      [FOR_REPORTS]: { eitherPlace: [to.addresses[0], pair.host] },
    }),
  ]
}

/** A rule that the packet passed is for it as it was before nat: with the address that was asked, or a list of ports. */
function byBefore(context: Context, step: number, ref: RuleRef): Detected[] {
  const goal = goals(context).find(({ kind }) => kind === 'pass')
  if (!goal || goal.pass.steps[0]! <= step) return []
  const { dst, dport } = context.evidence.arrivals[step]!.packet
  if (dst === undefined) return []
  for (const passed of skippedRules(context, goal.pass)) {
    const { rule, moment } = passed
    const failed = rule.conditions.filter((one) => evaluate(one, moment) !== true)
    // what asks for one port alone is mended by the port: byFilter
    if (failed.length === 0 || !failed.every(asksDestination) || (failed.length === 1 && asksOnePort(failed[0]!)))
      continue
    const asked = { ...moment.packet, dst, ...(dport === undefined ? {} : { dport }) }
    if (evaluateAll(rule.conditions, { ...moment, packet: asked }) !== true) continue
    // by itself, or by the mark that it sets, or in the chain that it leads to; what returns may only come to the same end
    const isDeciding = verdictOf(rule).ending === 'accept'
    if (!isDeciding && !goal.wanted(hadItMatched(context, markedThere(context, passed)))) continue
    const other = refOfSkipped(context, passed)
    const message = `${nameRef(ref)} sends it to ${describeEnd(moment.packet.dst, moment.packet.dport)}, while ${nameRef(other)} matches ${describeEnd(dst, dport)}, the destination it had before NAT.`
    return [
      finding('dnat-mismatch', 'warning', message, {
        steps: [step + 1, passed.step + 1],
        rules: [ref, other],
        fix: propose(
          `make ${numberedRef(other)} match the destination that the connection was opened to`,
          changesOf(other).asBeforeNat(other),
          'the rule then matches by the destination from before NAT',
        ),
        doubt: -0.2,
      }),
    ]
  }
  return []
}

/** By a value or a set; an ipset's words do not tell the address from the port. */
const asksDestination = (one: Condition): boolean =>
  !isNegated(one) &&
  !asksOthers(one) &&
  (lookupOf(one)?.fields ?? [fieldOf(one) ?? '']).every((field) => /^dst$| d(addr|port)$/.test(field))
const asksOnePort = (one: Condition): boolean =>
  one.kind === 'compare' && / dport$/.test(one.field) && portOf(one.value) !== undefined

/** It was stopped where another destination would have passed, by a rule that nothing else has ever met. */
function byFilter(context: Context, step: number, ref: RuleRef): Detected[] {
  // a rule of nat that was to give it a source knows where it goes as well
  const goal = goals(context).find(({ kind }) => kind === 'pass' || kind === 'source')
  if (!goal || goal.pass.steps[0]! <= step) return []
  // what took it in front of the rule that was meant for it is not to take it elsewhere
  const behind = hadItNotMatched(context, step)
  if (behind && rewrites(DESTINATION)(behind)) return []
  // it never was to go to another port
  const to = context.evidence.arrivals[step]!.rule?.statements.find(({ kind }) => kind === 'dnat')
  const keepsPort = to?.kind === 'dnat' && to.ports === undefined && to.map === undefined
  // nat is right where a rule for the very place is wrong in its protocol
  if (nearMisses(context, goal).some(namesPlace)) return []
  for (const passed of [...skippedRules(context, goal.pass), ...behindEnd(context, goal)]) {
    const { rule, moment } = passed
    const ending = verdictOf(rule).ending
    if (ending !== 'accept' && ending !== 'return') continue
    const asked = context.evidence.arrivals[step]!.packet
    const meant = placeMeant(context, passed, asked)
    if (!meant || isOfOtherForward(context, step, meant)) continue
    // another host's other service is none of this one's
    if (keepsPort && meant.port !== asked.dport) continue
    if (meant.address !== moment.packet.dst && meant.port !== moment.packet.dport && meant.port !== asked.dport)
      continue
    // a rule for another port is about another service, if it names no host, or a program listens on the port that nat sends
    // to; unless one port looks like the other, mistyped
    const isOthers = meant.port !== asked.dport && (!asksHost(rule) || isServedHere(context, passed))
    if (isOthers && !looksLike(`${meant.port}`, `${moment.packet.dport}`)) continue
    // who serves others is there for this packet, too, if it names the very port that was asked
    const used = rule.counters && rule.counters.packets > 0
    if (used && (meant.address !== moment.packet.dst || meant.port !== asked.dport)) continue
    const other = refOfSkipped(context, passed)
    const { dst, dport } = moment.packet
    const besides = [rule, ...forwardsOf(context, step)]
    const [there, here] = [
      mentions(context, meant, besides),
      mentions(context, { address: dst!, port: dport }, besides),
    ]
    // what nobody else speaks of is likelier mistaken; of equals, the change that opens nothing is the safer one
    // most forwards keep the port: who asks for another one of that very host is mistaken
    const keeps = dport === asked.dport && meant.port !== dport && meant.address === dst
    // a forward that names another port means it, and who asks for the first one has not thought of nat
    const isOfBefore = meant.address === dst && meant.port === asked.dport && !isSlip(dport, asked.dport)
    // several forwards send it there: the one rule that gives it a source is mistaken rather than all of them
    const isOneOfMany = goal.kind === 'source' && isSentThereByOthers(context, step, { address: dst!, port: dport })
    const isRight = isOfBefore
      ? here.rules >= there.rules
      : here.weight > there.weight || (here.weight === there.weight && (keeps || isOneOfMany))
    const matched = isOfBefore && !asksHost(rule) ? `port ${meant.port}` : describeEnd(meant.address, meant.port)
    const sentTo = describeEnd(dst, dport)
    const why = isOfBefore
      ? ', the port it had before NAT'
      : isOneOfMany
        ? `. Other rules of nat send it to ${sentTo} as well`
        : '. Which of the two is right is unknown'
    const message = `${nameRef(ref)} sends it to ${sentTo}, while ${nameRef(other)} matches ${matched}${why}.`
    const miss = isRight ? onlyFailed(rule, moment) : undefined
    return [
      finding('dnat-mismatch', 'warning', message, {
        steps: [step + 1, passed.step + 1],
        rules: [ref, other],
        fix: miss
          ? propose(
              `make ${numberedRef(other)} match such packets`,
              changesOf(other).correct(other, miss, moment.packet),
              'after nat, rules see the new destination',
            )
          : sendTo(ref, meant, asked.dport, dst),
        // whoever is sent to the right place needs no other source
        doubt: isRight && !isOneOfMany ? 0.9 : goal.kind === 'source' ? -0.1 : 0,
        [FOR_REPORTS]: {
          ...(isOfBefore || isOneOfMany ? {} : { eitherPlace: [sentTo, matched] }),
          ...(!isRight && there.weight > here.weight ? { goesFirst: true } : {}),
        },
      }),
    ]
  }
  return []
}

/** In the chain of what stopped it, where they come too late. */
function behindEnd(context: Context, { kind, pass }: Goal): SkippedRule[] {
  const { step } = context.ended
  const { chain, rule } = context.evidence.arrivals[step]!
  if (kind !== 'pass' || !chain || !rule) return []
  const at = { pass, chain, step, moment: momentAt(context, step), below: positionsBelow(context, step) }
  return chain.rules.slice(rule.ruleNumber).map((one) => ({ ...at, rule: one }))
}

const isServedHere = ({ world: { host } }: Context, { moment: { packet } }: SkippedRule): boolean =>
  packet.dst !== undefined && isLocal(packet.dst, host) === true && listener(host, packet) !== undefined

const asksHost = ({ conditions }: Rule): boolean => conditions.some((one) => / daddr$/.test(fieldOf(one) ?? ''))

const namesPlace = ({ rule, miss, moment }: NearMiss): boolean =>
  fieldOf(miss.condition) === 'meta l4proto' &&
  rule.conditions.some((one) => / daddr$/.test(fieldOf(one) ?? '') && isExact(one) && evaluate(one, moment) === true)

/** Nobody listens where nat sends it, and somebody does on the address that was asked, or next to it. */
function bySocket(context: Context, step: number, ref: RuleRef): Detected[] {
  const { host } = context.world
  const { dst, dport } = lastPacket(context)
  const asked = context.evidence.arrivals[step]!.packet
  if (context.journey.outcome !== 'delivered' || dst === undefined || dport === undefined) return []
  if (!isForNobody(host, lastPacket(context))) return []
  const listens = (address: string) => listener(host, { ...lastPacket(context), dst: address })
  // from outside nothing gets to 127.0.0.0/8 that a rule had not sent there
  const others = host.sockets?.flatMap(({ address = '' }) => (isLoopback(address) === isLoopback(dst) ? [address] : []))
  const addresses = [asked.dst, ...(others ?? [])]
  const other = addresses.find((one) => one !== undefined && isLocal(one, host) && listens(one))
  if (other !== undefined) {
    const isAsked = other === asked.dst ? ', the address that the client contacted' : ''
    const message = `${nameRef(ref)} sends it to ${describeEnd(dst, dport)}, where nobody listens, while ${listens(other)?.process ?? 'somebody'} listens on ${describeEnd(other, dport)}${isAsked}.`
    const fix = sendTo(ref, { address: other, port: dport }, asked.dport, dst)
    return [finding('dnat-mismatch', 'warning', message, { steps: [step + 1], rules: [ref], fix, doubt: 0.1 })]
  }
  // it was to go on to the network that the address is of: another program's port says nothing of it
  const home = homeOf(dst, host)
  if (home && !home.link.addresses?.some(({ address }) => address === dst)) return []
  const near = host.sockets?.find(({ port }) => {
    const there = port === undefined ? undefined : listener(host, { ...lastPacket(context), dport: port })
    return there !== undefined && looksLike(String(port), String(dport))
  })
  if (!near) return []
  const who = near.process === undefined ? 'somebody' : near.process
  const message = `${nameRef(ref)} sends it to ${describeEnd(dst, dport)}, where nobody listens, while ${who} listens on ${near.port}.`
  const fix = sendTo(ref, { address: dst, port: near.port }, asked.dport)
  return [finding('dnat-mismatch', 'warning', message, { steps: [step + 1], rules: [ref], fix, doubt: 0.2 })]
}

/** Another destination or port for which the rule would match, on the way that leads there; the packet's own port of before nat is tried, too. */
function placeMeant({ world }: Context, { rule, moment }: SkippedRule, asked: Packet): Destination | undefined {
  const { dst, dport } = moment.packet
  if (dst === undefined) return undefined
  // who asks for the connection's state asks for no place
  const conditions = rule.conditions.filter((one) => fieldOf(one) !== 'ct state')
  const failed = conditions.filter((one) => evaluate(one, moment) === false)
  if (failed.length === 0) return undefined
  let place: Destination = { address: dst, port: dport }
  for (const condition of failed) {
    if (condition.kind === 'lookup') place = { ...place, port: asked.dport }
    else if (condition.kind !== 'compare') return undefined
    else if (asksOutput(condition)) continue
    else if (condition.op !== '==') return undefined
    else if (/ daddr$/.test(condition.field)) place = { ...place, address: hostOf(condition) ?? '' }
    else if (/ dport$/.test(condition.field)) place = { ...place, port: portOf(condition.value) }
    else return undefined
  }
  if (place.address === '' || (place.port === undefined) !== (dport === undefined)) return undefined
  if (place.address === dst && place.port === dport) return undefined
  const out = outTo(world.host, moment.packet, place)
  // on another link, many a host has the same service: only one whose address is nearly the same is likely meant
  if (out !== moment.packet.out && !(failed.some(asksOutput) && isAlike(place.address, dst))) return undefined
  const packet = {
    ...{ ...moment.packet, dst: place.address },
    ...(place.port === undefined ? {} : { dport: place.port }),
    ...(out === undefined ? {} : { out }),
  }
  return evaluateAll(conditions, { ...moment, packet }) === true ? place : undefined
}

/** One character other, or the same host's number in another network. */
const isAlike = (one: string, other: string): boolean =>
  looksLike(one, other) || /[.:][^.:]+$/.exec(one)?.[0] === /[.:][^.:]+$/.exec(other)?.[0]

/** By which it would leave for there; a route that refuses it may be mistaken as well. */
function outTo(host: Host, packet: Packet, { address }: Destination): string | undefined {
  const { out } = packet
  const question = questionOf({ ...packet, dst: address })
  const route = question && lookupRoute(question, host)
  if (out === undefined || !route || isError(route)) return out
  const devices = routeDevices(route)
  return devices.includes(out) ? out : devices[0]
}

const portOf = (value: Value): number | undefined => (typeof value === 'number' ? value : undefined)

/** One digit other than the port that was asked: whoever means another port mostly takes one that is not alike. */
const isSlip = (port: number | undefined, asked: number | undefined): boolean =>
  port === asked || (String(port).length === String(asked).length && looksLike(String(port), String(asked)))
