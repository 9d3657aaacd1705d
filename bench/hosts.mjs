/**
 * npm run bench:hosts [-- HOSTS [CLICKHOUSE [REPEATS]]]: a day of a thousand hosts into one ClickHouse, two hosts at a time.
 * Each host is a recorded bundle of examples/ under a name and with a clock of its own (up to 100 ms off), whose packets are sent
 * REPEATS times in the day (200 unless given). Prints rows, bytes on disk, how long storing took, and of each named query the
 * median of five runs, whole processes. CLICKHOUSE: HTTP of a server that lets `default` in without a password.
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { askClickHouse } from './clickhouse.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const [hosts = '1000', server = 'http://127.0.0.1:8123', repeats = '200'] = process.argv.slice(2)
const DATABASE = 'nfwhy_bench'
const SECONDS_A_DAY = 86_400
const AT_ONCE = 2
const bundles = [
  'container-no-internet',
  'hairpin',
  'ipv6-forgotten',
  'nft-allow-set',
  'nodeport-local',
  'published-port-open',
  'rp-filter',
  'stale-conntrack',
]
const url = `clickhouse://${new URL(server).host}/${DATABASE}`

// a small generator of our own: the same hosts every time
let seed = 12345
const random = (below) => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return seed % below
}

/** A pcap of which each record comes once for each of `shifts` (microseconds). Little-endian, microseconds: as the bundles have it. */
function repeated(pcap, shifts) {
  if (pcap.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error('not a pcap of microseconds')
  const records = []
  for (let at = 24; at < pcap.length; ) {
    const length = 16 + pcap.readUInt32LE(at + 8)
    records.push(pcap.subarray(at, at + length))
    at += length
  }
  const later = shifts.flatMap((shift) =>
    records.map((record) => {
      const copy = Buffer.from(record)
      const micros = record.readUInt32LE(0) * 1e6 + record.readUInt32LE(4) + shift
      copy.writeUInt32LE(Math.floor(micros / 1e6), 0)
      copy.writeUInt32LE(micros % 1e6, 4)
      return copy
    }),
  )
  return Buffer.concat([pcap.subarray(0, 24), ...later])
}

function makeHost(n, folder) {
  rmSync(folder, { recursive: true, force: true })
  cpSync(`examples/${bundles[n % bundles.length]}`, folder, { recursive: true })
  const name = `node-${String(n).padStart(4, '0')}`
  const change = (file, from, to) =>
    writeFileSync(`${folder}/${file}`, readFileSync(`${folder}/${file}`, 'utf8').replace(from, to))
  change('collected.txt', /^host .*$/m, `host ${name}`)
  change('uname.txt', /^Linux \S+/, `Linux ${name}`)
  const skew = random(200_001) - 100_000
  const every = Math.floor((SECONDS_A_DAY * 1e6) / Number(repeats))
  const shifts = Array.from({ length: Number(repeats) }, (_, i) => i * every + random(every >> 1) + skew)
  const capture = `${folder}/trace-1.pcap`
  writeFileSync(capture, repeated(readFileSync(capture), shifts))
}

const run = (args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['bin/nfwhy.js', ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    // that a ruleset was changed, once for each time the packets are repeated, is of no interest
    let said = ''
    child.stderr.on('data', (text) => (said += text))
    child.on('error', reject)
    child.on('close', (code) => (code === 2 ? reject(new Error(`nfwhy ${args.join(' ')}: ${said}`)) : resolve()))
  })

const tell = askClickHouse(server)

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
const print = (line) => process.stdout.write(`${line}\n`)

await tell(`DROP DATABASE IF EXISTS ${DATABASE}`)
await tell(`CREATE DATABASE ${DATABASE}`)
const started = performance.now()
let next = 0
await Promise.all(
  Array.from({ length: AT_ONCE }, async (_, lane) => {
    const folder = `tmp/bench/host-${lane}`
    mkdirSync('tmp/bench', { recursive: true })
    while (next < Number(hosts)) {
      makeHost(next++, folder)
      await run(['explain', '-q', folder, '--store', url])
    }
    rmSync(folder, { recursive: true, force: true })
  }),
)
print(`${hosts} hosts, ${availableParallelism()} processors: ${((performance.now() - started) / 1000).toFixed(0)} s`)

for (const table of ['exchanges', 'journeys', 'steps', 'rulesets']) {
  const rows = Number(await tell(`SELECT count() FROM ${DATABASE}.nfwhy_${table} FINAL`))
  const sizes = await tell(
    `SELECT sum(bytes_on_disk), count() FROM system.parts WHERE active AND database = '${DATABASE}' AND table = 'nfwhy_${table}'`,
  )
  const [bytes, parts] = sizes.split('\t').map(Number)
  print(`${table.padEnd(10)} ${rows} rows, ${bytes} bytes in ${parts} parts, ${(bytes / rows).toFixed(1)} bytes a row`)
}
const seen = await tell(`SELECT uniqExact(host) FROM ${DATABASE}.nfwhy_journeys`)
if (Number(seen) !== Number(hosts)) throw new Error(`${seen} hosts are stored`)
const [tuple] = (
  await tell(
    `SELECT concat(protocol, ' ', src, ':', toString(sport), ' > ', dst, ':', toString(dport)) FROM ${DATABASE}.journeys
     WHERE protocol = 'tcp' AND family = 'ip' LIMIT 1`,
  )
).split('\n')
const rule = await tell(`SELECT any(culprit_ref) FROM ${DATABASE}.journeys WHERE culprit_ref != ''`)
const queries = [
  ['top-droppers'],
  ['new-drops-since', '2026-11-24T00:00:00Z'],
  ['flow', tuple],
  ['path', tuple],
  ['rule', rule],
  ['unanswered'],
]
for (const query of queries) {
  const times = []
  for (let i = 0; i < 5; i++) {
    const begun = performance.now()
    await run(['query', '--store', url, ...query])
    times.push(performance.now() - begun)
  }
  print(`query ${query.join(' ').padEnd(48)} ${median(times).toFixed(0)} ms`)
}
await tell(`DROP DATABASE ${DATABASE}`)
