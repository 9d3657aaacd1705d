/** A packet was led to a chain that has no rules: those who write them have not, or they were taken away. */
import { wayTo } from '../../journey/step-context.ts'
import { spoken } from '../../model/command.ts'
import type { Condition } from '../../model/condition.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Rule } from '../../model/ruleset.ts'
import { isLocal } from '../../rules/fib.ts'
import { knowsSockets, listener } from '../../rules/sockets.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { emptyLedTo, hasTwin } from '../counterfactual/empty-on-way.ts'
import { fieldOf, isExact, isLookup, isNegated } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { isNat, passes } from '../counterfactual/skipped-rules.ts'
import { hasNewDestination, needsDestination, needsSource, staysUnanswered } from '../counterfactual/undeliverable.ts'
import type { Owner } from '../owners/owner.ts'
import { nameRef, ownerOfRef, refAt } from '../refs.ts'
import { cameBack } from './came-back.ts'
import { listensElsewhere } from './listens-elsewhere.ts'

/** nat leads it to a chain where rules are to come and go, and there are none: those who write them have not, or they were taken away. */
export const emptyChain: Detector = {
  code: 'missing-rule',
  detect(context) {
    const [led] = goals(context).flatMap((goal) => ledToEmpty(context, goal))
    if (led) return [led]
    const unmarked = senderLedToEmpty(context)
    if (unmarked) return [unmarked]
    // what a program here listens for needs no other destination
    if (needsDestination(context) !== 'surely' || listener(context.world.host, lastPacket(context))) return []
    const empty = emptyInNat(context)
    if (!empty) return []
    const { step, rule, ref, to } = empty
    // whoever leads this very port away means it to go on from there, and no program here has it
    const isForPort = rule.conditions.some((one) => / dport$/.test(fieldOf(one) ?? '') && isExact(one))
    const last = lastPacket(context)
    const { host } = context.world
    const elsewhere = listensElsewhere(host, last)
    // a program of this host that has the port at another address tells why it is closed
    if (!isForPort && elsewhere !== undefined) return []
    const isMeant = isForPort && isLocal(last.dst ?? '', host) === true && elsewhere === undefined
    const isUnheard = isMeant && knowsSockets(host, last.protocol)
    const besides = isUnheard ? `, and no program of this host listens on port ${last.dport}` : ''
    const message = `${nameRef(ref)} jumps to ${to}, which has no rules: nothing rewrites the packet's destination${besides}.`
    return [
      finding('missing-rule', isMeant ? 'error' : 'note', message, {
        steps: [step + 1],
        rules: [ref],
        fix: writtenAnew(context, ref, to),
        doubt: isMeant ? -0.1 : 0.5,
        // an engine that publishes no port has no rules there
        ...(isMeant ? {} : { [FOR_REPORTS]: { isAside: true as const } }),
      }),
    ]
  },
}

interface LedToEmpty {
  step: number
  rule: Rule
  ref: RuleRef
  to: string
}

/** Of several chains of nat, the one whose like at another hook has rules: firewalld has five for each zone. */
function emptyInNat(context: Context): LedToEmpty | undefined {
  const all = passes(context)
    .filter((pass) => isNat(pass) && (pass.hook === 'prerouting' || pass.hook === 'output'))
    .flatMap(({ steps, table }) =>
      steps.flatMap((step) => {
        const { rule } = context.evidence.arrivals[step]!
        const ref = refAt(context, step)
        const chain = emptyLedTo(context, table, step)
        if (!rule || !ref || !chain) return []
        // through a chain for whatever comes, packets for others come as well
        if (!isForHere(context, step) && !namesHost(rule)) return []
        return [{ step, rule, ref, to: chain.name, isLikely: hasTwin(table, chain) }]
      }),
    )
  return all.find(({ isLikely }) => isLikely) ?? all[0]
}

