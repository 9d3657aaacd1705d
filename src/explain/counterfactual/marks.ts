/** Why a packet has not the mark that a rule asks for. */
import type { Condition } from '../../model/condition.ts'
import type { Journey, RuleRef } from '../../model/journey.ts'
import { memo } from '../../model/memo.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import { writesMark } from '../../rules/assign.ts'
import { asksForMark } from '../../rules/route.ts'
import type { Visit, Walk } from '../../rules/walk.ts'
import type { Context } from '../context.ts'
import { endOf, refAt } from '../refs.ts'
import { takenFromConnection, unsaved } from './connection-marks.ts'
import { isForHostItself } from './distance.ts'
import { type FailedCondition, fieldOf, isParticular, onlyFailed } from './failed-condition.ts'
import { carries, type Mark, type MarkField, markBehind, markedThere } from './mark-behind.ts'
import { markingStep } from './marked-way.ts'
import { doubtOf } from './near-misses.ts'
import { chainRuns, passes, type SkippedRule, skippedRules, type TableTraversal } from './skipped-rules.ts'
import { isMarkOfServices, type Unreached, unreachedChains } from './unreached.ts'
import { hadItComeBack, hadItMatched, hadItNeverMatched, hadItNotMatched } from './what-if.ts'

/** The mark that a condition asks for; `not`: that it asks not to be there. */
export const markAsked = (condition: Condition) => askedOf(condition, 'meta mark')

/** The same of the connection's mark; several where any of them will do. */
export function connectionMarksAsked(condition: Condition): (Mark & { not: boolean })[] {
  const { kind } = condition
  const any = kind === 'compare' && condition.op === '==' && typeof condition.value === 'object' ? condition : undefined
  const values = any && typeof any.value === 'object' && 'set' in any.value ? any.value.set : []
  const found = any ? values.map((value) => askedOf({ ...any, value }, 'ct mark')) : [askedOf(condition, 'ct mark')]
  return found.flatMap((mark) => (mark ? [{ ...mark, field: 'ct mark' }] : []))
}

function askedOf(condition: Condition, field: MarkField): (Mark & { not: boolean }) | undefined {
  if (condition.kind === 'not') {
    const of = askedOf(condition.of, field)
    return of && { ...of, not: !of.not }
  }
  if (condition.kind !== 'compare' || condition.field !== field || typeof condition.value !== 'number') return undefined
  if (condition.op !== '==' && condition.op !== '!=') return undefined
  const mask = condition.mask === undefined ? 0xffffffff : Number(condition.mask)
  const not = condition.op === '!='
  // nft's "mark and 0x4000 == 0": the bit is not there
  const isBit = mask !== 0 && (mask & (mask - 1)) === 0
  if (condition.value === 0 && isBit) return { value: mask, mask, not: !not }
  return { value: condition.value, mask, not }
}

export type WhyUnmarked =
  /** A rule cleared it; index of the step. `setter`: of the step that had set it, if any did here. */
  | { kind: 'lost'; step: number; setter?: number }
  /** A rule set it under a narrower mask, and the packet has other bits besides; indices of the steps. */
  | { kind: 'masked'; step: number; mask: number; others?: number }
  /** A rule wrote these bits, and wrote another mark; index of the step. `instead`: what would have set it, had that one not matched. */
  | { kind: 'other'; step: number; instead?: Visit }
  /** Rules that lead to it missed the packet; the likeliest first. */
  | { kind: 'missed'; missed: { passed: SkippedRule; miss: FailedCondition; doubt: number }[] }
  /** A rule led away in front of the one that sets it; index of the step. */
  | { kind: 'skipped'; step: number }
  | { kind: 'unreached'; pass: TableTraversal; chain: Unreached }
  /** The packet has it itself, by the rule of that step, and no rule saved it to the connection. */
  | { kind: 'unsaved'; step: number }
  /** Nothing in the ruleset sets it; the ends of chains that have no rules. */
  | { kind: 'nobody'; empty: RuleRef[] }

