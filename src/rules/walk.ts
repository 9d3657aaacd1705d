/**
 * Walks one table forward from a place in a chain, as ipt_do_table does: which rules match, where jumps lead, what ends
 * it. A rule whose conditions are not known stops the walk, unless it makes no difference to the packet's way.
 */
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import { evaluateAll } from './evaluate.ts'
import type { Moment } from './facts.ts'
import type { Unknown } from './truth.ts'
import { verdictOf } from './verdict.ts'

export interface Place {
  chain: Chain
  /** Index of the next rule to look at. */
  index: number
}

export interface Visit {
  chain: Chain
  rule: Rule
}

export interface Walk {
  /** The rules that matched, in order. */
  matched: Visit[]
  ending: 'accept' | 'drop' | 'reject' | 'queue' | 'stolen' | 'policy' | 'unknown'
  /** Where it ended; absent at the policy. */
  last?: Visit
  /** Why it cannot be told. */
  because?: Unknown
}

/** More jumps than any table has without a loop. */
const MAX_DEPTH = 512

/** `stack`: where the packet is, the base chain first; each place but the last is where its chain goes on after a return. */
export function walk(table: Table, stack: readonly Place[], moment: Moment): Walk {
  const places = stack.map((place) => ({ ...place }))
  const matched: Visit[] = []
  for (;;) {
    const place = places.at(-1)
    if (!place) return { matched, ending: 'policy' }
    const rule = place.chain.rules[place.index++]
    if (!rule) {
      places.pop()
      continue
    }
    const truth = evaluateAll(rule.conditions, moment)
    if (truth === false) continue
    const { ending, chain: target } = verdictOf(rule)
    const visit = { chain: place.chain, rule }
    if (truth !== true) {
      if (ending === 'continue') continue
      return { matched, ending: 'unknown', last: visit, because: truth }
    }
    matched.push(visit)
    switch (ending) {
      case 'continue':
        break
      case 'return':
        places.pop()
        break
      case 'jump':
      case 'goto': {
        const chain = table.chains.get(target ?? '')
        if (!chain || places.length > MAX_DEPTH)
          return {
            matched,
            ending: 'unknown',
            last: visit,
            because: { unknown: `chain ${target} is not in the ruleset` },
          }
        if (ending === 'goto') places.pop()
        places.push({ chain, index: 0 })
        break
      }
      case 'unknown':
        return { matched, ending, last: visit, because: { unknown: 'the target is not understood' } }
      default:
        return { matched, ending, last: visit }
    }
  }
}
