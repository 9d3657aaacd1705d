/** `--store clickhouse://…` and `nfwhy query`, with a real server: it answers what DuckDB answers. */
// @module-tag slow
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DropTally } from '../../src/analysis/drops/tally.ts'
import { loadDrops } from '../../src/explain/kernel-drops/later.ts'
import { UserError } from '../../src/model/user-error.ts'
import {
  behindBar,
  DropHistory,
  openReader,
  openStore,
  overTime,
  parseStoreUrl,
  storedExplanation,
  Writing,
} from '../../src/store/index.ts'
import { GROUPINGS, type OverTime } from '../../src/ui/over-time.ts'
import { ClickHouse, hasClickHouse } from '../store/servers.ts'
import { EXAMPLE, folder, nfwhy, nfwhyAlone } from './nfwhy.ts'
import { answer, ask, explain, packets, RULES, TRACE } from './stored.ts'

const TABLES = {
  exchanges: 'exchange',
  journeys: 'journey',
  steps: 'path, n',
  findings: 'about, subject, n',
  rulesets: 'ruleset, rule',
}

/** What the page of a store shows. */
async function shownOverTime(store: string) {
  const reader = await openReader(parseStoreUrl(store))
  try {
    const over = []
    for (const by of GROUPINGS) over.push(await overTime(reader, by, {}))
    const [{ span, groups }] = over as [OverTime, ...OverTime[]]
    const behind = await behindBar(reader, 'rule', groups[0]!.name, span)
    const explained = await storedExplanation(reader, behind.exchanges[0]!.key)
    return { over, behind, explained }
  } finally {
    reader.close()
  }
}

/** What a watch of one minute stores. */
async function storeDrops(store: string): Promise<void> {
  await loadDrops()
  const now = Date.parse('2026-01-31T12:00:30Z')
  const tally = new DropTally()
  const packet = { protocol: 'udp', src: '192.0.2.1', sport: 5000, dst: '192.0.2.2', dport: 9, in: 'eth0' }
  const drop = (reason: string) => ({ time: '2026-01-31T12:00:30.000000Z', reason, packet })
  const ref = { family: 'ip', table: 'filter', chain: 'INPUT', ruleNumber: 3, rule: '-A INPUT -p udp -j DROP' } as const
  tally.add('a', drop('NETFILTER_DROP'), { count: 1234, last: now }, { known: true, ref, hook: 'input' })
  tally.add('b', drop('NO_SOCKET'), { count: 7, last: now }, undefined)
  const writing = new Writing(await openStore(parseStoreUrl(store)))
  new DropHistory(writing.write).look({ tally, began: now, now, world: undefined }, true)
  await writing.end()
}

