/**
 * What a packet may have left behind whose way could not be told to its end: a connection, less of a limit, another
 * element in a set. What comes later is not told as if that packet had not been there.
 */
import { memo2 } from '../model/memo.ts'
import type { Family } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { flowOf } from './conntrack.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'

/** The packet stopped where its way is not known. */
export function invalidateState(machine: Simulator, skb: Skb): void {
  machine.allowances.doubtAll(skb.family)
  doubtConnection(machine, skb)
  const updated = updatedSets(machine.world.tables, skb.family)
  if (updated.size === 0) return
  const { world } = machine
  // a set that is not there is one of which nobody knows the elements
  const sets = world.sets.filter(
    ({ name, table, family }) => !updated.has(table === undefined ? name : `${family} ${table} ${name}`),
  )
  machine.world = { ...world, sets }
}

/** It may have begun one; or, where connection tracking had not yet looked at it, gone on with one. */
function doubtConnection(machine: Simulator, skb: Skb): void {
  const { connection, tracking } = skb
  if (connection?.flags.includes('confirmed') || connection?.flags.includes('dying')) return
  const flow = connection ?? (tracking ? undefined : flowOf(machine, skb))
  if (flow) machine.conntrack.doubt(flow)
}

/** The ipsets that rules of this family change, and nft's sets with their tables. */
const updatedSets = memo2((tables: World['tables'], family: Family): ReadonlySet<string> => {
  const names = new Set<string>()
  for (const table of tables)
    if (table.family === family || table.family === 'inet' || table.family === 'netdev')
      for (const { rules } of table.chains.values())
        for (const { statements } of rules)
          for (const one of statements)
            if (one.kind === 'update-set') names.add(one.nft ? `${table.family} ${table.name} ${one.set}` : one.set)
  return names
})
