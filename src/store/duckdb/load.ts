/** DuckDB, which is loaded only where a store is used: the package is optional, and takes 70 MB. */
import { loadPeer } from '../peer.ts'

export type DuckDB = typeof import('@duckdb/node-api')

/** Throws UserError. */
export const loadDuckDB = (): DuckDB => loadPeer('@duckdb/node-api', 'DuckDB', 'A store')
