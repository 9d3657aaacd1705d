/** `--store` and `nfwhy query`, with the real DuckDB: what is asked of a store is what `explain --json` says. */
// @module-tag slow
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ExplanationDocument, QueryDocument } from '../../src/reports/documents.ts'
import { BIN, EXAMPLE, folder, nfwhy, nfwhyAlone } from './nfwhy.ts'

const TABLES = ['exchanges', 'journeys', 'steps', 'findings', 'rulesets']

async function query(store: string, ...words: string[]): Promise<QueryDocument['rows']> {
  const { code, stdout, stderr } = await nfwhy(['query', '--store', store, '--json', ...words])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return (JSON.parse(stdout) as QueryDocument).rows
}

async function explained(...inputs: string[]): Promise<ExplanationDocument> {
  return JSON.parse((await nfwhy(['explain', '--json', ...inputs])).stdout)
}

/** Each table's rows, without when they were stored: asked for at once, for a process that loads DuckDB takes a second. */
async function contents(store: string): Promise<Record<string, unknown[]>> {
  const whole = (table: string) =>
    `select '${table}' as name, to_json(one)::varchar as text from (select * exclude stored from ${table}) one`
  const rows = await query(store, TABLES.map(whole).join(' union all '))
  return Object.fromEntries(
    TABLES.map((table) => [
      table,
      rows
        .filter(({ name }) => name === table)
        .map(({ text }) => text)
        .sort(),
    ]),
  )
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    // closed meanwhile
    return undefined
  }
}

/** Of one flow, drops of the same packet again and again, and what got through. */
function trace(packets: number): string {
  const lines: string[] = []
  for (let i = 0; i < packets; i++) {
    const [chain, kind] = i % 3 === 0 ? ['INPUT', 'policy:2'] : ['INPUT', 'rule:1']
    const port = i % 3 === 0 ? 443 : 22
    const time = (100 + i / 1000).toFixed(6)
    lines.push(
      `[  ${time}] TRACE: filter:${chain}:${kind} IN=eth0 OUT= SRC=192.0.2.${1 + (i % 200)} DST=198.51.100.1 LEN=60 TTL=64 ID=${i + 1} PROTO=TCP SPT=${1024 + i} DPT=${port} SEQ=${i} ACK=0 WINDOW=64240 SYN`,
    )
  }
  return `${lines.join('\n')}\n`
}

const RULES = `*filter
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j DROP
COMMIT
`

