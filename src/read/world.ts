/** Rulesets and host state, file by file, into one World. */
import { collectInto, type Diagnostic, type Report } from '../model/diagnostic.ts'
import type { Host } from '../model/host.ts'
import { isOwnTable, markOwn } from '../model/own-table.ts'
import type { NamedSet, Rule, Table } from '../model/ruleset.ts'
import { emptyWorld, type World } from '../model/world.ts'
import { refusalOf } from '../rules/chain-loops.ts'
import { isUnshown } from '../rules/end-policy.ts'
import { mergeHost, saySame } from './host/merge.ts'
import type { Recognised } from './recognise.ts'
import { isMisread } from './rulesets/bridge-arp/formats.ts'
import { hiddenWords } from './rulesets/hidden-words.ts'

/** What one file says of a machine, not yet laid together with others. */
export interface Part {
  input: string
  kind: 'ruleset' | 'host'
  /** How much of it could not be read as it is. */
  damage: number
  warnings: Diagnostic[]
  host: Partial<Host>[]
  /** Rulesets that it holds, one after the other, and the sets that host state has. */
  dumps: Dump[]
}

export interface Dump {
  tables: Table[]
  sets: NamedSet[]
  /** When it was saved, in its tool's own words. */
  date?: string
  /** Where its tool says so: of iptables-legacy, or of iptables-nft. */
  backend?: 'legacy' | 'nft'
  /** `partial`: its command prints some tables only. `script`: all that is there. */
  shows?: 'partial' | 'script'
}

/** Reads one file, whose format's `load` has been waited for; never throws else. */
export function readPart(input: string, text: string, recognised: Exclude<Recognised, { kind: 'capture' }>): Part {
  const part: Part = { input, kind: recognised.kind, damage: 0, warnings: [], host: [], dumps: [] }
  const warn = collectInto(part.warnings, input)
  const report: Report = (code, message, line, count = 1) => {
    part.damage += count
    warn(code, message, line, count)
  }
  if (recognised.kind === 'host') {
    const { host, sets } = recognised.format.read(text, report)
    if (host) part.host.push(host)
    if (sets) part.dumps.push({ tables: [], sets })
    return part
  }
  for (const { tables, sets = [], host, date, backend, partial } of recognised.format.read(text, report)) {
    for (const table of tables) {
      files.set(table, input)
      markOwn(table)
      if (partial && isPartly(table)) table.partly = true
    }
    for (const table of tables) tellRefusal({ ...table, ...(backend ? { backend } : {}) }, sets, part)
    const shows = partial ? 'partial' : recognised.format.id === 'shell-script' ? 'script' : undefined
    part.dumps.push({
      tables,
      sets,
      ...(date === undefined ? {} : { date }),
      ...(backend ? { backend } : {}),
      ...(shows ? { shows } : {}),
    })
    if (host) part.host.push(host)
  }
  return part
}

/** It cannot have been in force so; what was read is right all the same. */
function tellRefusal(table: Table, sets: readonly NamedSet[], { input, warnings }: Part): void {
  const refused = refusalOf(table, sets)
  if (!refused) return
  const { code, message, rule } = refused
  warnings.push({ input, code, message, ...(rule.line === undefined ? {} : { line: rule.line }) })
}

/** Not told by the tables themselves: the same rules are the same, whichever file has them. */
const files = new WeakMap<Table, string>()

/** Name of the input that a table was read from; undefined for one that was changed since. */
export const fileOf = (table: Table): string | undefined => files.get(table)

interface Twice {
  kept: string
  left: string
}

/** One machine's files, in any order, → its World. */
export class WorldBuilder {
  readonly world: World = emptyWorld()
  readonly warnings: Diagnostic[] = []
  /** Which input a table or set came from, and how damaged that input was. */
  private readonly origins = new Map<object, { input: string; damage: number }>()
  /** Where tables and sets stand in the World's lists: of tables with the same family and name all places. */
  private readonly tablePlaces = new Map<string, number[]>()
  private readonly setPlaces = new Map<string, number>()
  /** What was told of each input. */
  private readonly reports = new Map<string, Report>()

  /** As readPart. */
  add(input: string, text: string, recognised: Exclude<Recognised, { kind: 'capture' }>): void {
    const part = readPart(input, text, recognised)
    for (const one of part.warnings) this.warnings.push(one)
    this.addPart(part)
  }

