/**
 * Where a packet would have gone in one table, had one rule matched, or had one not. Table nat chooses by chance among
 * those that serve alike, so there conditions that nobody can know are taken to hold.
 */

import { backendOf } from '../../journey/backends.ts'
import { type BaseChain, baseChainsAt } from '../../journey/base-chains.ts'
import { wayTo } from '../../journey/step-context.ts'
import { withoutTwins } from '../../journey/twins.ts'
import type { Condition } from '../../model/condition.ts'
import type { Hook } from '../../model/hook.ts'
import { memo2 } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { Statement } from '../../model/statement.ts'
import { isByTurns } from '../../rules/by-turns.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { verdictStatement } from '../../rules/nft/map.ts'
import { execute, type VerdictKind, verdictOf } from '../../rules/verdict.ts'
import { type ChainPosition, type Open, type Walk, walk } from '../../rules/walk.ts'
import { type Context, momentAt } from '../context.ts'
import { connectionMarkBehind, markBehind } from './mark-behind.ts'
import { chainLedTo, isNatChain, positionsBelow, type SkippedRule, type TableTraversal } from './skipped-rules.ts'

/** Had the rule of step `i` not matched; undefined without a ruleset. `open`: as walk has it. */
export function hadItNotMatched(context: Context, i: number, open: Open = 'stop'): Walk | undefined {
  const { table, chain, rule } = context.evidence.arrivals[i]!
  if (!table || !chain || !rule) return undefined
  return onwards(
    context,
    table,
    [...positionsBelow(context, i), { chain, index: rule.ruleNumber }],
    momentAt(context, i),
    open,
  )
}

/** The ruleset at hand does not have the rule of step `i` match: it, or a set that it uses, was another one then. Where the packet would have gone on to. */
export function withRulesAtHand(context: Context, i: number): Walk | undefined {
  const { rule } = context.evidence.arrivals[i]!
  return rule && evaluateAll(rule.conditions, momentAt(context, i)) === false ? hadItNotMatched(context, i) : undefined
}

/** The same where the packet may come to that rule again: it matches then no more than before. */
export function hadItNeverMatched(context: Context, i: number): Walk | undefined {
  const { table, chain, rule } = context.evidence.arrivals[i]!
  if (!table || !chain || !rule) return undefined
  const { order: _, ...unordered } = rule
  const never = { ...unordered, conditions: [NEVER] }
  const without = { ...chain, rules: chain.rules.map((one) => (one === rule ? never : one)) }
  const stack = [...positionsBelow(context, i), { chain, index: rule.ruleNumber }]
  return onwards(
    context,
    { ...table, chains: new Map(table.chains).set(chain.name, without) },
    stack.map((one) => (one.chain === chain ? { ...one, chain: without } : one)),
    momentAt(context, i),
  )
}

const NEVER: Condition = { kind: 'any', of: [] }

/** The rules that the packet would be held against from there on, the base chain's position first. */
export function* rulesFrom(
  { budget }: Context,
  pass: TableTraversal,
  positions: readonly ChainPosition[],
  { step, moment }: Pick<SkippedRule, 'step' | 'moment'>,
): Generator<SkippedRule> {
  const open = positions.map((one) => ({ ...one }))
  for (let at = open.at(-1); at; at = open.at(-1)) {
    const { chain } = at
    const rule = chain.rules[at.index++]
    if (rule === undefined) {
      open.pop()
      continue
    }
    if (--budget.left < 0) return
    yield { pass, chain, rule, step, moment, below: open.slice(0, -1).map((one) => ({ ...one })) }
    if (evaluateAll(rule.conditions, moment) !== true) continue
    // of a verdict map the packet's own
    const { ending, chain: to } = execute(rule, moment).verdict
    const target = to === undefined ? undefined : pass.table.chains.get(to)
    if (ending === 'continue') continue
    if (target ? open.length > MOST_DEEP : ending !== 'return') return
    if (ending !== 'jump') open.pop()
    if (target) open.push({ chain: target, index: 0 })
  }
}

/** Of chains that jump in circles nobody wants to know more. */
const MOST_DEEP = 16

/** Had step `i` only left its chain, where it accepted the packet; undefined in a base chain. */
export function hadItReturned(context: Context, i: number): Walk | undefined {
  const { table, ending } = context.evidence.arrivals[i]!
  const below = positionsBelow(context, i)
  return table && ending === 'accept' && below.length > 0
    ? onwards(context, table, below, momentAt(context, i))
    : undefined
}

