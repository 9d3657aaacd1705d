/** A server of ClickHouse's that is killed, or whose answers are lost: each exchange is there exactly once. */
// @module-tag slow
import { spawn } from 'node:child_process'
import { createServer, request } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openStore, parseStoreUrl } from '../../src/store/index.ts'
import { TABLES } from '../../src/store/schema.ts'
import { ClickHouse, hasClickHouse } from '../store/servers.ts'
import { BIN, folder } from './nfwhy.ts'
import { answer, explain, packets, RULES, TRACE } from './stored.ts'

async function expectOnce(store: string, of: Readonly<Record<'exchanges' | 'journeys', number>>): Promise<void> {
  for (const [table, key] of [
    ['exchanges', 'exchange'],
    ['journeys', 'journey'],
  ] as const) {
    const counted = await answer(store, `select count(*) as n, count(distinct ${key}) as d from ${table}`)
    expect(counted.rows).toEqual([[of[table], of[table]]])
  }
}

type Fate = 'pass' | 'hang up' | 'lose the answer'

/** The store's URL by way of a proxy that does this with each request, by its path; it is gone when the test is. */
async function behindProxy(store: string, port: number, fateOf: (path: string) => Fate): Promise<string> {
  const proxy = createServer((asked, given) => {
    const { url: path = '', method, headers } = asked
    const fate = fateOf(path)
    if (fate === 'hang up') {
      given.destroy()
      return
    }
    const onward = request({ port, path, method, headers }, (said) => {
      // stored, and nobody hears of it
      if (fate === 'lose the answer') said.resume().on('end', () => given.destroy())
      else {
        given.writeHead(said.statusCode!, said.headers)
        said.pipe(given)
      }
    })
    asked.pipe(onward)
  })
  onTestFinished(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return store.replace(/:\d+\//, `:${(proxy.address() as { port: number }).port}/`)
}

/** Waits until a port was called this often; every caller is sent away. */
function countOf(port: number, calls: number, begin: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0
    const nobody = createTcpServer((socket) => {
      socket.on('error', () => {}).destroy()
      if (++count === calls) nobody.close(() => resolve(count))
    })
    nobody.on('error', reject).listen(port, '127.0.0.1', begin)
  })
}

describe.skipIf(!hasClickHouse())('a store of ClickHouse', () => {
  const server = new ClickHouse()
  beforeAll(() => server.start())
  afterAll(() => server.remove())

  test('has each exchange once, though answers to inserts were lost', async () => {
    const store = await server.database('retried')
    const lost = new Set<string>()
    const through = await behindProxy(store, server.port, (asked) => {
      const table = /INSERT[+ ]INTO[+ ](nfwhy_\w+)/.exec(decodeURIComponent(asked))?.[1]
      if (table === undefined || lost.has(table)) return 'pass'
      lost.add(table)
      return 'lose the answer'
    })
    const at = folder({ 'trace.log': TRACE, 'rules.v4': RULES })
    await explain(through, join(at, 'trace.log'), join(at, 'rules.v4'))
    expect([...lost].sort()).toEqual(['nfwhy_exchanges', 'nfwhy_journeys', 'nfwhy_rulesets', 'nfwhy_steps'])
    await expectOnce(store, { exchanges: 61, journeys: 63 })
    const findings = await answer(
      store,
      'select about, subject, n, count(*) as c from findings group by about, subject, n',
    )
    expect(new Set(findings.rows.map((row) => row[3]))).toEqual(new Set([1]))
  })

  test('asks again where the server hung up on a question, each question twice', async () => {
    const store = await server.database('hung_up')
    let asked = 0
    const through = await behindProxy(store, server.port, () => (++asked % 3 === 0 ? 'pass' : 'hang up'))
    const at = folder({ 'trace.log': TRACE, 'rules.v4': RULES })
    await explain(through, join(at, 'trace.log'), join(at, 'rules.v4'))
    const counted = await answer(through, 'select count(*) as n from journeys')
    expect(counted.rows).toEqual([[63]])
  })

  test('waits for a server that is killed amid a load: each exchange is there once', async () => {
    const store = await server.database('killed')
    const at = folder({ 'rules.v4': RULES })
    const child = spawn(process.execPath, [BIN, 'explain', '-q', '-', join(at, 'rules.v4'), '--store', store], {
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve))
    child.stdin.write(packets(0, 4000))
    const stored = async () => Number(await server.ask('SELECT count(*) FROM killed.nfwhy_journeys').catch(() => 0))
    while ((await stored()) === 0) {
      expect(child.exitCode).toBeNull()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await server.kill()
    // nobody is there, and it asks for somebody again and again
    const asked = await countOf(server.port, 3, () => child.stdin.end(packets(4000, 8000)))
    expect(asked).toBe(3)
    expect(child.exitCode).toBeNull()
    await server.start()
    expect({ code: await closed, stderr }).toEqual({ code: 1, stderr: '' })
    await expectOnce(store, { exchanges: 8000, journeys: 8000 })
  })

  test('makes the tables once, though several hosts begin at the same moment', async () => {
    const url = await server.database('begun')
    const stores = await Promise.all(Array.from({ length: 12 }, () => openStore(parseStoreUrl(url))))
    await Promise.all(stores.map((store) => store.close()))
    expect(await server.ask("SELECT count(*) FROM system.tables WHERE database = 'begun'")).toBe(
      String(2 * TABLES.length),
    )
    expect((await answer(url, 'unanswered')).rows).toEqual([])
  })
})
