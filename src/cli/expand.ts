/** The words of the command line → the files they stand for: folders walked, and each file once. */
import { fstatSync, readdirSync, type Stats, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Report } from '../model/diagnostic.ts'
import { printable } from '../model/printable.ts'
import { reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'
import type { Recognised } from '../read/recognise.ts'

/** A file that was named, or found in a folder that was. */
export interface Named {
  name: string
  /** STDIN for standard input. */
  path: string
  stats: Stats
  /** The folders that it was found in, from the one that was named on; empty for a file that was named itself. */
  folders: readonly string[]
  /** Found in a folder: if it cannot be read, the others still can. */
  found?: true
  /** What `--as` says it is. */
  as?: Recognised
}

export const STDIN = '-'
/** Opening these anew fails where standard input is a socket, and starts over where it is a file. */
const STDIN_PATHS = new Set([STDIN, '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])

/** Gathers them; what is left out is told by `report`, whose first argument is the file's name. */
export class NamedFiles {
  readonly list: Named[] = []
  private readonly report: (name: string) => Report
  private readonly allows: (path: string) => boolean
  private readonly seen = new Map<string, Named[]>()
  private readonly folders = new Set<string>()

  /** `allows`: may this, which was found in a folder, be read? */
  constructor(report: (name: string) => Report, allows: (path: string) => boolean = () => true) {
    this.report = report
    this.allows = allows
  }

  /** Throws UserError for what cannot be read at all. */
  add(path: string, as?: Recognised): void {
    if (STDIN_PATHS.has(path)) {
      this.addFile({ name: 'standard input', path: STDIN, stats: fstatSync(0), folders: [], ...(as ? { as } : {}) })
      return
    }
    if (path === '') throw new UserError('An input has the empty name "": perhaps a shell variable is empty.')
    let stats: Stats
    try {
      stats = statSync(path)
      if (stats.isDirectory() && !as) {
        this.addFolder(path, stats)
        return
      }
    } catch (error) {
      if (error instanceof UserError) throw error
      throw new UserError(`${printable(path)}: ${reasonOf(error)}.`)
    }
    this.addFile({ name: path, path, stats, folders: [], ...(as ? { as } : {}) })
  }

  /** Under whatever name. */
  includes(path: string): boolean {
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats?.isFile() === true && this.seen.has(identity(stats))
  }

  /** Hidden files are for others: `.git`, `.swp`, Kubernetes' `..data`. */
  private addFolder(path: string, stats: Stats): void {
    if (this.folders.has(identity(stats))) return
    if (this.walk(path, stats, [basename(resolve(path))]) === 0)
      throw new UserError(`${printable(path)}: there is no file in this folder (nfwhy ignores hidden files).`)
  }

  /** Gives the number of files in it, whether they can be read or not. */
  private walk(folder: string, stats: Stats, folders: readonly string[]): number {
    this.folders.add(identity(stats))
    let files = 0
    for (const entry of readdirSync(folder).sort()) {
      if (entry.startsWith('.')) continue
      const joined = join(folder, entry)
      // a file of this name in `.`
      const path = joined === STDIN ? `./${entry}` : joined
      try {
        if (!this.allows(path)) {
          this.report(path)('outside', 'it is a link that leads out of what may be read; it was left out')
          continue
        }
        files += this.addFound(path, statSync(path), entry, folders)
      } catch (error) {
        files++
        this.report(path)('unreadable', `${reasonOf(error)}; it was left out`)
      }
    }
    return files
  }

  private addFound(path: string, stats: Stats, entry: string, folders: readonly string[]): number {
    // a link may lead back to a folder that is being walked
    if (stats.isDirectory()) return this.folders.has(identity(stats)) ? 0 : this.walk(path, stats, [...folders, entry])
    if (stats.isFile()) this.addFile({ name: path, path, stats, folders, found: true })
    else
      this.report(path)(
        'not-a-file',
        'nfwhy reads only regular files in a folder; this is a pipe, a socket or a device',
      )
    return 1
  }

  private addFile(file: Named): void {
    const key = identity(file.stats)
    const readings = this.seen.get(key) ?? []
    const [first] = readings
    if (first && !isNewReading(file, readings)) {
      // what --as says of a file counts; that it was named without, too, is no mistake
      if (file.as || !first.as)
        this.report(file.name)('given-twice', `this is the same file as ${first.name}; it was read once`)
      return
    }
    this.seen.set(key, [...readings, file])
    this.list.push(file)
  }
}

/** Rules and log in one file: `--as iptables-save:ticket.txt --as kernel-log:ticket.txt`. */
const isNewReading = ({ as, stats }: Named, readings: readonly Named[]) =>
  as !== undefined && stats.isFile() && readings.every((one) => one.as !== as)

const identity = ({ dev, ino }: Stats) => `${dev}:${ino}`
