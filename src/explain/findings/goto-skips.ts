import type { Condition } from '../../model/condition.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { simpleConditions } from '../../rules/simple-conditions.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { changesOf, propose, spotAt } from '../changes/change.ts'
import { type Context, type Detected, type Detector, finding, momentAt } from '../context.ts'
import { asks, asksSender, fieldsOf } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { findNearMisses, isSureOf, type NearMiss } from '../counterfactual/near-misses.ts'
import { chainLedTo, positionsBelow, refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { leadersOf } from '../counterfactual/unreached.ts'
import { hadItComeBack, isSorting, rulesFrom } from '../counterfactual/what-if.ts'
import { soleOwnerOf } from '../owners/owners.ts'
import { nameRef, refAt, refOf } from '../refs.ts'

/** A goto is not come back from: what stands behind it was never reached. */
export const gotoSkips: Detector = {
  code: 'goto-skips',
  detect: (context) => goals(context).flatMap((goal) => goal.pass.steps.flatMap((i) => tell(context, goal, i))),
}

function tell(context: Context, goal: Goal, i: number): Detected[] {
  const { wanted, pass, what } = goal
  const { chain: sorter, rule: sorting } = context.evidence.arrivals[i]!
  if (sorter && sorting && (isPrograms(pass.table, sorter, sorting) || isSorting(sorter, sorting)))
    return tellSorted(context, goal, i)
  const onwards = hadItComeBack(context, i)
  const culprit = refAt(context, i)
  if (!onwards || !culprit || culprit.ruleNumber === undefined) return []
  const target = chainLedTo(context, i)!
  const missed = onwards.last ?? onwards.matched.findLast((visit) => visit.chain.name !== target)
  const near = wanted(onwards) ? undefined : nearBehind(context, goal, i)
  // a limit on its way tells nobody what it would have done; that nothing else accepts such packets is known
  const open = !near && goal.kind === 'pass' && onwards.because
  const ref = near
    ? refOfSkipped(context, near)
    : (wanted(onwards) || open) && missed && refOf(context, pass.table.name, missed.chain, missed.rule)
  if (!ref) return []
  const only = near ? `, but only matches ${asks(near.miss)}` : ''
  const would = open
    ? `. What that rule would have made of it is unknown: ${open.unknown}`
    : `, which would have ${what(near?.then ?? onwards)}${only}`
  return [
    finding(
      'goto-skips',
      near || open ? 'note' : 'warning',
      `${nameRef(culprit)} sent it to ${target} by goto, which never returns. So the packet never reached ${nameRef(ref)}${would}.`,
      {
        steps: [i + 1],
        rules: [culprit, ref],
        fix: propose('use jump instead of goto, so that the packet returns', changesOf(culprit).jumpInstead(culprit)),
      },
    ),
  ]
}

/**
 * A program that wrote it for one of its own chains means it. Into a chain of its own, or out of one, a person leads; and
 * none means that all packets leave its chain in front of further rules.
 */
function isPrograms(table: Table, { name, rules }: Chain, rule: Rule): boolean {
  if (rule.conditions.length === 0 && rule.ruleNumber < rules.length) return false
  const own = soleOwnerOf(table, name)
  return own !== undefined && own === soleOwnerOf(table, verdictOf(rule).chain ?? '')
}

/**
 * Packets are sorted by their interface, and go where they are sorted for good. A rule behind that names a service, and
 * no sender, is for everyone: such packets never reach it.
 */
function tellSorted(context: Context, { wanted, pass, kind, what }: Goal, i: number): Detected[] {
  const { chain, rule } = context.evidence.arrivals[i]!
  const isByInterface = rule && rule.conditions.length > 0 && rule.conditions.every(asksIncoming)
  const onwards = kind === 'pass' && isByInterface ? hadItComeBack(context, i, true) : undefined
  const missed = onwards && wanted(onwards) ? onwards.last : undefined
  const target = pass.table.chains.get(chainLedTo(context, i) ?? '')
  const culprit = refAt(context, i)
  if (!missed || missed.chain !== chain || !isForEveryone(missed.rule) || !target || !culprit) return []
  const ref = refOf(context, pass.table.name, missed.chain, missed.rule)
  const end = spotAt(target, target.rules.length)
  const { packet, hook } = momentAt(context, i)
  return [
    finding(
      'goto-skips',
      // what others use is for those who come in elsewhere
      missed.rule.counters?.packets ? 'note' : 'warning',
      `${nameRef(culprit)} sent it to ${target.name} by goto, which never returns. So the packet never reached ${nameRef(ref)}, which would have ${what(onwards!)}.`,
      {
        steps: [i + 1],
        rules: [culprit, ref],
        // whether all of the zone are to have the service, nobody but its owner knows
        fix: [
          ...propose(
            `accept such packets in ${target.name}`,
            changesOf(ref).add(ref, end, { kind: 'such', packet, hints: { hook } }, { kind: 'accept' }),
            'opens only this source and service',
          ),
          ...propose(
            `add a copy of ${nameRef(ref)} to ${target.name}`,
            isLedToFrom(pass, target, missed.chain) ? changesOf(ref).copy(ref, end) : undefined,
            `accepts in ${target.name} whatever the rule accepts in ${missed.chain.name}`,
          ),
        ],
      },
    ),
  ]
}

/** It accepts a service, whoever asks for it. */
function isForEveryone(rule: Rule): boolean {
  const { conditions } = rule
  const isOfSome = (one: Condition) =>
    asksSender(one) || fieldsOf(one).some((field) => /^ct original|^meta iif/.test(field)) || isUnknown(one)
  return (
    verdictOf(rule).text === 'accept' &&
    conditions.some((one) => fieldsOf(one).some((field) => / dport$/.test(field))) &&
    !conditions.some(isOfSome)
  )
}

/** As an address's country: for whom it is, nobody can tell. */
const isUnknown = (condition: Condition): boolean => simpleConditions(condition).some(({ kind }) => kind === 'unknown')

const asksIncoming = (condition: Condition): boolean =>
  !isUnknown(condition) && fieldsOf(condition).every((one) => /^meta iif(name)?$/.test(one))

/** What leads to the chain from elsewhere, as from another hook, would get the copy as well. */
const isLedToFrom = ({ table }: Goal['pass'], target: Chain, sorter: Chain): boolean =>
  leadersOf(table)
    .get(target.name)
    ?.every(({ chain }) => chain === sorter) === true

/** A rule of nat that would not match either, but nearly does. */
function nearBehind(context: Context, goal: Goal, i: number): NearMiss | undefined {
  const { chain, rule } = context.evidence.arrivals[i]!
  if (goal.kind !== 'destination' || !goal.sure || !chain || !rule) return undefined
  const behind = [...positionsBelow(context, i), { chain, index: rule.ruleNumber }]
  const moment = momentAt(context, i)
  return findNearMisses(context, goal, rulesFrom(context, goal.pass, behind, { step: i, moment })).find(isSureOf)
}
