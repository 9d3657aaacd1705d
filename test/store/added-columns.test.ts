/** Columns are added to the tables without a new version: stores of an earlier and of a later nfwhy are written and read. */
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, onTestFinished, test } from 'vitest'
import { Batch } from '../../src/store/batch.ts'
import { openReader, openStore, parseStoreUrl } from '../../src/store/index.ts'

const uuid = (n: number) => `00000000-0000-8000-8000-00000000000${n}`

async function store(url: string, n: number): Promise<void> {
  const one = await openStore(parseStoreUrl(url))
  const batch = new Batch()
  batch.addRows('rulesets', [{ ruleset: uuid(n), rule: uuid(n), n, kind: 'rule', comment: `c${n}` }])
  await one.write(batch)
  await one.close()
}

async function comments(url: string): Promise<unknown[]> {
  const reader = await openReader(parseStoreUrl(url))
  try {
    const found: unknown[] = []
    for await (const row of (await reader.query('SELECT n, comment FROM rulesets ORDER BY n')).rows)
      found.push([...row])
    return found
  } finally {
    reader.close()
  }
}

async function run(path: string, sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  await connection.run(sql)
  connection.closeSync()
  instance.closeSync()
}

function folder(): string {
  const at = mkdtempSync(join(tmpdir(), 'nfwhy-columns-'))
  onTestFinished(() => rmSync(at, { recursive: true }))
  return at
}

test('in a file of DuckDB', async () => {
  const path = join(folder(), 'x')
  const url = `duckdb:${path}`
  await store(url, 1)
  await run(path, 'ALTER TABLE rulesets DROP COLUMN comment')
  await store(url, 2)
  await run(path, 'ALTER TABLE rulesets ADD COLUMN later VARCHAR')
  await store(url, 3)
  expect(await comments(url)).toEqual([
    [1, null],
    [2, 'c2'],
    [3, 'c3'],
  ])
})

test('in a folder of Parquet files', async () => {
  const at = join(folder(), 'x')
  const url = `parquet:${at}`
  const [rows, other] = [join(at, 'rulesets'), join(at, 'other')]
  const change = async (columns: string) => {
    for (const name of readdirSync(rows)) {
      await run(':memory:', `COPY (SELECT ${columns} FROM '${join(rows, name)}') TO '${other}' (FORMAT parquet)`)
      renameSync(other, join(rows, name))
    }
  }
  await store(url, 1)
  await change('* EXCLUDE (comment)')
  await store(url, 2)
  await change("*, 'x' AS later")
  await store(url, 3)
  expect(await comments(url)).toEqual([
    [1, null],
    [2, 'c2'],
    [3, 'c3'],
  ])
})
