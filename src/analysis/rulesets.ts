/**
 * Two rulesets of one machine: what was added, removed and moved, and, where both have counters, which rules counted in
 * between. A rule is the same where it has the same words; which of several alike is which is told by their order.
 */

import { ownerOf } from '../explain/owners/owners.ts'
import type { Counters } from '../model/counters.ts'
import type { RuleRef } from '../model/journey.ts'
import { withoutOwn } from '../model/own-table.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { compareSets, type Pairs, pairRules, type SetComparison } from '../rules/difference.ts'
import { verdictOf } from '../rules/verdict.ts'

/** What is not the same in two rulesets. */
export interface RulesetComparison {
  /** Tables that only one ruleset has. */
  tables: { added: TableName[]; removed: TableName[] }
  /** Chains that differ, in the order of the second ruleset; removed ones last. */
  chains: ChainComparison[]
  /** Sets that differ. */
  sets: SetComparison[]
  /** Rules and policies that counted packets in between, in the order of the second ruleset. */
  counted: Counted[]
  /** Both rulesets have counters. False: nothing is known of what counted. */
  counters: boolean
  /** Tables whose counters were reset in between; their counts are those since then. */
  reset: TableName[]
}

/** Names a table. */
export interface TableName {
  family: string
  table: string
}

/** A chain that is not the same in both rulesets. */
export interface ChainComparison extends TableName {
  chain: string
  /** Absent: both rulesets have the chain. */
  change?: 'added' | 'removed'
  /** Only where the policy changed. */
  policy?: { from?: string; to?: string }
  /** Rules of the second ruleset alone, with their numbers in it. */
  added: { ruleNumber: number; rule: string }[]
  /** Rules of the first ruleset alone, with their numbers in it. */
  removed: { ruleNumber: number; rule: string }[]
  /** Rules that changed their place among those that both have. */
  moved: { from: number; to: number; rule: string }[]
}

/** A rule or policy that counted packets in between. */
export interface Counted {
  rule: RuleRef
  /** `drop`, `accept`, `jump X` … */
  verdict?: string
  packets: number
  bytes: number
  /** The rule is new: it counted everything in between. */
  added?: true
}

/** Without what trace sessions put there. */
export function compareRulesets(before: World, now: World): RulesetComparison {
  const [a, b] = [withoutOwn(before), withoutOwn(now)]
  const comparison: RulesetComparison = {
    tables: { added: [], removed: [] },
    chains: [],
    sets: compareSets(a.sets, b.sets),
    counted: [],
    counters: false,
    reset: [],
  }
  for (const table of b.tables) {
    const before = twin(table, a.tables)
    if (!before) comparison.tables.added.push(nameOf(table))
    compareTables(before, table, comparison)
  }
  for (const table of a.tables) {
    if (twin(table, b.tables)) continue
    comparison.tables.removed.push(nameOf(table))
    compareTables(table, undefined, comparison)
  }
  return comparison
}

const nameOf = ({ family, name }: Table): TableName => ({ family, table: name })

const twin = ({ family, name, kind }: Table, tables: readonly Table[]): Table | undefined =>
  tables.find((one) => one.family === family && one.name === name && one.kind === kind)

function compareTables(a: Table | undefined, b: Table | undefined, comparison: RulesetComparison): void {
  const table = (b ?? a)!
  const counts: { now: Counters; before: Counters | undefined; rule: RuleRef; verdict?: string; added?: true }[] = []
  for (const name of new Set([...(b?.chains.keys() ?? []), ...(a?.chains.keys() ?? [])])) {
    const [before, now] = [a?.chains.get(name), b?.chains.get(name)]
    const pairs = pairRules(before?.rules ?? [], now?.rules ?? [])
    const compared = compareChains(before, now, pairs, { ...nameOf(table), chain: name })
    if (compared) comparison.chains.push(compared)
    for (const [rule, old] of pairs.same)
      if (rule.counters && old.counters)
        counts.push({ now: rule.counters, before: old.counters, ...counting(table, name, rule) })
    // counters of a new rule begin at 0; without any others to compare with nobody knows
    for (const rule of pairs.added)
      if (rule.counters && a)
        counts.push({ now: rule.counters, before: undefined, ...counting(table, name, rule), added: true })
    if (now?.hook && now.counters && before?.counters)
      counts.push({ now: now.counters, before: before.counters, ...policyOf(table, now) })
  }
  if (counts.some(({ before }) => before)) comparison.counters = true
  const isReset = counts.some(({ now, before }) => before && before.packets > now.packets)
  if (isReset) comparison.reset.push(nameOf(table))
  for (const { now, before, ...what } of counts) {
    const since = isReset || !before ? { packets: 0, bytes: 0 } : before
    const packets = now.packets - since.packets
    if (packets > 0) comparison.counted.push({ ...what, packets, bytes: now.bytes - since.bytes })
  }
}

function counting(table: Table, chain: string, rule: Rule): { rule: RuleRef; verdict?: string } {
  const verdict = verdictOf(rule).text
  const owner = ownerOf({ family: table.family, table: table.name, chain, rule, contents: table })?.name
  return {
    rule: {
      ...nameOf(table),
      chain,
      ruleNumber: rule.ruleNumber,
      ...(rule.handle === undefined ? {} : { handle: rule.handle }),
      rule: rule.text,
      ...(owner === undefined ? {} : { owner }),
    },
    ...(verdict === undefined ? {} : { verdict }),
  }
}

const policyOf = (table: Table, { name, policy }: Chain): { rule: RuleRef; verdict?: string } => ({
  rule: { ...nameOf(table), chain: name },
  ...(policy === undefined ? {} : { verdict: policy }),
})

function compareChains(
  before: Chain | undefined,
  now: Chain | undefined,
  { added, removed, moved }: Pairs,
  name: Pick<ChainComparison, 'family' | 'table' | 'chain'>,
): ChainComparison | undefined {
  const policyChanged = before !== undefined && now !== undefined && before.policy !== now.policy
  if (before && now && !policyChanged && added.length + removed.length + moved.length === 0) return undefined
  return {
    ...name,
    ...(before ? (now ? {} : { change: 'removed' as const }) : { change: 'added' as const }),
    ...(policyChanged
      ? {
          policy: {
            ...(before.policy === undefined ? {} : { from: before.policy }),
            ...(now.policy === undefined ? {} : { to: now.policy }),
          },
        }
      : {}),
    added: added.map(({ ruleNumber, text }) => ({ ruleNumber, rule: text })),
    removed: removed.map(({ ruleNumber, text }) => ({ ruleNumber, rule: text })),
    moved: moved.map(([now, old]) => ({ from: old.ruleNumber, to: now.ruleNumber, rule: now.text })),
  }
}
