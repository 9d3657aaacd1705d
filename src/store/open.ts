/** Where rows go, and what is asked of them: DuckDB's own file, or a folder of Parquet files. */
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import type { Reader, Store } from './store.ts'

/** Where a store is. */
interface StoreUrl {
  kind: 'duckdb' | 'parquet'
  path: string
}

/** What `--store` takes. Throws UserError. */
export function parseStoreUrl(url: string): StoreUrl {
  const [, kind, path] = /^(duckdb|parquet):(.+)$/s.exec(url) ?? []
  if (kind !== 'duckdb' && kind !== 'parquet')
    throw new UserError(`--store ${printable(url)}: write duckdb:FILE or parquet:DIR.`)
  return { kind, path: path! }
}

/** Made if it is not there. Throws UserError. */
export async function openStore({ kind, path }: StoreUrl): Promise<Store> {
  return kind === 'duckdb'
    ? (await import('./duckdb/file.ts')).openFile(path)
    : (await import('./duckdb/parquet.ts')).openFolder(path)
}

/** Throws UserError where there is none. */
export async function openReader({ kind, path }: StoreUrl): Promise<Reader> {
  return kind === 'duckdb'
    ? (await import('./duckdb/file.ts')).readFile(path)
    : (await import('./duckdb/parquet.ts')).readFolder(path)
}
