/** Where rows go, and what is asked of them: DuckDB's own file, a folder of Parquet files, or a database of ClickHouse's. */
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { type Address, readAddress } from './clickhouse/url.ts'
import { withoutPassword } from './password.ts'
import type { Reader, Store } from './store.ts'

/** Where a store is. */
type StoreUrl = { kind: 'duckdb' | 'parquet'; path: string } | { kind: 'clickhouse'; address: Address }

/** What `--store` takes. Throws UserError. */
export function parseStoreUrl(url: string): StoreUrl {
  if (/^clickhouses?:/.test(url)) return { kind: 'clickhouse', address: readAddress(url) }
  const [, kind, path] = /^(duckdb|parquet):(.+)$/s.exec(url) ?? []
  if (kind !== 'duckdb' && kind !== 'parquet')
    throw new UserError(
      `--store ${printable(withoutPassword(url))}: write duckdb:FILE, parquet:DIR or clickhouse://HOST/DATABASE.`,
    )
  return { kind, path: path! }
}

/** Made if it is not there. Throws UserError. */
export async function openStore(url: StoreUrl): Promise<Store> {
  switch (url.kind) {
    case 'duckdb':
      return (await import('./duckdb/file.ts')).openFile(url.path)
    case 'parquet':
      return (await import('./duckdb/parquet.ts')).openFolder(url.path)
    case 'clickhouse':
      return (await import('./clickhouse/database.ts')).openDatabase(url.address)
  }
}

/** Throws UserError where there is none. */
export async function openReader(url: StoreUrl): Promise<Reader> {
  switch (url.kind) {
    case 'duckdb':
      return (await import('./duckdb/file.ts')).readFile(url.path)
    case 'parquet':
      return (await import('./duckdb/parquet.ts')).readFolder(url.path)
    case 'clickhouse':
      return (await import('./clickhouse/database.ts')).readDatabase(url.address)
  }
}
