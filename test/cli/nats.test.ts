/** `--store nats://…` and `nfwhy load`, with a real broker: what is loaded answers what is stored at once. */
// @module-tag slow
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { connect, headers } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LATEST } from '../latest.ts'
import { ClickHouse, hasClickHouse, hasProgram, Nats } from '../store/servers.ts'
import { folder, nfwhy, nfwhyAlone } from './nfwhy.ts'
import { answer, ask, explain, packets, RULES, TRACE } from './stored.ts'

const NAMED = [
  ['top-droppers'],
  ['new-drops-since', '2026-01-31T12:00:01Z'],
  ['flow', 'tcp 192.0.2.2:1025 > 198.51.100.1:22'],
  ['rule', 'filter:INPUT:1'],
  ['unanswered'],
  ['select about, subject, n, code, message from findings order by about, subject, n'],
  ['select * from (select path, n, verdict, rule from steps) s order by path, n'],
]

const load = (from: string, to: string) => nfwhy(['load', from, to, '--until-empty'])

describe.skipIf(!hasProgram('nats-server'))('a broker', () => {
  const broker = new Nats(64 * 1024)
  beforeAll(() => broker.start())
  afterAll(() => broker.remove())

  test('hands on what DuckDB answers as if it had been stored there at once', async () => {
    const at = folder({ 'trace.log': TRACE, 'rules.v4': RULES })
    const inputs = [join(at, 'trace.log'), join(at, 'rules.v4')]
    const stream = broker.stream('duck', join(at, 'spool'))
    const [direct, loaded] = ['direct', 'loaded'].map((name) => `duckdb:${join(at, name)}`) as [string, string]
    const [first, second] = [await explain(direct, ...inputs), await explain(stream, ...inputs)]
    expect(second).toEqual(first)
    expect(readdirSync(join(at, 'spool'))).toEqual([])
    expect(await load(stream, loaded)).toEqual({
      ...{ code: 0, stdout: 'Stored 2 messages: 61 exchanges, 63 journeys, 4 rows of rulesets.\n', stderr: '' },
    })
    for (const words of NAMED) {
      const said = await answer(loaded, ...words)
      expect(said.rows, words.join(' ')).not.toEqual([])
      expect(said).toEqual(await answer(direct, ...words))
    }
    // again: each row is there once
    await explain(stream, ...inputs)
    await load(stream, loaded)
    expect(await answer(loaded, ...NAMED[5]!)).toEqual(await answer(direct, ...NAMED[5]!))
    expect((await answer(loaded, 'select count(*) from journeys')).rows).toEqual([[63]])
  })

  test.skipIf(!hasClickHouse())('hands on what ClickHouse answers', async () => {
    const server = new ClickHouse()
    await server.start()
    try {
      const at = folder({ 'trace.log': TRACE, 'rules.v4': RULES })
      const inputs = [join(at, 'trace.log'), join(at, 'rules.v4')]
      const stream = broker.stream('house', join(at, 'spool'))
      const [direct, loaded] = [await server.database('direct'), await server.database('loaded')]
      await explain(direct, ...inputs)
      await explain(stream, ...inputs)
      expect(await load(stream, loaded)).toMatchObject({ code: 0, stderr: '' })
      for (const words of NAMED) expect(await answer(loaded, ...words)).toEqual(await answer(direct, ...words))
    } finally {
      await server.remove()
    }
  })

  test('lets nobody in without the password, and never prints it', async () => {
    const at = folder({ 'trace.log': packets(0, 2), 'rules.v4': RULES })
    const inputs = [join(at, 'trace.log'), join(at, 'rules.v4')]
    const as = (who: string) => broker.stream('secret', join(at, 'spool')).replace('//', `//${who}@`)
    const right = as(`writer:${encodeURIComponent(Nats.PASSWORD)}`)
    expect(await explain(right, ...inputs)).toMatchObject({ code: 1, stderr: '' })
    for (const run of [explain(as('writer:topsecret'), ...inputs), load(as('writer:topsecret'), `duckdb:${at}/x`)]) {
      const { code, stdout, stderr } = await run
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('does not let writer in') })
      expect(stdout + stderr).not.toContain('topsecret')
    }
    expect(await load(right, `duckdb:${at}/x`)).toMatchObject({ code: 0, stderr: '' })
    const { code, stderr } = await explain(as('writer:top/secret'), ...inputs)
    expect({ code, isSecret: !stderr.includes('secret@') }).toEqual({ code: 2, isSecret: true })
  })

  test('removes what cannot be read, and tells which; leaves what a newer nfwhy can read', async () => {
    const at = folder({ 'trace.log': packets(0, 3), 'rules.v4': RULES })
    const stream = broker.stream('mixed', join(at, 'spool'))
    const store = `duckdb:${join(at, 'x')}`
    await explain(stream, join(at, 'trace.log'), join(at, 'rules.v4'))
    const client = await connect({ servers: `127.0.0.1:${broker.port}` })
    const { gzipSync } = await import('node:zlib')
    const send = (value: unknown) =>
      client.request('mixed.batches', gzipSync(JSON.stringify(value)), { timeout: LATEST, headers: headers() })
    try {
      await send({ kind: 'other' })
      expect(await load(stream, store)).toEqual({
        code: 1,
        stdout: expect.stringMatching(
          /^Stored 2 messages: 3 exchanges, 3 journeys.*\nRemoved, as unreadable: 1 message\.\n$/,
        ),
        stderr: expect.stringMatching(/^nfwhy: Message 3 cannot be read: .*It is removed\.\n$/),
      })
      await send({ kind: 'nfwhy.batch', version: 2 })
      for (const _ of [1, 2])
        expect(await load(stream, store)).toMatchObject({
          ...{ code: 2, stderr: expect.stringMatching(/message 4 has version 2 .*\n.*newer nfwhy/) },
        })
      expect(await broker.messages('mixed')).toEqual({ all: 1, left: 1 })
    } finally {
      await client.close()
    }
  })

  test('answers no queries, and says what load takes', async () => {
    const at = folder({})
    const stream = broker.stream('none', join(at, 'spool'))
    expect(await ask(stream, 'top-droppers')).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('a broker answers no queries') },
    })
    for (const [from, to] of [
      [`duckdb:${at}/x`, `duckdb:${at}/y`],
      [stream, stream],
    ])
      expect(await load(from!, to!)).toMatchObject({ code: 2, stderr: expect.stringContaining('load takes messages') })
    expect(readdirSync(at)).toEqual([])
  })
})

test("says what to install where NATS' client is missing", async () => {
  const at = folder({})
  const { code, stderr } = await nfwhyAlone(at, ['load', 'nats://127.0.0.1:1', 'parquet:x'])
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringMatching(
      /package @nats-io\/transport-node is not installed.*npm install @nats-io\/transport-node @nats-io\/jetstream\n/s,
    ),
  })
})
