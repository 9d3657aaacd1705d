/**
 * Two journeys side by side: how far they share their way, and the first step at which they part for good. Steps are
 * compared by their place in the rules (hook, table, chain, rule), so a rule that only one of them met is seen as such.
 * Ways that part and meet again without having changed anything (a LOG rule, a jump that came back) are detours.
 */

import { ownerOf } from '../explain/owners/owners.ts'
import { findRule } from '../model/find-rule.ts'
import type { Journey, RuleRef, Step } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { conditionText, evaluate } from '../rules/evaluate.ts'

/** One of the two that are compared. */
export type SideName = 'a' | 'b'
export type Both<T> = Record<SideName, T>

/** Two journeys side by side. */
export interface Comparison {
  journeys: Both<Journey>
  /** Fields of the two packets that differ, as they first appeared. Absent values are unknown. */
  differs: { field: string; a?: string | number; b?: string | number }[]
  /** How many steps both have in common before they part. */
  common: number
  /** Numbers of the steps at which one left the common way and came back to it without a change. */
  detours: Both<number>[]
  /** Where they part. Absent: they take the same way to the end. */
  parted?: Parting
  /** From there on: numbers of the steps that changed the packet or ended it. */
  after: Both<number[]>
}

/** The first place at which two journeys part. */
export interface Parting {
  /**
   * `rule`: a rule matched only one packet; `table`, `hook`: only one packet met it; `ruleset`: one is IPv4's, the other one
   * IPv6's, each with rules of its own; `end`: one journey ends.
   */
  at: 'rule' | 'table' | 'hook' | 'ruleset' | 'end'
  /** Numbers of the steps. Absent: that journey has ended. */
  steps: Partial<Both<number>>
  /** Whose packet the rule matched. */
  matched?: SideName
  /** The rule that matched. */
  rule?: RuleRef
  /** Its conditions that fail for the other packet, in the rule's words. Empty without a ruleset. */
  failed: string[]
  /** Its conditions that cannot be evaluated for the other packet. */
  unknown: string[]
}

export function compareJourneys(a: Journey, b: Journey, world: World): Comparison {
  const { common, detours, at } = walkTogether(a.steps, b.steps, world)
  const parted = at && describeParting(a, b, at, world)
  return {
    journeys: { a, b },
    differs: packetDifferences(a.packet, b.packet),
    common,
    detours: detours.map((one) => ({ a: a.steps[one.a]!.n, b: b.steps[one.b]!.n })),
    ...(parted ? { parted } : {}),
    after: { a: telling(a, at?.a), b: telling(b, at?.b) },
  }
}

interface Walked {
  common: number
  /** Indexes, as in `at`. */
  detours: Both<number>[]
  at?: Both<number>
}

function walkTogether(a: readonly Step[], b: readonly Step[], world: World): Walked {
  const detours: Both<number>[] = []
  let common = 0
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const [one, other] = [a[i], b[j]]
    if (one && other && place(one) === place(other)) {
      common++
      i++
      j++
      continue
    }
    const at = { a: i, b: j }
    const met = meetAgain(a, b, i, j)
    if (!met || !isIdle(a.slice(i, met.a), world) || !isIdle(b.slice(j, met.b), world)) return { common, detours, at }
    detours.push(at)
    i = met.a
    j = met.b
  }
  return { common, detours }
}

const place = ({ hook, family, table, chain, kind, ruleNumber, handle }: Step): string =>
  [hook, family, table, chain, kind === 'policy' ? kind : (ruleNumber ?? `handle ${handle}`)].join(' ')

/** The nearest place behind these that both come to. */
function meetAgain(a: readonly Step[], b: readonly Step[], i: number, j: number): Both<number> | undefined {
  const places = new Map<string, number>()
  for (let k = b.length - 1; k >= j; k--) places.set(place(b[k]!), k)
  let nearest: Both<number> | undefined
  for (let k = i; k < a.length; k++) {
    const other = places.get(place(a[k]!))
    if (other !== undefined && (!nearest || k + other < nearest.a + nearest.b)) nearest = { a: k, b: other }
  }
  return nearest
}

const IDLE = new Set(['accept', 'return', 'jump', 'goto', 'log', 'note', 'trace'])

/** Did these steps leave the packet and its connection as they were? */
const isIdle = (steps: readonly Step[], world: World): boolean =>
  steps.every(
    (step) =>
      step.changes.length === 0 && (findStepRule(step, world)?.statements.every(({ kind }) => IDLE.has(kind)) ?? true),
  )

function findStepRule({ family, table, chain, ruleNumber, handle, kind }: Step, world: World): Rule | undefined {
  if (kind === 'policy') return undefined
  const inTable = world.tables.find((one) => one.family === family && one.name === table)
  return findRule(inTable?.chains.get(chain ?? '')?.rules ?? [], { handle, ruleNumber })
}