test.each(['duckdb:x.duckdb', 'parquet:x'])('answers from %s what explain says', async (url) => {
  const at = folder({ 'trace.log': trace(60), 'rules.v4': RULES })
  const [kind, name] = url.split(':')
  const store = `${kind}:${join(at, name!)}`
  const inputs = [join(at, 'trace.log'), join(at, 'rules.v4')]
  const stored = await nfwhy(['explain', '-q', ...inputs, '--store', store])
  expect(stored).toEqual(await nfwhy(['explain', '-q', ...inputs]))
  const { journeys, exchanges } = await explained(...inputs)

  // every journey, with its steps and findings
  const rows = await query(store, 'select * from journeys order by uptime')
  expect(
    rows.map(({ src, sport, dst, dport, outcome, basis, ip_id, tcp_seq, steps }) => [
      src,
      sport,
      dst,
      dport,
      outcome,
      basis,
      ip_id,
      tcp_seq,
      steps,
    ]),
  ).toEqual(
    journeys.map(({ packet: { src, sport, dst, dport, ipId, tcpSeq }, outcome, basis, steps }) => [
      src,
      sport,
      dst,
      dport,
      outcome,
      basis,
      ipId,
      tcpSeq,
      steps.length,
    ]),
  )
  const steps = await query(
    store,
    'select j.uptime, s.n, s.hook, s.table_name, s.chain, s.kind, s.rule_number, verdict, s.depth, s.known, r.rule_text from journeys j join steps s using (path) left join rulesets r on s.ruleset = r.ruleset and s.rule = r.rule order by uptime, s.n',
  )
  const chainText = (one: { kind: string; rule?: string }) => (one.kind === 'rule' ? one.rule : undefined)
  expect(
    steps.map((one) => [
      one.n,
      one.hook,
      one.table_name,
      one.chain,
      one.kind,
      one.rule_number,
      one.verdict,
      one.depth,
      one.known,
      one.rule_text,
    ]),
  ).toEqual(
    journeys.flatMap((journey) =>
      journey.steps.map((one) => [
        one.n,
        one.hook,
        one.table,
        one.chain,
        one.kind,
        one.ruleNumber,
        one.verdict,
        one.depth,
        one.known,
        chainText(one),
      ]),
    ),
  )
  const findings = await query(
    store,
    "select f.code, f.severity, f.message, f.command, f.undo from findings f join journeys j on f.subject = j.journey where about = 'journey' order by j.uptime, f.n",
  )
  expect(findings).toEqual(
    journeys.flatMap((journey) =>
      journey.findings.map(({ code, severity, message, fix }) => {
        const best = fix.find(({ command }) => command !== undefined)
        return JSON.parse(JSON.stringify({ code, severity, message, command: best?.command, undo: best?.undo }))
      }),
    ),
  )
  const statuses = await query(store, 'select src, sport, dport, status, requests, culprit_text from exchanges')
  const line = (values: unknown[]) => values.join(' ')
  expect(
    statuses.map((one) => line([one.src, one.sport, one.dport, one.status, one.requests, one.culprit_text])).sort(),
  ).toEqual(
    exchanges
      .map(({ asked, status, journeys, culprit }) =>
        line([asked.src, asked.sport, asked.dport, status, journeys.request.length, culprit?.rule]),
      )
      .sort(),
  )

  // the named queries
  const dropped = journeys.filter(({ outcome }) => outcome === 'dropped')
  expect(await query(store, 'top-droppers')).toEqual([
    {
      ...{ rule: 'filter INPUT rule 1', family: 'ip', outcome: 'dropped', packets: dropped.length },
      ...{ exchanges: exchanges.filter(({ status }) => status === 'dropped').length, hosts: 0 },
      rule_text: '-A INPUT -p tcp -m tcp --dport 22 -j DROP',
    },
  ])
  expect(await query(store, 'rule', 'filter:INPUT:1')).toEqual([
    { hook: 'input', verdict: 'drop', outcome: 'dropped', packets: dropped.length },
  ])
  const { packet } = dropped[0]!
  for (const tuple of [
    `tcp ${packet.src}:${packet.sport} > ${packet.dst}:22`,
    `tcp ${packet.dst}:22 > ${packet.src}:${packet.sport}`,
  ])
    expect(await query(store, 'flow', tuple)).toMatchObject([
      { src: packet.src, sport: packet.sport, outcome: 'dropped' },
    ])
  const unanswered = exchanges.filter(({ status }) => ['unanswered', 'reply-lost', 'lost'].includes(status)).length
  const counted = await query(store, 'unanswered')
  expect(counted.reduce((sum, one) => sum + Number(one.exchanges), 0)).toBe(unanswered)
})

test.each(['duckdb', 'parquet'])('keeps each row once in %s, whatever the file is called', async (kind) => {
  const at = folder({ 'trace.log': trace(30), 'copy.log': trace(30), 'rules.v4': RULES })
  const store = `${kind}:${join(at, 'store')}`
  const run = (log: string) => nfwhy(['explain', '-q', join(at, log), join(at, 'rules.v4'), '--store', store])
  await run('trace.log')
  const before = await contents(store)
  expect(before.journeys).toHaveLength(30)
  expect(before.steps!.length).toBeLessThan(30)
  await run('trace.log')
  await run('copy.log')
  expect(await contents(store)).toEqual(before)
})

test('has the same rows in both kinds of store', async () => {
  const at = folder({})
  const stores = ['duckdb', 'parquet'].map((kind) => `${kind}:${join(at, kind)}`)
  for (const store of stores) await nfwhy(['explain', '-q', EXAMPLE, '--store', store])
  expect(await contents(stores[0]!)).toEqual(await contents(stores[1]!))
})

test('knows what is new since a time', async () => {
  const dated = (second: string, port: number) =>
    `2026-01-31T12:00:${second}.000000+00:00 gw kernel: TRACE: filter:INPUT:rule:1 IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 LEN=60 TTL=64 ID=${second} PROTO=TCP SPT=4${second} DPT=${port} SEQ=1 ACK=0 WINDOW=64240 SYN\n`
  const at = folder({
    'trace.log': dated('10', 22) + dated('20', 22) + dated('30', 2222),
    'rules.v4': RULES.replace('--dport 22 ', ''),
  })
  const store = `duckdb:${join(at, 'x.duckdb')}`
  await nfwhy(['explain', '-q', join(at, 'trace.log'), join(at, 'rules.v4'), '--store', store])
  const since = (time: string) => query(store, 'new-drops-since', time)
  expect(await since('2026-01-31T12:00:15Z')).toMatchObject([{ host: 'gw', dport: 2222, packets: 1 }])
  expect(await since('2026-01-31T12:00:05Z')).toMatchObject([{ dport: 22, packets: 2 }, { dport: 2222 }])
  expect(await since('2026-01-31T12:00:31Z')).toEqual([])
})

