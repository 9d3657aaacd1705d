/**
 * Writes an NFLOG capture of as many events as make-trace.mjs's log of so many megabytes, of the same packets:
 *   node bench/make-nflog.mjs FILE MEGABYTES_OF_LOG
 * Its records are those of fixtures/incidents/nodeport-clash/nflog.pcap, with ports, addresses, ids, sequence numbers and
 * times of their own.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

const [file = 'trace.pcap', megabytes = '300'] = process.argv.slice(2)
/** Bytes of a line in make-trace.mjs's log, on average. */
const LINE = 329
const capture = readFileSync(new URL('../fixtures/incidents/nodeport-clash/nflog.pcap', import.meta.url))
const records = []
for (let at = 24; at < capture.length; ) {
  const length = capture.readUInt32LE(at + 8)
  records.push(capture.subarray(at, at + 16 + length))
  at += 16 + length
}
/** Where the packet begins in a record: it is the last attribute. */
const packetOf = (record) => {
  for (let at = 20; ; at += (record.readUInt16LE(at) + 3) & ~3) if (record.readUInt16LE(at + 2) === 9) return at + 4
}
const idOf = (record) => record.readUInt16BE(packetOf(record) + 4)
const templates = [41569, 52941].map((id) => records.filter((record) => idOf(record) === id))

// a small generator of our own: the same file every time
let seed = 12345
const random = (below) => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return seed % below
}

function packet() {
  const template = templates[random(10) < 7 ? 0 : 1]
  const [id, port, sequence] = [random(65536), 1024 + random(60000), random(2 ** 31)]
  const source = [172, 28, random(200), 1 + random(250)]
  return template.map((record) => {
    const copy = Buffer.from(record)
    const at = packetOf(copy)
    copy.writeUInt16BE(id, at + 4)
    copy.set(source, at + 12)
    copy.writeUInt16BE(port, at + 20)
    copy.writeUInt32BE(sequence, at + 24)
    return copy
  })
}

const out = openSync(file, 'w')
writeSync(out, capture.subarray(0, 24))
const events = Math.round((Number(megabytes) * 1e6) / LINE)
const open = Array.from({ length: 6 }, () => packet())
let micros = 1_767_648_196e6
let parts = []
for (let event = 1; event <= events; event++) {
  const slot = random(open.length)
  const record = open[slot].shift()
  if (open[slot].length === 0) open[slot] = packet()
  micros += 3 + random(20)
  record.writeUInt32LE(Math.floor(micros / 1e6), 0)
  record.writeUInt32LE(micros % 1e6, 4)
  parts.push(record)
  if (parts.length === 4096 || event === events) {
    writeSync(out, Buffer.concat(parts))
    parts = []
  }
}
closeSync(out)
process.stderr.write(`${events} events\n`)
