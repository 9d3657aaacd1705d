/** Which words were drawn, and how often their rules matched. */
import { type RandomCase, wordsByRule } from './case.ts'
import { CHANCE, isChance } from './chance.ts'
import type { Compared } from './compare.ts'

export class Tally {
  private cases = 0
  refused = 0
  packets = 0
  private unjudged = 0
  private rules = 0
  /** Cases that hang on what was not given, by its name. */
  private readonly chance = new Map<string, number>()
  /** How many rules have the word, and how many packets these counted. */
  private readonly words = new Map<string, { rules: number; matched: number }>()

  add(one: RandomCase, { refused, loaded, packets, unjudged, chance, counted }: Compared): void {
    if (refused !== undefined) {
      this.refused++
      return
    }
    this.cases++
    this.packets += packets
    this.unjudged += unjudged
    for (const [name, reason] of Object.entries(CHANCE))
      if (chance.some((open) => isChance(open) && reason.test(open)))
        this.chance.set(name, (this.chance.get(name) ?? 0) + 1)
    for (const [rule, words] of wordsByRule(one)) {
      if (!loaded.includes(`comment "${rule}"`)) continue
      this.rules++
      const matched = counted.filter((name) => name === rule).length
      for (const word of words) {
        const sum = this.words.get(word) ?? { rules: 0, matched: 0 }
        this.words.set(word, { rules: sum.rules + 1, matched: sum.matched + matched })
      }
    }
  }

  summary(): string {
    const { cases, refused, packets, unjudged, rules } = this
    return JSON.stringify({
      cases,
      refused,
      rules,
      packets,
      unjudged,
      words: this.words.size,
      chance: Object.fromEntries(this.chance),
    })
  }

  table(): string {
    const rows = [...this.words].sort(([a], [b]) => (a < b ? -1 : 1))
    return rows.map(([word, { rules, matched }]) => `\`${word}\` ${rules}/${matched}`).join(', ')
  }
}
