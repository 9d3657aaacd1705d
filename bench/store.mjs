/**
 * npm run bench:store [-- RUNS [CLICKHOUSE]]: a million steps explained without a store, and into DuckDB and Parquet, in turn
 * (A B C A B C …): times as ratios of the median, of the wall clock and of all processors; the peak of memory in a run of its own.
 * CLICKHOUSE: HTTP of a server that lets `default` in without a password (http://127.0.0.1:8123), which is measured too, in
 * a database that is made anew; the processors are those of nfwhy alone.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { askClickHouse } from './clickhouse.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const runs = Number(process.argv[2] ?? 7)
const server = process.argv[3]
const DATABASE = 'nfwhy_bench'
const log = 'tmp/bench/trace-330.log'
const rules = 'examples/nodeport-clash/rules.v4'
const stores = { duckdb: 'tmp/bench/store.duckdb', parquet: 'tmp/bench/store.parquet' }

function run(command, onStart = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', reject)
    child.on('exit', resolve)
    onStart(child)
  })
}

const urlOf = (kind) =>
  kind === 'clickhouse' ? `clickhouse://${new URL(server).host}/${DATABASE}` : `${kind}:${stores[kind]}`

const commandOf = (kind) => [
  ...['bin/nfwhy.js', 'explain', log, rules],
  ...(kind === 'plain' ? [] : ['--store', urlOf(kind)]),
]

const tell = askClickHouse(server)

async function removeStore(kind, isMadeAnew = true) {
  if (kind === 'clickhouse') {
    await tell(`DROP DATABASE IF EXISTS ${DATABASE}`)
    if (isMadeAnew) await tell(`CREATE DATABASE ${DATABASE}`)
  }
  if (stores[kind]) for (const end of ['', '.wal']) rmSync(stores[kind] + end, { recursive: true, force: true })
}

/** Seconds: by the wall, and of all processors. */
async function time(kind) {
  await removeStore(kind)
  const started = performance.now()
  let used = 0
  let watch
  await run(commandOf(kind), ({ pid }) => {
    watch = setInterval(() => {
      used = Math.max(used, cpuOf(pid))
    }, 20)
  })
  clearInterval(watch)
  return { wall: (performance.now() - started) / 1000, cpu: used }
}

/** User and system time of a process so far, in hundredths of a second as /proc has it. */
function cpuOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

/** MB of resident memory, at most. */
async function peakOf(kind) {
  await removeStore(kind)
  let peak = 0
  let watch
  await run(commandOf(kind), ({ pid }) => {
    watch = setInterval(() => {
      try {
        peak = Math.max(
          peak,
          Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
        )
      } catch {
        // it has just ended
      }
    }, 3)
  })
  clearInterval(watch)
  return peak
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]

if (!existsSync(log)) {
  mkdirSync('tmp/bench', { recursive: true })
  await run(['bench/make-trace.mjs', log, '330'])
}
const kinds = ['plain', 'duckdb', 'parquet', ...(server ? ['clickhouse'] : [])]
const peaks = {}
for (const kind of kinds) peaks[kind] = await peakOf(kind)
const times = Object.fromEntries(kinds.map((kind) => [kind, []]))
for (let i = 0; i < runs; i++) for (const kind of kinds) times[kind].push(await time(kind))
for (const kind of kinds) {
  const [wall, cpu] = ['wall', 'cpu'].map((what) => median(times[kind].map((one) => one[what])))
  const [plainWall, plainCpu] = ['wall', 'cpu'].map((what) => median(times.plain.map((one) => one[what])))
  process.stdout.write(
    `${kind.padEnd(10)} ${wall.toFixed(2).padStart(7)} s (${(wall / plainWall).toFixed(2)})  ` +
      `processors ${cpu.toFixed(2).padStart(6)} s (${(cpu / plainCpu).toFixed(2)})  peak ${peaks[kind].toFixed(0)} MB\n`,
  )
  await removeStore(kind, false)
}
