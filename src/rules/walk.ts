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

interface Frame extends Place {
  /** How often this place was left by goto for another. */
  gotos: number
}

/** More jumps than any table has without a loop. */
const MAX_DEPTH = 512

/**
 * `stack`: where the packet is, the base chain first; each place but the last is where its chain goes on after a
 * return. A chain left by goto is not come back to; where nothing is left to come back to, the policy decides.
 * `open`: what becomes of it at a rule whose conditions are not known: it stops there, or goes as if they held.
 */
export function walk(table: Table, stack: readonly Place[], start: Moment, open: 'stop' | 'holds' = 'stop'): Walk {
  const places: Frame[] = stack.map((place) => ({ ...place, gotos: 0 }))
  const matched: Visit[] = []
  let moment = start
  for (;;) {
    const place = places.at(-1)
    if (!place) return { matched, ending: 'policy', packet: moment.packet }
    place.index = nextCandidate(place.chain, place.index, moment)
    const rule = place.chain.rules[place.index++]
    if (!rule) {
      places.pop()
      continue
    }
    const visit: Visit = { chain: place.chain, rule, packet: moment.packet }
    const met = meet(rule, moment)
    const { truth } = met
    moment = met.moment
    if (truth === false) continue
    const stop = (because: Unknown): Walk => ({
      matched,
      ending: 'unknown',
      last: visit,
      because,
      packet: moment.packet,
    })
    if (truth !== true && open === 'stop') {
      if (verdictOf(rule).ending !== 'continue') return stop(truth)
      moment = mayHaveCarriedOut(rule, moment)
      continue
    }
    matched.push(visit)
    const done = carryOut(rule, moment, met.done)
    moment = done.moment
    const { ending, chain: target } = done.verdict
    switch (ending) {
      case 'continue':
        break
      case 'return':
        places.pop()
        break
      case 'jump':
      case 'goto': {
        const chain = table.chains.get(target ?? '')
        if (!chain) return stop(unknown(`chain ${target} is not in the ruleset`))
        const gotos = ending === 'goto' ? place.gotos + 1 : 0
        // the kernel takes no ruleset that goes round in circles
        if (places.length > MAX_DEPTH || gotos > table.chains.size)
          return stop(unknown(`the jumps to chain ${target} never end`))
        if (ending === 'goto') places.pop()
        places.push({ chain, index: 0, gotos })
        break
      }
      case 'unknown':
        return stop(done.because ?? unknown('the target is not understood'))
      default:
        return { matched, ending, last: visit, packet: moment.packet }
    }
  }
}
