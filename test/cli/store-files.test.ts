/** The files of a store: what is in their way, what is damaged, and who may read them. */
import { readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Batch } from '../../src/store/batch.ts'
import { openStore, parseStoreUrl } from '../../src/store/index.ts'
import { folder, nfwhy } from './nfwhy.ts'
import { RULES, TRACE } from './stored.ts'

test('says what is in the way of a folder, and what is damaged in it', async () => {
  const at = folder({ file: 'mine', 'rules.v4': RULES, 'trace.log': TRACE })
  const run = (name: string) =>
    nfwhy(['explain', '-q', join(at, 'trace.log'), join(at, 'rules.v4'), '--store', `parquet:${join(at, name)}`])
  for (const name of ['file', 'file/below'])
    expect(await run(name)).toMatchObject({
      ...{ code: 2, stderr: `nfwhy: ${join(at, name)}: a file of this name is in the way.\n` },
    })
  expect(await run('store')).toMatchObject({ stderr: '' })
  const journeys = join(at, 'store/journeys')
  for (const name of readdirSync(journeys)) truncateSync(join(journeys, name), 100)
  const { code, stderr } = await nfwhy(['query', '--store', `parquet:${join(at, 'store')}`, 'top-droppers'])
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^nfwhy: \S+store: .*\.parquet'\n$/) })
})

test('hides from other users what DuckDB has not written into the file yet', async () => {
  const at = folder({})
  const path = join(at, 'x.duckdb')
  const log = `${path}.wal`
  const store = await openStore(parseStoreUrl(`duckdb:${path}`))
  const batch = new Batch()
  const id = '00000000-0000-8000-8000-000000000001'
  batch.addRows('rulesets', [{ ruleset: id, rule: id, n: 1, kind: 'rule' }])
  await store.write(batch)
  expect(statSync(log).size).toBeGreaterThan(0)
  expect([path, log].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600])
  await store.close()
  expect(readdirSync(at)).toEqual(['x.duckdb'])
  // nothing is written by who opens it alone
  await (await openStore(parseStoreUrl(`duckdb:${path}`))).close()
  expect(readdirSync(at)).toEqual(['x.duckdb'])
})
