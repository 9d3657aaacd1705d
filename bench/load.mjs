/**
 * npm run bench:load -- RUNS CLICKHOUSE NATS: a log of three million steps is handed to a broker, and one and two loaders bring it into
 * ClickHouse, in turn (1 2 1 2 …): times of the wall clock, from the start of the loaders until all is stored, and their ratio.
 * CLICKHOUSE: HTTP of a server that lets `default` in without a password; NATS: a broker with JetStream that lets everybody in. A
 * database and a stream are made anew for each run. On fewer processors than loaders, the broker and ClickHouse need, two loaders
 * cannot be twice as fast.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { askClickHouse } from './clickhouse.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const [runs = '5', server = 'http://127.0.0.1:8123', broker = 'nats://127.0.0.1:4222'] = process.argv.slice(2)
const DATABASE = 'nfwhy_bench'
const log = 'tmp/bench/trace-990.log'
const rules = 'examples/nodeport-clash/rules.v4'
const spool = 'tmp/bench/spool'

const run = (command) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', reject)
    child.on('exit', (code) => (code === 2 ? reject(new Error(`${command.join(' ')} failed`)) : resolve()))
  })

const tell = askClickHouse(server)

/** Seconds. */
async function time(loaders, n) {
  await tell(`DROP DATABASE IF EXISTS ${DATABASE}`)
  await tell(`CREATE DATABASE ${DATABASE}`)
  const stream = `${broker}/bench-${process.pid}-${n}`
  await run(['bin/nfwhy.js', 'explain', '-q', log, rules, '--store', `${stream}?spool=${spool}`])
  const started = performance.now()
  const to = `clickhouse://${new URL(server).host}/${DATABASE}`
  const load = () => run(['bin/nfwhy.js', 'load', stream, to, '--until-empty'])
  await Promise.all(Array.from({ length: loaders }, load))
  const seconds = (performance.now() - started) / 1000
  return { seconds, journeys: Number(await tell(`SELECT count(DISTINCT journey) FROM ${DATABASE}.nfwhy_journeys`)) }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]

mkdirSync('tmp/bench', { recursive: true })
if (!existsSync(log)) await run(['bench/make-trace.mjs', log, '990'])
const times = { 1: [], 2: [] }
let journeys = 0
for (let i = 0; i < Number(runs); i++)
  for (const loaders of [1, 2]) {
    const one = await time(loaders, 2 * i + loaders)
    times[loaders].push(one.seconds)
    journeys = one.journeys
  }
await tell(`DROP DATABASE ${DATABASE}`)
rmSync(spool, { recursive: true, force: true })
const [one, two] = [median(times[1]), median(times[2])]
process.stdout.write(
  `${journeys} journeys, ${availableParallelism()} processors: one loader ${one.toFixed(2)} s, two ${two.toFixed(2)} s (${(one / two).toFixed(2)} times as fast)\n`,
)
