/** Files and folders named at the start, and what lies beneath them: nothing else is ever read. */
import { realpathSync, type Stats, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve, sep } from 'node:path'
import type { Files, Found } from '../mcp/files.ts'
import { collectInto, type Diagnostic } from '../model/diagnostic.ts'
import { printable } from '../model/printable.ts'
import { reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'
import { type Named, NamedFiles, STDIN } from './expand.ts'
import { inputOf } from './inputs.ts'

interface Root {
  /** As it was given. */
  name: string
  path: string
  /** Without links on the way. */
  real: string
  isFolder: boolean
}

export class NamedRoots implements Files {
  private readonly roots: readonly Root[]

  /** Throws UserError for what cannot be read. */
  constructor(names: readonly string[]) {
    this.roots = names.map(rootOf)
  }

  find(names: readonly string[] | undefined, warnings: Diagnostic[]): Found {
    if (this.roots.length === 0)
      throw new UserError(
        'nfwhy mcp was started without INPUT, so no file can be read.',
        'Give the output of commands in texts, or start it with a folder: nfwhy mcp /path',
      )
    const found = new NamedFiles(
      (name) => collectInto(warnings, name),
      (path) => this.holds(path),
    )
    for (const name of names ?? this.roots.map((root) => root.name)) found.add(names ? this.pathOf(name) : name)
    const files = found.list.filter(({ name, path, stats }) => !refuseStdin(path) && isRegular(name, stats))
    return {
      inputs: files.map((file) => inputOf({ ...file, path: realOf(file) })),
      edition: files
        .map(({ name, stats: { dev, ino, size, mtimeMs } }) => [name, dev, ino, size, mtimeMs].join(' '))
        .join('\n'),
    }
  }

  /** Of a name in a call. Throws UserError, the same whether there is something outside or not. */
  private pathOf(name: string): string {
    const held = this.pathsOf(name).filter((path) => this.holds(path))
    const [there] = held.filter((path) => statSync(path, { throwIfNoEntry: false }))
    if (there !== undefined) return there
    throw new UserError(
      held.length === 0
        ? `${printable(name)}: it lies outside of what nfwhy mcp was started with.`
        : `${printable(name)}: there is no such file.`,
      'list_inputs gives the names of all files.',
    )
  }

  /** As the command line would take it; else beneath a folder. */
  private pathsOf(name: string): string[] {
    if (this.roots.some((root) => isNamedIn(resolve(name), root))) return [name]
    if (isAbsolute(name) || name.split(sep).includes('..')) return []
    return this.roots.flatMap((root) => (root.isFolder ? [join(root.name, name)] : []))
  }

  /** Where all links lead to. Of what is not there: the folder that would hold it. */
  private holds(path: string): boolean {
    try {
      const real = realpathSync(path)
      return this.roots.some((root) => isIn(real, root.real, root))
    } catch {
      const parent = dirname(path)
      return parent !== path && this.holds(parent)
    }
  }
}

const isNamedIn = (path: string, root: Root): boolean => isIn(path, root.path, root) || isIn(path, root.real, root)

const isIn = (path: string, place: string, { isFolder }: Root): boolean =>
  path === place || (isFolder && path.startsWith(place.endsWith(sep) ? place : place + sep))

function rootOf(name: string): Root {
  refuseStdin(name)
  try {
    const stats = statSync(name)
    isRegular(name, stats)
    return { name, path: resolve(name), real: realpathSync(name), isFolder: stats.isDirectory() }
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`${printable(name)}: ${reasonOf(error)}.`)
  }
}

/** Where its links lead to by now: another link in its place is not followed. */
function realOf({ name, path }: Named): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw new UserError(`${printable(name)}: ${reasonOf(error)}.`)
  }
}

function refuseStdin(path: string): false {
  if (path !== STDIN) return false
  throw new UserError('nfwhy mcp reads no input from standard input: there the assistant speaks.')
}

/** A pipe is read once, and each call reads anew. */
function isRegular(name: string, stats: Stats): true {
  if (stats.isFile() || stats.isDirectory()) return true
  throw new UserError(`${printable(name)}: nfwhy mcp reads only regular files and folders.`)
}
