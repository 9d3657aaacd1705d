/** Chains that a packet did not come to, and whose rules would have taken it. */

import type { Hook } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Walk } from '../../rules/walk.ts'
import { changesOf, propose } from '../changes.ts'
import { type Context, momentAt } from '../context.ts'
import type { Proposal } from '../proposal.ts'
import { ownerOfRef } from '../refs.ts'
import type { Chosen } from '../rule-changes.ts'
import { graphOf } from './chain-graph.ts'
import { asksAll, missedBy } from './failed-condition.ts'
import type { Goal } from './goals.ts'
import { findNearMisses, isSureOf, type NearMiss } from './near-misses.ts'
import { isNat, positionsBelow, skippedRules, type TableTraversal } from './skipped-rules.ts'
import { onwards, rulesFrom } from './what-if.ts'

export interface Unreached {
  chain: Chain
  /** Some rule of the table leads there, if not from this base chain. */
  led: boolean
  /** A rule of the chain names this packet's very destination. */
  meant: boolean
  /** Where a jump to it would have to stand: a chain that the packet was in, and the number it would get. */
  from: { chain: Chain; ruleNumber: number; moment: EvalContext }
  then: Walk
  /** It would take packets for anywhere in the same way. */
  takesAll: boolean
  /** A rule that the packet passed and that leads there, with what it asks for and the packet has not. */
  lead?: { chain: Chain; rule: Rule; asks: string }
}

/**
 * The likeliest place first. Chains that no rule behind the pass's base chain leads to; and those that some rule does, but
 * that were not come to, though they speak of this packet's very destination.
 */
export function unreachedChains(context: Context, pass: TableTraversal, wanted: (then: Walk) => boolean): Unreached[] {
  const { sets } = context.world
  const graph = graphOf(pass.table, sets)
  const entered = new Set(pass.steps.map((step) => context.evidence.arrivals[step]!.chain))
  const { packet } = momentAt(context, pass.steps[0]!)
  const speaking = graph.speakingOf(packet).filter((chain) => chain.hook === undefined && !entered.has(chain))
  const apart = graph.apartFrom(pass.base, twinHooks(pass))
  const places = jumpPlaces(context, pass)
  const found: Unreached[] = []
  for (const chain of new Set([...speaking, ...apart])) {
    context.budget.left -= places.length
    if (context.budget.isUsedUp) break
    const likeliest = [...places]
      .sort((a, b) => likeness(b.chain, chain) - likeness(a.chain, chain))
      .flatMap((place) => {
        const stack = [...place.stack, { chain, index: 0 }]
        const then = onwards(context, pass.table, stack, place.moment)
        // what another rule than one of the chain's own decides is not the chain's doing
        const leads = wanted(then) || (then.ending === 'unknown' && !graph.led.has(chain.name))
        if (!leads || !then.matched.some((visit) => visit.chain === chain)) return []
        return [{ from: place, then, takesAll: wanted(onwards(context, pass.table, stack, elsewhere(place.moment))) }]
      })[0]
    if (!likeliest) continue
    const led = graph.led.has(chain.name)
    const lead = led ? leadTo(context, pass, chain) : undefined
    // it would have come there, had nothing stopped it before
    const meant = speaking.includes(chain)
    // where nothing can have: it was not rewritten, and nat's chain for its very destination would have
    if (led && !lead && graph.reachableFrom(pass.base).has(chain.name) && !(meant && isNat(pass))) continue
    found.push({ chain, led, meant, ...likeliest, ...(lead ? { lead } : {}) })
  }
  return found.sort((a, b) => Number(a.led) - Number(b.led))
}

export interface NearlyTaken extends Omit<Unreached, 'then'> {
  near: NearMiss
}

