/** Where rows go, and what is asked of them: DuckDB's own file, a folder of Parquet files, a database of ClickHouse's, or a broker that hands them on. */
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { type Address, readAddress } from './clickhouse/url.ts'
import type { Loaded, LoadOptions } from './nats/load.ts'
import { type BrokerAddress, readBroker } from './nats/url.ts'
import { withoutPassword } from './password.ts'
import type { Reader, Store } from './store.ts'

/** Where a store is. */
type StoreUrl =
  | { kind: 'duckdb' | 'parquet'; path: string }
  | { kind: 'clickhouse'; address: Address }
  | { kind: 'nats'; address: BrokerAddress }

/** What `--store` takes. Throws UserError. */
export function parseStoreUrl(url: string): StoreUrl {
  if (/^clickhouses?:/.test(url)) return { kind: 'clickhouse', address: readAddress(url) }
  if (/^(?:nats|tls):/.test(url)) return { kind: 'nats', address: readBroker(url) }
  const [, kind, path] = /^(duckdb|parquet):(.+)$/s.exec(url) ?? []
  if (kind !== 'duckdb' && kind !== 'parquet')
    throw new UserError(
      `${printable(withoutPassword(url))}: write duckdb:FILE, parquet:DIR, clickhouse://HOST/DATABASE or nats://HOST/STREAM.`,
    )
  return { kind, path: path! }
}

/** Made if it is not there. `tell`: what a person has to know though it works. Throws UserError. */
export async function openStore(url: StoreUrl, tell: (message: string) => void = () => {}): Promise<Store> {
  switch (url.kind) {
    case 'duckdb':
      return (await import('./duckdb/file.ts')).openFile(url.path)
    case 'parquet':
      return (await import('./duckdb/parquet.ts')).openFolder(url.path)
    case 'clickhouse':
      return (await import('./clickhouse/database.ts')).openDatabase(url.address)
    case 'nats':
      return (await import('./nats/publisher.ts')).openPublisher(url.address, tell)
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
    case 'nats':
      throw new UserError(
        `${printable(url.address.name)}: a broker answers no queries. Query the store into which nfwhy load brings its messages.`,
        `nfwhy load ${printable(url.address.name)} clickhouse://HOST/DATABASE`,
      )
  }
}

/** Out of a broker, into any other store. Throws UserError; what is not stored then stays with the broker. */
export async function loadStore(from: string, to: string, options: LoadOptions): Promise<Loaded> {
  const source = parseStoreUrl(from)
  const target = parseStoreUrl(to)
  if (source.kind !== 'nats' || target.kind === 'nats')
    throw new UserError(
      'load takes messages from a broker into another store: nfwhy load nats://HOST/STREAM clickhouse://HOST/DATABASE',
    )
  const { load } = await import('./nats/load.ts')
  return load(source.address, () => openStore(target), options)
}