describe.skipIf(!hasClickHouse())('a store of ClickHouse', () => {
  const server = new ClickHouse()
  beforeAll(() => server.start())
  afterAll(() => server.remove())

  /** A store in both, of the same inputs. */
  async function both(name: string, ...inputs: string[]): Promise<{ at: string; house: string; duck: string }> {
    const at = folder({ 'trace.log': TRACE, 'rules.v4': RULES })
    const [house, duck] = [await server.database(name), `duckdb:${join(at, 'x.duckdb')}`]
    const given = inputs.length > 0 ? inputs : [join(at, 'trace.log'), join(at, 'rules.v4')]
    const [first, second] = [await explain(house, ...given), await explain(duck, ...given)]
    expect(first).toEqual(second)
    expect(first.stderr).toBe('')
    return { at, house, duck }
  }

  const NAMED = [
    ['top-droppers'],
    ['new-drops-since', '2026-01-31T12:00:01Z'],
    ['flow', 'tcp 192.0.2.2:1025 > 198.51.100.1:22'],
    ['flow', '192.0.2.1 > 198.51.100.1'],
    ['path', 'tcp 192.0.2.2:1025 > 198.51.100.1:22'],
    ['path', '192.0.2.1 > 198.51.100.1'],
    ['rule', 'filter:INPUT:1'],
    ['unanswered'],
  ]

  test('answers the named queries as DuckDB does, in all forms', async () => {
    const { house, duck } = await both('named')
    for (const words of NAMED) {
      const said = await answer(house, ...words)
      expect(said).toEqual(await answer(duck, ...words))
      expect(said.rows, words.join(' ')).not.toEqual([])
    }
    for (const form of [[], ['--json'], ['--csv']]) {
      const said = await ask(house, ...form, 'top-droppers')
      expect(said).toEqual(await ask(duck, ...form, 'top-droppers'))
      expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining('filter INPUT rule 1'), stderr: '' })
    }
    // quotes and backslashes in what is asked for are part of it
    for (const reference of [`filter:IN'PUT:1`, 'filter:INPUT\\:1', `filter:INPUT')OR(1=1)--:1`]) {
      const { rows } = await answer(house, 'rule', reference)
      expect({ reference, rows }).toEqual({ reference, rows: [] })
    }
  })

  test('shows failed exchanges over time as DuckDB does, and what is behind each bar', async () => {
    const { house, duck } = await both('over_time')
    const [said, expected] = await Promise.all([house, duck].map(shownOverTime))
    expect(said).toEqual(expected)
    expect(expected!.over.map(({ groups }) => groups.length)).toEqual([2, 2, 2])
    expect(expected!.explained).toMatchObject({ text: expect.stringContaining('--dport 22') })
  })

  test('has what a watch counted, as DuckDB does', async () => {
    const at = folder({})
    const stores = [await server.database('watched'), `duckdb:${join(at, 'x.duckdb')}`]
    for (const store of stores) await storeDrops(store)
    const [said, expected] = await Promise.all(stores.map((store) => answer(store, 'kernel-drops')))
    expect(said).toEqual(expected)
    expect(expected!.rows.map(([reason, rule, , , packets]) => [reason, rule, packets])).toEqual([
      ['NETFILTER_DROP', 'filter INPUT rule 3', 1234],
      ['NO_SOCKET', null, 7],
    ])
  })

  test('is given the tables and columns that an earlier nfwhy did not have', async () => {
    const at = folder({ 'first.log': packets(0, 3), 'second.log': packets(6, 9), 'rules.v4': RULES })
    const house = await server.database('earlier')
    const store = (log: string) => explain(house, join(at, log), join(at, 'rules.v4'))
    expect((await store('first.log')).stderr).toBe('')
    for (const sql of ['journeys DROP COLUMN outcome', 'exchanges DROP COLUMN finding_severity'])
      await server.ask(`ALTER TABLE earlier.nfwhy_${sql}`)
    // and what one left that was killed amid it
    for (const name of ['nfwhy_drops', 'findings']) await server.ask(`DROP TABLE earlier.${name}`)
    // several hosts find them missing
    const hosts = await Promise.all([1, 2, 3].map(() => store('second.log')))
    expect(hosts.map(({ stderr }) => stderr)).toEqual(['', '', ''])
    const rows = async (sql: string) => (await answer(house, sql)).rows
    expect(await rows('select outcome, count(*) from journeys group by outcome order by outcome')).toEqual([
      ['delivered', 1],
      ['dropped', 2],
      [null, 3],
    ])
    const severities =
      "select severity, count(*) from findings where about = 'exchange' group by severity order by severity"
    expect(await rows(severities)).toEqual([
      ['error', 2],
      ['note', 1],
      [null, 3],
    ])
    expect(await rows('select count(*) from drops')).toEqual([[0]])
  })

  test('has the same rows as DuckDB, each once, however often they are stored', async () => {
    const { house, duck } = await both('alike', EXAMPLE)
    await explain(house, EXAMPLE)
    for (const [table, order] of Object.entries(TABLES)) {
      const [said, expected] = await Promise.all(
        [house, duck].map(async (store) => {
          const { columns, rows } = await answer(store, `select * from ${table} order by ${order}`)
          return { columns, rows: rows.map((row) => row.toSpliced(columns.indexOf('stored'), 1)) }
        }),
      )
      expect(said).toEqual(expected)
      expect(said!.rows.length).toBeGreaterThan(1)
    }
  })

  test('only reads, one statement, and tells what ClickHouse says of the SQL', async () => {
    const { house } = await both('reads')
    for (const sql of ['delete from journeys', 'insert into nfwhy_store values (2)', ' -- select\nsystem flush logs'])
      expect(await ask(house, sql)).toMatchObject({
        ...{ code: 2, stdout: '', stderr: expect.stringContaining('the SQL has to be a SELECT') },
      })
    const wrong = await ask(house, 'select nothing from journeys')
    expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/nothing/) })
    expect(wrong.stderr).not.toMatch(/Code:|DB::|e\.what|at /)
    for (const sql of [
      'select 1 as a; select 2 as a',
      "select * from url('http://127.0.0.1:1/', 'CSV', 'a String')",
      ' ; ',
    ])
      await expect(answer(house, sql)).rejects.toThrow(UserError)
    // names, types and NULL, as DuckDB's are
    expect(
      await answer(
        house,
        `select 'a,"\\\\\\t\nb' as x, NULL as y, 1.5 as z, toInt64(9007199254740993) as w, -1 as v; `,
      ),
    ).toEqual({ columns: ['x', 'y', 'z', 'w', 'v'], rows: [['a,"\\\t\nb', null, 1.5, '9007199254740993', -1]] })
    expect(await answer(house, 'select 1 as a where 0 = 1')).toEqual({ columns: ['a'], rows: [] })
    expect((await answer(house, 'select 1, 1')).columns).toEqual(['1', '1:1'])
    // a user who may not set anything
    const reads = house.replace('//', '//reader@')
    expect(await answer(reads, 'top-droppers')).toEqual(await answer(house, 'top-droppers'))
    const at = folder({ 'trace.log': packets(0, 1), 'rules.v4': RULES })
    expect(await explain(reads, join(at, 'trace.log'), join(at, 'rules.v4'))).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('readonly') },
    })
  })

  test('lets nobody in without the password, and never prints it', async () => {
    const plain = await server.database('secret')
    const at = folder({ 'trace.log': packets(0, 2), 'rules.v4': RULES })
    const inputs = [join(at, 'trace.log'), join(at, 'rules.v4')]
    const withPassword = (password: string) => plain.replace('//', `//writer:${encodeURIComponent(password)}@`)
    expect(await explain(withPassword(ClickHouse.PASSWORD), ...inputs)).toMatchObject({ code: 1, stderr: '' })
    const wrong = await explain(withPassword('topsecret'), ...inputs)
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('does not let writer in') })
    expect(wrong.stdout + wrong.stderr).not.toContain('topsecret')
    const byEnvironment = (password: string) =>
      nfwhy(['query', '--store', plain.replace('//', '//writer@'), 'unanswered'], {
        env: { NFWHY_CLICKHOUSE_PASSWORD: password },
      })
    expect(await byEnvironment(ClickHouse.PASSWORD)).toMatchObject({ code: 0, stderr: '' })
    expect(await byEnvironment('other')).toMatchObject({ code: 2 })
    for (const url of [
      'clickhouse://me:topsecret@127.0.0.1:x/',
      'clickhouse://me:12/topsecret@127.0.0.1/x',
      'clickhous://me:topsecret@127.0.0.1/x',
      'clickhouse://me:topsecret@127.0.0.1:1/x',
    ]) {
      const { code, stdout, stderr } = await explain(url, ...inputs)
      expect({ code, isSecret: !(stdout + stderr).includes('topsecret') }).toEqual({ code: 2, isSecret: true })
    }
  })

  test('says what is no store, and does not touch it', async () => {
    const at = folder({ 'trace.log': packets(0, 1), 'rules.v4': RULES })
    const inputs = [join(at, 'trace.log'), join(at, 'rules.v4')]
    const others = await server.database('others')
    await server.ask('CREATE TABLE others.journeys (a Int32) ENGINE = TinyLog')
    const newer = await server.database('newer')
    await explain(newer, ...inputs)
    await server.ask('INSERT INTO newer.nfwhy_store VALUES (9)')
    for (const [url, words] of [
      [others, "they are not nfwhy's"],
      [newer, 'this store has version 9'],
      [others.replace('others', 'none'), 'there is no such database'],
      ['clickhouse://127.0.0.1:1/x', 'ECONNREFUSED'],
    ])
      expect(await explain(url!, ...inputs)).toMatchObject({ code: 2, stderr: expect.stringContaining(words!) })
    expect(await ask(others, 'top-droppers')).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('there is no store') },
    })
    expect(await server.ask("SELECT name FROM system.tables WHERE database = 'others'")).toBe('journeys')
  })
})

test("says what to install where ClickHouse's client is missing", async () => {
  const at = folder({ 'trace.log': packets(0, 1), 'rules.v4': RULES })
  const { code, stderr } = await nfwhyAlone(at, ['query', '--store', 'clickhouse://127.0.0.1:1/x', 'unanswered'])
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringMatching(/optional package @clickhouse\/client is not installed.*npm install/s),
  })
})
