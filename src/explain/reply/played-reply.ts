/** What would come back to a request that got through, played where no reply was captured. */

import type { Engine, Played } from '../../journey/engine.ts'
import type { Evidence } from '../../journey/evidence.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Finding, Fix, Journey, RuleRef } from '../../model/journey.ts'
import { SOLICITATION } from '../../model/neighbour-discovery.ts'
import { getsThrough, isPassed, isStopped } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { routedDevice } from '../../rules/bridge-calls.ts'
import { isLocal } from '../../rules/fib.ts'
import type { WalkBudget } from '../../rules/walk-budget.ts'
import { sayable } from '../changes/sayable.ts'
import { describeEnd, finding } from '../context.ts'
import { isKnownThere } from '../counterfactual/known-there.ts'
import { isPrivateAbroad } from '../counterfactual/undeliverable.ts'
import { playAgain } from '../explain.ts'
import { bridgeOf } from '../host/bridges.ts'
import { astray } from '../host/routes.ts'
import { nameRef, refOfStep } from '../refs.ts'
import { repairs } from '../repair/later.ts'
import { assumedWords, dependsOnReturn } from '../verify-fixes/assumed-return.ts'
import { stoppedDiscovery } from '../verify-fixes/neighbours.ts'
import { explainAnswer, type Reproduction } from '../verify-fixes/reproduce.ts'
import { tryFinding } from '../verify-fixes/verify.ts'
import { backOut, isOtherUplink } from './back-out.ts'
import { RESTORES_MARK } from './mark-restored.ts'
import { asksForReply, isKeptHere, natSeen, reaches } from './request-reply.ts'

export interface PlayedReply {
  /** The reply's way. */
  journey: Journey
  /** Where it leaves this host; absent where it does not, or where that was only taken so. */
  out?: string
  /** It leaves by another interface than the one whose address was asked: what leads it back, and what would stop it there. */
  back?: { fix: Fix[]; rules: RuleRef[] }
  /** A rule keeps it from connection tracking, which then sees no reply. */
  isUntracked?: true
  /** Why it does not reach who asked. Absent: it does, or that is not known. */
  finding?: Finding
}

/** What nobody can know decides whether the reply arrives: there is neither a way to tell, nor a reason. */
export interface OpenReply {
  open: { condition: string; reason: string }
  journey?: undefined
  finding?: undefined
}