/** Sent back to its sender, or beside it, it needs another source; a rule for this very sender led it to a chain that was to see to that. */
function senderLedToEmpty(context: Context): Detected | undefined {
  const needs = hasNewDestination(context) ? needsSource(context) : undefined
  if (needs !== 'surely' && !(needs === 'maybe' && staysUnanswered(context))) return undefined
  for (const { steps, table, hook } of passes(context).filter(isNat))
    for (const step of hook === 'prerouting' || hook === 'output' ? steps : []) {
      const { rule } = context.evidence.arrivals[step]!
      const to = emptyLedTo(context, table, step)?.name
      const ref = refAt(context, step)
      const isOfSender = rule?.conditions.some((one) => / saddr$/.test(fieldOf(one) ?? '') && !isNegated(one))
      if (!ref || to === undefined || !isOfSender) continue
      const message = `${nameRef(ref)} jumps to ${to} for packets of this sender, but ${to} has no rules: nothing rewrites their source, or marks them for that.`
      const fix = writtenAnew(context, ref, to)
      return finding('missing-rule', 'note', message, { steps: [step + 1], rules: [ref], doubt: 0.5, fix })
    }
  return undefined
}

/** By interface, address or service. What the way there has asked for already chooses nobody. */
function choosesWay({ evidence: { arrivals } }: Context, step: number): boolean {
  const { rule, caller } = arrivals[step]!
  const asked = [...wayTo(arrivals, caller)].flatMap((i) => arrivals[i]!.rule?.conditions ?? []).map(keyOf)
  return (rule?.conditions ?? []).some(
    (one) =>
      (/^meta [io]ifname$|(addr|port)$/.test(fieldOf(one) ?? '') || isLookup({ condition: one })) &&
      !asked.includes(keyOf(one)),
  )
}

const keyOf = (condition: Condition): string => JSON.stringify(condition)

/** A rule that chose the packet led it to a chain without rules, and what came behind that stopped it. */
function ledToEmpty(context: Context, { kind, pass, mendable }: Goal): Detected[] {
  if (kind !== 'pass' || !mendable) return []
  return pass.steps.flatMap((step) => {
    const to = emptyLedTo(context, pass.table, step)?.name
    const ref = refAt(context, step)
    if (!ref || to === undefined) return []
    const owner = ownerOfRef(context, { family: ref.family, table: ref.table, chain: to })
    if (owner?.holdsAllowed) return [ledToNothingAllowed(step, ref, to, owner, owner.holdsAllowed)]
    // what all packets traverse is for rules that somebody may add one day
    if (!choosesWay(context, step) || isSaidToComeBack(context, step)) return []
    const message = `${nameRef(ref)} jumps to ${to}, which has no rules: nothing accepts the packet there.`
    return [finding('missing-rule', 'note', message, { steps: [step + 1], rules: [ref], doubt: 0.5 })]
  })
}

/** Whether nothing was ever allowed, or what was is not loaded, only the program knows. */
function ledToNothingAllowed(
  step: number,
  ref: RuleRef,
  to: string,
  { name }: Owner,
  { list, reload }: NonNullable<Owner['holdsAllowed']>,
): Detected {
  const message = `${to}, where ${name} puts what it is told to allow, has no rules: nothing was allowed, or the rules were not loaded.`
  const fix: Proposal[] = [
    {
      description: `see what ${name} should allow: ${spoken(list)}; if a rule for this packet is listed, load it again: ${spoken(reload)}`,
      unverified: 'this is not a rule change',
    },
  ]
  return finding('missing-rule', 'note', message, { steps: [step + 1], rules: [ref], doubt: 0.2, fix })
}

const isSaidToComeBack = (context: Context, step: number): boolean =>
  cameBack.detect(context).some(({ steps }) => steps[0] === step + 1)

/** Where its rules are to come from is known: `ref` leads to it. */
function writtenAnew(context: Context, ref: RuleRef, chain: string): Proposal[] {
  const owner = ownerOfRef(context, { family: ref.family, table: ref.table, chain }) ?? ownerOfRef(context, ref)
  if (!owner) return []
  const { name, when } = owner
  return [
    {
      description: `if ${name} should publish this port, make ${name} write the rules of ${chain} again; it writes them ${when}`,
      unverified: 'this is not a rule change',
    },
  ]
}

/** Or nobody knows. */
export const isForHere = ({ evidence, world }: Context, step: number): boolean =>
  isLocal(evidence.arrivals[step]!.packet.dst, world.host) !== false

export const namesHost = ({ conditions }: Rule): boolean => conditions.some((one) => / daddr$/.test(fieldOf(one) ?? ''))
