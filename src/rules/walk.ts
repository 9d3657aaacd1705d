/**
 * Walks one table forward from a place in a chain, as ipt_do_table does: which rules match, where jumps lead, what ends
 * it. A rule whose conditions are not known stops the walk, unless it goes on either way.
 */
import type { Packet } from '../model/packet.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import { nextCandidate } from './chain-index.ts'
import type { Moment } from './moment.ts'
import { type Unknown, unknown } from './truth.ts'
import { carryOut, mayHaveCarriedOut, meet, verdictOf } from './verdict.ts'
import { MOST_REPEATED, type WalkBudget } from './walk-budget.ts'
import { type WalkFrame, type WalkRecord, WalkStack } from './walk-stack.ts'

export interface Place {
  chain: Chain
  /** Index of the next rule to look at. */
  index: number
}

export interface Visit {
  chain: Chain
  rule: Rule
  /** As it arrived at the rule. */
  packet: Packet
}

export interface Walk {
  /** The rules that matched, in order. */
  matched: Visit[]
  /** `policy`: the base chain's policy decides. */
  ending: 'accept' | 'drop' | 'reject' | 'queue' | 'stolen' | 'policy' | 'unknown'
  /** Where it ended; absent at the policy. */
  last?: Visit
  /** Why it cannot be told. */
  because?: Unknown
  /** The packet as it left the table. */
  packet: Packet
}

/** Where the packet is by now, and what it met. */
class Seen implements WalkRecord {
  /** One object for as long as nothing changes. */
  state: Moment
  readonly matched: Visit[] = []

  constructor(start: Moment) {
    this.state = start
  }

  get length(): number {
    return this.matched.length
  }

  repeat(from: number, to: number): void {
    if (this.matched.length + to - from > MOST_REPEATED) return
    for (let i = from; i < to; i++) this.matched.push(this.matched[i]!)
  }
}

const nameOf = (chain: Chain): string => chain.name

/**
 * `places`: where the packet is, the base chain first; each place but the last is where its chain goes on after a
 * return. A chain left by goto is not come back to; where nothing is left to come back to, the policy decides.
 * `open`: what becomes of it at a rule whose conditions are not known: it stops there, or goes as if they held.
 */
export function walk(
  table: Table,
  places: readonly Place[],
  start: Moment,
  budget: WalkBudget,
  open: 'stop' | 'holds' = 'stop',
): Walk {
  const seen = new Seen(start)
  const { matched } = seen
  const end = (ending: Walk['ending'], last?: Visit): Walk =>
    last ? { matched, ending, last, packet: seen.state.packet } : { matched, ending, packet: seen.state.packet }
  if (places.length === 0) return end('policy')
  const frames = places.map(({ chain, index }): WalkFrame<Chain> => ({ chain, index }))
  const stack = new WalkStack(table, frames, nameOf, seen, budget)
  for (;;) {
    const place = frames[frames.length - 1]!
    place.index = nextCandidate(place.chain, place.index, seen.state)
    const rule = place.chain.rules[place.index++]
    const visit = rule && { chain: place.chain, rule, packet: seen.state.packet }
    const stop = (because: Unknown): Walk => ({ ...end('unknown', visit), because })
    if (--budget.left < 0) return stop(unknown(budget.reason))
    if (!visit) {
      if (!stack.leave()) return end('policy')
      continue
    }
    const met = meet(visit.rule, seen.state)
    const { truth } = met
    seen.state = met.moment
    if (truth === false) continue
    if (truth !== true && open === 'stop') {
      if (verdictOf(visit.rule).ending !== 'continue') return stop(truth)
      seen.state = mayHaveCarriedOut(visit.rule, seen.state)
      continue
    }
    matched.push(visit)
    const done = carryOut(visit.rule, seen.state, met.done)
    seen.state = done.moment
    const { ending, chain: target } = done.verdict
    switch (ending) {
      case 'continue':
        break
      case 'return':
        if (!stack.leave()) return end('policy')
        break
      case 'jump':
      case 'goto': {
        const chain = table.chains.get(target ?? '')
        const refused = chain ? stack.enter({ chain, index: 0 }, ending) : `chain ${target} is not in the ruleset`
        if (refused !== undefined) return stop(unknown(refused))
        break
      }
      case 'unknown':
        return stop(done.because ?? unknown('the target is not understood'))
      default:
        return end(ending, visit)
    }
  }
}