  /** Without the part's own warnings. `wanted`: of its tables and sets, where not all count. */
  addPart({ input, damage, host, dumps }: Part, wanted: (one: Table | NamedSet) => boolean = () => true): void {
    for (const one of host) mergeHost(this.world.host, one)
    for (const { tables, sets } of dumps) {
      for (const table of tables) if (wanted(table)) this.addTable(table, input, damage)
      for (const set of sets) if (wanted(set)) this.addSet(set, input, damage)
    }
  }

  /** Two files may hold the same table: the less damaged one counts, else the later one; that is told. */
  private addTable(table: Table, input: string, damage: number): void {
    const { tables } = this.world
    // of a trace session: listed while it ran, and known from the session itself
    if (isOwnTable(table.name) && tables.some(({ name }) => name === table.name)) return
    const places = this.placesOf(table)
    const find = (is: (one: Table) => boolean) => places.find((place) => is(tables[place]!))
    const twin = find((one) => isTwin(one, table))
    if (twin !== undefined) {
      const [one, better] = [tables[twin]!, betterTold(tables[twin]!, table)]
      tables[twin] = better
      this.origins.set(better, { input, damage })
      // its lines are those of the file in whose words it is told
      const worded = better.kind === one.kind ? one : table
      files.set(better, fileOf(worded) ?? input)
      return
    }
    const beside = find(
      (one) => one.kind === table.kind && !areApart(one, table) && (one.partly === true || table.partly === true),
    )
    if (beside !== undefined) {
      const joined = joinPartly(tables[beside]!, table)
      this.origins.set(joined, this.origins.get(tables[beside]!)!)
      const file = fileOf(tables[beside]!.partly ? table : tables[beside]!)
      if (file !== undefined) files.set(joined, file)
      tables[beside] = joined
      return
    }
    const rival = find((one) => one.kind === table.kind && areApart(one, table))
    const same = find((one) => one.kind === table.kind && !areApart(one, table))
    if (same === undefined) places.push(tables.length)
    const twice = this.put(tables, same, table, input, damage)
    if (rival !== undefined && same === undefined) this.tellBoth(rival, table, input)
    if (!twice) return
    const message = `table ${table.name} (${table.family}) is also in ${twice.kept}; the version there is used`
    this.tell(twice.left, 'table-twice', message)
  }

  private placesOf({ family, name }: Table): number[] {
    const key = `${family} ${name}`
    const places = this.tablePlaces.get(key) ?? []
    this.tablePlaces.set(key, places)
    return places
  }

  private tell(input: string, code: string, message: string): void {
    const report = this.reports.get(input) ?? collectInto(this.warnings, input)
    this.reports.set(input, report)
    report(code, message)
  }

  /** Of the two, the legacy one stands first, for the first of a name is asked: it is what the kernel's log traces. */
  private tellBoth(rival: number, table: Table, input: string): void {
    const { tables } = this.world
    const other = tables[rival]!
    if (table.backend === 'legacy') [tables[rival], tables[tables.length - 1]] = [table, other]
    const message =
      `table ${table.name} (${table.family}) exists twice, in iptables-legacy and in iptables-nft. ` +
      'Packets traverse both. A trace in the kernel log shows the legacy table; nfwhy simulates with the legacy table'
    this.tell(input, 'both-backends', message)
  }

  /** As with tables; where both files say the same of an ipset there is nothing to tell. */
  private addSet(set: NamedSet, input: string, damage: number): void {
    const { sets } = this.world
    const key = setKey(set)
    const same = this.setPlaces.get(key)
    if (same === undefined) this.setPlaces.set(key, sets.length)
    const before = same === undefined ? undefined : sets[same]
    const twice = this.put(sets, same, set, input, damage)
    if (!twice || !before || saySame(before, set)) return
    const message = `set ${set.name} is also in ${twice.kept}; the version there is used`
    this.tell(twice.left, 'set-twice', message)
  }

  /** Tells which input counts and which does not, where `same` is a place in the list. */
  private put<T extends object>(
    list: T[],
    same: number | undefined,
    one: T,
    input: string,
    damage: number,
  ): Twice | undefined {
    this.origins.set(one, { input, damage })
    if (same === undefined) {
      list.push(one)
      return undefined
    }
    const other = list[same]!
    const before = this.origins.get(other)!
    if (before.damage < damage) return { kept: before.input, left: input }
    list[same] = one
    return { kept: input, left: before.input }
  }
}

/** Of some of its chains the listing says nothing. */
const isPartly = (table: Table): boolean =>
  table.partly === true ||
  (table.kind === 'iptables' &&
    [...table.chains.values()].some(({ hook, policy, rules }) => hook && policy === undefined && rules.length === 0))

