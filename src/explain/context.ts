/** What every finding reads: the evidence, where it ended, and the questions that are asked of them again and again. */

import type { Arrival, Evidence } from '../journey/evidence.ts'
import type { Ended } from '../journey/outcome.ts'
import type { Repeat } from '../journey/repeats.ts'
import type { Hook } from '../model/hook.ts'
import type { Finding, Journey, RuleRef, Step } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import type { Chain, Rule } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import type { Moment } from '../rules/facts.ts'
import { connectionFacts } from './connection.ts'
import { type Owner, ownerOf } from './owners.ts'

export interface Context {
  journey: Journey
  evidence: Evidence
  ended: Ended
  world: World
  /** Earlier journeys of the same capture with this packet's content, oldest first. */
  repeats: readonly Repeat[]
  /** What is known of the connection at each step besides what the capture shows. */
  connection: readonly Partial<Packet>[]
}

/** What a finding's detector gives: the finding, and the step whose rule is the one to look at, if it is this finding's. */
export type Detected = Finding & { culprit?: number }

export interface Detector {
  code: string
  detect(context: Context): Detected[]
}

export function makeContext(evidence: Evidence, ended: Ended, world: World, repeats: readonly Repeat[]): Context {
  const { journey } = evidence
  return { journey, evidence, ended, world, repeats, connection: connectionFacts(evidence, world) }
}

/** The packet as it arrived at step `i`, with what is known of its connection, for evaluating conditions. */
export function momentAt(context: Context, i: number): Moment {
  const arrival = context.evidence.arrivals[i]!
  return moment(context, { ...arrival.packet, ...context.connection[i] }, arrival.hook)
}

export const moment = (context: Context, packet: Packet, hook: Hook | undefined): Moment => ({
  packet,
  family: context.journey.family,
  world: context.world,
  ...(hook === undefined ? {} : { hook }),
})

/** The rule of step `i`; undefined for a LOG line whose rule is not known. */
export function refAt(context: Context, i: number): RuleRef | undefined {
  const step = context.journey.steps[i]
  if (step?.table === undefined || step.chain === undefined) return undefined
  const arrival = context.evidence.arrivals[i]!
  if (step.kind === 'policy') return policyRef(step, arrival)
  const ref: RuleRef = { family: step.family, table: step.table, chain: step.chain }
  if (step.ruleNumber !== undefined) ref.ruleNumber = step.ruleNumber
  if (step.handle !== undefined) ref.handle = step.handle
  if (step.rule !== undefined) ref.rule = step.rule
  return withOwner(ref, arrival.rule, arrival.table)
}

/** Who owns the rule of step `i`, with the advice that fits it. */
export function ownerAt(context: Context, i: number): Owner | undefined {
  const ref = refAt(context, i)
  const { rule, table } = context.evidence.arrivals[i]!
  if (!ref) return undefined
  const { family, table: name, chain } = ref
  return ownerOf({ family, table: name, chain, ...(rule ? { rule } : {}), ...(table ? { contents: table } : {}) })
}

/** A policy has no number; its text is the command that sets it. */
function policyRef(step: Step, arrival: Arrival): RuleRef {
  const ref: RuleRef = { family: step.family, table: step.table!, chain: step.chain! }
  if (arrival.chain?.policy) ref.rule = `-P ${step.chain} ${arrival.chain.policy.toUpperCase()}`
  return withOwner(ref, undefined, arrival.table)
}

/** A rule that the packet did not need to meet. */
export function refOf(context: Context, table: string, chain: Chain, rule: Rule): RuleRef {
  const ref: RuleRef = {
    family: context.journey.family,
    table,
    chain: chain.name,
    ruleNumber: rule.ruleNumber,
    rule: rule.text,
  }
  if (rule.handle !== undefined) ref.handle = rule.handle
  const inTable = context.world.tables.find((one) => one.name === table && one.family === context.journey.family)
  return withOwner(ref, rule, inTable)
}

function withOwner(ref: RuleRef, rule: Rule | undefined, table: Arrival['table']): RuleRef {
  const place = { family: ref.family, table: ref.table, chain: ref.chain }
  const owner = ownerOf({ ...place, ...(rule ? { rule } : {}), ...(table ? { contents: table } : {}) })
  if (owner) ref.owner = owner.name
  return ref
}

/** `filter INPUT 3`, `filter INPUT policy`. */
export const nameRef = (ref: RuleRef): string =>
  ref.ruleNumber === undefined ? `${ref.table} ${ref.chain} policy` : `${ref.table} ${ref.chain} ${ref.ruleNumber}`

/** `tcp 10.0.0.1:1024 → 10.0.0.2:80`, as far as it is known. */
export function describePacket(packet: Packet): string {
  const end = (address: string | undefined, port: number | undefined) => {
    if (address === undefined) return '?'
    if (port === undefined) return address
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  }
  return `${packet.protocol ?? 'packet'} ${end(packet.src, packet.sport)} → ${end(packet.dst, packet.dport)}`
}

export function finding(
  code: string,
  severity: Finding['severity'],
  message: string,
  more: Partial<Detected> = {},
): Detected {
  return { code, severity, message, steps: [], rules: [], fix: [], ...more }
}
