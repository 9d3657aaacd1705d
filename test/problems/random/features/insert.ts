import type { Random } from '../../../kernel/generate/random.ts'
import type { Rule } from '../rule.ts'

/** Somewhere in the list. */
export const insert = (list: Rule[], random: Random, rule: Rule): void => {
  list.splice(random.int(0, list.length), 0, rule)
}

/** Each of them, or not. */
export const some = (random: Random, share: number, rules: readonly Rule[]): Rule[] =>
  rules.filter(() => random.chance(share))
