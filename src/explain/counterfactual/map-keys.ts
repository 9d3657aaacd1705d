/** A packet that is missing from a map of nft's: what the map was likely to give for it. */
import type { Condition } from '../../model/condition.ts'
import type { NamedSet, Rule } from '../../model/ruleset.ts'
import type { SetElement } from '../../model/set-element.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { held } from '../../rules/facts.ts'
import { isLocal } from '../../rules/fib.ts'
import { named } from '../../rules/nft/lookup.ts'
import type { Walk } from '../../rules/walk.ts'
import type { Context } from '../context.ts'
import { graphOf } from './chain-graph.ts'
import type { Goal } from './goals.ts'
import type { SkippedRule } from './skipped-rules.ts'
import { hadItMatched } from './what-if.ts'

export type Lookup = Condition & { kind: 'lookup' }

export const lookupOf = (condition: Condition | undefined): Lookup | undefined =>
  condition === undefined
    ? undefined
    : condition.kind === 'not'
      ? lookupOf(condition.of)
      : condition.kind === 'lookup'
        ? condition
        : undefined

/** Matches whoever is not in the set. */
export const asksOthers = (condition: Condition): boolean =>
  (condition.kind === 'not') !== (lookupOf(condition)?.differs === true)

/** The named set of a lookup of nft's. */
export const nftSetOf = ({ world }: Pick<Context, 'world'>, { nft, set }: Lookup): NamedSet | undefined =>
  nft && named(world, nft, set)

/** What the rule does with what the map of this lookup gives; undefined: it only asks whether there is an element. */
function mapOf({ statements }: Rule, { set, nft, fields }: Lookup): 'verdict' | 'data' | undefined {
  const isIts = (map: { set: string; nft: object; fields: string[] } | undefined) =>
    map !== undefined && map.set === set && map.nft === nft && map.fields.join() === fields.join()
  for (const one of statements) {
    if (one.kind === 'vmap' && isIts(one.map)) return 'verdict'
    if ('map' in one && isIts(one.map)) return 'data'
  }
  return undefined
}

/** It asks for a key of the map that the rule lists in its statement. */
export const isOfOwnMap = (condition: Condition, { statements }: Rule): boolean =>
  statements.some(
    (one) => 'map' in one && one.map?.set === '' && one.map.fields.join() === lookupOf(condition)?.fields.join(),
  )

const STATE = 'ct state'

/**
 * The key once for each state that its siblings have, which are those that differ from it in one more part. A connection has
 * one state after the other.
 */
export function forEachState({ elements }: NamedSet, { fields }: Lookup, key: readonly Part[]): (readonly Part[])[] {
  const at = fields.indexOf(STATE)
  const groups = new Map<string, string[]>()
  for (const { parts } of at < 0 ? [] : elements) {
    const [first, ...more] = parts.flatMap((part, i) => (i === at || part === String(key[i]) ? [] : [`${i} ${part}`]))
    if (first !== undefined && more.length === 0) groups.set(first, [...(groups.get(first) ?? []), parts[at]!].sort())
  }
  const [states = [], ...others] = [...groups.values()]
  if (!states.includes(String(key[at])) || others.some((one) => one.join() !== states.join())) return [key]
  return states.map((state) => key.map((part, i) => (i === at ? state : part)))
}

/** Of a map for packets of other states none is missing. */
const knowsState = (elements: readonly SetElement[], { fields }: Lookup, moment: EvalContext): boolean => {
  const at = fields.indexOf(STATE)
  const state = at < 0 ? undefined : held(STATE, moment)
  return at < 0 || elements.some(({ parts }) => parts[at] === state)
}

type Part = string | number

const elementsOf = (context: Context, lookup: Lookup): readonly SetElement[] =>
  lookup.nft?.elements ?? nftSetOf(context, lookup)?.elements ?? []

/** What the packet has for each part; undefined where something is not known, or is compared under a mask. */
export function keyHeld({ fields, nft }: Lookup, moment: EvalContext): (string | number)[] | undefined {
  if (nft?.masks?.some((mask) => mask !== null)) return undefined
  const words = fields.map((field, i) => nft?.constants?.[i] ?? held(field, moment))
  return words.every((word) => typeof word === 'string' || typeof word === 'number') ? words : undefined
}

/** Of longer lists nothing is a slip: something there is always like it. */
const MOST_COMPARED = 200

/** Sets of nft's whose ports are compared with the packet's (nuances.ts). */
export const isCompared = ({ table, elements }: NamedSet): boolean =>
  table !== undefined && elements.length <= MOST_COMPARED

/** An element that differs from the packet by a slip of the pen, or is for an address that this host has lost. */
export function slip(context: Context, lookup: Lookup, moment: EvalContext): SetElement | undefined {
  const elements = elementsOf(context, lookup)
  const key = elements.length > MOST_COMPARED ? undefined : keyHeld(lookup, moment)?.map(String)
  if (!key) return undefined
  return elements.find(({ parts }) => isSlip(parts, key)) ?? ofLostAddress(context, lookup, elements, key)
}

