/** A ruleset while commands build it. */
import type { Report } from '../../../model/diagnostic.ts'
import type { NamedSet, RuleFamily, SetElement, Table } from '../../../model/ruleset.ts'
import { sortedElements } from './elements.ts'

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

  constructor(report: Report) {
    this.report = report
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

export const setKey = ({ family, table, name }: Owned): string => `${family} ${table} ${name}`

/** One name or several → a sorted list; undefined for none. */
export const namesOf = (names: string | readonly string[] | undefined): string[] | undefined =>
  names === undefined || names.length === 0 ? undefined : (typeof names === 'string' ? [names] : [...names]).sort()

/** What is given, without what is not. */
export function given<T extends object>(properties: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as never
}