/** Does the chain sort packets into others by goto? Who does means it; but of two in a row that take every packet the first leaves nothing for the second. */
export function isSorting({ rules }: Chain, rule: Rule): boolean {
  const next = rules[rule.ruleNumber]
  const isTwice = rule.conditions.length === 0 && next?.conditions.length === 0 && verdictOf(next).ending === 'goto'
  return !isTwice && rules.some((one) => one !== rule && verdictOf(one).ending === 'goto')
}

/**
 * Had step `i` jumped where it went by goto, so that the packet came back; undefined where it did not go by goto.
 * `sorted`: also where the chain sorts packets by goto.
 */
export function hadItComeBack(context: Context, i: number, sorted = false): Walk | undefined {
  const { arrivals } = context.evidence
  const { table, chain, rule, ending } = arrivals[i]!
  if (ending !== 'goto' || !table || !chain || !rule) return undefined
  if (!sorted && isSorting(chain, rule)) return undefined
  if (rule.statements.some(({ kind }) => kind === 'vmap')) return undefined
  const target = table.chains.get(chainLedTo(context, i) ?? '')
  if (!target) return undefined
  const behind = { chain, index: rule.ruleNumber }
  const below = [...positionsBelow(context, i), behind]
  // what it met there is known
  if (arrivals.some(({ caller, ending }) => DECIDING.has(ending) && [...wayTo(arrivals, caller)].includes(i)))
    return undefined
  const last = arrivals.findLastIndex(({ caller }) => caller === i)
  const met = arrivals[last]
  if (!met || (met.rule && met.ending === 'return'))
    return onwards(context, table, below, momentBehind(context, met ? last : i))
  if (met.rule && met.ending === 'continue')
    return onwards(
      context,
      table,
      [...below, { chain: target, index: met.rule.ruleNumber }],
      momentBehind(context, last),
    )
  return onwards(context, table, [...below, { chain: target, index: 0 }], momentAt(context, i))
}

/** With the marks that the step's own rule has given it, and its connection. */
function momentBehind(context: Context, i: number): EvalContext {
  const moment = momentAt(context, i)
  const mark = markBehind(context, i)
  const ctMark = connectionMarkBehind(context, i)
  const marks = { ...(mark === undefined ? {} : { mark }), ...(ctMark === undefined ? {} : { ctMark }) }
  return { ...moment, packet: { ...moment.packet, ...marks } }
}

/** A packet that met one of these comes back from no chain. */
const DECIDING: ReadonlySet<VerdictKind> = new Set(['accept', 'drop', 'reject', 'stolen', 'queue'])

/**
 * Had the rule matched that the packet passed, and had limits behind it room. `gives`: the verdict that its map would have
 * had for the packet.
 */
export function hadItMatched(context: Context, passed: SkippedRule, gives?: string): Walk {
  const { pass, below, chain, moment } = passed
  const rule = gives === undefined ? passed.rule : withVerdict(passed.rule, gives)
  const { ending } = verdictOf(rule)
  if (ending === 'return') return onwards(context, pass.table, below, moment, 'unused')
  const alone: ChainPosition = { chain: withoutConditions(rule, chain.name), index: 0 }
  const behind: ChainPosition = { chain, index: rule.ruleNumber }
  // a chain left by goto is not come back to
  const stack = ending === 'goto' ? [...below, alone] : [...below, behind, alone]
  return onwards(context, pass.table, stack, moment, 'unused')
}

/** A chain of the rule alone. Many packets pass the same rules. */
const withoutConditions = memo2((rule: Rule, name: string): Chain => {
  // its statements stand among conditions no more
  const { order: _, ...unordered } = rule
  return { name, rules: [{ ...unordered, statements: rule.statements.map(ofAnyProtocol), conditions: [] }] }
})

/** A map is asked for the packet's ports, whichever protocol the rule was written for. */
function ofAnyProtocol(one: Statement): Statement {
  if (one.kind !== 'vmap') return one
  const fields = one.map.fields.map((field) => field.replace(/^(tcp|udp) (?=[sd]port$)/, 'th '))
  return { kind: 'vmap', map: { ...one.map, fields } }
}

function withVerdict(rule: Rule, gives: string): Rule {
  const verdict = verdictStatement(gives)
  return { ...rule, statements: rule.statements.map((one) => (one.kind === 'vmap' && verdict ? verdict : one)) }
}

