/**
 * A World while edits change it. What is about to change is copied first, once; everything else stays the very objects
 * of the World it began with.
 */
import type { RuleEdit } from '../model/edit.ts'
import type { Host } from '../model/host.ts'
import type { Chain, NamedSet, Rule, RuleFamily, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { builtInChains, emptyChain } from '../rules/iptables/built-in.ts'

/** Where an edit of iptables' is made. */
type Place = Pick<RuleEdit, 'family' | 'table' | 'backend'>

export class Draft {
  readonly world: World
  /**
   * How many elements of sets ranges of addresses and ports may still become. The kernel makes four times as many of one
   * command (IPSET_MAX_RANGE), and any number of several; here each is an object.
   */
  elementsOfRanges = 1 << 18
  /** How many rules, chains, tables were looked at, or copied, for what the edits did. */
  work = 0
  /** Chains whose rules do not have their numbers yet. */
  private readonly unnumbered = new Set<Chain>()
  /** Copies that nobody else has seen. */
  private readonly own = new WeakSet<object>()
  /** Of copies of tables: as they were. */
  private readonly copied = new WeakMap<Table, Table>()

  constructor(world: World) {
    this.world = { ...world }
  }

  /** As it is: not to be changed. An iptables table that is not there is empty, as the kernel makes it when it is first used. */
  tableAsItIs(place: Place): Table {
    return this.find(place) ?? freshTable(place)
  }

  /** To be changed; its chains only by `chain`. */
  table(place: Place): Table {
    const found = this.find(place)
    if (found && this.own.has(found)) return found
    const copy = found ? { ...found, chains: new Map(found.chains) } : freshTable(place)
    const { tables } = this.world
    this.world.tables = found ? tables.map((one) => (one === found ? copy : one)) : [...tables, copy]
    this.own.add(copy)
    if (found) this.copied.set(copy, found)
    return copy
  }

  /** The table as it was before this draft; undefined: it is new. */
  before(table: Table): Table | undefined {
    return this.copied.get(table)
  }

  /** A table of nft's that is there, to be changed; its chains only by `chain`. */
  nftTable(table: Table): Table {
    if (this.own.has(table)) return table
    const copy = { ...table, chains: new Map(table.chains) }
    this.world.tables = this.world.tables.map((one) => (one === table ? copy : one))
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

  /** In place of `before`; undefined: it is gone. `after` is nobody else's. */
  replaceChain(table: Table, before: Chain | undefined, after: Chain | undefined): void {
    if (!after) {
      if (before) table.chains.delete(before.name)
      return
    }
    table.chains.set(after.name, after)
    this.own.add(after)
  }

  /** The same for a set. */
  replaceSet(before: NamedSet | undefined, after: NamedSet | undefined): void {
    const { sets } = this.world
    if (before) this.world.sets = sets.flatMap((one) => (one !== before ? [one] : after ? [after] : []))
    else if (after) this.world.sets = [...sets, after]
  }

  addTables(tables: readonly Table[]): void {
    this.world.tables = [...this.world.tables, ...tables]
    for (const table of tables) this.own.add(table)
  }

  /** To be changed: its lists and maps are others' objects. */
  host(): Host {
    if (!this.own.has(this.world.host)) {
      this.world.host = { ...this.world.host }
      this.own.add(this.world.host)
    }
    return this.world.host
  }

  /** To be changed. */
  sysctls(): Map<string, string> {
    const host = this.host()
    const found = host.sysctls
    if (found && this.own.has(found)) return found
    const copy = new Map(found)
    host.sysctls = copy
    this.own.add(copy)
    return copy
  }

  /** A rule of a chain that is to be changed, to be changed itself. */
  rule(chain: Chain, at: number): Rule {
    const found = chain.rules[at]!
    if (this.own.has(found)) return found
    const copy = { ...found }
    chain.rules[at] = copy
    this.own.add(copy)
    return copy
  }

  /** Its rules have other places now. They are numbered once, when somebody reads them. */
  renumber(chain: Chain): void {
    this.unnumbered.add(chain)
  }

  number(): void {
    for (const chain of this.unnumbered)
      for (let i = 0; i < chain.rules.length; i++)
        if (chain.rules[i]!.ruleNumber !== i + 1) this.rule(chain, i).ruleNumber = i + 1
    this.unnumbered.clear()
  }

  /** The set to be changed; its elements may be moved, but are others' objects. */
  ipset(set: NamedSet): NamedSet {
    if (this.own.has(set)) return set
    const copy = { ...set, elements: [...set.elements] }
    this.world.sets = this.world.sets.map((one) => (one === set ? copy : one))
    this.own.add(copy)
    return copy
  }

  /** nft's tables and sets of which `changes` says so, by what it makes of them; the others stay the very objects. */
  replaceNft(
    changes: (of: { family: RuleFamily; name: string }) => boolean,
    make: (before: { tables: Table[]; sets: NamedSet[] }) => { tables: Table[]; sets: NamedSet[] },
  ): void {
    const { tables, sets } = this.world
    const isTable = (table: Table) => table.kind === 'nft' && changes(table)
    const isSet = ({ family, table }: NamedSet) =>
      family !== undefined && table !== undefined && changes({ family, name: table })
    const after = make({ tables: tables.filter(isTable), sets: sets.filter(isSet) })
    const now = new Map(after.tables.map((one) => [tableKey(one), one]))
    const kept = tables.flatMap((table) => {
      if (!isTable(table)) return [table]
      const changed = now.get(tableKey(table))
      now.delete(tableKey(table))
      return changed ? [changed] : []
    })
    this.world.tables = [...kept, ...now.values()]
    this.world.sets = [...sets.filter((set) => !isSet(set)), ...after.sets]
  }

  addIpset(set: NamedSet): void {
    this.world.sets = [...this.world.sets, set]
  }

  removeIpsets(doomed: readonly NamedSet[]): void {
    this.world.sets = this.world.sets.filter((one) => !doomed.includes(one))
  }

  private find(place: Place): Table | undefined {
    return iptablesTable(this.world, place)
  }
}

const tableKey = ({ family, name }: Table): string => `${family} ${name}`

/** The table that is changed there; one whose backend nobody knows may be either's. */
export function iptablesTable({ tables }: World, { family, table, backend }: Place): Table | undefined {
  const named = tables.filter((one) => one.kind === 'iptables' && one.family === family && one.name === table)
  if (backend === undefined) return named[0]
  return named.find((one) => one.backend === backend) ?? named.find((one) => one.backend === undefined)
}

function freshTable({ family, table: name, backend }: Place): Table {
  const chains = (builtInChains(name) ?? []).map((chain): [string, Chain] => [
    chain,
    { ...emptyChain(chain, name, backend), policy: 'accept', counters: { packets: 0, bytes: 0 } },
  ])
  return { family, name, kind: 'iptables', chains: new Map(chains), ...(backend ? { backend } : {}) }
}