/** Chains that the base chain does not lead to, and with a rule that would have taken the packet, had one thing of it been otherwise. */
export function nearlyTaken(context: Context, goal: Goal): NearlyTaken[] {
  const { pass, wanted } = goal
  const graph = graphOf(pass.table, context.world.sets)
  const entered = new Set(pass.steps.map((step) => context.evidence.arrivals[step]!.chain))
  const places = jumpPlaces(context, pass)
  const found: NearlyTaken[] = []
  for (const chain of graph.apartFrom(pass.base, twinHooks(pass))) {
    if (context.budget.isUsedUp) break
    const [from] = [...places].sort((a, b) => likeness(b.chain, chain) - likeness(a.chain, chain))
    if (!from) continue
    const stack = [...from.stack, { chain, index: 0 }]
    const near = findNearMisses(context, goal, rulesFrom(context, pass, stack, from)).find(
      (one) => isSureOf(one) && !entered.has(one.chain),
    )
    if (!near) continue
    const takesAll = wanted(onwards(context, pass.table, stack, elsewhere(from.moment)))
    found.push({ chain, led: graph.led.has(chain.name), meant: false, from, takesAll, near })
  }
  return found
}

/** Of several the one that asks for the least else. */
function leadTo(context: Context, pass: TableTraversal, to: Chain): Unreached['lead'] {
  const [lead] = [...skippedRules(context, pass)]
    .filter(({ rule }) => verdictOf(rule).chain === to.name)
    .flatMap(({ chain, rule, moment }) => {
      const misses = missedBy(rule, moment)
      return misses ? [{ chain, rule, misses }] : []
    })
    .sort((a, b) => a.misses.length - b.misses.length)
  return lead && { chain: lead.chain, rule: lead.rule, asks: asksAll(lead.misses) }
}

/** Turned round in a port, it gives another one. */
export const OTHER_PORT = 0x5555

/** A packet like it, for nobody. */
const elsewhere = (moment: EvalContext): EvalContext => {
  const { packet, family } = moment
  const port = packet.dport === undefined ? {} : { dport: packet.dport ^ OTHER_PORT }
  return { ...moment, packet: { ...packet, ...port, dst: family === 'ip6' ? '2001:db8:dead::1' : '198.51.100.254' } }
}

/** In nat, what comes in and what this host sends are rewritten alike. */
function twinHooks(pass: TableTraversal): readonly Hook[] {
  if (!isNat(pass)) return []
  const { hook } = pass
  return hook === 'prerouting' || hook === 'output' ? ['prerouting', 'output'] : ['postrouting', 'input']
}

/** In each chain that the packet was in: in front of what it met there last, or of what ended it. */
function jumpPlaces(context: Context, { steps }: TableTraversal) {
  const last = new Map<string, number>()
  for (const step of steps) {
    const { chain, caller } = context.evidence.arrivals[step]!
    if (chain) last.set(`${caller ?? ''} ${chain.name}`, step)
  }
  return [...last.values()].map((step) => {
    const chain = context.evidence.arrivals[step]!.chain!
    const ruleNumber = context.journey.steps[step]!.ruleNumber ?? chain.rules.length + 1
    const behind = { chain, index: ruleNumber - 1 }
    return {
      chain,
      ruleNumber,
      step,
      moment: momentAt(context, step),
      stack: [...positionsBelow(context, step), behind],
    }
  })
}

/** How many characters the names share at their beginning, or at their end. */
function likeness({ name: a }: Chain, { name: b }: Chain): number {
  let [front, back] = [0, 0]
  while (front < a.length && a[front] === b[front]) front++
  while (back < a.length && a.at(-1 - back) === b.at(-1 - back)) back++
  return Math.max(front, back)
}

/** `ref`: a rule of the chain that is to be reached. */
export function jumpTo(
  context: Context,
  ref: RuleRef,
  { chain, from, takesAll }: Pick<Unreached, 'chain' | 'from' | 'takesAll'>,
): Proposal[] {
  const owner = ownerOfRef(context, ref)
  const before = from.chain.rules[from.ruleNumber - 1]
  // a chain that takes whatever comes has to be given only what is for it
  const { packet } = from.moment
  const isService = packet.dport !== undefined
  const chosen: Chosen = !takesAll
    ? { kind: 'all' }
    : isService
      ? { kind: 'destination', packet }
      : { kind: 'such', packet, hints: { hook: from.moment.hook } }
  const spot = { chain: from.chain.name, ...(before ? { before } : {}) }
  return propose(
    `make ${from.chain.name} jump to it`,
    changesOf(ref).add(ref, spot, chosen, { kind: 'jump', chain: chain.name }),
    owner
      ? `${owner.name} restores its rules ${owner.when}`
      : 'see whether other packets have to come there too, or fewer',
  )
}