/** Undefined where nothing can be told: no request, or the engine does not know enough. `evidence`: of the explained journey. */
export function playReply(
  evidence: Evidence,
  explained: Journey,
  world: World,
  engine: Engine,
  given?: WalkBudget,
): PlayedReply | OpenReply | undefined {
  if (!isPassed(explained.outcome) || !asksForReply(explained, natSeen(evidence), world)) return undefined
  // nobody out there has got it who would reply
  if (explained.findings.some(({ code, severity }) => code === 'wrong-way-out' && severity !== 'note')) return undefined
  Object.assign(evidence.journey, { outcome: explained.outcome, findings: explained.findings })
  const reproduction = playAgain(evidence, world, engine, given)
  if ('reason' in reproduction) return undefined
  const { told: request, asked, answer } = reproduction.play(reproduction.world)
  if (!asked || !answer) return undefined
  if (answer.ended.outcome === 'undetermined') return unlessEitherWay(reproduction, answer)
  if (dependsOnReturn(reproduction, answer, reproduction.world)) return undefined
  const reply = explainAnswer(reproduction, asked, answer, reproduction.world)
  const { out } = answer.packet
  const tracking = answer.packet.ctState === 'untracked' ? ({ isUntracked: true } as const) : {}
  const stray = isPassed(reply.outcome) ? astray(answer.packet, world.host) : undefined
  if (!stray && isLedOn(asked, answer, world)) return { journey: reply, ...tracking, finding: ledOn(answer.packet) }
  if (reaches(asked, answer) !== false && !stray) {
    if (request && mayNeverCome(explained, request.packet, world)) return undefined
    const unfound = stoppedDiscovery(reproduction, reproduction.world, answer, false)
    if (unfound) return undiscovered(reproduction, reply, answer.packet, unfound)
    const back = ledBack(reproduction, explained, asked, answer.packet)
    const isKnown = out !== undefined && reproduction.returnsBy === undefined
    return { journey: reply, ...tracking, ...(isKnown ? { out } : {}), ...(back ? { back } : {}) }
  }
  const told = reply.findings.filter(({ severity }) => severity !== 'note')
  const marking = markRestored(explained, reply)
  // what is wrong for certain tells more than what stopped it for want of that
  const wrong = isStopped(reply.outcome)
    ? told.find((one) => saysWhy(one) && !isToldOf(explained, one))
    : isKeptHere(asked, reply.outcome) && told.length === 0
      ? reply.findings.find(({ code }) => code === 'untracked')
      : undefined
  const rules = [...reply.cause.map(({ rule }) => rule), ...(marking ? [marking] : []), ...(wrong?.rules ?? [])]
  // what no rule stopped has gone astray by those that the reply's own finding names
  if (rules.length === 0 && isPassed(reply.outcome)) rules.push(...(told[0]?.rules ?? []))
  const restored = marking ? ` It has the mark of its connection, which ${nameRef(marking)} gave the request.` : ''
  const strayed = isStopped(reply.outcome) ? elsewhereWords(asked, out, world) : ''
  const stopped = finding(
    'reply-dropped',
    'error',
    messageOf(reply, asked, answer, reply.cause[0]?.rule, stray?.why) +
      restored +
      strayed +
      (wrong ? ` ${wrong.message}` : '') +
      assumedWords(reproduction),
    {
      rules,
      // where no rule stopped it, the message says what else did
      ...(rules.length === 0 && isStopped(reply.outcome) ? { [FOR_REPORTS]: { isReason: true } } : {}),
    },
  )
  // what lets in answers goes before what lets in this one
  const answers = told.filter(({ code }) => code === 'reply-dropped')
  const proposed = [...new Set([...(wrong ? [wrong] : []), ...answers, ...told])]
    .flatMap(({ fix }) => fix)
    .filter(({ look }) => look === undefined)
  const toHost = (stray?.fix ?? []).map(sayable)
  // what stops it may be there to stop what leaves by the wrong interface
  const back = isStopped(reply.outcome) ? (ledBack(reproduction, explained, asked, answer.packet)?.fix ?? []) : []
  const tried = tryFinding({ ...stopped, fix: [...back, ...toHost, ...proposed] }, reproduction)
  const repair = tried.fix.some(getsThrough) ? undefined : repairs()?.repaired(reproduction)
  if (repair) tried.fix.unshift(repair.fix)
  return { journey: reply, ...tracking, finding: tried }
}

/** It is for a program of this host that asked with another one's address, and goes on to that one. */
const isLedOn = ({ in: came, src }: Packet, { ended }: Played, { host }: World): boolean =>
  came === undefined && ended.outcome === 'forwarded' && isLocal(src, host) === false

const ledOn = ({ dst, dport, out }: Packet): Finding =>
  finding(
    'reply-dropped',
    'error',
    `Its reply would leave by ${out} for ${describeEnd(dst, dport)} (simulated). No rule or local route keeps it on this host, although a program of this host sent the request from that address.`,
  )

/** Undefined where it arrives either way. */
function unlessEitherWay({ play, world }: Reproduction, { ended: { open } }: Played): OpenReply | undefined {
  if (!open || open.endless) return undefined
  const { condition, reason } = open
  const arrivesIf = (holds: boolean) => {
    const { asked, answer } = play(world, new Map([[condition, holds]]))
    return asked !== undefined && answer !== undefined && reaches(asked, answer) === true
  }
  return arrivesIf(true) && arrivesIf(false) ? undefined : { open: { condition, reason } }
}

/** Is the same rule named with what it did to the request? */
const isToldOf = ({ findings }: Journey, { code, rules: [rule] }: Finding): boolean =>
  findings.some((one) => one.code === code && one.rules[0] && rule && nameRef(one.rules[0]) === nameRef(rule))

/** Of a stopped reply: what is wrong with the rules, not what stopped it. */
const saysWhy = ({ code, severity }: Finding): boolean => severity !== 'note' && WRONG_FOR_CERTAIN.has(code)

const WRONG_FOR_CERTAIN: ReadonlySet<string> = new Set([
  'near-miss',
  'never-reached',
  'goto-skips',
  'other-zone',
  'untracked',
])

/**
 * What this host asks of the reply's next hop, or what that replies, is stopped. With no listing of neighbours the host may
 * know it all the same: then nothing is told.
 */