export const onwards = (
  { budget }: Context,
  table: Table,
  stack: readonly ChainPosition[],
  moment: EvalContext,
  open: Open = 'stop',
): Walk => {
  const base = stack[0]?.chain
  return walk(table, stack, moment, budget, base && isNatChain(table, base) ? 'holds' : open)
}

/** Does the table let the packet go on? Undefined: that is not known. */
export function letsGo({ ending }: Walk, base: Chain): boolean | undefined {
  if (ending === 'unknown') return undefined
  return ending === 'accept' || (ending === 'policy' && base.policy !== 'drop')
}

/** NF_IP_PRI_CONNTRACK (include/uapi/linux/netfilter_ipv4.h). */
export const TRACKING = -200

/** Such a packet through each chain in front of connection tracking, at the first hook that it comes to. */
export function beforeTracking(
  { world, journey, budget }: Context,
  packet: Packet,
): readonly { table: Table; walked: Walk }[] {
  const { family } = journey
  if (family !== 'ip' && family !== 'ip6') return []
  const hook = packet.in === undefined ? 'output' : 'prerouting'
  return baseChainsAt(world, family, hook, false)
    .filter(({ priority }) => priority < TRACKING)
    .map(({ table, chain }) => ({
      table,
      walked: walk(table, [{ chain, index: 0 }], { packet: { mark: 0, ...packet }, family, world, hook }, budget),
    }))
}

/** Does nat choose among several for such a packet, as the first of its connection? */
export const isChosenByTurns = (context: Context, packet: Packet): boolean => {
  const [last] = natChainsFor(context, packet, packet.in === undefined ? 'output' : 'prerouting')
    .filter(({ walked }) => walked.ending === 'unknown')
    .map(({ walked }) => walked.because)
  return last !== undefined && isByTurns(last)
}

/** nft's own choice among several; a map by the packet's fields always gives it the same one. */
export const isSentByTurns = ({ evidence: { arrivals } }: Context): boolean =>
  arrivals.some(({ rule }) => rule?.statements.some(({ kind }) => kind === 'dnat') && BY_TURNS.test(rule.text))

const BY_TURNS = /\b(numgen|jhash|symhash) /

interface NatWalk {
  table: Table
  /** At the hook. */
  base: Chain
  walked: Walk
}

/**
 * Such a packet, as the first of its connection, through the chains of nat at a hook, as far as
 * the one in which a rule takes it; undefined where no nat is, or where that cannot be told: of two backends' chains with one
 * priority, either may be the first.
 */
export function natFromTheStart(
  context: Context,
  packet: Packet,
  hook: Hook,
  open: 'stop' | 'holds' = 'stop',
  as = hook,
): NatWalk | undefined {
  const found = natChainsFor(context, packet, hook, open, as).at(-1)
  if (!found || found.walked.ending === 'unknown') return undefined
  const isRival = ({ table, chain, priority }: BaseChain) =>
    priority === (found.base.priority ?? 0) && backendOf(table) !== backendOf(found.table) && isNatChain(table, chain)
  const rivals = baseChainsAt(withoutTwins(context.world), context.journey.family, hook, true).filter(isRival)
  return rivals.some((one) => takes(natWalk(context, one, packet, open, as).walked)) ? undefined : found
}

/** By a rule, or perhaps by one; an accept alone leaves the packet to the next chain. */
const takes = ({ ending, last }: Walk): boolean =>
  ending === 'unknown' || (last !== undefined && verdictOf(last.rule).text !== 'accept')

function natWalk(
  { world, journey: { family }, budget }: Context,
  { table, chain }: BaseChain,
  packet: Packet,
  open: 'stop' | 'holds',
  hook: Hook,
): NatWalk {
  const first = { mark: 0, ...packet, ctState: 'new' as const, ctDir: 'original' as const }
  const moment = { packet: first, family, world, hook }
  return { table, base: chain, walked: walk(table, [{ chain, index: 0 }], moment, budget, open) }
}

/** The last one took it, or it cannot be told what would come of it there. */
function natChainsFor(
  context: Context,
  packet: Packet,
  hook: Hook,
  open: 'stop' | 'holds' = 'stop',
  as = hook,
): NatWalk[] {
  const found: NatWalk[] = []
  for (const base of baseChainsAt(context.world, context.journey.family, hook, true)) {
    if (!isNatChain(base.table, base.chain)) continue
    const one = natWalk(context, base, packet, open, as)
    found.push(one)
    if (takes(one.walked)) break
  }
  return found
}
