/** Packages that are optional, and loaded only where a store needs them. */
import { createRequire } from 'node:module'
import { UserError } from '../model/user-error.ts'

/** Set where all of nfwhy is one file (scripts/single.mjs). */
const IN_ONE_FILE = Symbol.for('nfwhy.files')

/** A package by its name. `needs`: what cannot be without it, as a sentence begins; `all`: what is installed with it. Throws UserError. */
export function loadPeer<T>(packageName: string, called: string, needs: string, all = packageName): T {
  try {
    return createRequire(import.meta.url)(packageName)
  } catch (error) {
    if (Reflect.has(globalThis, IN_ONE_FILE))
      throw new UserError(`${needs} needs ${called}, and nfwhy in one file has no packages: install nfwhy with npm.`)
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND')
      throw new UserError(
        `${needs} needs ${called}: the optional package ${packageName} is not installed.`,
        `Install it where nfwhy is:\n  npm install ${all}\n  npm install -g ${all}    (where nfwhy was installed with -g)`,
      )
    throw new UserError(`${packageName} does not load: ${(error as Error).message}.`)
  }
}
