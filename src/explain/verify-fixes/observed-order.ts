import { type BaseChain, baseChainsAt } from '../../journey/base-chains.ts'
import type { Chain } from '../../model/ruleset.ts'
import type { Context } from '../context.ts'
import { DESTINATION, SOURCE } from '../counterfactual/rewritten.ts'
import { passes } from '../counterfactual/skipped-rules.ts'
import { verdictAt } from '../verdict-at.ts'

/**
 * Of base chains of several tables at one hook, which came first (tied-chains.ts and nat.ts of the model ask): the one
 * that is shown first, or that took the packet where another one is not shown.
 */
export function observedOrder(context: Context): Map<string, boolean> {
  const { evidence, world, journey } = context
  const order = new Map<string, boolean>()
  const all = passes(context)
  const say = (first: Placed, then: Placed) => {
    if (first.table === then.table) return
    order.set(`order of chains: ${nameOf(first)} before ${nameOf(then)}`, true)
    order.set(`order of chains: ${nameOf(then)} before ${nameOf(first)}`, false)
  }
  for (const [i, { hook, base, table, steps }] of all.entries()) {
    if (!hook) continue
    const here = { table, chain: base }
    for (const then of all.slice(i + 1)) {
      if (then.hook !== hook) break
      if (isTied(base, then.base)) say(here, { table: then.table, chain: then.base })
    }
    const last = steps.at(-1)!
    const { ending } = evidence.arrivals[last]!
    const isTaken = base.type === 'nat' && [...DESTINATION, ...SOURCE].includes(verdictAt(context, last))
    if (!isTaken && ending !== 'drop' && ending !== 'reject') continue
    for (const other of baseChainsAt(world, journey.family, hook, evidence.nat === 'passed'))
      if (isTied(base, other.chain) && !all.some((one) => one.base === other.chain && one.hook === hook))
        say(here, other)
  }
  return order
}

type Placed = Pick<BaseChain, 'table' | 'chain'>

const nameOf = ({ table, chain }: Placed): string => `${table.family} ${table.name} ${chain.name}`

/** At the same priority; NAT has one of its own, whatever its chains have (nat-order.ts of the model). */
const isTied = (one: Chain, other: Chain): boolean =>
  (one.type === 'nat') === (other.type === 'nat')
    ? (one.priority ?? 0) === (other.priority ?? 0)
    : [one, other].some(({ type, priority }) => type !== 'nat' && Math.abs(priority ?? 0) === 100)