test('stores a simulation once, apart from what was traced', async () => {
  const at = folder({ 'rules.v4': RULES.replace('-A INPUT', '-A OUTPUT') })
  const store = `duckdb:${join(at, 'x.duckdb')}`
  const play = (...more: string[]) =>
    nfwhy([
      'simulate',
      join(at, 'rules.v4'),
      '--packet',
      'tcp 192.0.2.1:4000 > 198.51.100.1:22 syn',
      '--store',
      store,
      ...more,
    ])
  await play()
  await play()
  const rows = () => query(store, 'select source, protocol from journeys')
  expect(await rows()).toEqual([{ source: 'simulation', protocol: 'tcp' }])
  await play('--apply', 'iptables -D OUTPUT 1')
  expect(await rows()).toHaveLength(2)
  expect(await query(store, 'top-droppers')).toEqual([])
})

test('lists the queries, prints tables and CSV, and refuses what writes', async () => {
  const at = folder({ 'trace.log': trace(3), 'rules.v4': RULES })
  expect((await nfwhy(['query'])).stdout).toMatch(/^top-droppers\n.*new-drops-since TIME\n/s)
  for (const kind of ['duckdb', 'parquet']) {
    const store = `${kind}:${join(at, kind)}`
    await nfwhy(['explain', '-q', join(at, 'trace.log'), join(at, 'rules.v4'), '--store', store])
    const ask = (...words: string[]) => nfwhy(['query', '--store', store, ...words])
    expect((await ask('select outcome, count(*) as n from journeys group by 1 order by 1 limit 1')).stdout).toBe(
      'outcome    n\ndelivered  1\n',
    )
    expect((await ask('--csv', `select 'a,"b' as x, null as y, 1 as z`)).stdout).toBe('x,y,z\n"a,""b",,1\n')
    expect((await ask('select 1 as a where false')).stdout).toBe('no rows\n')
    const before = await contents(store)
    for (const sql of [
      'delete from journeys',
      'drop table steps',
      'create table t (a int)',
      `copy (select 1) to '${join(at, kind === 'duckdb' ? 'x.csv' : 'parquet/x.csv')}'`,
      `explain analyze copy (select 1) to '${join(at, 'parquet/x.csv')}'`,
      "attach 'x.db'",
      'set enable_external_access = true',
      'select 1; select 2',
      // both kinds refuse these in the same place
    ].slice(kind === 'duckdb' ? 0 : 3, kind === 'duckdb' ? undefined : 5))
      expect(await ask(sql)).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(/has to be a SELECT|one SQL statement/),
      })
    for (const sql of [
      "select * from read_csv('/etc/passwd')",
      `select * from '${join(at, 'trace.log')}'`,
      'select nothing from journeys',
    ])
      expect(await ask(sql)).toMatchObject({ code: 2, stdout: '' })
    expect(await contents(store)).toEqual(before)
    expect(existsSync(join(at, 'parquet/x.csv')) || existsSync(join(at, 'x.csv'))).toBe(false)
  }
})

test('says what is no store, and does not touch it', async () => {
  const at = folder({ 'notes.txt': 'mine', 'full/notes.txt': 'mine', 'rules.v4': RULES, 'trace.log': trace(1) })
  const run = (url: string) => nfwhy(['explain', '-q', join(at, 'trace.log'), join(at, 'rules.v4'), '--store', url])
  for (const url of [`duckdb:${join(at, 'notes.txt')}`, `parquet:${join(at, 'full')}`])
    expect(await run(url)).toMatchObject({ code: 2, stderr: expect.stringContaining('this is no store') })
  expect(await run('mysql:x')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('write duckdb:FILE, parquet:DIR, clickhouse:'),
  })
  expect(readFileSync(join(at, 'notes.txt'), 'utf8')).toBe('mine')
  expect(await nfwhy(['query', '--store', `duckdb:${join(at, 'none')}`, 'top-droppers'])).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining('there is no such store') },
  })
})

