/**
 * node bench/nflog.mjs [MEGABYTES]: an NFLOG capture into journeys, against the kernel log of as many events, in turn; and
 * against `tshark -T fields`, where that is installed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const megabytes = Number(process.argv[2] ?? 100)
const [log, pcap] = [`tmp/bench/trace-${megabytes}.log`, `tmp/bench/trace-${megabytes}.pcap`]
const rules = 'examples/nodeport-clash/rules.v4'
const host = 'examples/nodeport-clash/host/ip-addr.json'
const RUNS = 5

mkdirSync('tmp/bench', { recursive: true })
/** The number of events, as explain counts them. */
function made(script, file) {
  if (!existsSync(file)) spawnSync('node', [script, file, String(megabytes)], { stdio: 'inherit' })
  spawnSync('node', ['bin/nfwhy.js', 'explain', file, rules, host, '-o', 'tmp/bench/out.json'])
  return Number(/"events": ?(\d+)/.exec(readFileSync('tmp/bench/out.json').subarray(-2000).toString())?.[1])
}
const events = { log: made('bench/make-trace.mjs', log), pcap: made('bench/make-nflog.mjs', pcap) }

function seconds(command, args) {
  const started = performance.now()
  spawnSync(command, args, { stdio: 'ignore' })
  return (performance.now() - started) / 1000
}
const explain = (file) => () => seconds('node', ['bin/nfwhy.js', 'explain', file, rules, host])
const FIELDS = 'frame.time_epoch nflog.prefix ip.src ip.dst tcp.srcport tcp.dstport ip.id tcp.options'
const tshark = () =>
  seconds('tshark', ['-r', pcap, '-T', 'fields', ...FIELDS.split(' ').flatMap((field) => ['-e', field])])

function inTurn(commands) {
  for (const run of Object.values(commands)) run()
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]))
  for (let i = 0; i < RUNS; i++) for (const [name, run] of Object.entries(commands)) times[name].push(run())
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, list.sort((a, b) => a - b)[RUNS >> 1]]))
}

const median = inTurn({ log: explain(log), pcap: explain(pcap) })
const rate = (name) => events[name] / median[name]
const size = statSync(pcap).size / 1e6
const say = (text) => process.stdout.write(`${text}\n`)
const line = (name, mb) =>
  `median ${median[name].toFixed(2)} s for ${events[name]} events in ${mb.toFixed(0)} MB: ${(rate(name) / 1e6).toFixed(2)} million events a second, ${(mb / median[name]).toFixed(0)} MB/s`
say(`kernel log  ${line('log', statSync(log).size / 1e6)}`)
say(`NFLOG pcap  ${line('pcap', size)}`)
say(`the capture is read ${(rate('pcap') / rate('log')).toFixed(2)} times as fast as the log, event by event`)
if (spawnSync('sh', ['-c', 'command -v tshark']).status === 0) {
  const other = tshark()
  say(`tshark -T fields  ${other.toFixed(2)} s: nfwhy is ${(other / median.pcap).toFixed(0)} times as fast`)
} else say('tshark is not installed here; where it was measured, tshark -T fields took 19 s for 100 MB')
