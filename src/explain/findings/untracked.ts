import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { RuleRef } from '../../model/journey.ts'
import { hasLeft, isPassed, isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { Statement } from '../../model/statement.ts'
import { entryAnswered, entryOpened } from '../../rules/conntrack/entries.ts'
import { describeConditions } from '../cause.ts'
import { acceptBefore, deleteRule, propose } from '../changes/change.ts'
import { type Proposal, SKIPS_LATER } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, finding, lastPacket, momentAt } from '../context.ts'
import { rewrites } from '../counterfactual/goals.ts'
import { DESTINATION, SOURCE } from '../counterfactual/rewritten.ts'
import { isNatChain, passAt } from '../counterfactual/skipped-rules.ts'
import { isPrivateAbroad, rewritesSources } from '../counterfactual/undeliverable.ts'
import { beforeTracking, letsGo, natFromTheStart, onwards } from '../counterfactual/what-if.ts'
import { isNft, nameRef, refAt, refOf } from '../refs.ts'
import { isAnswer, isOpening, natSeen, openingOf } from '../reply/request-reply.ts'
import { withoutRule } from './verdicts.ts'

/** Kept from connection tracking: nat does not see it, and no rule knows whose it is. */
export const untracked: Detector = {
  code: 'untracked',
  detect(context) {
    const { arrivals } = context.evidence
    // what answers a handshake itself needs that
    if (isProxied(arrivals[context.ended.step]?.rule?.statements)) return []
    const i = arrivals.findIndex(({ rule }, at) => leavesAlone(rule?.statements) && isRule(context, at))
    if (i >= 0) {
      const ref = refAt(context, i)
      return ref ? [tell(context, ref, i + 1, 'it')] : []
    }
    return [...answered(context), ...translated(context), ...tooEarly(context)]
  },
}

/** Its prefix was exchanged without connection tracking, which looks for its connection with the addresses from before. */
function translated(context: Context): Detected[] {
  const step = context.evidence.arrivals.findIndex(
    ({ rule }, i) => rule?.iptables?.target?.name === 'DNPT' && isRule(context, i),
  )
  const ref = step < 0 ? undefined : refAt(context, step)
  if (!ref || !isStoppedForThat(context)) return []
  return [
    finding(
      'untracked',
      'warning',
      `${nameRef(ref)} translates its destination prefix after conntrack. Conntrack has no entry with the address ${context.journey.packet.dst}, so no rule can match the packet as part of a connection.`,
      {
        steps: [step + 1],
        rules: [ref],
        culprit: step,
        fix: [
          {
            description:
              'translate the prefix with NETMAP in table nat, instead of SNPT and DNPT; or exempt both directions from tracking ("-t raw -j CT --notrack"), and accept them by address',
            unverified: 'the right rules for this are unknown here',
          },
        ],
      },
    ),
  ]
}

/** NF_IP_PRI_CONNTRACK (include/uapi/linux/netfilter_ipv4.h). */
const TRACKING = -200

/** Which other rule would let a reply pass as if nobody had asked for it: that would let in whoever asks from there, too. */
const AS_A_REQUEST = ['not-in-set', 'near-miss', 'missing-rule']

/** A chain in front of connection tracking sees no connection; at its very priority, what was registered later comes first. */
function tooEarly(context: Context): Detected[] {
  const { journey, ended, evidence, world } = context
  if (!isStoppedByRule(journey.outcome)) return []
  const pass = passAt(context, ended.step)
  const { hook } = evidence.arrivals[ended.step]!
  const priority = pass?.base.priority
  if (!pass || priority === undefined || priority > TRACKING || (hook !== 'prerouting' && hook !== 'output')) return []
  if (!entryAnswered(journey.packet, world) || !isStoppedForThat(context)) return []
  const ref = refAt(context, ended.step)
  const before = priority < TRACKING ? 'before' : 'the same as'
  return [
    finding(
      'untracked',
      'warning',
      `${pass.table.family} ${pass.table.name} ${pass.base.name} has priority ${priority}, ${before} connection tracking (${TRACKING}): no rule there saw that the packet belongs to a connection.`,
      {
        steps: [ended.step + 1],
        rules: ref ? [ref] : [],
        settles: AS_A_REQUEST,
        fix: [
          {
            ...(ref && !isNft(ref)
              ? {
                  description: `move the rules to a table after connection tracking, mangle ${pass.base.name} for example`,
                }
              : {
                  description: `give ${pass.base.name} a priority above ${TRACKING}, ${TRACKING + 10} for example: delete the chain and add it again`,
                }),
            unverified: 'a chain keeps its priority',
          },
        ],
      },
    ),
  ]
}

const leavesAlone = (statements: readonly { kind: string }[] | undefined): boolean =>
  statements?.some(({ kind }) => kind === 'notrack') ?? false

const isProxied = (statements: readonly Statement[] = []): boolean =>
  statements.some((one) => one.kind === 'stolen' && /^synproxy$/i.test(one.by))

const isRule = ({ journey }: Context, i: number): boolean => journey.steps[i]!.kind === 'rule'

