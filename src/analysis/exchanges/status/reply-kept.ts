/**
 * A reply that this host has kept, as a transparent proxy has it for requests: its own, led back here over lo, or that of a host
 * behind it, led here from the interface where it came in.
 */
import { acceptBefore, propose } from '../../../explain/changes/change.ts'
import { type Proposal, SKIPS_LATER } from '../../../explain/changes/proposal.ts'
import { sayable } from '../../../explain/changes/sayable.ts'
import { finding } from '../../../explain/context.ts'
import { type OwnByRoute, ownByRoute } from '../../../explain/host/own-by-route.ts'
import { proxyOf } from '../../../explain/host/proxy-socket.ts'
import { nameRef, refOfStep, ruleOfStep } from '../../../explain/refs.ts'
import type { Route } from '../../../model/host.ts'
import type { Change, Finding, RuleRef } from '../../../model/journey.ts'
import type { Packet } from '../../../model/packet.ts'
import type { Rule } from '../../../model/ruleset.ts'
import { writesMark } from '../../../rules/assign.ts'
import { isLocal } from '../../../rules/fib.ts'
import { hex } from '../../../rules/iptables/values/numbers.ts'
import { prefixLength } from '../../../rules/prefixes.ts'
import { isAsking, type Part } from '../join/joined.ts'
import { trackedTwice } from './later.ts'

/** `answer`: the reply that was delivered. Undefined: it was meant for this host, or it is not known to have stayed here. */
export const replyKept = (parts: readonly Part[], answer: Part): Finding | undefined =>
  ledBack(parts, answer) ?? takenIn(parts, answer) ?? trackedTwice(parts, answer)

/**
 * Who asked is another host, and the reply that this one sent came in again over lo. Of what this host itself asks, with a
 * client's address, that is meant: the proxy gets its reply so.
 */
function ledBack(parts: readonly Part[], { told: { journey, world } }: Part): Finding | undefined {
  const { outcome, packet, steps } = journey
  if (outcome !== 'delivered' || packet.in !== undefined || !steps.some((step) => step.in === 'lo')) return undefined
  const asked = parts.find(isAsking)?.told.journey.packet
  const isOfOther = asked ? asked.in !== undefined && asked.in !== 'lo' : isLocal(packet.dst, world.host) === false
  if (!isOfOther) return undefined
  // what mark it had before, nft's trace does not always show
  const at = steps.findLastIndex(
    (step) => step.hook === 'output' && (step.changes.some(isMark) || writes(ruleOfStep(step, world)?.rule)),
  )
  const ref = steps[at] && refOfStep(steps[at])
  if (!ref)
    return finding(
      'wrong-way-out',
      'error',
      `The reply to ${packet.dst} never left this host: it came back over lo. A mark may have routed it here.`,
    )
  const mark = steps[at]!.changes.find(isMark)?.to ?? steps.find((step, i) => i > at && step.mark !== undefined)?.mark
  const why = `${setWords(ref, mark)}, which routes it back to this host over lo`
  return lostHere(packet.dst, why, [ref], passBy(ref, packet, 'output'))
}

/**
 * This host has forwarded the request, and the chains of input saw the reply, for who had asked. A proxy that asks with its
 * client's address has been handed the request before that.
 */
function takenIn(parts: readonly Part[], { told: { journey, world } }: Part): Finding | undefined {
  const { outcome, packet, steps } = journey
  if (outcome !== 'delivered' || packet.in === undefined || packet.in === 'lo') return undefined
  const inside = steps.find(({ hook }) => hook === 'input')
  // what this host itself sends with the asker's address is none of its
  const asking = parts.filter(isAsking).map(({ told }) => told.journey)
  const [first] = asking
  const requests = asking.filter((one) => one.packet.in === first?.packet.in)
  const dst = inside?.dst ?? packet.dst
  const isForwarded =
    first?.packet.in !== undefined && requests.every((one) => one.outcome === 'forwarded' && one.packet.src === dst)
  if (!inside || !isForwarded || dst === undefined) return undefined
  const early = steps.filter(({ hook }) => hook === 'prerouting')
  const taking = early.findLast((step) => proxyOf(ruleOfStep(step, world)?.rule))
  const marking = early.findLast(
    (step) => step !== taking && (step.changes.some(isMark) || writes(ruleOfStep(step, world)?.rule)),
  )
  const [taker, marker] = [taking, marking].map((step) => step && refOfStep(step))
  const { from, to } = marking?.changes.find(isMark) ?? {}
  // also without the mark
  const own = ownByRoute({ ...packet, dst, mark: Number(from ?? packet.mark ?? 0) >>> 0 }, world.host)
  const set = marker && setWords(marker, to)
  const why = taker
    ? `${nameRef(taker)} (TPROXY) takes it for a transparent proxy here${set ? `, for which ${set}` : ''}`
    : own
      ? `the ${own.words} makes ${dst} an address of this host`
      : `${set ? `${set}, which routes it` : 'TPROXY, a mark or a route led it'} to this host itself`
  if (own && !taker) return lostHere(dst, why, [], isNetwork(own.route) ? [narrower(dst, own)] : own.fix)
  return lostHere(
    dst,
    why,
    [marker, taker].filter((one) => one !== undefined),
    passBy(marker ?? taker, packet, 'prerouting'),
  )
}

const isNetwork = ({ destination }: Route): boolean =>
  prefixLength(destination) < (destination.includes(':') ? 128 : 32)

/** Of the others it may be meant. */
const narrower = (dst: string, { words, route }: OwnByRoute): Proposal => ({
  description: `in place of the ${words}, add one for each address of ${route.destination} that this host needs itself: ${dst} is not among them`,
  unverified: 'which addresses this host needs is unknown',
})

const setWords = (ref: RuleRef, mark: unknown): string =>
  `${nameRef(ref)} sets ${mark === undefined ? 'its mark' : `mark ${hex(Number(mark) >>> 0)}`}`

const lostHere = (dst: string | undefined, why: string, rules: RuleRef[], fix: readonly Proposal[]): Finding =>
  finding('wrong-way-out', 'error', `The reply to ${dst} never leaves this host: ${why}.`, {
    rules,
    fix: fix.map(sayable),
  })

/** The rule, for the reply alone. */
const passBy = (rule: RuleRef | undefined, reply: Packet, hook: 'output' | 'prerouting'): Proposal[] =>
  rule ? propose('let such replies pass by', acceptBefore(rule, reply, { hook, answer: true }), SKIPS_LATER) : []

const isMark = ({ field }: Change): boolean => field === 'mark'

const writes = (rule: Rule | undefined): boolean => rule !== undefined && writesMark(rule)
