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
    const same = tables.findIndex(
      (one) => one.family === table.family && one.name === table.name && one.kind === table.kind,
    )
    const twice = this.put(tables, same, table, input, damage)
    if (!twice) return
    const message = `table ${table.name} (${table.family}) is in ${twice.kept} too; that one is used`
    this.warnings.push({ input: twice.left, code: 'table-twice', message })
  }

  /** As with tables; where both files say the same of an ipset there is nothing to tell. */
  private addSet(set: NamedSet, input: string, damage: number): void {
    const { sets } = this.world
    const same = sets.findIndex(({ name, table }) => name === set.name && table === undefined)
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
