/** Makes a case that differs smaller as long as it still differs: fewer packets, rules, chains, conditions. */
import type { Case } from './case.ts'

/** `differs` plays the smaller case; a case that the tool refuses does not differ. */
export async function shrink(big: Case, differs: (one: Case) => Promise<boolean>): Promise<Case> {
  let smallest = big
  for (let shrunk = true; shrunk; ) {
    shrunk = false
    for (const smaller of candidates(smallest))
      if (await differs(smaller)) {
        smallest = smaller
        shrunk = true
        break
      }
  }
  return smallest
}

function* candidates(one: Case): Generator<Case> {
  const { rounds, tables, sets } = one
  // whole rounds, then single packets, from the end
  for (let i = rounds.length - 1; i >= 0; i--)
    if (rounds[i]!.length > 0) yield { ...one, rounds: rounds.map((round, at) => (at === i ? [] : round)) }
  for (let i = rounds.length - 1; i >= 0; i--)
    for (let k = rounds[i]!.length - 1; k >= 0 && rounds[i]!.length > 1; k--)
      yield { ...one, rounds: rounds.map((round, at) => (at === i ? round.filter((_, n) => n !== k) : round)) }
  for (const [s, set] of sets.entries())
    if (set.elements.length > 0)
      yield { ...one, sets: sets.map((same, at) => (at === s ? { ...same, elements: [] } : same)) }
  for (const [t, table] of tables.entries())
    for (const [c, chain] of table.chains.entries()) {
      const withRules = (rules: string[], policy = chain.policy): Case => ({
        ...one,
        tables: tables.map((other, at) =>
          at === t
            ? {
                ...other,
                chains: other.chains.map((same, n) =>
                  n === c ? { ...same, ...(policy ? { policy } : {}), rules } : same,
                ),
              }
            : other,
        ),
      })
      const kept = chain.rules.filter((rule) => rule === '-j TRACE')
      if (chain.rules.length > kept.length + 1) yield withRules(kept)
      for (let r = chain.rules.length - 1; r >= 0; r--)
        if (chain.rules[r] !== '-j TRACE') yield withRules(chain.rules.filter((_, n) => n !== r))
      if (chain.policy === 'DROP') yield withRules(chain.rules, 'ACCEPT')
      for (const [r, rule] of chain.rules.entries())
        for (const simpler of simplerRules(rule))
          yield withRules(chain.rules.map((same, n) => (n === r ? simpler : same)))
    }
}

/** Without one of its conditions. */
function* simplerRules(rule: string): Generator<string> {
  const parts = rule.split(/ (?=(?:! )?-[smdiopjg] )/)
  for (const [i, part] of parts.entries())
    if (!/^-[jg] /.test(part) && parts.length > 1) yield parts.filter((_, n) => n !== i).join(' ')
}