function tell(context: Context, ref: RuleRef, step: number, what: string): Detected {
  const rule = context.evidence.arrivals[step - 1]?.rule
  const why = (rule && step > 0 && describeConditions(rule.conditions)) || ''
  const { nat, sure } = (step > 0 && ruleThatWouldRewrite(context)) || {}
  const rewrite = nat
    ? `nat does not rewrite it (if it were tracked, ${nameRef(nat)} ${sure ? 'would' : 'might'})`
    : 'nat does not rewrite it'
  const isBegun = goesOnUntracked(context)
  const isWrong = (sure && !isBegun) || isStoppedForThat(context) || keepsPrivateSource(context)
  const exempts = (whom: string): string =>
    `${nameRef(ref)} exempts ${whom} from conntrack${why === '' ? '' : ` (${why})`}: ${rewrite}, and no rule can match it as part of a connection`
  const oneOf = (whom: string) => ({ clause: exempts(whom), item: exempts(whom) })
  return finding('untracked', isWrong ? 'warning' : 'note', `${exempts(what)}.`, {
    [FOR_REPORTS]: { cause: { request: oneOf(what), reply: oneOf(what === 'it' ? 'its reply' : what) } },
    steps: step > 0 ? [step] : [],
    rules: nat ? [ref, nat] : [ref],
    fix:
      step === 0
        ? propose(`delete rule ${ref.ruleNumber} of ${ref.chain}`, deleteRule(ref))
        : isWrong || (hasNatRules(context) && !isBegun) || !isPassed(context.journey.outcome)
          ? [...(sure ? trackSuch(context, step - 1, ref) : []), ...withoutRule(context, step - 1, ref)]
          : // it gets through, and there is no nat that it lacks: it is meant so
            [],
  })
}

/** A later segment of a TCP connection that has no entry: its handshake was exchanged without nat, as it is. */
function goesOnUntracked({ journey: { family, packet, outcome }, world }: Context): boolean {
  const { protocol, tcpFlags } = packet
  const { conntrack } = world.host
  const isLater = protocol === 'tcp' && tcpFlags !== undefined && !tcpFlags.includes('syn')
  // `conntrack -L` lists IPv4 alone
  const isListed = conntrack?.length === 0 || conntrack?.some((one) => one.family === family) === true
  return isLater && isPassed(outcome) && isListed && !entryOpened(packet, world)
}

/** It, or what it answers, may lack them. */
const hasNatRules = ({ world: { tables } }: Context): boolean =>
  tables.some((table) => [...table.chains.values()].some((chain) => isNatChain(table, chain) && chain.rules.length > 0))

/** Of all that the rule exempts these packets alone, so that nat rewrites them. */
function trackSuch({ evidence }: Context, i: number, ref: RuleRef): Proposal[] {
  const { packet, hook } = evidence.arrivals[i]!
  const change = acceptBefore(ref, packet, hook === undefined ? {} : { hook })
  return propose('track such packets: accept them before the rule', change, SKIPS_LATER)
}

/** What nat would do to a request, were it tracked; whether a datagram is one, rules for its source do not tell. */
function ruleThatWouldRewrite(context: Context): { nat: RuleRef; sure: boolean } | undefined {
  const { packet, outcome } = context.journey
  if (isAnswer(packet, context.world)) return undefined
  const first = packet.in === undefined ? 'output' : 'prerouting'
  const asked = isOpening(context.journey, natSeen(context.evidence), context.world) && hasLeft(outcome)
  for (const hook of [first, ...(asked ? (['postrouting'] as const) : [])] as const) {
    const verdicts = hook === first ? DESTINATION : SOURCE
    const asSent = hook === first ? packet : lastPacket(context)
    // what nobody can know may hold or not
    for (const open of ['stop', 'holds'] as const) {
      const found = natFromTheStart(context, asSent, hook, open)
      if (!found || !rewrites(verdicts)(found.walked)) continue
      const { chain, rule } = found.walked.last!
      const nat = refOf(context, found.table.name, chain, rule)
      return nat && { nat, sure: open === 'stop' }
    }
  }
  return undefined
}

/** It asks the whole world with an address that nobody there knows, and nat gives others another one. */
const keepsPrivateSource = (context: Context): boolean =>
  isPrivateAbroad(context.journey.outcome, lastPacket(context)) &&
  rewritesSources(context) === true &&
  isOpening(context.journey, natSeen(context.evidence), context.world)

/** Would the table that stopped it let it pass, were it tracked? Most packets are stopped for something else. */
function isStoppedForThat(context: Context): boolean {
  const { evidence, ended, journey, world } = context
  if (!isStoppedByRule(journey.outcome)) return false
  const pass = passAt(context, ended.step)
  if (!pass) return false
  const moment = momentAt(context, pass.steps[0]!)
  const tracked = isOpening(journey, natSeen(evidence), world)
    ? ({ ctState: 'new', ctDir: 'original' } as const)
    : ({ ctState: 'established', ctDir: 'reply' } as const)
  const then = onwards(context, pass.table, [{ chain: pass.base, index: 0 }], {
    ...moment,
    packet: { ...moment.packet, ...tracked },
  })
  return letsGo(then, pass.base) === true
}

/** Of an answer that belongs to nothing: was what it answers left alone? */
function answered(context: Context): Detected[] {
  const { journey, world } = context
  if (!isStoppedByRule(journey.outcome)) return []
  const opening = openingOf(journey.packet, world)
  const found = opening && ruleThatLeavesAlone(context, opening)
  return found ? [tell(context, found, 0, 'the request that this packet replies to')] : []
}

function ruleThatLeavesAlone(context: Context, packet: Packet): RuleRef | undefined {
  for (const { table, walked } of beforeTracking(context, packet)) {
    const visit = walked.matched.find(({ rule }) => leavesAlone(rule.statements))
    if (visit) return refOf(context, table.name, visit.chain, visit.rule)
    if (walked.ending !== 'accept' && walked.ending !== 'policy') return undefined
  }
  return undefined
}
