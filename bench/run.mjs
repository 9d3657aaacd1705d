/**
 * npm run bench [-- MEGABYTES]: how fast and how small, as ratios within one run, for machines differ and are noisy.
 * Commands that are compared run in turn (A B A B …); what counts is the median, and how far apart the runs were. Memory
 * is measured in a run of its own.
 */
import { spawn } from 'node:child_process'
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const megabytes = Number(process.argv[2] ?? 300)
const log = `tmp/bench/trace-${megabytes}.log`
const rules = 'examples/nodeport-clash/rules.v4'
const nft = `tmp/bench/nft-${megabytes}.txt`
const nftRules = 'fixtures/incidents/nft-allow-set/ruleset-dropped.json'

// what this machine has Node load before any program (certificates take 30 ms) is no part of ours
const { NODE_OPTIONS, NODE_EXTRA_CA_CERTS, ...env } = process.env

function run([command, ...args], onStart = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', reject)
    child.on('exit', resolve)
    onStart(child)
  })
}

/** Wall seconds. */
async function time(command) {
  const started = performance.now()
  await run(command)
  return (performance.now() - started) / 1000
}

/** The peak of resident memory in MB, as /proc saw it every few milliseconds. Looking disturbs: such a run is not timed. */
async function peakOf(command) {
  let peak = 0
  let watch
  await run(command, ({ pid }) => {
    watch = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8')
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
      } catch {
        // it has just ended, or this is no Linux
      }
    }, 3)
  })
  clearInterval(watch)
  return peak
}

/** Each command's times and its peak. The runs that find the peak also bring the files into memory. */
async function inTurn(commands, runs) {
  const results = {}
  for (const [name, command] of Object.entries(commands)) results[name] = { times: [], peak: await peakOf(command) }
  for (let i = 0; i < runs; i++)
    for (const [name, command] of Object.entries(commands)) results[name].times.push(await time(command))
  for (const { times } of Object.values(results)) times.sort((a, b) => a - b)
  return results
}

const median = ({ times }) => times[Math.floor(times.length / 2)]
const show = (name, result) => {
  const { times, peak } = result
  const ms = (seconds) => `${(seconds * 1000).toFixed(0)} ms`
  process.stdout.write(
    `  ${name.padEnd(34)} median ${ms(median(result)).padStart(8)}  (${ms(times[0])} to ${ms(times.at(-1))})  peak ${peak.toFixed(0)} MB\n`,
  )
}

if (!existsSync(log) || statSync(log).size < megabytes * 0.9e6) {
  mkdirSync('tmp/bench', { recursive: true })
  await run(['node', 'bench/make-trace.mjs', log, String(megabytes)])
}

if (!existsSync(nft) || statSync(nft).size < megabytes * 0.9e6)
  await run(['node', 'bench/make-nft-trace.mjs', nft, String(megabytes)])

process.stdout.write(`${megabytes} MB of interleaved TRACE lines, Node ${process.version}:\n`)
const trace = await inTurn(
  {
    python: ['python3', 'bench/decode.py', rules, log],
    explain: ['node', 'bin/nfwhy.js', 'explain', log, rules],
    ndjson: ['node', 'bin/nfwhy.js', 'explain', '--ndjson', log, rules],
  },
  9,
)
show('line by line in Python', trace.python)
show('explain, text', trace.explain)
show('explain --ndjson', trace.ndjson)
process.stdout.write(
  `  explain is ${(median(trace.python) / median(trace.explain)).toFixed(1)} times as fast as Python, `,
)
process.stdout.write(`--ndjson ${(median(trace.python) / median(trace.ndjson)).toFixed(2)} times\n\n`)

const count = async (file, lines) => {
  // lines that only show a packet are no events
  let events = 0
  for await (const line of createInterface({ input: createReadStream(file) })) if (lines.test(line)) events++
  return events
}
process.stdout.write(`${megabytes} MB of nft monitor trace:\n`)
const monitored = await inTurn(
  {
    kernelLog: ['node', 'bin/nfwhy.js', 'explain', log, rules],
    nftTrace: ['node', 'bin/nfwhy.js', 'explain', nft, nftRules],
  },
  9,
)
show('explain, kernel log', monitored.kernelLog)
show('explain, nft trace', monitored.nftTrace)
const perSecond = async (file, lines, results) => (await count(file, lines)) / median(results)
const [fromLog, fromNft] = [
  await perSecond(log, /TRACE: /, monitored.kernelLog),
  await perSecond(nft, /^trace id \w+ \w+ \w+ \w+ (?:rule|policy) /, monitored.nftTrace),
]
const thousands = (events) => `${Math.round(events / 1000)} thousand events a second`
process.stdout.write(
  `  ${thousands(fromNft)}, ${(fromNft / fromLog).toFixed(2)} of the kernel log's ${thousands(fromLog)}\n\n`,
)

process.stdout.write('Start:\n')
const start = await inTurn({ node: ['node', '-e', '0'], version: ['node', 'bin/nfwhy.js', '--version'] }, 20)
show('node -e 0', start.node)
show('nfwhy --version', start.version)
process.stdout.write(`  ${((median(start.version) - median(start.node)) * 1000).toFixed(0)} ms more\n`)
