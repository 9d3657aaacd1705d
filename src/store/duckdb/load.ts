/** DuckDB, which is loaded only where a store is used: the package is optional, and takes 70 MB. */
import { createRequire } from 'node:module'
import { UserError } from '../../model/user-error.ts'

export type DuckDB = typeof import('@duckdb/node-api')

const PACKAGE = '@duckdb/node-api'

/** Set where all of nfwhy is one file (scripts/single.mjs). */
const IN_ONE_FILE = Symbol.for('nfwhy.files')

/** Throws UserError. */
export function loadDuckDB(): DuckDB {
  try {
    return createRequire(import.meta.url)(PACKAGE)
  } catch (error) {
    if (Reflect.has(globalThis, IN_ONE_FILE))
      throw new UserError('A store needs DuckDB, and nfwhy in one file has no packages: install nfwhy with npm.')
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND')
      throw new UserError(
        `A store needs DuckDB: the optional package ${PACKAGE} is not installed.`,
        `Install it where nfwhy is:\n  npm install ${PACKAGE}\n  npm install -g ${PACKAGE}    (where nfwhy was installed with -g)`,
      )
    throw new UserError(`DuckDB does not load: ${(error as Error).message}.`)
  }
}
