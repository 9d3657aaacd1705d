/**
 * npm run bench:store [-- RUNS [CLICKHOUSE]]: a million steps decoded by bench/decode.py, explained without a store, and into
 * DuckDB and Parquet, in turn (A B C D A B C D …): times as ratios of the median to the decoder's and to those without a store,
 * of the wall clock and of all processors; the peak of memory in a run of its own.
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
    const child = spawn(...command, { stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', reject)
    child.on('exit', resolve)
    onStart(child)
  })
}

const urlOf = (kind) =>
  kind === 'clickhouse' ? `clickhouse://${new URL(server).host}/${DATABASE}` : `${kind}:${stores[kind]}`

const commandOf = (kind) =>
  kind === 'python'
    ? ['python3', ['bench/decode.py', rules, log]]
    : [
        process.execPath,
        [...['bin/nfwhy.js', 'explain', log, rules], ...(kind === 'plain' ? [] : ['--store', urlOf(kind)])],
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
  await run([process.execPath, ['bench/make-trace.mjs', log, '330']])
}
const kinds = ['python', 'plain', 'duckdb', 'parquet', ...(server ? ['clickhouse'] : [])]
const peaks = {}
for (const kind of kinds) peaks[kind] = await peakOf(kind)
const times = Object.fromEntries(kinds.map((kind) => [kind, []]))
for (let i = 0; i < runs; i++) for (const kind of kinds) times[kind].push(await time(kind))
for (const kind of kinds) {
  const told = ['wall', 'cpu'].map((what) => {
    const of = (one) => median(times[one].map((run) => run[what]))
    const ratios = ['python', 'plain'].map((other) => `${(of(kind) / of(other)).toFixed(2)} ${other}`)
    return `${of(kind).toFixed(2).padStart(6)} s (${ratios.join(', ')})`
  })
  process.stdout.write(`${kind.padEnd(10)} ${told[0]}  processors ${told[1]}  peak ${peaks[kind].toFixed(0)} MB\n`)
  await removeStore(kind, false)
}