/** By what the packet met before step `asker`. */
export function whyUnmarked(context: Context, mark: Mark, asker: number): WhyUnmarked | undefined {
  const { steps } = context.journey
  const before = passes(context).filter((pass) => pass.steps[0]! <= asker)
  // of a connection's mark no step shows who took it away, unless this very packet's rules did: it may have been any packet's
  if (mark.field === 'ct mark')
    return (
      takenFromConnection(context, mark, asker) ??
      skippedBefore(context, mark, asker, before) ??
      neverGiven(context, mark, asker, before) ??
      unsaved(context, mark, asker)
    )
  const masked = setUnderMask(context, mark, asker)
  if (masked) return masked
  const lost = steps.findIndex(({ changes, kind }, i) => {
    if (i >= asker) return false
    if (changes.some(({ field, from, to }) => field === 'mark' && took(mark, from, to))) return true
    const { rule } = context.evidence.arrivals[i]!
    if (kind !== 'rule' || !rule || !writesMark(rule)) return false
    const [before, behind] = [markBehind(context, i - 1), markBehind(context, i)]
    return before !== undefined && behind !== undefined && took(mark, before, behind)
  })
  if (lost >= 0)
    return (
      resetBefore(context, mark, lost, () => neverGiven(context, mark, asker, before)) ?? lostAt(context, mark, lost)
    )
  const overwritten = takenBack(context, mark, asker)
  if (overwritten !== undefined) return lostAt(context, mark, overwritten)
  const skipped = skippedBefore(context, mark, asker, before)
  if (skipped) return skipped
  const instead = setInstead(context, mark, asker)
  if (instead) return instead
  // who wrote these very bits, and a mark that nobody asks for, is nearer than who sets them for others
  const stray = lastGiver(
    context,
    asker,
    (given) => (given.mask & mark.mask) >>> 0 === mark.mask && !isAsked(context, given),
  )
  const never = neverGiven(context, mark, asker, before)
  if (stray >= 0 && !(never?.kind === 'missed' && never.missed[0]!.doubt < NEAR)) return { kind: 'other', step: stray }
  if (never) return never
  const other = steps.findLastIndex(({ kind }, i) => {
    const { rule } = context.evidence.arrivals[i]!
    return i < asker && kind === 'rule' && rule !== undefined && writes(rule, mark) && !clears(rule, mark)
  })
  if (other >= 0) return { kind: 'other', step: other }
  if (someRuleSets(context, mark)) return undefined
  // who writes a mark that nobody asks for may have meant this one
  const another = lastGiver(context, asker, (given) => asked(context, given) === 0)
  if (another >= 0) return { kind: 'other', step: another }
  const empty = steps.flatMap(({ kind }, i): RuleRef[] => {
    const { chain } = context.evidence.arrivals[i]!
    const ref = i < asker && kind === 'return' && chain?.rules.length === 0 ? refAt(context, i) : undefined
    return ref ? [ref] : []
  })
  const left = before.flatMap((pass) =>
    chainRuns(context, pass).flatMap(({ chain, back }) =>
      back <= asker && chain.rules.length === 0 ? [endOf(pass.table, chain)] : [],
    ),
  )
  return { kind: 'nobody', empty: empty.length > 0 ? empty : left }
}

/** A rule led away, in front of the one that would have set it. */
function skippedBefore(
  context: Context,
  mark: Mark,
  asker: number,
  before: readonly TableTraversal[],
): WhyUnmarked | undefined {
  for (const pass of before) {
    const step = pass.steps.find((i) => {
      const { ending } = context.evidence.arrivals[i]!
      if (i >= asker || context.journey.steps[i]!.kind !== 'rule') return false
      if (carries(hadItComeBack(context, i)?.packet, mark)) return true
      return (ending === 'return' || ending === 'accept') && carries(hadItNotMatched(context, i)?.packet, mark)
    })
    if (step !== undefined) return { kind: 'skipped', step }
  }
  return undefined
}

/** What clears it of every packet, so that rules behind it may set it anew, took nothing that a rule seen here had set: these did not. */
function resetBefore(
  context: Context,
  mark: Mark,
  step: number,
  never: () => WhyUnmarked | undefined,
): WhyUnmarked | undefined {
  const isForAll = context.evidence.arrivals[step]!.rule?.conditions.length === 0
  return isForAll && markingStep(context, step - 1, mark) === undefined ? never() : undefined
}

function lostAt(context: Context, mark: Mark, step: number): WhyUnmarked {
  const setter = markingStep(context, step - 1, mark)?.step
  return { kind: 'lost', step, ...(setter === undefined ? {} : { setter }) }
}

/** A rule set just these bits; whoever asks compares more of them, which another rule has written. */
function setUnderMask(context: Context, { value, mask }: Mark, asker: number): WhyUnmarked | undefined {
  const now = markBehind(context, asker - 1)
  if (now === undefined || value === 0) return undefined
  const { steps } = context.journey
  const ruleOf = (i: number) => (steps[i]?.kind === 'rule' ? context.evidence.arrivals[i]!.rule : undefined)
  const step = steps.findLastIndex((_, i) => {
    const rule = i < asker ? ruleOf(i) : undefined
    const given = rule && markGiven(rule)
    if (given?.value !== value >>> 0 || (given.mask & mask & value) >>> 0 !== value >>> 0) return false
    // what has come through as it was set, and is not the whole of what is compared
    return (now & given.mask & mask) >>> 0 === value >>> 0 && (now & mask) >>> 0 !== value >>> 0
  })
  if (step < 0) return undefined
  const own = (markGiven(ruleOf(step)!)!.mask & mask) >>> 0
  const others = steps.findLastIndex((_, i) => {
    const behind = i < asker && ruleOf(i) ? markBehind(context, i) : undefined
    return behind !== undefined && ((behind ^ (markBehind(context, i - 1) ?? 0)) & mask & ~own) !== 0
  })
  return { kind: 'masked', step, mask: own, ...(others < 0 ? {} : { others }) }
}

