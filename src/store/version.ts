/** Which version of the tables a store has. */
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { VERSION } from './schema.ts'

/** How a store is made. */
export const HOW =
  'A store is made by --store of explain, trace, simulate and watch:\n  nfwhy explain trace.log rules.v4 --store duckdb:nfwhy.duckdb'

/** `name`: of the store, without a password. Throws UserError. */
export function checkVersion(name: string, version: number | undefined): void {
  if (version === VERSION) return
  throw new UserError(
    version === undefined || !Number.isInteger(version)
      ? `${printable(name)}: this is no store of nfwhy's.`
      : `${printable(name)}: this store has version ${version} of the tables, this nfwhy writes and reads version ${VERSION}. Give another name.`,
  )
}
