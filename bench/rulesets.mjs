/**
 * npm run bench:rulesets: how long an `nft -j` listing with a set of 10,000 elements takes to become a World, the first
 * time and when the code is warm, and as a ratio to JSON.parse in the same run; and how much longer a list of ipset takes
 * in which every element is wrong.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { recognise, WorldBuilder } from '../dist/index.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const COUNT = 10_000

/** Every other address alone, the others with a port range. */
const element = (i) => {
  const address = `10.${i >> 14}.${(i >> 6) & 255}.${(i & 63) << 2}`
  return { concat: i % 2 ? [address, 443] : [{ prefix: { addr: address, len: 30 } }, { range: [1024, 2048] }] }
}

const owned = { family: 'inet', table: 'filter' }
const listing = JSON.stringify({
  nftables: [
    { metainfo: { version: '1.0.6', release_name: 'Lester Gooch #5', json_schema_version: 1 } },
    { table: { family: 'inet', name: 'filter', handle: 1 } },
    {
      set: {
        ...owned,
        ...{ name: 'allowed', type: ['ipv4_addr', 'inet_service'], handle: 2, flags: ['interval'] },
        elem: Array.from({ length: COUNT }, (_, i) => element(i)),
      },
    },
    { chain: { ...owned, name: 'input', handle: 3, type: 'filter', hook: 'input', prio: 0, policy: 'drop' } },
  ],
})

const recognised = recognise(listing.slice(0, 65_536))
await recognised.format.load()

function read() {
  const builder = new WorldBuilder()
  builder.add('ruleset.json', listing, recognised)
  return builder.world
}

function milliseconds(work) {
  const started = performance.now()
  work()
  return performance.now() - started
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
const first = milliseconds(read)
if (read().sets[0].elements.length !== COUNT) throw new Error('not all elements were read')
const warm = median(Array.from({ length: 15 }, () => milliseconds(read)))
const parse = median(Array.from({ length: 15 }, () => milliseconds(() => JSON.parse(listing))))

process.stdout.write(
  `nft -j, a set of ${COUNT} elements (${(listing.length / 1e6).toFixed(1)} MB), Node ${process.version}:\n` +
    `  first ${first.toFixed(0)} ms, then ${warm.toFixed(0)} ms; JSON.parse alone ${parse.toFixed(1)} ms, ` +
    `${(warm / parse).toFixed(1)} times that\n`,
)

mkdirSync('tmp/bench', { recursive: true })
writeFileSync('tmp/bench/nft-set.json', listing)
const command = () => spawnSync('node', ['bin/nfwhy.js', 'explain', '/dev/null', 'tmp/bench/nft-set.json'])
command()
const whole = median(Array.from({ length: 5 }, () => milliseconds(command)))
const start = median(
  Array.from({ length: 5 }, () => milliseconds(() => spawnSync('node', ['bin/nfwhy.js', '--version']))),
)
process.stdout.write(`  the whole command: ${whole.toFixed(0)} ms, of which ${start.toFixed(0)} ms to start\n`)

/** As many elements, right ones and wrong ones, in turn. */
async function sets(first) {
  const text = `create a hash:ip family inet\n${Array.from({ length: COUNT }, (_, i) => `add a ${first}.1.${i >> 8}.${i & 255}\n`).join('')}`
  const known = recognise(text)
  await known.format.load?.()
  return () => new WorldBuilder().add('ipset.save', text, known)
}
const [right, wrong] = [await sets(10), await sets(300)]
const taken = { right: [], wrong: [] }
for (let i = 0; i < 15; i++) {
  taken.right.push(milliseconds(right))
  taken.wrong.push(milliseconds(wrong))
}
process.stdout.write(
  `ipset save, ${COUNT} elements: ${median(taken.right).toFixed(0)} ms; all of them wrong ${median(taken.wrong).toFixed(0)} ms, ` +
    `${(median(taken.wrong) / median(taken.right)).toFixed(1)} times that\n`,
)
