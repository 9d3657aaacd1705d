/** Rules as findings and causes name them, with their owner. */
import { findRule } from '../model/find-rule.ts'
import type { RuleRef, Step } from '../model/journey.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import type { Context } from './context.ts'
import { type Owner, ownerOf } from './owners/owners.ts'

/** The rule of step `i`; undefined for a LOG line whose rule is not known. */
export function refAt(context: Context, i: number): RuleRef | undefined {
  const step = context.journey.steps[i]
  if (step?.table === undefined || step.chain === undefined) return undefined
  const { rule, table, chain } = context.evidence.arrivals[i]!
  if (step.kind === 'policy') return policyRef(step, chain, table)
  const ref = refOfStep(step)!
  return named(ref, owner(ref, rule, table))
}

/** The same without its owner, where nothing but the step is at hand. */
export function refOfStep({ family, table, chain, ruleNumber, handle, rule }: Step): RuleRef | undefined {
  if (table === undefined || chain === undefined) return undefined
  const ref: RuleRef = { family, table, chain }
  if (ruleNumber !== undefined) ref.ruleNumber = ruleNumber
  if (handle !== undefined) ref.handle = handle
  if (rule !== undefined) ref.rule = rule
  return ref
}

/** The rule itself, of a step of which nothing else is at hand. */
export function ruleOfStep(step: Step, { tables }: World): { table: Table; chain: string; rule: Rule } | undefined {
  if (step.kind !== 'rule' || step.chain === undefined) return undefined
  const { chain } = step
  for (const table of tables) {
    if (table.name !== step.table || (table.family !== step.family && table.family !== 'inet')) continue
    const rule = findRule(table.chains.get(chain)?.rules ?? [], step)
    if (rule) return { table, chain, rule }
  }
  return undefined
}

/** A policy has no number; its text is the command that sets it. */
function policyRef(step: Step, chain: Chain | undefined, table: Table | undefined): RuleRef {
  const ref: RuleRef = { family: step.family, table: step.table!, chain: step.chain! }
  const policy = step.verdict ?? chain?.policy
  if (chain && policy !== undefined)
    ref.rule = table?.kind === 'nft' ? `policy ${policy}` : `-P ${step.chain} ${policy.toUpperCase()}`
  return named(ref, owner(ref, undefined, table))
}

/** A rule that the packet did not need to meet. */
export function refOf(context: Context, tableName: string, chain: Chain, rule: Rule): RuleRef {
  const alike = context.world.tables.filter((one) => one.name === tableName)
  const table =
    alike.find((one) => one.chains.get(chain.name) === chain) ??
    alike.find((one) => one.family === context.journey.family)
  const family = table?.family ?? context.journey.family
  const ref: RuleRef = { family, table: tableName, chain: chain.name, ruleNumber: rule.ruleNumber, rule: rule.text }
  if (rule.handle !== undefined) ref.handle = rule.handle
  return named(ref, owner(ref, rule, table))
}

/** A rule by its table; who owns it is not looked for. */
export const refIn = (
  table: Pick<Table, 'family' | 'name'>,
  chain: string,
  { ruleNumber, handle, text }: Rule,
): RuleRef => ({
  ...{ family: table.family, table: table.name, chain, ruleNumber, rule: text },
  ...(handle === undefined ? {} : { handle }),
})

/** Behind the last rule of a chain. */
export function endOf(table: Table, { name, rules }: Chain): RuleRef {
  const ref: RuleRef = { family: table.family, table: table.name, chain: name, ruleNumber: rules.length + 1 }
  return named(ref, owner(ref, undefined, table))
}

/** The same place for a rule that is added: nft's rules tell by their words that they are such. */
export const placeAt = ({ kind }: Table, end: RuleRef): RuleRef => (kind === 'nft' ? { ...end, rule: 'return' } : end)

/** Who owns the rule of step `i`, with the advice that fits it. */
export function ownerAt(context: Context, i: number): Owner | undefined {
  const { rule, table } = context.evidence.arrivals[i]!
  const ref = refAt(context, i)
  return ref && owner(ref, rule, table)
}

/** Who owns a rule that the packet did not need to meet. */
export function ownerOfRef({ world }: Context, ref: RuleRef): Owner | undefined {
  const table = world.tables.find((one) => one.name === ref.table && one.family === ref.family)
  const rule = ref.ruleNumber === undefined ? undefined : table?.chains.get(ref.chain)?.rules[ref.ruleNumber - 1]
  return owner(ref, rule, table)
}

/** `filter INPUT rule 3`, `filter INPUT policy`, `inet filter input handle 7`; a rule of which only the words are known: `… rule`. */
export function nameRef(ref: Nameable): string {
  const { ruleNumber, handle, rule } = ref
  const place = nameChain(ref)
  if (handle !== undefined && (isNft(ref) || ruleNumber === undefined)) return `${place} handle ${handle}`
  if (ruleNumber !== undefined) return `${place} rule ${ruleNumber}`
  return rule === undefined || /^(?:-P|policy) /.test(rule) ? `${place} policy` : `${place} rule`
}

/** Its chain alone: `filter INPUT`, `inet filter input`. */
export const nameChain = (ref: Nameable): string => `${isNft(ref) ? `${ref.family} ` : ''}${ref.table} ${ref.chain}`

type Nameable = Pick<RuleRef, 'family' | 'table' | 'chain' | 'ruleNumber' | 'handle' | 'rule'>

/** Of a rule named behind another one: its table's name once, and its chain's. */
export function nameBeside(ref: RuleRef, before: RuleRef): string {
  const name = nameRef(ref)
  if (ref.family !== before.family || ref.table !== before.table) return name
  const ofChain = name.slice(name.indexOf(`${ref.table} `) + ref.table.length + 1)
  const number = / (?:handle|rule) \d+$/.exec(name)?.[0]
  return ref.chain === before.chain && number !== undefined ? number.slice(1) : ofChain
}

/** The rule alone, of a rule at a step. */
export function withoutStep(ref: RuleRef & { step?: number }): RuleRef {
  const { step: _, ...rule } = ref
  return rule
}

/** Is it a rule in nft's words, which iptables' commands do not know? */
export const isNft = ({ family, handle, rule }: Pick<RuleRef, 'family' | 'handle' | 'rule'>): boolean =>
  (family !== 'ip' && family !== 'ip6') ||
  (rule === undefined ? handle !== undefined : !rule.startsWith('-') && !LISTED.test(rule))

/** As `iptables -L` shows it: target, protocol, options. */
const LISTED = /^\S+ +\S+ +(?:--|-f|!f) /

function named(ref: RuleRef, by: Owner | undefined): RuleRef {
  if (by) ref.owner = by.name
  return ref
}

/** Dozens of patterns are asked for each rule, and the same rules are met again and again. No memo: a policy is no object. */
const known = new WeakMap<Table, Map<string, Owner | undefined>>()

function owner(ref: RuleRef, rule: Rule | undefined, table: Table | undefined): Owner | undefined {
  const place = { family: ref.family, table: ref.table, chain: ref.chain }
  if (!table) return ownerOf(place)
  const owners = known.get(table) ?? new Map<string, Owner | undefined>()
  known.set(table, owners)
  const key = `${rule?.ruleNumber ?? 'policy'} ${ref.chain}`
  if (!owners.has(key)) owners.set(key, ownerOf({ ...place, ...(rule ? { rule } : {}), contents: table }))
  return owners.get(key)
}