function undiscovered(
  reproduction: Reproduction,
  reply: Journey,
  { dst, out }: Packet,
  unfound: Played,
): PlayedReply | undefined {
  const { world } = reproduction
  if (!world.host.neighbours) return undefined
  const stopped = reproduction.explain(unfound, world)
  const rules = stopped.cause.map(({ rule }) => rule)
  const what = `neighbour ${unfound.packet.icmpType === SOLICITATION ? 'solicitations' : 'advertisements'}`
  const by = rules[0] ? nameRef(rules[0]) : 'a rule'
  const message = `Its reply would be lost on this host (simulated). ${out} has no neighbour entry for the next hop to ${dst}, and ${by} drops ${what}.`
  const fix = stopped.findings.flatMap((one) => one.fix).filter(({ look }) => look === undefined)
  return {
    journey: reply,
    finding: tryFinding({ ...finding('reply-dropped', 'error', message, { rules }), fix }, reproduction),
  }
}

/** Whether anyone out there has a route to the source that nat was to rewrite, or to a private one, is not known. `left`: as it left. */
function mayNeverCome({ findings, outcome }: Journey, left: Packet, { host }: World): boolean {
  if (findings.some(({ code, severity }) => code === 'snat-skipped' && severity !== 'note')) return true
  // for this host's own address, private or not, the next router does what it does for this host
  if (left.src === undefined || isLocal(left.src, host) !== false) return false
  // what a bridge passes on has not left its network
  return isPrivateAbroad(outcome, left) && !bridgeOf(left, host) && !isKnownThere(left, host)
}

/** Together with what accepts it there. */
function ledBack(
  reproduction: Reproduction,
  explained: Journey,
  { dst, in: port }: Packet,
  { out = 'lo', mark }: Packet,
): PlayedReply['back'] {
  const { world } = reproduction
  const came = routedDevice(world.host, port)
  if (dst === undefined || came === undefined || !isOtherUplink(world.host, dst, came, out)) return undefined
  const rules: RuleRef[] = []
  const fix = backOut(explained, world, dst, came, mark).map((one) => {
    const begin = { finding: finding('reply-by-other-uplink', 'warning', ''), fix: one }
    const repair = repairs()?.repaired(reproduction, begin)
    if (!repair) return one
    rules.push(...repair.steps.slice(1).flatMap((step) => step.finding.rules.slice(0, 1)))
    return repair.fix
  })
  return { fix, rules: rules.slice(0, 1) }
}

/** The rule that marked the request, where another one has put its connection's mark on the reply, and that is to blame. */
function markRestored({ steps }: Journey, { culprit }: Journey): RuleRef | undefined {
  if (!culprit || !RESTORES_MARK.test(culprit.rule ?? '')) return undefined
  const marking = steps.findLast(({ changes }) => changes.some(({ field }) => field === 'mark'))
  return marking && refOfStep(marking)
}

/** That it leaves by another interface than the one that was asked at. */
function elsewhereWords({ dst, in: port }: Packet, out: string | undefined, { host }: World): string {
  const came = routedDevice(host, port)
  return dst !== undefined && came !== undefined && out !== undefined && isOtherUplink(host, dst, came, out)
    ? ` It would leave by ${out}, although the request came in on ${came}.`
    : ''
}

function messageOf(reply: Journey, asked: Packet, answer: Played, by?: RuleRef, why?: string): string {
  const { packet } = answer
  if (isPassed(reply.outcome) && reaches(asked, answer) !== false)
    return `Its simulated reply leaves by ${packet.out}, which does not lead to ${packet.dst}: ${why}.`
  const said = reply.findings.find(({ severity }) => severity !== 'note')?.message
  if (isKeptHere(asked, reply.outcome))
    return `Its reply would stay here (simulated).${said === undefined ? '' : ` ${said}`}`
  if (isPassed(reply.outcome)) {
    // nobody undid what nat wrote: into the destination, or into the source
    const kept =
      packet.src === asked.dst && packet.sport === asked.dport
        ? `go to ${describeEnd(packet.dst, packet.dport)}, not to ${describeEnd(asked.src, asked.sport)}, which sent the request`
        : `come from ${describeEnd(packet.src, packet.sport)}, not from the address that the client contacted`
    return `Its reply would ${kept} (simulated).${said === undefined ? '' : ` ${said}`}`
  }
  const how = reply.outcome === 'vanished' ? 'be lost on this host' : `be ${reply.outcome}`
  // what routing loses, no rule has dropped: it may have marked it
  const isByRule = by !== undefined && reply.outcome !== 'vanished'
  return `Its reply would ${how}${isByRule ? ` by ${nameRef(by)}` : ''} (simulated).${!isByRule && said !== undefined ? ` ${said}` : ''}`
}
