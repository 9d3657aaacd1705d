/**
 * What a packet may have left behind whose way could not be told to its end: a connection, less of a limit, another
 * element in a set. What comes later is not told as if that packet had not been there.
 */
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
  const sets = world.sets.filter(({ name, table }) => table !== undefined || !updated.has(name))
  machine.world = { ...world, sets }
}

/** It may have begun one; or, where connection tracking had not yet looked at it, gone on with one. */
function doubtConnection(machine: Simulator, skb: Skb): void {
  const { connection, tracking } = skb
  if (connection?.flags.includes('confirmed') || connection?.flags.includes('dying')) return
  const flow = connection ?? (tracking ? undefined : flowOf(machine, skb))
  if (flow) machine.conntrack.doubt(flow)
}

// the tables of a world never change
const known = new WeakMap<World['tables'], Map<Family, Set<string>>>()

/** The ipsets that rules of this family change. */
function updatedSets(tables: World['tables'], family: Family): Set<string> {
  const families = known.get(tables) ?? new Map<Family, Set<string>>()
  known.set(tables, families)
  let names = families.get(family)
  if (!names) {
    names = new Set()
    for (const table of tables)
      if (table.family === family)
        for (const { rules } of table.chains.values())
          for (const { statements } of rules)
            for (const one of statements) if (one.kind === 'update-set') names.add(one.set)
    families.set(family, names)
  }
  return names
}