/** A rule wrote these bits first: without it another one would have set the mark. */
function setInstead(context: Context, mark: Mark, asker: number): WhyUnmarked | undefined {
  const step = context.journey.steps.findLastIndex(({ kind }, i) => {
    const { rule } = context.evidence.arrivals[i]!
    if (i >= asker || kind !== 'rule' || !rule || !writes(rule, mark)) return false
    const behind = markBehind(context, i)
    return behind !== undefined && ((behind ^ (markBehind(context, i - 1) ?? 0)) & mark.mask) !== 0
  })
  const then = step < 0 ? undefined : hadItNeverMatched(context, step)
  const instead = carries(then?.packet, mark) ? then?.matched.findLast(({ rule }) => sets(rule, mark)) : undefined
  return instead && { kind: 'other', step, instead }
}

/** What the connection's mark was before is not known, as a rule. */
function givesToConnection(rule: Rule, { value, mask, field }: Mark): boolean {
  const given = field === 'ct mark' ? markGiven(rule, field) : undefined
  return given !== undefined && (given.mask & mask) >>> 0 === mask >>> 0 && (given.value & mask) >>> 0 === value >>> 0
}

/** Rules that would have set it missed the packet, or nothing jumps to them. */
function neverGiven(
  context: Context,
  mark: Mark,
  asker: number,
  before: readonly TableTraversal[],
): WhyUnmarked | undefined {
  const missed = before
    .flatMap((pass) => [...skippedRules(context, pass)])
    .flatMap((one) => {
      if (one.step > asker) return []
      const passed = markedThere(context, one)
      const miss = onlyFailed(passed.rule, passed.moment)
      // what this host sends comes in nowhere: a rule for what does was not meant for it
      if (!miss || (passed.moment.packet.in === undefined && /^meta iif/.test(fieldOf(miss.condition) ?? ''))) return []
      if (isForHostItself(miss, passed.moment.packet)) return []
      return isCarriedThen(context, hadItMatched(context, passed), mark, asker) || givesToConnection(passed.rule, mark)
        ? [{ passed, miss, doubt: doubtOf(context, passed, miss) + (isForAnswers(passed, miss) ? 1 : 0) }]
        : []
    })
  if (missed.length > 0) return { kind: 'missed', missed: missed.sort(likelier).slice(0, 3) }
  for (const pass of before) {
    const chain = unreachedChains(context, pass, ({ packet }) => carries(packet, mark)).find(
      (one) => one.led || !isMarkOfServices(pass, one.chain),
    )
    if (chain) return { kind: 'unreached', pass, chain }
  }
  return undefined
}

type Missed = Extract<WhyUnmarked, { kind: 'missed' }>['missed'][number]

/** Of rules that are as near, the one that names the packet's service: whoever opens it opens no other one. */
const likelier = (a: Missed, b: Missed): number =>
  a.doubt - b.doubt || Number(namesService(b.passed.rule)) - Number(namesService(a.passed.rule))

export const namesService = ({ conditions }: Rule): boolean =>
  conditions.some((one) => isParticular(one) && / dport$|^icmp/.test(fieldOf(one) ?? ''))

/** As the packet leaves the table, or at the rule that takes packets without it: a mark may be cleared once it was asked for. */
function isCarriedThen(context: Context, then: Walk, mark: Mark, asker: number): boolean {
  if (carries(then.packet, mark)) return true
  // a routing rule asks behind all steps
  const rule = context.evidence.arrivals[asker]?.rule
  const isSame = (one: ReturnType<typeof markAsked>) =>
    one?.not === true && one.mask === mark.mask && one.value >>> 0 === mark.value >>> 0
  if (!rule?.conditions.some((one) => isSame(markAsked(one)))) return false
  return then.matched.some(({ packet }) => carries(packet, mark)) && !then.matched.some((visit) => visit.rule === rule)
}

/** Of a packet that asks, with nothing else to choose it by: whatever asks would be marked as well. */
const isForAnswers = ({ rule, moment: { packet } }: SkippedRule, { condition }: FailedCondition): boolean =>
  fieldOf(condition) === 'ct state' && (packet.ctState ?? 'new') === 'new' && !rule.conditions.some(isParticular)

