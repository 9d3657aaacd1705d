/** A broker that is away or full of others' work, and a broker, a database and loaders that are killed: each exchange is there exactly once. */
// @module-tag slow
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore, parseStoreUrl } from '../../src/store/index.ts'
import type { Store } from '../../src/store/store.ts'
import { LATEST } from '../latest.ts'
import { exchanges, rulesetRows } from '../store/nats/batches.ts'
import { ClickHouse, hasClickHouse, hasProgram, Nats } from '../store/servers.ts'
import { BIN, folder, nfwhy } from './nfwhy.ts'
import { answer, explain, packets, RULES } from './stored.ts'

const hasBroker = hasProgram('nats-server')

async function until(
  what: string,
  isSo: () => Promise<boolean>,
  child?: ChildProcess,
  complained = () => '',
): Promise<void> {
  for (const end = Date.now() + LATEST; !(await isSo()); ) {
    if (child && child.exitCode !== null)
      throw new Error(`the loader ended before ${what}, with ${child.exitCode}: ${complained()}`)
    if (Date.now() > end) throw new Error(`${what}: it did not come to that`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function expectOnce(store: string, n: number): Promise<void> {
  for (const [table, key] of [
    ['exchanges', 'exchange'],
    ['journeys', 'journey'],
  ] as const) {
    const { rows } = await answer(store, `select count(*) as n, count(distinct ${key}) as d from ${table}`)
    expect({ table, rows }).toEqual({ table, rows: [[n, n]] })
  }
  const { rows } = await answer(store, 'select about, count(*) as n from findings group by about order by about')
  expect(rows).toEqual([
    ['exchange', n],
    ['journey', n],
  ])
}

const load = (from: string, to: string) => nfwhy(['load', from, to, '--until-empty'])

const publisher = async (url: string): Promise<{ store: Store; told: string[] }> => {
  const told: string[] = []
  return { store: await openStore(parseStoreUrl(url), (message) => told.push(message)), told }
}

describe.skipIf(!hasBroker)('a broker', { timeout: 240_000 }, () => {
  const broker = new Nats(64 * 1024)
  beforeAll(() => broker.start())
  afterAll(() => broker.remove())

  test('that is away gets later what waited for it', async () => {
    const at = folder({ 'one.log': packets(0, 200), 'two.log': packets(200, 203), 'rules.v4': RULES })
    const stream = broker.stream('away', join(at, 'spool'))
    const run = (log: string) => explain(stream, join(at, log), join(at, 'rules.v4'))
    await broker.kill()
    const first = await run('one.log')
    expect(first.code).toBe(1)
    expect(first.stderr.split('\n')).toEqual([
      expect.stringMatching(/does not answer.* waits in .*spool\.$/),
      expect.stringMatching(
        /is away \(.*\): 200 exchanges, 200 journeys, 4 rows of rulesets wait in .* The next nfwhy with this --store sends them\.$/,
      ),
      '',
    ])
    await broker.start()
    expect(await run('two.log')).toMatchObject({ code: 1, stderr: '' })
    expect(readdirSync(join(at, 'spool'))).toEqual([])
    expect(await load(stream, `duckdb:${at}/x`)).toMatchObject({ code: 0, stderr: '' })
    const counted = 'select count(*) as n, count(distinct journey) as d, count(distinct exchange) as e from journeys'
    expect((await answer(`duckdb:${at}/x`, counted)).rows).toEqual([[203, 203, 203]])
    expect((await answer(`duckdb:${at}/x`, 'select count(*) from rulesets')).rows).toEqual([[4]])
  })

  test('whose spool is full is told what was lost, to the unit', async () => {
    const at = folder({})
    const stream = broker.stream('full', join(at, 'spool'), '&spool-mb=0.1')
    await broker.kill()
    const one = await publisher(stream)
    const batches = 40
    for (let i = 0; i < batches; i++) {
      const batch = exchanges(i * 30, (i + 1) * 30)
      if (i === 0) batch.addRows('rulesets', rulesetRows(5))
      await one.store.write(batch)
    }
    await one.store.close()
    const [, full, waits, lost] = one.told
    expect(full).toContain('is full')
    const waiting = Number(/: (\d+) exchanges, \1 journeys, 5 rows of rulesets wait/.exec(waits!)?.[1])
    const gone = Number(/^Lost: (\d+) exchanges, \1 journeys\. /.exec(lost!)?.[1])
    expect(waiting).toBeGreaterThan(0)
    expect(waiting + gone).toBe(batches * 30)
    await broker.start()
    // what is lost is told by the next one, too, and travels; what waits leaves room as it is sent
    const spooled = () => readdirSync(join(at, 'spool'), { recursive: true }).length
    const before = spooled()
    const two = await publisher(stream)
    await until('something is sent', async () => spooled() < before)
    await two.store.write(exchanges(batches * 30, batches * 30 + 1))
    await two.store.close()
    expect(two.told.join('\n')).toContain(`Lost: ${gone} exchanges, ${gone} journeys. `)
    // there is room again
    expect(two.told.join('\n')).not.toContain('is full')
    const { stdout, stderr } = await load(stream, `duckdb:${at}/x`)
    expect(stderr).toMatch(new RegExp(`^nfwhy: Host \\S+ has lost ${gone} exchanges, ${gone} journeys: .*\n$`))
    expect(stdout).toContain(`Lost by hosts: ${gone} exchanges, ${gone} journeys.\n`)
    await expectOnce(`duckdb:${at}/x`, waiting + 1)
    // the latest are those that are there
    expect(
      (await answer(`duckdb:${at}/x`, `select min(time) - ${1_700_000_000_000_000} as first from exchanges`)).rows,
    ).toEqual([[gone]])
    expect((await answer(`duckdb:${at}/x`, 'select count(*) from rulesets')).rows).toEqual([[5]])
    const three = await publisher(stream)
    await three.store.close()
    expect(three.told).toEqual([])
  })

  test.skipIf(!hasClickHouse())('is loaded from by who came before the database', async () => {
    const server = new ClickHouse()
    await server.start()
    try {
      const at = folder({})
      const stream = broker.stream('early', join(at, 'spool'))
      const database = await server.database('early')
      const { store } = await publisher(stream)
      await store.write(exchanges(0, 20))
      await store.close()
      await server.kill()
      const loader = spawn(process.execPath, [BIN, 'load', stream, database, '--until-empty'])
      const closed = new Promise((resolve) => loader.on('close', resolve))
      const said = await new Promise((resolve) => loader.stderr.once('data', (part) => resolve(String(part))))
      expect(said).toMatch(/^nfwhy: clickhouse:.*: connect ECONNREFUSED 127\.0\.0\.1:\d+\. Waiting for it\.\n$/)
      await server.start()
      expect(await closed).toBe(0)
      await expectOnce(database, 20)
    } finally {
      await server.remove()
    }
  })

  test.skipIf(!hasClickHouse())(
    'that is killed, as the database and the loader are, three times each in mid-load: each exchange is there once',
    async () => {
      const server = new ClickHouse()
      await server.start()
      let loader: ChildProcess | undefined
      let said = ''
      let complained = ''
      try {
        const at = folder({})
        const stream = broker.stream('killed', join(at, 'spool'))
        const database = await server.database('killed')
        const begin = () => {
          loader = spawn(process.execPath, [BIN, 'load', stream, database], { stdio: ['ignore', 'pipe', 'pipe'] })
          loader.stdout!.on('data', (part) => {
            said += part
          })
          loader.stderr!.on('data', (part) => {
            complained += part
          })
        }
        const end = async (signal: NodeJS.Signals) => {
          expect(loader!.exitCode, complained).toBeNull()
          const closed = new Promise((resolve) => loader!.on('close', resolve))
          loader!.kill(signal)
          return closed
        }
        const { store, told } = await publisher(stream)
        let sent = 0
        const publish = async (messages: number) => {
          for (let i = 0; i < messages; i++, sent++) await store.write(exchanges(sent * 20, (sent + 1) * 20))
        }
        begin()
        for (const victim of [
          ...['loader', 'broker', 'database', 'loader', 'database', 'broker'],
          ...['loader', 'broker', 'database'],
        ]) {
          await publish(40)
          // some of these are stored and acknowledged
          const isBegun = async () => ((await broker.messages('killed'))?.left ?? 40) < 40
          await until('a message was acknowledged', isBegun, loader, () => complained)
          if (victim === 'loader') {
            await end('SIGKILL')
            begin()
          } else if (victim === 'broker') {
            await broker.kill()
            await publish(10)
            await broker.start()
          } else {
            await server.kill()
            await publish(10)
            await server.start()
          }
        }
        await store.close()
        expect(told).toEqual([])
        expect(readdirSync(join(at, 'spool'))).toEqual([])
        // it waits for what the killed loaders had
        expect(await load(stream, database)).toMatchObject({ code: 0 })
        expect(await end('SIGINT')).toBe(0)
        expect(said).toMatch(/^Stored \d+ messages: \d+ exchanges, \d+ journeys\.\n$/)
        await expectOnce(database, sent * 20)
        // a broker that was killed may have some again that were acknowledged: the next loader takes them
        await until('the stream was empty', async () => {
          const { all, left } = (await broker.messages('killed'))!
          if (all === 0 && left === 0) return true
          expect(await load(stream, database)).toMatchObject({ code: 0 })
          return false
        })
        await expectOnce(database, sent * 20)
      } finally {
        loader?.kill('SIGKILL')
        await server.remove()
      }
    },
  )
})

test.each(['duckdb', 'parquet'])('keeps in %s the later of two batches, whichever comes first', async (kind) => {
  const at = folder({})
  const url = `${kind}:${at}/store`
  const store = await openStore(parseStoreUrl(url))
  await store.write(exchanges(0, 10, 'answered', 2))
  await store.write(exchanges(0, 20, 'undetermined', 1))
  await store.write(exchanges(5, 6, 'dropped', 3), exchanges(5, 6, 'lost', 2))
  await store.close()
  await expectOnce(url, 20)
  const { rows } = await answer(url, 'select status, count(*) as n from exchanges group by status order by status')
  expect(rows).toEqual([
    ['answered', 9],
    ['dropped', 1],
    ['undetermined', 10],
  ])
})
