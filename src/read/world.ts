/** Rulesets and host state, file by file, into one World. */
import type { Diagnostic, Report } from '../model/diagnostic.ts'
import type { NamedSet, Table } from '../model/ruleset.ts'
import { emptyWorld, type World } from '../model/world.ts'
import { mergeHost, saySame } from './host/merge.ts'
import type { Recognised } from './recognise.ts'

interface Twice {
  kept: string
  left: string
}

export class WorldBuilder {
  readonly world: World = emptyWorld()
  readonly warnings: Diagnostic[] = []
  /** Which input a table or set came from, and how damaged that input was. */
  private readonly origins = new Map<object, { input: string; damage: number }>()

  add(input: string, text: string, recognised: Exclude<Recognised, { kind: 'capture' }>): void {
    let damage = 0
    const report: Report = (code, message, line) => {
      damage++
      this.warnings.push({ input, code, message, ...(line === undefined ? {} : { line }) })
    }
    if (recognised.kind === 'host') {
      const { host, sets } = recognised.format.read(text, report)
      if (host) mergeHost(this.world.host, host)
      for (const set of sets ?? []) this.addSet(set, input, damage)
      return
    }
    for (const { tables, sets = [], host } of recognised.format.read(text, report)) {
      for (const table of tables) this.addTable(table, input, damage)
      for (const set of sets) this.addSet(set, input, damage)
      if (host) mergeHost(this.world.host, host)
    }
  }

  /** Two files may hold the same table: the less damaged one counts, else the later one; that is told. */
  private addTable(table: Table, input: string, damage: number): void {
    const { tables } = this.world
    const hasName = (one: Table) => one.family === table.family && one.name === table.name && one.kind === table.kind
    const rival = tables.findIndex((one) => hasName(one) && areApart(one, table))
    const same = tables.findIndex((one) => hasName(one) && !areApart(one, table))
    const twice = this.put(tables, same, table, input, damage)
    if (rival >= 0 && same < 0) this.tellBoth(rival, table, input)
    if (!twice) return
    const message = `table ${table.name} (${table.family}) is in ${twice.kept} too; that one is used`
    this.warnings.push({ input: twice.left, code: 'table-twice', message })
  }

  /** Of the two, the legacy one stands first, for the first of a name is asked: it is what the kernel's log traces. */
  private tellBoth(rival: number, table: Table, input: string): void {
    const { tables } = this.world
    const other = tables[rival]!
    if (table.backend === 'legacy') [tables[rival], tables[tables.length - 1]] = [table, other]
    const message =
      `table ${table.name} (${table.family}) is there twice, of iptables-legacy and of iptables-nft; ` +
      'packets pass both, a trace in the kernel log shows the legacy one, and packets are simulated with that one'
    this.warnings.push({ input, code: 'both-backends', message })
  }

  /** As with tables; where both files say the same of an ipset there is nothing to tell. */
  private addSet(set: NamedSet, input: string, damage: number): void {
    const { sets } = this.world
    const same = sets.findIndex(
      ({ name, table, family }) => name === set.name && table === set.table && family === set.family,
    )
    const before = sets[same]
    const twice = this.put(sets, same, set, input, damage)
    if (!twice || !before || saySame(before, set)) return
    const message = `set ${set.name} is in ${twice.kept} too; that one is used`
    this.warnings.push({ input: twice.left, code: 'set-twice', message })
  }

  /** Tells which input counts and which does not, where `same` is a place in the list. */
  private put<T extends object>(list: T[], same: number, one: T, input: string, damage: number): Twice | undefined {
    this.origins.set(one, { input, damage })
    const other = list[same]
    if (!other) {
      list.push(one)
      return undefined
    }
    const before = this.origins.get(other)!
    if (before.damage < damage) return { kept: before.input, left: input }
    list[same] = one
    return { kept: input, left: before.input }
  }
}

/** iptables-legacy and iptables-nft have tables of the same names, each its own. */
const areApart = (one: Table, other: Table): boolean =>
  one.backend !== undefined && other.backend !== undefined && one.backend !== other.backend
