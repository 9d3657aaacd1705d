/** Folders of a store, which tell who speaks to whom: for the user who makes them alone. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { printable } from '../model/printable.ts'
import { isSystemError, reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'

/**
 * With those above it. Throws the system's own word on the first that cannot be made: mkdir's `recursive` says ENOENT on a
 * file system that is read-only, and never comes back from /proc.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return
  const above = dirname(path)
  if (above !== path) makeFolder(above)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // another process may have made it by now
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** What the system says of it; all else is as it was. `before`: what the folder is to the reader. */
export function folderProblem(path: string, error: unknown, before = ''): unknown {
  if (!isSystemError(error)) return error
  const reason = error.code === 'ENOTDIR' ? 'a file of this name is in the way' : reasonOf(error)
  return new UserError(`${before}${printable(path)}: ${printable(reason)}.`)
}
