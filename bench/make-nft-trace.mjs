/**
 * Writes what `nft monitor trace` prints of several packets whose events are interleaved:
 *   node bench/make-nft-trace.mjs FILE MEGABYTES
 * Its two packets are those of fixtures/incidents/nft-allow-set, with trace ids, IP ids, addresses and ports of their own.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

const [file = 'trace.txt', megabytes = '300'] = process.argv.slice(2)
const templates = ['dropped', 'fixed'].map((name) => {
  const text = readFileSync(new URL(`../fixtures/incidents/nft-allow-set/${name}.txt`, import.meta.url), 'utf8')
  return text.split('\n').filter((line) => line.includes('49e86fcb') || line.includes('9ffec10e'))
})

// a small generator of our own: the same file every time
let seed = 12345
const random = (below) => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return seed % below
}

function packet() {
  const [id, port] = [1 + random(65535), 1024 + random(60000)]
  const trace = random(2 ** 31)
    .toString(16)
    .padStart(8, '0')
  const source = `10.2.${random(200)}.${1 + random(250)}`
  return templates[random(10) < 7 ? 0 : 1].map((line) =>
    line
      .replace(/^trace id \w+/, `trace id ${trace}`)
      .replace('ip id 777', `ip id ${id}`)
      .replace('sport 41234', `sport ${port}`)
      .replace('ip saddr 10.2.1.2', `ip saddr ${source}`),
  )
}

const out = openSync(file, 'w')
const limit = Number(megabytes) * 1e6
const open = Array.from({ length: 6 }, () => packet())
let [written, events] = [0, 0]
let buffer = ''
while (written < limit) {
  const slot = random(open.length)
  const rest = open[slot]
  // what belongs to one event is printed together
  do {
    const line = rest.shift()
    buffer += `${line}\n`
    if (!line.includes(' packet: ')) break
  } while (rest.length > 0)
  events++
  if (rest.length === 0) open[slot] = packet()
  if (buffer.length > 1 << 20) {
    written += writeSync(out, buffer)
    buffer = ''
  }
}
writeSync(out, buffer)
closeSync(out)
process.stderr.write(`${events} events\n`)
