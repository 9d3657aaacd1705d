/**
 * node bench/nft-netlink.mjs [MEGABYTES]: netlink messages of nft's tracing into journeys, against the text of the very
 * same events, in turn; and without looking at the journeys, each in a process of its own, as what V8 has learnt of one
 * form slows the other down.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CaptureExplainer, formatById, recognise, WorldBuilder } from '../dist/index.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const FORMATS = { text: formatById('nft-trace').format, netlink: formatById('nft-netlink').format }
for (const format of Object.values(FORMATS)) await format.load()
const [, , first = '100', only] = process.argv
const megabytes = Number(first)
const files = { text: `tmp/bench/nft-${megabytes}.txt`, netlink: `tmp/bench/nft-${megabytes}.pcap` }
const rules = 'fixtures/incidents/nft-allow-set/ruleset-dropped.nft'
const RUNS = 5

/** Journeys are put together, and nobody looks at them. In seconds of processor time. */
function read(name) {
  const text = readFileSync(rules, 'utf8')
  const builder = new WorldBuilder()
  builder.add(rules, text, recognise(text))
  const bytes = readFileSync(files[name])
  const explainer = new CaptureExplainer(
    FORMATS[name],
    builder.world,
    () => {},
    () => {},
  )
  const before = process.cpuUsage()
  for (let at = 0; at < bytes.length; at += 1 << 16) explainer.push(bytes.subarray(at, at + (1 << 16)))
  explainer.end()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (user + system) / 1e6, events: explainer.stats.events }
}

if (only) {
  process.stdout.write(JSON.stringify(read(only)))
  process.exit()
}

mkdirSync('tmp/bench', { recursive: true })
const make = (file, script, ...args) => {
  if (!existsSync(file)) spawnSync('node', [script, ...args], { stdio: 'inherit' })
}
make(files.text, 'bench/make-nft-trace.mjs', files.text, String(megabytes))
make(files.netlink, 'bench/make-nft-netlink.mjs', files.text, files.netlink)

function explain(file) {
  const started = performance.now()
  spawnSync('node', ['bin/nfwhy.js', 'explain', file, rules], { stdio: 'ignore' })
  return (performance.now() - started) / 1000
}

const alone = (name) => JSON.parse(spawnSync('node', [process.argv[1], first, name], { encoding: 'utf8' }).stdout)

const say = (text) => process.stdout.write(`${text}\n`)
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1]
const { events } = alone('text')
const other = alone('netlink').events
if (events !== other) throw new Error(`${events} events as text, ${other} as messages`)
const times = { text: [], netlink: [] }
const reads = { text: [], netlink: [] }
for (let i = 0; i < RUNS; i++) {
  for (const name of ['text', 'netlink']) times[name].push(explain(files[name]))
  for (const name of ['text', 'netlink']) reads[name].push(alone(name).seconds)
}
for (const name of ['text', 'netlink']) {
  const [whole, only] = [median(times[name]), median(reads[name])]
  const rate = (seconds) => `${(events / seconds / 1e6).toFixed(2)} million events a second`
  say(`${name.padEnd(8)} ${events} events in ${(statSync(files[name]).size / 1e6).toFixed(0)} MB`)
  say(`  explain  median ${whole.toFixed(2)} s: ${rate(whole)}`)
  say(`  reading  median ${only.toFixed(2)} s: ${rate(only)}`)
}
say(`messages are read ${(median(reads.text) / median(reads.netlink)).toFixed(2)} times as fast as the text`)