/** What a rule writes into the mark's bits; undefined where it takes bits away, or copies them. */
export function markGiven({ statements }: Rule, field: MarkField = 'meta mark'): Mark | undefined {
  for (const one of statements)
    if (one.kind === 'set' && one.field === field && typeof one.value === 'number' && one.value !== 0)
      return { value: one.value >>> 0, mask: (one.mask ?? 0xffffffff) >>> 0 }
  return undefined
}

/** A rule that took the mark away again which another one had set: index of its step. The trace need not show marks. */
function takenBack(context: Context, { value, mask }: Mark, asker: number): number | undefined {
  let now: number | undefined
  for (const [i, { kind }] of context.journey.steps.entries()) {
    if (i >= asker) break
    const { rule } = context.evidence.arrivals[i]!
    if (kind !== 'rule' || !rule) continue
    for (const one of rule.statements) {
      if (one.kind !== 'set' || one.field !== 'meta mark') continue
      if (typeof one.value !== 'number') return undefined
      const had = now === value >>> 0
      now = ((((now ?? 0) & ~(one.mask ?? -1)) ^ one.value) & mask) >>> 0
      if (had && now !== value >>> 0) return i
    }
  }
  return undefined
}

const took = (mark: Mark, from: string | number, to: string | number): boolean =>
  carries({ mark: Number(from) }, mark) && !carries({ mark: Number(to) }, mark)

/** Does the rule write any of the mark's bits? */
const writes = ({ statements }: Rule, { mask }: Mark): boolean =>
  statements.some((one) => one.kind === 'set' && one.field === 'meta mark' && ((one.mask ?? -1) & mask) !== 0)

/** Does it take all of the mark's bits away? Rules behind it may set them: it is not there to. */
const clears = ({ statements }: Rule, { value }: Mark): boolean =>
  statements.some(
    (one) => one.kind === 'set' && one.field === 'meta mark' && one.value === 0 && (value & ~(one.mask ?? -1)) === 0,
  )

const isFor =
  ({ family: of }: Journey) =>
  ({ family }: Table): boolean =>
    family === of || family === 'inet'

/** The last step in front of the asker whose rule gave a mark of that kind; -1: none. */
const lastGiver = ({ journey, evidence }: Context, asker: number, isSuch: (given: Mark) => boolean): number =>
  journey.steps.findLastIndex(({ kind }, i) => {
    const { rule } = evidence.arrivals[i]!
    const given = rule && kind === 'rule' && i < asker ? markGiven(rule) : undefined
    return given !== undefined && isSuch(given)
  })

/** Of a rule whose use is not known, a word that is like the packet's (doubtOf); rules that others use are farther. */
const NEAR = 1.35

/** By a rule, of netfilter or of routing; routing rules that are not listed may. */
function isAsked(context: Context, given: Mark): boolean {
  const { routingRules } = context.world.host
  return !routingRules || routingRules.some((one) => asksForMark(one, given.value)) || asked(context, given) > 0
}

/** How many rules ask for this mark. */
export const asked = ({ world, journey }: Context, { value, mask }: Mark): number =>
  world.tables
    .filter(isFor(journey))
    .flatMap(asking)
    .filter((marks) => marks.some((mark) => mark.mask === mask && mark.value >>> 0 === value >>> 0)).length

/** Of each rule that requires marks, which. */
const asking = memo((table: Table): readonly Mark[][] =>
  allRules(table).flatMap(({ conditions }) => {
    const marks = conditions.map(markAsked).filter((mark) => mark !== undefined)
    return marks.length === 0 ? [] : [marks]
  }),
)

/** The masks under which rules write this very mark, or require it; those that leave out some of its bits apart. */
export function masksOf({ world, journey }: Context, value: number): number[] {
  const tables = world.tables.filter(isFor(journey))
  const required = tables.flatMap(asking).flat()
  const written = tables.flatMap(writing).flatMap((rule) => markGiven(rule) ?? [])
  const masks = [...required, ...written]
    .filter((one) => one.value >>> 0 === value >>> 0 && (value & ~one.mask) === 0)
    .map(({ mask }) => mask >>> 0)
  return [...new Set(masks)]
}

/** Rules that write into marks. */
const writing = memo((table: Table): readonly Rule[] => allRules(table).filter(writesMark))

const allRules = ({ chains }: Table): Rule[] => [...chains.values()].flatMap(({ rules }) => rules)

export const someRuleSets = ({ world, journey }: Context, mark: Mark): boolean =>
  world.tables.some((table) => isFor(journey)(table) && writing(table).some((rule) => sets(rule, mark)))

/** Could the rule give a packet this mark? One that is taken from elsewhere may be anything. */
const sets = ({ statements }: Rule, { value, mask }: Mark): boolean =>
  statements.some(
    (one) =>
      one.kind === 'set' &&
      one.field === 'meta mark' &&
      (typeof one.value !== 'number' || ((one.value & mask) >>> 0 === value >>> 0 && ((one.mask ?? -1) & mask) !== 0)),
  )