/** Chains that one of two listings shows, as the later one has them; what is whole is not made less by a part of it. */
function joinPartly(one: Table, other: Table): Table {
  const [whole, part] = one.partly && !other.partly ? [other, one] : [one, other]
  if (!whole.partly) return whole
  const chains = new Map(whole.chains)
  for (const [name, chain] of part.chains) if (!chains.has(name) || !isUnshown(part, chain)) chains.set(name, chain)
  return { ...whole, chains }
}

/** What iptables-nft made, as iptables-nft-save lists it and as nft does: one table in two languages. */
const isTwin = (one: Table, other: Table): boolean =>
  one.kind !== other.kind &&
  one.family === other.family &&
  one.name === other.name &&
  (one.kind === 'nft' ? other : one).backend === 'nft'

/** Without those of tables that only nft can show, where its listing shows them. */
export function withoutShown(warnings: readonly Diagnostic[], tables: readonly Table[]): Diagnostic[] {
  const shown = new Set(tables.flatMap(({ kind, name }) => (kind === 'nft' ? [hiddenWords(name)] : [])))
  return warnings.filter(({ code, message }) => code !== 'incompatible-table' || !shown.has(message))
}

/**
 * As iptables words it: what nft adds to such a table in words of its own, iptables may refuse to list, with all of the
 * table (`incompatible, use 'nft' tool`), and nft does not read what it prints of `xt match`. As nft does, where iptables
 * says less, or has chains that iptables leaves out: those of a name or priority that is not iptables' own.
 */
function betterTold(one: Table, other: Table): Table {
  const [nft, iptables] = one.kind === 'nft' ? [one, other] : [other, one]
  // that of a table without chains has only those that iptables would make
  const leavesOut = [...nft.chains.keys()].some((name) => !iptables.chains.has(name))
  if (nft.chains.size === 0 || leavesOut) return nft
  const told = inBothWords(iptables, nft)
  if (unknowns(told ?? iptables) > unknowns(nft) || (told && told.kind !== 'iptables' && isMisread(told, nft)))
    return nft
  return told ?? (unknowns(nft) > unknowns(iptables) ? withoutUnmade(iptables, nft) : nft)
}

/**
 * With nft's words for the rules, and the handles that a trace names them by, where they are listed (`nft -a`); undefined where
 * the lists do not say the same.
 */
function inBothWords(iptables: Table, nft: Table): Table | undefined {
  if (nft.flags || nft.flowtables?.size || nft.objects?.size) return undefined
  // iptables lists a base chain that nobody has made yet as well, and no packet passes that
  const chains: Table['chains'] = new Map()
  for (const [name, { rules, handle }] of nft.chains) {
    const chain = iptables.chains.get(name)
    if (chain?.rules.length !== rules.length) return undefined
    const told = chain.rules.map((rule, i) => clearer(rule, rules[i]!))
    chains.set(name, { ...chain, rules: told, ...(handle === undefined ? {} : { handle }) })
  }
  return { ...iptables, chains, ...(nft.handle === undefined ? {} : { handle: nft.handle }) }
}

/** One rule in both languages: where iptables' words leave open what it matches, nft's may not, as of `-m policy`. */
const clearer = (rule: Rule, nft: Rule): Rule => ({
  ...rule,
  ...(isUnclear(rule) && !isUnclear(nft) ? { conditions: nft.conditions, statements: nft.statements } : {}),
  ...(nft.handle === undefined ? {} : { handle: nft.handle }),
  nftText: nft.text,
})

/** iptables lists a built-in chain that is not there, too. */
const withoutUnmade = (iptables: Table, nft: Table): Table => ({
  ...iptables,
  chains: new Map([...iptables.chains].filter(([name, { hook }]) => hook === undefined || nft.chains.has(name))),
})

const unknowns = ({ chains }: Table): number =>
  [...chains.values()].reduce((sum, { rules }) => sum + rules.filter(isUnclear).length, 0)

const isUnclear = ({ conditions, statements }: Rule): boolean =>
  conditions.some(({ kind }) => kind === 'unknown') || statements.some(({ kind }) => kind === 'unknown')

/** The same for the same table, whenever it was saved. */
export const tableKey = ({ family, name, kind, backend }: Table): string =>
  `${kind}${backend === 'nft' ? ' of nf_tables' : ''} ${family} ${name}`

export const setKey = ({ family, table, name }: NamedSet): string => `set ${family ?? ''} ${table ?? ''} ${name}`

/** iptables-legacy and iptables-nft have tables of the same names, each its own. */
const areApart = (one: Table, other: Table): boolean =>
  one.backend !== undefined && other.backend !== undefined && one.backend !== other.backend
