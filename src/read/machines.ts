/**
 * Which files are of one machine. A bundle may hold several hosts, or several network namespaces, each in a folder of its
 * own: then two folders say the same thing (a table, the links) otherwise, or each has a capture and what it was taken
 * with. Folders that only sort one machine's files (`rules/`, `host/`), or that are named by a date, are none; but dated
 * ones whose machines name themselves otherwise are several.
 */

import type { Filed } from './history.ts'
import { dateInName } from './saved-at.ts'
import { tableKey } from './world.ts'

/** A file that counts, by the folders that lead to it, the outermost first. */
export interface Placed<C> {
  folders: readonly string[]
  /** One of both. */
  filed?: Filed
  capture?: C
  /** How a capture begins: a log of several hosts names them. */
  head?: string
}

export interface MachineFiles<C> {
  /** As its folder is named; undefined where there is only one machine, or for what lies above all folders. */
  name?: string
  files: Filed[]
  captures: C[]
}

/** In the order of files. What lies above several machines and is none by itself (`uname`, sysctls) is of all of them. */
export function findMachines<C>(placed: readonly Placed<C>[]): MachineFiles<C>[] {
  const root = new Folder<C>([])
  for (const one of placed) root.add(one)
  const machines = split(root)
  if (machines.length === 0) return [{ files: [], captures: [] }]
  const [only] = machines
  if (only && machines.length === 1) return [filesOf(only.all)]
  return machines.map(({ all, path }, i) => {
    const name = shortName(path, i, machines)
    return { ...filesOf(all), ...(name === '' ? {} : { name }) }
  })
}

/** The innermost of its folders whose name no other machine's path has; the whole path where all are shared. */
function shortName(path: readonly string[], me: number, machines: readonly { path: readonly string[] }[]): string {
  const unique = path.findLast((name) => !machines.some((other, i) => i !== me && other.path.includes(name)))
  return unique ?? path.join('/')
}

const filesOf = <C>(all: readonly Placed<C>[]): MachineFiles<C> => ({
  files: all.flatMap(({ filed }) => (filed ? [filed] : [])),
  captures: all.flatMap(({ capture }) => (capture === undefined ? [] : [capture])),
})

/** Files that belong together, and what tells whether others are of the same machine. */
class Content<C> {
  readonly all: Placed<C>[] = []
  readonly tables = new Set<string>()
  readonly host = new Set<string>()
  captures = 0
  /** As the machine names itself. */
  hostName: string | undefined
  /** One of several folders of one machine, each named by a date. */
  isOfATime = false
  private readonly heads: string[] = []
  /** Folders that all of them are in. */
  readonly path: readonly string[]

  constructor(path: readonly string[], all: readonly Placed<C>[]) {
    this.path = path
    for (const one of all) this.add(one)
  }

  add(one: Placed<C>): void {
    this.all.push(one)
    if (one.capture !== undefined) this.captures++
    if (one.head !== undefined) this.heads.push(one.head)
    for (const { tables, backend = '' } of one.filed?.part.dumps ?? [])
      for (const table of tables) this.tables.add(`${backend} ${tableKey(table)}`)
    for (const host of one.filed?.part.host ?? []) {
      for (const key of Object.keys(host)) this.host.add(key)
      this.hostName ??= host.name
    }
  }

  /** Could it be all that there is of a machine? */
  get isWhole(): boolean {
    return this.tables.size > 0 || this.captures > 0
  }

  /** Does one of its captures speak of a host of this name, as logs that are gathered from many do? */
  names(host: string | undefined): boolean {
    return host !== undefined && this.heads.some((head) => head.split(/[\s"]+/).includes(host))
  }

  get hasWorld(): boolean {
    return this.tables.size > 0 || this.host.size > 0
  }
}

class Folder<C> {
  readonly path: readonly string[]
  readonly own: Placed<C>[] = []
  readonly folders = new Map<string, Folder<C>>()

  constructor(path: readonly string[]) {
    this.path = path
  }

  add(one: Placed<C>): void {
    let folder: Folder<C> = this
    for (const [i, name] of one.folders.entries()) {
      let next = folder.folders.get(name)
      if (!next) {
        next = new Folder(one.folders.slice(0, i + 1))
        folder.folders.set(name, next)
      }
      folder = next
    }
    folder.own.push(one)
  }
}

/** The machines in a folder; one, or none where it is empty. */
function split<C>(folder: Folder<C>): Content<C>[] {
  const machines: Content<C>[] = []
  const candidates: Content<C>[] = []
  for (const child of folder.folders.values()) {
    const found = split(child)
    for (const one of found) (found.length > 1 ? machines : candidates).push(one)
  }
  const areNamedApart = new Set(candidates.flatMap(({ hostName }) => hostName ?? [])).size > 1
  for (const one of candidates) one.isOfATime = !areNamedApart && dateInName(one.path.at(-1) ?? '') !== undefined
  const own = new Content(folder.path, folder.own)
  const isLogOfMany = own.tables.size === 0 && candidates.some(({ path }) => own.names(path.at(-1)))
  const separate = candidates.filter(
    (one) =>
      isMachine(one, own) || ((isLogOfMany || maySeparate(one, own)) && candidates.some((other) => areTwo(one, other))),
  )
  for (const one of candidates) if (!separate.includes(one)) for (const file of one.all) own.add(file)
  for (const one of separate) machines.push(one)
  if (machines.length === 0) return own.all.length === 0 ? [] : [narrow(own, folder, candidates)]
  if (own.isWhole) return [own, ...machines]
  return machines.map((one) => new Content(one.path, [...own.all, ...one.all]))
}

/** Named by the innermost folder that holds all of it. */
const narrow = <C>(own: Content<C>, folder: Folder<C>, candidates: readonly Content<C>[]): Content<C> =>
  folder.own.length === 0 && candidates.length === 1 ? candidates[0]! : own

/** Rules of several times lie beside the capture that they were saved for. */
const maySeparate = (one: Content<unknown>, own: Content<unknown>): boolean =>
  one.isWhole && !one.isOfATime && !(own.captures > 0 && own.tables.size === 0 && one.captures === 0)

/** A namespace's folder inside its host's. */
const isMachine = (one: Content<unknown>, own: Content<unknown>): boolean =>
  maySeparate(one, own) &&
  own.isWhole &&
  (overlap(one.host, own.host) || (one.captures > 0 && own.captures > 0 && overlap(one.tables, own.tables)))

const areTwo = (one: Content<unknown>, other: Content<unknown>): boolean =>
  one !== other &&
  other.isWhole &&
  !other.isOfATime &&
  (overlap(one.tables, other.tables) ||
    overlap(one.host, other.host) ||
    (one.captures > 0 && other.captures > 0 && one.hasWorld && other.hasWorld))

const overlap = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean =>
  [...one].some((key) => other.has(key))
