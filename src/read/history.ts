/**
 * One machine's files → its World; or several Worlds, where its rules were saved more than once and differ: each has the
 * rules that were in force from when they were saved, and knows the one before and behind it.
 */
import type { Diagnostic } from '../model/diagnostic.ts'
import { isOwnTable } from '../model/own-table.ts'
import type { NamedSet, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { type Choices, findChoices, type Held } from './alternatives.ts'
import { dateInHeader, dateInName, type SavedAt, savedAtText } from './saved-at.ts'
import { aloneWords, besideWords, unlistedTables } from './unlisted.ts'
import { type Dump, fileOf, type Part, setKey, tableKey, WorldBuilder, withoutShown } from './world.ts'

/** A part, and where it lay. */
export interface Filed {
  part: Part
  /** The names of file and folders, the file's own first. */
  names: readonly string[]
  /** Seconds since 1970, of a file in an archive. */
  mtime?: number
}

/** One of several rulesets of which nothing but a trace can tell which was in force. */
export interface Alternative {
  world: World
  /** The files that it is from, where others say otherwise. */
  files: readonly string[]
}

export interface History {
  /** The latest. */
  world: World
  /** All, in time; one where rules are known only as they were once. */
  worlds: readonly { world: World; from: SavedAt }[]
  /** The first has the World above; `told` are the warnings that it was chosen. */
  alternatives?: { list: readonly Alternative[]; untried: number; told: readonly Diagnostic[] }
}

type Ruled = Table | NamedSet

/** What of the parts' own warnings there is to tell goes to `warnings`. */
export function makeHistory(files: readonly Filed[], warnings: Diagnostic[]): History {
  const listed = files.flatMap(({ part }) => part.dumps.flatMap(({ tables }) => tables))
  for (const { part } of files) for (const one of withoutShown(part.warnings, listed)) warnings.push(one)
  const times = savingTimes(files)
  const all = new Map<string, { one: Ruled; at: SavedAt | undefined }[]>()
  for (const { part } of files)
    for (const dump of part.dumps)
      for (const one of ruled(dump)) {
        const version = { one, at: times.get(dump) }
        const versions = all.get(keyOf(one))
        if (versions) versions.push(version)
        else all.set(keyOf(one), [version])
      }
  // what is in two files of the same or of no time is for the builder to choose from, and to tell
  const changing = [...all.values()].filter((versions) => isHistory(versions))
  const moments = changes(changing)
  const build = (moment: number | undefined, report: boolean, others?: ReadonlySet<Ruled>) => {
    const builder = new WorldBuilder()
    const left = new Set(changing.flatMap((versions) => superseded(versions, moment)))
    for (const { part } of files) builder.addPart(part, (one) => !left.has(one) && !others?.has(one))
    const { world } = builder
    const dumps = files.flatMap(({ part }) => part.dumps)
    const unlisted = unlistedTables(dumps, world)
    if (unlisted) world.unlisted = unlisted
    if (world.tables.length === 0 && files.some(({ part }) => listsNothing(part))) world.hasNoRules = true
    if (report) for (const one of builder.warnings) warnings.push(one)
    const alone = report ? (aloneWords(dumps, world) ?? besideWords(dumps, world)) : undefined
    if (alone !== undefined) warnings.push({ input: fileOf(world.tables[0]!) ?? '', code: 'one-table', message: alone })
    return world
  }
  if (moments.length < 2) {
    const before = warnings.length
    const world = build(undefined, true)
    const worlds = moments.map((from) => ({ world, from }))
    const { list, untried } = choicesAmong(files, all, new Set(changing))
    if (list.length < 2) return { world, worlds }
    const told = warnings.slice(before).filter(({ code }) => code === 'table-twice' || code === 'set-twice')
    const alternatives = list.map((one, i) => ({
      world: i === 0 ? world : build(undefined, false, one.left),
      files: one.files,
    }))
    return { world, worlds, alternatives: { list: alternatives, untried, told } }
  }
  const worlds = moments.map((from, i) => ({ from, world: build(from.clock, i === moments.length - 1) }))
  for (const [i, { world, from }] of worlds.entries()) {
    world.saved = { at: savedAtText(from) }
    const [before, next] = [worlds[i - 1], worlds[i + 1]]
    if (before) world.saved.before = before.world
    if (next) world.saved.next = next.world
  }
  return { world: worlds.at(-1)!.world, worlds }
}

/** What is held twice and is no history. */
function choicesAmong(
  files: readonly Filed[],
  all: ReadonlyMap<string, readonly Version[]>,
  changing: ReadonlySet<readonly Version[]>,
): Choices<Ruled> {
  const held: Held<Ruled>[] = []
  for (const { part } of files)
    for (const one of part.dumps.flatMap(ruled)) {
      if (isOwnTable('chains' in one ? one.name : one.table)) continue
      const key = keyOf(one)
      const versions = all.get(key)!
      if (versions.length > 1 && !changing.has(versions)) held.push({ key, contents: contents(one), one, part })
    }
  return findChoices(held)
}

/** `nft -j list ruleset` of a machine without rules; a damaged file of which no table is left says nothing. */
const listsNothing = ({ kind, damage, dumps }: Part): boolean =>
  kind === 'ruleset' && damage === 0 && dumps.every(({ tables }) => tables.length === 0)

const ruled = ({ tables, sets }: Dump): Ruled[] => [...tables, ...sets]
const keyOf = (one: Ruled): string => ('chains' in one ? tableKey(one) : setKey(one))

interface Version {
  one: Ruled
  at: SavedAt | undefined
}

/** Is it known of all but one when they were saved, and were they saved at several times? */
function isHistory(versions: readonly Version[]): boolean {
  const clocks = versions.flatMap(({ at }) => (at ? [at.clock] : []))
  return clocks.length === versions.length && new Set(clocks).size > 1
}

/** The moments from which on other rules were saved than before; the first is when any were. */
function changes(changing: readonly (readonly Version[])[]): SavedAt[] {
  const moments = new Map<number, SavedAt>()
  for (const versions of changing) {
    const inTime = [...versions].sort((a, b) => a.at!.clock - b.at!.clock)
    for (const [i, { one, at }] of inTime.entries())
      if (i === 0 || contents(one) !== contents(inTime[i - 1]!.one)) moments.set(at!.clock, at!)
  }
  const sorted = [...moments.values()].sort((a, b) => a.clock - b.clock)
  // rules of several tables are saved one after the other, all of them for the first time
  const firsts = changing.map((versions) =>
    versions.reduce((first, { at }) => Math.min(first, at!.clock), Number.POSITIVE_INFINITY),
  )
  const begun = firsts.reduce((latest, first) => Math.max(latest, first), 0)
  return sorted.filter(({ clock }, i) => clock > begun || sorted[i + 1] === undefined || sorted[i + 1]!.clock > begun)
}

/** All but the one in force at that moment: the latest until then, else the earliest. Undefined: the latest of all. */
function superseded(versions: readonly Version[], moment = Number.POSITIVE_INFINITY): Ruled[] {
  const inTime = [...versions].sort((a, b) => a.at!.clock - b.at!.clock)
  const inForce = inTime.findLast(({ at }) => at!.clock <= moment) ?? inTime[0]!
  return inTime.flatMap(({ one }) => (one === inForce.one ? [] : [one]))
}

/** Without what counts or passes by itself. */
function contents(one: Ruled): string {
  if ('elements' in one)
    return JSON.stringify([
      one.type,
      one.elements.map(({ parts, nomatch, data }) => `${parts} ${nomatch} ${data}`).sort(),
    ])
  return JSON.stringify(
    [...one.chains.values()].map(({ name, policy, rules }) => [name, policy, rules.map(({ text }) => text)]),
  )
}

/** By the comment in it, by the names around it, by when the file was written: the first of these that all can tell. */
function savingTimes(files: readonly Filed[]): ReadonlyMap<Dump, SavedAt> {
  const times = new Map<Dump, SavedAt>()
  for (const { part, names, mtime } of files)
    for (const dump of part.dumps) {
      const told = (dump.date === undefined ? undefined : dateInHeader(dump.date)) ?? dateAmong(names)
      const at = told ?? (mtime === undefined || mtime <= 0 ? undefined : { clock: mtime * 1e6, utc: true })
      if (at) times.set(dump, at)
    }
  return times
}

function dateAmong(names: readonly string[]): SavedAt | undefined {
  for (const name of names) {
    const found = dateInName(name)
    if (found) return found
  }
  return undefined
}
