/**
 * node bench/nft-netlink.mjs [MEGABYTES]: netlink messages of nft's tracing into journeys, against the text of the very
 * same events, in turn; and only reading them, in this process.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CaptureExplainer, nftNetlink, nftTrace, recognise, WorldBuilder } from '../dist/index.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const megabytes = Number(process.argv[2] ?? 100)
const files = { text: `tmp/bench/nft-${megabytes}.txt`, netlink: `tmp/bench/nft-${megabytes}.pcap` }
const rules = 'fixtures/incidents/nft-allow-set/ruleset-dropped.nft'
const RUNS = 5

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

/** Journeys are put together, and nobody looks at them. */
function read(format, file) {
  const text = readFileSync(rules, 'utf8')
  const builder = new WorldBuilder()
  builder.add(rules, text, recognise(text))
  const bytes = readFileSync(file)
  const explainer = new CaptureExplainer(
    format,
    builder.world,
    () => {},
    () => {},
  )
  const started = performance.now()
  for (let at = 0; at < bytes.length; at += 1 << 16) explainer.push(bytes.subarray(at, at + (1 << 16)))
  explainer.end()
  return { seconds: (performance.now() - started) / 1000, events: explainer.stats.events }
}

const say = (text) => process.stdout.write(`${text}\n`)
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1]
const { events } = read(nftTrace, files.text)
const other = read(nftNetlink, files.netlink).events
if (events !== other) throw new Error(`${events} events as text, ${other} as messages`)
const times = { text: [], netlink: [] }
const reads = { text: [], netlink: [] }
for (let i = 0; i < RUNS; i++) {
  for (const name of ['text', 'netlink']) times[name].push(explain(files[name]))
  reads.text.push(read(nftTrace, files.text).seconds)
  reads.netlink.push(read(nftNetlink, files.netlink).seconds)
}
for (const name of ['text', 'netlink']) {
  const [whole, only] = [median(times[name]), median(reads[name])]
  const rate = (seconds) => `${(events / seconds / 1e6).toFixed(2)} million events a second`
  say(`${name.padEnd(8)} ${events} events in ${(statSync(files[name]).size / 1e6).toFixed(0)} MB`)
  say(`  explain  median ${whole.toFixed(2)} s: ${rate(whole)}`)
  say(`  reading  median ${only.toFixed(2)} s: ${rate(only)}`)
}
say(`messages are read ${(median(reads.text) / median(reads.netlink)).toFixed(2)} times as fast as the text`)
