/**
 * What tells two chains or two sets of one name apart. A rule is the same where it has the same words; which of several
 * alike is which is told by their order.
 */
import type { Chain, NamedSet, Rule } from '../model/ruleset.ts'
import type { SetElement } from '../model/set-element.ts'

/** A set that is not the same in both rulesets. */
export interface SetComparison {
  name: string
  /** Its table's family. Absent: an ipset. */
  family?: string
  /** Its table. Absent: an ipset. */
  table?: string
  /** Absent: both rulesets have the set. */
  change?: 'added' | 'removed'
  /** Elements of the second ruleset alone. */
  added: string[]
  /** Elements of the first ruleset alone. */
  removed: string[]
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

/** The rules of two chains. */
export interface Pairs {
  /** The later one first. */
  same: [Rule, Rule][]
  moved: [Rule, Rule][]
  added: Rule[]
  removed: Rule[]
}

export function pairRules(before: readonly Rule[], now: readonly Rule[]): Pairs {
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

/** An element as a line of its set's listing. */
export const elementText = ({ parts, nomatch, data }: SetElement): string =>
  `${parts.join(' . ')}${data ? ` : ${data.join(' . ')}` : ''}${nomatch ? ' nomatch' : ''}`