test('says what to install where DuckDB is missing', async () => {
  const at = folder({ 'trace.log': trace(1), 'rules.v4': RULES })
  const { code, stderr } = await nfwhyAlone(at, [
    'explain',
    'trace.log',
    'rules.v4',
    '--store',
    `duckdb:${join(at, 'x')}`,
  ])
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringMatching(/optional package @duckdb\/node-api is not installed.*npm install/s),
  })
})

test('leaves a readable store when it is killed, which the next run completes', { tags: 'slow' }, async () => {
  for (const kind of ['duckdb', 'parquet']) {
    const at = folder({ 'trace.log': trace(25_000), 'rules.v4': RULES })
    const store = `${kind}:${join(at, 'store')}`
    const args = ['explain', '-q', join(at, 'trace.log'), join(at, 'rules.v4'), '--store', store]
    const child = spawn(process.execPath, [BIN, ...args], { stdio: 'ignore' })
    const closed = new Promise((resolve) => child.on('close', resolve))
    const written = () =>
      kind === 'duckdb'
        ? existsSync(join(at, 'store.wal')) ||
          (existsSync(join(at, 'store')) && statSync(join(at, 'store')).size > 300_000)
        : existsSync(join(at, 'store/journeys')) &&
          readdirSync(join(at, 'store/journeys')).some((name) => name.endsWith('.parquet'))
    while (!written() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGKILL')
    await closed
    const count = async () =>
      (await query(store, 'select count(*) as n, count(distinct journey) as d from journeys'))[0]!
    const { n } = await count()
    expect(Number(n)).toBeLessThan(25_000)
    const orphans = 'select count(*) as n from journeys j anti join steps s on j.path = s.path'
    expect(await query(store, orphans)).toEqual([{ n: 0 }])
    expect(await nfwhy(args)).toMatchObject({ code: 1, stderr: '' })
    expect(await count()).toEqual({ n: 25_000, d: 25_000 })
    expect(await query(store, 'select count(*) as n, count(distinct exchange) as d from exchanges')).toEqual([
      { n: 25_000, d: 25_000 },
    ])
  }
})

test('leaves a store without rows, or none, when it is killed while it makes one', { tags: 'slow' }, async () => {
  const at = folder({ 'trace.log': trace(1), 'rules.v4': RULES })
  const args = ['explain', '-q', join(at, 'trace.log'), join(at, 'rules.v4'), '--store', `duckdb:${join(at, 'store')}`]
  const there = () => readdirSync(at).filter((name) => name.startsWith('store'))
  for (const wait of [0, 0, 5, 10, 20, 40]) {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: 'ignore' })
    const closed = new Promise((resolve) => child.on('close', resolve))
    while (there().length === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 1))
    await new Promise((resolve) => setTimeout(resolve, wait))
    child.kill('SIGKILL')
    await closed
    if (existsSync(join(at, 'store'))) await query(`duckdb:${join(at, 'store')}`, 'select * from journeys')
    expect(await nfwhy(args)).toMatchObject({ code: 0, stderr: '' })
    for (const name of there()) rmSync(join(at, name))
  }
})

test('says who else has the file open', async () => {
  const at = folder({ 'rules.v4': RULES, 'trace.log': trace(2) })
  const store = join(at, 'x.duckdb')
  const run = () => nfwhy(['explain', '-q', join(at, 'trace.log'), join(at, 'rules.v4'), '--store', `duckdb:${store}`])
  await run()
  // standard input that stays open keeps it writing
  const child = spawn(process.execPath, [BIN, 'explain', '-', join(at, 'rules.v4'), '--store', `duckdb:${store}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const closed = new Promise((resolve) => child.on('close', resolve))
  try {
    child.stdin.write(trace(2))
    const files = `/proc/${child.pid}/fd`
    const isOpen = () => readdirSync(files).some((fd) => linkOf(join(files, fd)) === store)
    while (child.exitCode === null && !isOpen()) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await run()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`another process (${child.pid}) has this store open`),
    })
    expect(await nfwhy(['query', '--store', `duckdb:${store}`, 'top-droppers'])).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining(`another process (${child.pid})`) },
    })
  } finally {
    child.stdin.end()
    await closed
  }
  expect(await query(`duckdb:${store}`, 'select count(*) as n from journeys')).toEqual([{ n: 2 }])
})
