/**
 * A World while edits change it. What is about to change is copied first, once; everything else stays the very objects
 * of the World it began with.
 */
import type { Host } from '../model/host.ts'
import type { Chain, NamedSet, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { builtInChains, emptyChain } from '../rules/iptables/rule.ts'

type IpFamily = 'ip' | 'ip6'

export class Draft {
  readonly world: World
  /** Copies that nobody else has seen. */
  private readonly own = new WeakSet<object>()

  constructor(world: World) {
    this.world = { ...world }
  }

  /** As it is: not to be changed. An iptables table that is not there is empty, as the kernel makes it when it is first used. */
  tableAsItIs(family: IpFamily, name: string): Table {
    return this.find(family, name) ?? freshTable(family, name)
  }

  /** To be changed; its chains only by `chain`. */
  table(family: IpFamily, name: string): Table {
    const found = this.find(family, name)
    if (found && this.own.has(found)) return found
    const copy = found ? { ...found, chains: new Map(found.chains) } : freshTable(family, name)
    const { tables } = this.world
    this.world.tables = found ? tables.map((one) => (one === found ? copy : one)) : [...tables, copy]
    this.own.add(copy)
    return copy
  }

  /** The chain of a table that is to be changed, to be changed itself: its rules may be moved, but are others' objects. */
  chain(table: Table, name: string): Chain | undefined {
    const found = table.chains.get(name)
    if (!found || this.own.has(found)) return found
    const copy = { ...found, rules: [...found.rules] }
    table.chains.set(name, copy)
    this.own.add(copy)
    return copy
  }

  /** To be changed: its lists and maps are others' objects. */
  host(): Host {
    if (!this.own.has(this.world.host)) {
      this.world.host = { ...this.world.host }
      this.own.add(this.world.host)
    }
    return this.world.host
  }

  /** The set to be changed; its elements may be moved, but are others' objects. */
  ipset(set: NamedSet): NamedSet {
    if (this.own.has(set)) return set
    const copy = { ...set, elements: [...set.elements] }
    this.world.sets = this.world.sets.map((one) => (one === set ? copy : one))
    this.own.add(copy)
    return copy
  }

  addIpset(set: NamedSet): void {
    this.world.sets = [...this.world.sets, set]
  }

  removeIpsets(doomed: readonly NamedSet[]): void {
    this.world.sets = this.world.sets.filter((one) => !doomed.includes(one))
  }

  private find(family: IpFamily, name: string): Table | undefined {
    return this.world.tables.find((one) => one.kind === 'iptables' && one.family === family && one.name === name)
  }
}

function freshTable(family: IpFamily, name: string): Table {
  const chains = (builtInChains(name) ?? []).map((chain): [string, Chain] => [
    chain,
    { ...emptyChain(chain, name), policy: 'accept', counters: { packets: 0, bytes: 0 } },
  ])
  return { family, name, kind: 'iptables', chains: new Map(chains) }
}