/** The only one for the service, whose address is none of this host's, where the packet's is. */
function ofLostAddress(
  { world: { host } }: Context,
  { fields }: Lookup,
  elements: readonly SetElement[],
  key: readonly string[],
): SetElement | undefined {
  const at = fields.findIndex((field) => / daddr$/.test(field))
  if (at < 0 || !fields.some((field) => / dport$/.test(field)) || isLocal(key[at], host) !== true) return undefined
  const [only, ...more] = elements.filter(({ parts }) => parts.every((part, i) => i === at || part === key[i]))
  return only && more.length === 0 && isLocal(only.parts[at], host) === false ? only : undefined
}

function isSlip(parts: readonly string[], key: readonly string[]): boolean {
  const differ = key.flatMap((part, i) => (part === parts[i] ? [] : [i]))
  const [at] = differ
  if (at === undefined || differ.length > 1 || parts.length !== key.length) return false
  return /^\d+$/.test(key[at]!) && /^\d+$/.test(parts[at]!) && looksLike(key[at]!, parts[at]!)
}

/** One digit more, less or other, or two turned round; or one next to the other. */
export function looksLike(a: string, b: string): boolean {
  if (Math.abs(Number(a) - Number(b)) <= 1) return true
  if (a.length === b.length) {
    const differ = [...a].flatMap((char, i) => (char === b[i] ? [] : [i]))
    return differ.length === 1 || [...a].sort().join() === [...b].sort().join()
  }
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  return long.length === short.length + 1 && [...long].some((_, i) => long.slice(0, i) + long.slice(i + 1) === short)
}

/** One digit other, and not the next number: many services are numbered so, and neither is mistaken. */
export const isNumberedAlike = (a: string, b: string): boolean =>
  a.length === b.length && [...a].filter((char, i) => char !== b[i]).length === 1 && Math.abs(Number(a) - Number(b)) > 1

export interface Supposed {
  then: Walk
  /** What the map would have to give, where that is clear. */
  gives?: string
}

/**
 * Where the packet would have gone, had the rule of this lookup matched; undefined where that would not have been what was
 * meant, whatever its map gave.
 */
export function supposed(
  context: Context,
  goal: Goal,
  passed: SkippedRule,
  condition: Condition,
): Supposed | undefined {
  const lookup = lookupOf(condition)
  const kind = lookup && mapOf(passed.rule, lookup)
  if (!lookup || kind === undefined) return wantedThen(context, goal, passed)
  const near = slip(context, lookup, passed.moment)?.data?.join(' . ')
  if (kind === 'data') {
    const found = wantedThen(context, goal, passed)
    return found && near !== undefined ? { ...found, gives: near } : found
  }
  // packets of each state come everywhere; but nobody means what is related to a connection, and not the connection
  if (lookup.fields.every((field) => field === STATE)) {
    const related = elementsOf(context, lookup).find(({ parts }) => parts.join() === 'related')?.data?.[0]
    const found =
      related !== undefined && passed.moment.packet.ctState === 'established'
        ? wantedThen(context, goal, passed, related)
        : undefined
    return found && { ...found, gives: related! }
  }
  if (!knowsState(elementsOf(context, lookup), lookup, passed.moment)) return undefined
  const all = couldGive(context, goal, passed, lookup)
  const then = (gives: string) => wantedThen(context, goal, passed, gives)
  if (near !== undefined && then(near)) return { ...then(near)!, gives: near }
  const [first] = all
  if (!first) return undefined
  const { gives, likely, ...would } = first
  return likely && (all[1]?.likely ?? 0) < likely ? { ...would, gives } : would
}

function wantedThen(context: Context, goal: Goal, passed: SkippedRule, gives?: string): Supposed | undefined {
  const then = hadItMatched(context, passed, gives)
  return goal.wanted(then) ? { then } : undefined
}

interface Gift {
  gives: string
  then: Walk
  /** How much speaks for it; 0: nothing does. */
  likely: 0 | 1 | 2 | 3
}

/**
 * What its other elements give, and chains that nothing leads to any more, or that speak of the packet's very destination;
 * the likeliest first.
 */
function couldGive(context: Context, goal: Goal, passed: SkippedRule, lookup: Lookup): Gift[] {
  const { table } = passed.pass
  const graph = graphOf(table, context.world.sets)
  const speaking = graph.speakingOf(passed.moment.packet)
  const given = elementsOf(context, lookup).flatMap(({ data }) => data?.[0] ?? [])
  const word = given.find((one) => /^(jump|goto) /.test(one))?.split(' ')[0] ?? 'jump'
  const found: Gift[] = []
  const weigh = (gives: string, likely: Gift['likely']) => {
    context.budget.left--
    const then = context.budget.isUsedUp ? undefined : wantedThen(context, goal, passed, gives)?.then
    if (then) found.push({ gives, then, likely })
  }
  for (const chain of table.chains.values()) {
    const isOrphan = !graph.led.has(chain.name)
    const isMeant = speaking.includes(chain)
    if (chain.hook !== undefined || chain.rules.length === 0 || !(isOrphan || isMeant)) continue
    weigh(`${word} ${chain.name}`, isMeant ? 3 : 2)
  }
  // what all others are given; for a whole interface that would open more than this service
  const narrow = lookup.fields.some((field) => / (dport|daddr)$/.test(field))
  const others = new Set(given)
  for (const gives of [...others].slice(0, MOST)) weigh(gives, narrow && others.size === 1 && given.length > 1 ? 1 : 0)
  return found.sort((a, b) => b.likely - a.likely)
}

/** A map may have thousands of elements. */
const MOST = 50
