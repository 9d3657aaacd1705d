/** Rulesets and host state, file by file, into one World. */
import type { Diagnostic, Report } from '../model/diagnostic.ts'
import type { Host } from '../model/host.ts'
import type { Table } from '../model/ruleset.ts'
import { emptyWorld, type World } from '../model/world.ts'
import type { Recognised } from './recognise.ts'

export class WorldBuilder {
  readonly world: World = emptyWorld()
  readonly warnings: Diagnostic[] = []
  /** Which input a table came from, and how damaged that input was. */
  private readonly origins = new Map<Table, { input: string; damage: number }>()

  add(input: string, text: string, recognised: Exclude<Recognised, { kind: 'capture' }>): void {
    let damage = 0
    const report: Report = (code, message, line) => {
      damage++
      this.warnings.push({ input, code, message, ...(line === undefined ? {} : { line }) })
    }
    if (recognised.kind === 'host') {
      const { host, sets } = recognised.format.read(text, report)
      if (host) mergeHost(this.world.host, host)
      if (sets) this.world.sets.push(...sets)
      return
    }
    for (const ruleset of recognised.format.read(text, report))
      for (const table of ruleset.tables) this.addTable(table, input, damage)
  }

  /** Two files may hold the same table: the less damaged one counts, else the later one; that is told. */
  private addTable(table: Table, input: string, damage: number): void {
    const { tables } = this.world
    const at = tables.findIndex(
      (one) => one.family === table.family && one.name === table.name && one.kind === table.kind,
    )
    this.origins.set(table, { input, damage })
    if (at < 0) {
      tables.push(table)
      return
    }
    const other = this.origins.get(tables[at]!)!
    const keepOther = other.damage < damage
    const [kept, left] = keepOther ? [other.input, input] : [input, other.input]
    if (!keepOther) tables[at] = table
    this.warnings.push({
      input: left,
      code: 'table-twice',
      message: `table ${table.name} (${table.family}) is in ${kept} too; that one is used`,
    })
  }
}

/** Lists of both are joined (IPv4 routes in one file, IPv6 in another); single values of the later one count. */
function mergeHost(host: Host, more: Partial<Host>): void {
  for (const [key, value] of Object.entries(more) as [keyof Host, never][]) {
    const old = host[key]
    if (Array.isArray(old) && Array.isArray(value)) (host as Record<string, unknown>)[key] = joined(key, old, value)
    else if (old instanceof Map) for (const [name, one] of value as Map<string, string>) old.set(name, one)
    else (host as Record<string, unknown>)[key] = value
  }
}

/** Links are told by name: `ip addr` and `ip link` speak of the same ones. */
function joined(key: keyof Host, old: readonly unknown[], more: readonly unknown[]): unknown[] {
  if (key !== 'links') return [...old, ...more]
  const links = new Map<string, object>()
  for (const link of [...old, ...more] as { name: string }[]) links.set(link.name, { ...links.get(link.name), ...link })
  return [...links.values()]
}
