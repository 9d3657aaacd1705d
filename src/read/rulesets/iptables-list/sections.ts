/** Cuts `iptables -L` text into tables, chains and their lines. */

import type { Counters } from '../../../model/counters.ts'
import type { Report } from '../../../model/diagnostic.ts'
import { IPTABLES_HOOKS, IPTABLES_TABLES } from '../../../model/hook.ts'
import { countersOf } from '../counters.ts'
import { isElision } from '../elision.ts'
import { promptedTools } from '../prompted-tool.ts'
import { BARE_CHAIN, CHAIN, HEADER } from './headings.ts'
import { type Columns, type Row, readRow } from './row.ts'

export interface ListedRow {
  row: Row
  line: number
}

/** In place of rules that were left out. */
export interface LeftOut {
  elided: string
  line: number
}

export interface ListedChain {
  name: string
  line: number
  policy?: string
  counters?: Counters
  rows: (ListedRow | LeftOut)[]
}

/** One table as far as it is listed. */
export interface ListedTable {
  /** Absent: the text does not say. */
  name?: string
  family?: 'ip' | 'ip6'
  backend?: 'legacy' | 'nft'
  /** Without `-v`. */
  brief: boolean
  line: number
  chains: ListedChain[]
}

/** `Table: nat`, `NAT Table`: what scripts that collect listings write above them. */
const HEADING = /^\W*(?:table[:\s]+(\w+)|(\w+) table(?: \(v[46]\))?)\W*$/i
const WARNING = /^# Warning: ip6?tables-legacy tables present/
const NOISE = /^\s*(?:$|#|\$|Counters reset )/

export function readSections(text: string, report: Report): ListedTable[] {
  return new SectionReader(report).read(text)
}

type Told = Pick<ListedTable, 'name' | 'family' | 'backend'>

class SectionReader {
  private readonly tables: ListedTable[] = []
  private table: ListedTable | undefined
  private chain: ListedChain | undefined
  /** Of the table's chains so far. */
  private names = new Set<string>()
  private columns: Columns = { numbered: false, verbose: false }
  /** What the next table is said to be. */
  private told: Told = {}
  /** What those behind it are, where one line asks for several. */
  private nextTold: Told[] = []
  private readonly report: Report

  constructor(report: Report) {
    this.report = report
  }

  read(text: string): ListedTable[] {
    text.split(/\r\n|\n|\r/).forEach((line, i) => {
      this.readLine(line, i + 1)
    })
    return this.tables
  }

  private readLine(line: string, number: number): void {
    const header = HEADER.exec(line)
    if (header) {
      this.columns = { numbered: header[1] !== undefined, verbose: header[2] !== undefined }
      // the brief form is so for a whole table
      if (this.table) this.table.brief = !this.columns.verbose
      return
    }
    const chain = CHAIN.exec(line)
    if (chain) {
      this.openChain(chain, number)
      return
    }
    if (this.readHeading(line, number)) return
    const row = this.chain && readRow(line, this.columns)
    if (row) this.chain!.rows.push({ row, line: number })
    else if (this.chain && isElision(line)) this.chain.rows.push({ elided: line.trim(), line: number })
    else if (!NOISE.test(line)) this.report('skipped-lines', 'this line is not iptables -L text', number)
  }

  /** What stands above a table or chain and names it. */
  private readHeading(line: string, number: number): boolean {
    const bare = BARE_CHAIN.exec(line)
    if (bare) {
      this.told = { name: bare[1]! }
      this.columns = { numbered: false, verbose: false }
      const goesOn = this.table?.name === bare[1] && !this.names.has(bare[2]!)
      if (!goesOn) this.openTable(number)
      this.chain = { name: bare[2]!, line: number, rows: [] }
      this.table!.chains.push(this.chain)
      this.names.add(bare[2]!)
      return true
    }
    if (WARNING.test(line)) {
      const message = 'there are rules of iptables-legacy, too, which this file does not show'
      this.report('legacy-tables-present', message, number)
      return true
    }
    const [prompted, ...others] = line.length < 400 ? promptedTools(line) : []
    const [, after, before] = HEADING.exec(line.slice(0, 80)) ?? []
    const name = prompted?.table ?? (after ?? before)?.toLowerCase()
    if (name === undefined || !Object.hasOwn(IPTABLES_TABLES, name)) return false
    this.told = { name, ...familyAndBackend(prompted) }
    this.nextTold = others.map((one) => ({ ...(one.table ? { name: one.table } : {}), ...familyAndBackend(one) }))
    this.table = this.chain = undefined
    return true
  }

  private openChain([, name = '', policy, packets, bytes]: RegExpExecArray, number: number): void {
    if (!this.table || this.beginsTable(name)) this.openTable(number)
    this.chain = { name, line: number, rows: [] }
    if (policy !== undefined) this.chain.policy = policy
    const counters = countersOf(packets, bytes)
    if (counters) this.chain.counters = counters
    this.table!.chains.push(this.chain)
    this.names.add(name)
  }

  /** Built-in chains stand first in their table: one that comes again, behind others or is of another table begins a new one. */
  private beginsTable(name: string): boolean {
    const { chains } = this.table!
    if (this.names.has(name)) return true
    if (!Object.hasOwn(IPTABLES_HOOKS, name)) return false
    const own = this.table!.name === undefined ? undefined : IPTABLES_TABLES[this.table!.name]
    if (own && !own.includes(name)) return true
    const names = [...chains.map((one) => one.name), name]
    if (names.some((one) => !Object.hasOwn(IPTABLES_HOOKS, one))) return true
    const tables = Object.values(IPTABLES_TABLES).filter((builtIn) => names.every((one) => builtIn.includes(one)))
    // in the order of hooks, no table's chains begin with all of another's
    return tables.length === 0 || Object.values(IPTABLES_TABLES).some((builtIn) => isAll(builtIn, chains))
  }

  private openTable(line: number): void {
    this.table = { ...this.told, brief: !this.columns.verbose, line, chains: [] }
    // what was asked for by name is this one; the tool stays the same
    const { name: _, ...tool } = this.told
    this.told = this.nextTold.shift() ?? tool
    this.tables.push(this.table)
    this.names = new Set()
  }
}

const isAll = (builtIn: readonly string[], chains: readonly ListedChain[]): boolean =>
  builtIn.length === chains.length && chains.every(({ name }) => builtIn.includes(name))

const familyAndBackend = (
  header: ReturnType<typeof promptedTools>[number] | undefined,
): Pick<ListedTable, 'family' | 'backend'> => ({
  ...(header?.family ? { family: header.family } : {}),
  ...(header?.backend ? { backend: header.backend } : {}),
})
