import { backendName, backendOf, decides } from '../../journey/backends.ts'
import { type BaseChain, baseChainsAt } from '../../journey/base-chains.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import type { Table } from '../../model/ruleset.ts'
import { type Detector, finding } from '../context.ts'
import { howToTrace } from './mixed-backends.ts'

/** It passed here, and another base chain hangs at the same place, of which nothing is seen: it may come before or behind. */
export const ambiguousHookOrder: Detector = {
  code: 'ambiguous-hook-order',
  detect({ journey, evidence, ended, world }) {
    const passed = ['delivered', 'forwarded', 'sent'].includes(journey.outcome)
    if (!passed && ended.because !== 'ambiguous-order') return []
    const { hook, table } = evidence.arrivals[ended.step] ?? {}
    if (!hook || !table) return []
    const here = baseChainsAt(world, journey.family, hook, true).find((one) => one.table === table)
    if (!here) return []
    const unseen = baseChainsAt(world, journey.family, hook, evidence.nat === 'passed').filter(
      (one) =>
        one.table !== table &&
        one.priority === here.priority &&
        decides(one.chain) &&
        !evidence.arrivals.some((arrival) => arrival.table === one.table && arrival.hook === hook),
    )
    if (unseen.length === 0) return []
    const both = world.tracedBoth === true
    const other = unseen.find((one) => backendOf(one.table) !== backendOf(table))
    // both may have a table of one name
    const ofBackend = (one: Table) => (other ? ` of ${backendName(one)}` : '')
    const nameOf = (one: BaseChain) => `${one.table.family} ${one.table.name} ${one.chain.name}`
    const names = unseen.map(nameOf).join(', ')
    const attached = unseen.map((one) => nameOf(one) + ofBackend(one.table)).join(', ')
    return [
      finding(
        'ambiguous-hook-order',
        'warning',
        `${attached} ${unseen.length === 1 ? 'is' : 'are'} attached to ${hook.toUpperCase()} at the same priority (${here.priority}) as ${table.name} ${here.chain.name}${ofBackend(table)}. Which chain comes first is unknown. ${both ? `The trace of ${names} is a separate journey of this packet: look there for the verdict.` : `The capture does not show what ${names} does with this packet.`}`,
        {
          steps: [ended.step + 1],
          rules: unseen.map((one) => ({ family: one.table.family, table: one.table.name, chain: one.chain.name })),
          fix: both
            ? []
            : [
                {
                  description: howToTrace((other ?? unseen[0]!).table),
                  unverified: ONLY_LOOKS,
                },
              ],
        },
      ),
    ]
  },
}
