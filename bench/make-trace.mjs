/**
 * Writes a kernel log of TRACE lines, several packets' lines interleaved as the CPUs of a busy host leave them:
 *   node bench/make-trace.mjs FILE MEGABYTES
 * Its two packets are those of examples/nodeport-clash, with ports, addresses, ids, sequence numbers and times of their own.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

const [file = 'trace.log', megabytes = '300'] = process.argv.slice(2)
const lines = readFileSync(new URL('../examples/nodeport-clash/dmesg.log', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
const templates = ['DPT=52000', 'ID=52941'].map((mark) =>
  lines
    .filter((line) => (mark === 'ID=52941' ? line.includes(mark) : line.includes('ID=41569')))
    .map((line) => line.slice(line.indexOf('TRACE:'))),
)

// a small generator of our own: the same file every time
let seed = 12345
const random = (below) => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return seed % below
}

function packet() {
  const template = templates[random(10) < 7 ? 0 : 1]
  const [id, port, sequence] = [random(65536), 1024 + random(60000), random(2 ** 31)]
  const source = `172.28.${random(200)}.${1 + random(250)}`
  return template.map((line) =>
    line
      .replace(/ID=\d+/, `ID=${id}`)
      .replace(/SPT=\d+/, `SPT=${port}`)
      .replace(/SEQ=\d+/, `SEQ=${sequence}`)
      .replace('SRC=172.28.129.2', `SRC=${source}`),
  )
}

const out = openSync(file, 'w')
const limit = Number(megabytes) * 1e6
const open = Array.from({ length: 6 }, () => packet())
let [written, events, micros] = [0, 0, 1000e6]
let buffer = ''
while (written < limit) {
  const slot = random(open.length)
  const rest = open[slot]
  const line = rest.shift()
  if (rest.length === 0) open[slot] = packet()
  micros += 3 + random(20)
  const stamp = `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`
  buffer += `[${stamp.padStart(12)}] ${line}\n`
  events++
  if (buffer.length > 1 << 20) {
    written += writeSync(out, buffer)
    buffer = ''
  }
}
writeSync(out, buffer)
closeSync(out)
process.stderr.write(`${events} events\n`)
