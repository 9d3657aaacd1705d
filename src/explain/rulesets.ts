/**
 * Two rulesets of one machine: what was added, removed and moved, and, where both have counters, which rules counted in
 * between. A rule is the same where it has the same words; which of several alike is which is told by their order.
 */
import type { RuleRef } from '../model/journey.ts'
import type { Chain, Counters, NamedSet, Rule, SetElement, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { verdictOf } from '../rules/verdict.ts'
import { ownerOf } from './owners.ts'

export interface RulesetComparison {
  /** `ip filter`; of either side only. */
  tables: { added: TableName[]; removed: TableName[] }
  /** Chains that are not the same, in the order of the second ruleset; those that are gone last. */
  chains: ChainComparison[]
  sets: SetComparison[]
  /** Rules and policies that packets met in between, in the order of the second ruleset. */
  counted: Counted[]
  /** Is there a rule with counters on both sides? Else nothing can be said of what counted. */
  counters: boolean
  /** Tables whose counters began anew in between: their counts are those since then. */
  reset: TableName[]
}

interface TableName {
  family: string
  table: string
}

export interface ChainComparison extends TableName {
  chain: string
  /** Absent: it is in both. */
  change?: 'added' | 'removed'
  policy?: { from?: string; to?: string }
  /** Its rules; numbers are those of the ruleset that has it. */
  added: { ruleNumber: number; rule: string }[]
  removed: { ruleNumber: number; rule: string }[]
  /** To another place among the rules that both have. */
  moved: { from: number; to: number; rule: string }[]
}

export interface SetComparison extends Partial<TableName> {
  name: string
  change?: 'added' | 'removed'
  added: string[]
  removed: string[]
}

export interface Counted {
  rule: RuleRef
  /** `drop`, `accept`, `jump X` …, of a policy too. */
  verdict?: string
  packets: number
  bytes: number
  /** The rule is new: all that it counted came in between. */
  added?: true
}

export function compareRulesets(a: World, b: World): RulesetComparison {
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

/** Do both say the same, whatever they counted? */
export function sameChain(one: Chain | undefined, other: Chain | undefined): boolean {
  if (!one || !other) return one === other
  return (
    one.policy === other.policy &&
    one.hook === other.hook &&
    one.priority === other.priority &&
    one.rules.length === other.rules.length &&
    one.rules.every((rule, i) => wordsOf(rule) === wordsOf(other.rules[i]!))
  )
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

interface Pairs {
  /** The later one first. */
  same: [Rule, Rule][]
  moved: [Rule, Rule][]
  added: Rule[]
  removed: Rule[]
}

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

function pairRules(before: readonly Rule[], now: readonly Rule[]): Pairs {
  const old = new Map(numbered(before))
  const same: [Rule, Rule][] = []
  const added: Rule[] = []
  for (const [key, rule] of numbered(now)) {
    const twin = old.get(key)
    old.delete(key)
    if (twin) same.push([rule, twin])
    else added.push(rule)
  }
  const stayed = longestIncreasing(same.map(([, { ruleNumber }]) => ruleNumber))
  return { same, moved: same.filter((_, i) => !stayed.has(i)), added, removed: [...old.values()] }
}

/** Each rule with its words, and which of those alike it is. */
function numbered(rules: readonly Rule[]): [string, Rule][] {
  const seen = new Map<string, number>()
  return rules.map((rule) => {
    const words = wordsOf(rule)
    const count = (seen.get(words) ?? 0) + 1
    seen.set(words, count)
    return [`${count} ${words}`, rule]
  })
}

/** nft prints in the middle of a rule what it counted so far. */
const wordsOf = ({ text, iptables }: Rule): string => {
  if (iptables) return text
  return text
    .replace(/\bcounter packets \d+ bytes \d+/g, 'counter')
    .replace(/(\bquota (?:over |until )?\d+ \w+) used \d+ \w+/g, '$1')
    .replace(/\blast used \S+/g, 'last')
}

/** Indexes of as many numbers as can stay where they are, all others moving around them. */
function longestIncreasing(numbers: readonly number[]): Set<number> {
  /** Of each length, the index of the smallest number that an increasing row can end with. */
  const ends: number[] = []
  const before: (number | undefined)[] = []
  for (const [i, number] of numbers.entries()) {
    let [low, high] = [0, ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (numbers[ends[middle]!]! < number) low = middle + 1
      else high = middle
    }
    before.push(low === 0 ? undefined : ends[low - 1])
    ends[low] = i
  }
  const stayed = new Set<number>()
  for (let i = ends.at(-1); i !== undefined; i = before[i]) stayed.add(i)
  return stayed
}

/** Those that do not hold the same; what passes by itself (counters, time left) does not count. */
export function compareSets(a: readonly NamedSet[], b: readonly NamedSet[]): SetComparison[] {
  const key = ({ family, table, name }: NamedSet) => `${family} ${table} ${name}`
  const old = new Map(a.map((set) => [key(set), set]))
  const compared: SetComparison[] = []
  for (const set of b) {
    const before = old.get(key(set))
    old.delete(key(set))
    const [had, has] = [new Set(before?.elements.map(elementText)), new Set(set.elements.map(elementText))]
    const added = [...has].filter((one) => !had.has(one))
    const removed = [...had].filter((one) => !has.has(one))
    if (before && added.length + removed.length === 0) continue
    compared.push({ ...setName(set), ...(before ? {} : { change: 'added' as const }), added, removed })
  }
  for (const set of old.values())
    compared.push({ ...setName(set), change: 'removed', added: [], removed: set.elements.map(elementText) })
  return compared
}

const setName = ({ family, table, name }: NamedSet) => ({
  name,
  ...(family === undefined ? {} : { family }),
  ...(table === undefined ? {} : { table }),
})

const elementText = ({ parts, nomatch, data }: SetElement): string =>
  `${parts.join(' . ')}${data ? ` : ${data.join(' . ')}` : ''}${nomatch ? ' nomatch' : ''}`
