/**
 * What connection tracking must have said of the packet, though the capture does not show it: the nat table is passed
 * only by a flow's first packet; a rule that matched held its conditions. Nothing is assumed that a step contradicts.
 */

import { type Evidence, isFromBeforeNat, isUntracked } from '../journey/evidence.ts'
import type { Condition, Value } from '../model/condition.ts'
import { memo } from '../model/memo.ts'
import type { CtState, Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { entryAnswered, entryOpened } from '../rules/conntrack/entries.ts'
import { evaluate } from '../rules/evaluate.ts'
import { simpleConditions } from '../rules/simple-conditions.ts'

export function connectionFacts(evidence: Evidence, world: World): Partial<Packet>[] {
  const { arrivals, journey } = evidence
  // a simulation knows
  if (arrivals.some(({ packet }) => packet.ctState !== undefined)) return arrivals.map(() => ({}))
  const told = matchedStates(evidence)
  const state = told ?? guessState(evidence, world)
  if (state === undefined) return arrivals.map(() => ({}))
  // behind nat nobody knows what it did
  let status: string[] | undefined = isFromBeforeNat(evidence, world) ? [] : undefined
  const facts = arrivals.map((arrival): Partial<Packet> => {
    const fact: Partial<Packet> = { ctState: state }
    if (state === 'established' && told === undefined) fact.ctDir = 'reply'
    else if (evidence.nat === 'passed') {
      fact.ctDir = 'original'
      if (status) fact.ctStatus = status
      const nat = arrival.rule?.statements.find((one) => 'kind' in one && ['dnat', 'redirect'].includes(one.kind))
      if (nat) status = [...(status ?? []), 'dnat']
    }
    return fact
  })
  // a guess that makes a rule fail which did match was wrong
  const contradicted = arrivals.some((arrival, i) => {
    const asked = arrival.rule && journey.steps[i]!.kind === 'rule' ? stateConditions(arrival.rule) : NONE
    if (asked.length === 0) return false
    const moment = {
      packet: { ...arrival.packet, ...facts[i] },
      family: journey.family,
      world,
      ...(arrival.hook ? { hook: arrival.hook } : {}),
    }
    return asked.some((one) => evaluate(one, moment) === false)
  })
  return contradicted ? arrivals.map(() => ({})) : facts
}

/** A rule that matched with one single state says it. */
function matchedStates(evidence: Evidence): CtState | undefined {
  for (const [i, arrival] of evidence.arrivals.entries()) {
    if (evidence.journey.steps[i]!.kind !== 'rule') continue
    for (const condition of arrival.rule?.conditions ?? []) {
      if (condition.kind !== 'compare' || condition.field !== 'ct state' || condition.op !== '==') continue
      const states = flatten(condition.value)
      if (states.length === 1) return states[0] as CtState
    }
  }
  return undefined
}

function guessState(evidence: Evidence, world: World): CtState | undefined {
  const { nat, journey } = evidence
  if (isUntracked(evidence)) return 'untracked'
  const answered = entryAnswered(journey.packet, world) !== undefined
  if (nat === 'passed') return answered ? 'established' : 'new'
  const { tcpFlags } = journey.packet
  // a connection's first packet; a retransmitted one is new as well
  if (nat === 'unknown' && tcpFlags?.includes('syn') && !tcpFlags.includes('ack')) return 'new'
  if (answered) return 'established'
  return nat === 'unknown' && isWithoutEntry(journey.packet, world) ? 'new' : undefined
}

/** A question that connection tracking has no entry of: what a rule drops is the first of its flow each time. */
function isWithoutEntry(packet: Packet, world: World): boolean {
  const { protocol, icmpType, inner } = packet
  const isQuestion = protocol === 'udp' || icmpType === (protocol === 'icmp' ? 8 : 128)
  return isQuestion && !inner && world.host.conntrack !== undefined && entryOpened(packet, world) === undefined
}

function flatten(value: Value): string[] {
  if (typeof value !== 'object') return [String(value)]
  return 'set' in value ? value.set.flatMap(flatten) : []
}

const NONE: readonly Condition[] = []
/** The conditions of a rule that ask for the connection. */
const stateConditions = memo((rule: Rule): readonly Condition[] => rule.conditions.filter(readsState))

const readsState = (condition: Condition): boolean =>
  simpleConditions(condition).some((one) => one.kind === 'compare' && one.field.startsWith('ct '))
