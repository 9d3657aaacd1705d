/** A ruleset while commands build it. */
import type { Report } from '../../../model/diagnostic.ts'
import type { Chain, NamedSet, RuleFamily, Table } from '../../../model/ruleset.ts'
import type { SetElement } from '../../../model/set-element.ts'
import { elementKey, sortedElements } from './elements.ts'

export interface Owned {
  family: RuleFamily
  table: string
  name: string
}

/** A set with its elements by their keys, so that thousands are added and found fast. */
export interface DraftSet {
  set: NamedSet
  byKey: Map<string, SetElement>
}

export class Draft {
  line: number | undefined
  private readonly report: Report
  private readonly tables = new Map<string, Table>()
  readonly sets = new Map<string, DraftSet>()

  /** `tables` and `sets`: what is there already; it is copied where it may change. */
  constructor(report: Report, tables: Iterable<Table> = [], sets: Iterable<NamedSet> = []) {
    this.report = report
    for (const table of tables) this.tables.set(`${table.family} ${table.name}`, copyOf(table))
    for (const set of sets)
      if (set.family !== undefined && set.table !== undefined)
        this.sets.set(setKey({ family: set.family, table: set.table, name: set.name }), {
          set: { ...set },
          byKey: new Map(set.elements.map((element) => [elementKey(element), element])),
        })
  }

  tell(code: string, message: string): void {
    this.report(code, message, this.line)
  }

  /** A table that nobody declared is made, so that what belongs to it is kept. */
  table(family: RuleFamily, name: string): Table {
    const key = `${family} ${name}`
    let table = this.tables.get(key)
    if (!table) {
      table = { family, name, kind: 'nft', chains: new Map() }
      this.tables.set(key, table)
    }
    return table
  }

  existing(family: RuleFamily, name: string): Table | undefined {
    return this.tables.get(`${family} ${name}`)
  }

  allTables(): Table[] {
    return [...this.tables.values()]
  }

  removeTable({ family, name }: Table): void {
    this.tables.delete(`${family} ${name}`)
    for (const [key, { set }] of this.sets) if (set.family === family && set.table === name) this.sets.delete(key)
  }

  finish(): { tables: Table[]; sets: NamedSet[] } {
    const sets = [...this.sets.values()].map(({ set, byKey }) => ({
      ...set,
      elements: sortedElements([...byKey.values()], set.type),
    }))
    for (const table of this.tables.values())
      for (const chain of table.chains.values())
        chain.rules.forEach((rule, i) => {
          rule.ruleNumber = i + 1
        })
    return { tables: this.allTables(), sets }
  }
}

function copyOf(table: Table): Table {
  const chains = [...table.chains].map(([name, chain]): [string, Chain] => [
    name,
    { ...chain, rules: chain.rules.map((rule) => ({ ...rule })) },
  ])
  const { flowtables, objects } = table
  return {
    ...table,
    chains: new Map(chains),
    ...(flowtables ? { flowtables: new Map(flowtables) } : {}),
    ...(objects ? { objects: new Map(objects) } : {}),
  }
}

export const setKey = ({ family, table, name }: Owned): string => `${family} ${table} ${name}`

/** One name or several → a sorted list; undefined for none. */
export const namesOf = (names: string | readonly string[] | undefined): string[] | undefined =>
  names === undefined || names.length === 0 ? undefined : (typeof names === 'string' ? [names] : [...names]).sort()

/** What is given, without what is not. */
export function given<T extends object>(properties: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as never
}