function describeParting(a: Journey, b: Journey, at: Both<number>, world: World): Parting {
  const [one, other] = [a.steps[at.a], b.steps[at.b]]
  const parting: Parting = { at: kindOf(one, other), steps: {}, failed: [], unknown: [] }
  if (one) parting.steps.a = one.n
  if (other) parting.steps.b = other.n
  if (!one || !other || parting.at !== 'rule') return parting
  const matched = whichMatched(one, other, world)
  if (!matched) return parting
  const [step, passed] = matched === 'a' ? [one, other] : [other, one]
  parting.matched = matched
  parting.rule = ruleOf(step, world)
  const rule = findStepRule(step, world)
  const journey = matched === 'a' ? b : a
  const moment = {
    packet: packetAt(journey, passed),
    family: journey.family,
    world,
    ...(passed.hook ? { hook: passed.hook } : {}),
  }
  for (const condition of rule?.conditions ?? []) {
    const truth = evaluate(condition, moment)
    if (truth === false) parting.failed.push(conditionText(condition))
    else if (truth !== true) parting.unknown.push(conditionText(condition))
  }
  return parting
}

function kindOf(one: Step | undefined, other: Step | undefined): Parting['at'] {
  if (!one || !other) return 'end'
  if (one.hook !== other.hook) return 'hook'
  if (one.family !== other.family) return 'ruleset'
  return one.table === other.table ? 'rule' : 'table'
}

/** The rule that comes first took its packet; the other packet went past it. */
function whichMatched(one: Step, other: Step, world: World): SideName | undefined {
  // a user chain whose end prints nothing (nft): the packet that is still inside met a rule there
  if (one.chain !== other.chain) {
    if (one.depth === undefined || other.depth === undefined || one.depth === other.depth) return undefined
    return one.depth > other.depth ? 'a' : 'b'
  }
  const [first, second] = [numberOf(one, world), numberOf(other, world)]
  if (first === undefined || second === undefined || first === second) return undefined
  return first < second ? 'a' : 'b'
}

/** In its chain; the policy comes behind every rule. */
const numberOf = (step: Step, world: World): number | undefined =>
  step.kind === 'policy' ? Number.POSITIVE_INFINITY : (step.ruleNumber ?? findStepRule(step, world)?.ruleNumber)

function ruleOf(step: Step, world: World): RuleRef {
  const { family, table = '', chain = '' } = step
  const ref: RuleRef = { family, table, chain }
  if (step.ruleNumber !== undefined) ref.ruleNumber = step.ruleNumber
  if (step.handle !== undefined) ref.handle = step.handle
  if (step.rule !== undefined) ref.rule = step.rule
  const rule = findStepRule(step, world)
  const contents = world.tables.find((one) => one.family === family && one.name === table)
  const owner = ownerOf({ family, table, chain, ...(rule ? { rule } : {}), ...(contents ? { contents } : {}) })
  if (owner) ref.owner = owner.name
  return ref
}

const MOVING = ['in', 'out', 'src', 'dst', 'sport', 'dport', 'mark', 'ttl'] as const

/** The packet as it arrived at the step; what a step does not tell is as it was at first. */
function packetAt({ packet }: Journey, step: Step): Packet {
  const moved: Packet = { ...packet }
  for (const key of MOVING) if (step[key] !== undefined) Object.assign(moved, { [key]: step[key] })
  return moved
}

/** What is compared, in the order in which a person asks. */
const COMPARED = [
  'in',
  'protocol',
  'src',
  'sport',
  'dst',
  'dport',
  'tcpFlags',
  'icmpType',
  'icmpCode',
  'mark',
  'ctState',
  'tos',
  'ttl',
  'length',
  'fragOffset',
  'uid',
  'srcMac',
  'dstMac',
] as const

function packetDifferences(a: Packet, b: Packet): Comparison['differs'] {
  return COMPARED.flatMap((field) => {
    const [one, other] = [scalar(a[field]), scalar(b[field])]
    if (one === other) return []
    return [{ field, ...(one === undefined ? {} : { a: one }), ...(other === undefined ? {} : { b: other }) }]
  })
}

const scalar = (value: string | number | readonly string[] | undefined): string | number | undefined =>
  typeof value === 'object' ? value.join(' ') : value

const ENDS = new Set(['drop', 'reject', 'queue', 'stolen'])

function telling({ steps }: Journey, from = steps.length): number[] {
  return steps
    .slice(from)
    .filter((step) => step.changes.length > 0 || ENDS.has(step.verdict ?? ''))
    .map((step) => step.n)
}
