/**
 * Writes the netlink messages of what make-nft-trace.mjs wrote as text, event by event, as a kernel sends them:
 *   node bench/make-nft-netlink.mjs TEXT PCAP
 */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [from = 'trace.txt', to = 'trace.pcap'] = process.argv.slice(2)
/** Of the rules that the text shows without. */
const HANDLES = [
  [/meta nftrace set 1/, 2],
  [/ dnat ip to /, 3],
  [/ct status dnat jump /, 5],
  [/@allow_in accept/, 6],
  [/rule drop/, 7],
]
const CODES = { drop: 0, accept: 1, continue: -1, jump: -3, goto: -4, return: -5 }
const DEVICES = { enp0: 2, veth21: 3 }

const be = (length, value) => {
  const bytes = Buffer.alloc(length)
  bytes.writeUIntBE(Number(value), 0, length)
  return bytes
}
function attribute(type, value, nested = 0) {
  const bytes = Buffer.alloc((4 + value.length + 3) & ~3)
  bytes.writeUInt16LE(4 + value.length, 0)
  bytes.writeUInt16LE(type | nested, 2)
  value.copy(bytes, 4)
  return bytes
}
const text = (value) => Buffer.from(`${value}\0`)
const address = (dotted) => Buffer.from(dotted.split('.').map(Number))
const mac = (value) => Buffer.from(value.replaceAll(':', ''), 'hex')

function headers(line) {
  const word = (name) => new RegExp(` ${name} "?([^ "]+)`).exec(line)?.[1]
  const network = Buffer.concat([
    Buffer.from([0x45, 0]),
    be(2, word('ip length')),
    be(2, word('ip id')),
    be(2, 0),
    be(1, word('ip ttl')),
    Buffer.from([6, 0, 0]),
    address(word('ip saddr')),
    address(word('ip daddr')),
  ])
  const transport = Buffer.alloc(20)
  be(2, word('tcp sport')).copy(transport, 0)
  be(2, word('tcp dport')).copy(transport, 2)
  transport.writeUInt16BE(0x6002, 12)
  be(2, word('tcp window')).copy(transport, 14)
  const parts = []
  for (const [name, type] of [
    ['iif', 10],
    ['oif', 12],
  ])
    if (word(name)) parts.push(attribute(type, be(4, DEVICES[word(name)])), attribute(type + 1, be(2, 1)))
  const link = Buffer.concat([mac(word('ether daddr')), mac(word('ether saddr')), be(2, 0x0800)])
  return Buffer.concat([...parts, attribute(8, network), attribute(9, transport), attribute(7, link)])
}

/** `shown`: of the packet, in front of a base chain's first event. */
function message(line, shown) {
  const [, , id, , table, chain] = line.split(' ')
  const isRule = line.includes(' rule ')
  const parts = [attribute(15, be(4, 2)), attribute(4, be(4, isRule ? 3 : 1)), attribute(6, Buffer.from(id, 'hex'))]
  parts.push(attribute(2, text(chain)), attribute(1, text(table)))
  if (isRule) {
    parts.push(attribute(3, handle(line)))
    const [word, target] = /\(verdict (\S+)(?: (\S+))?\)/.exec(line).slice(1)
    const code = Buffer.alloc(4)
    code.writeInt32BE(CODES[word])
    parts.push(
      attribute(5, Buffer.concat([attribute(1, code), ...(target ? [attribute(2, text(target))] : [])]), 0x8000),
    )
  } else parts.push(attribute(16, be(4, 1)))
  if (shown) parts.push(shown)
  const body = Buffer.concat(parts)
  const head = Buffer.alloc(52)
  const length = 36 + body.length
  head.writeUInt32LE(1_800_000_000, 0)
  head.writeUInt32LE(length, 8)
  head.writeUInt32LE(length, 12)
  head.writeUInt16BE(824, 18)
  head.writeUInt16BE(12, 30)
  head.writeUInt32LE(20 + body.length, 32)
  head.writeUInt16LE(0x0a11, 36)
  head[48] = 1
  return Buffer.concat([head, body])
}

const handle = (line) => Buffer.concat([be(4, 0), be(4, HANDLES.find(([rule]) => rule.test(line))[1])])

const out = openSync(to, 'w')
writeSync(out, Buffer.from('d4c3b2a102000400000000000000000000000400fd000000', 'hex'))
let shown
let waiting = []
let events = 0
for await (const line of createInterface({ input: createReadStream(from) })) {
  if (line.includes(' packet: ')) shown = headers(line)
  else {
    waiting.push(message(line, shown))
    shown = undefined
    events++
  }
  if (waiting.length < 4096) continue
  writeSync(out, Buffer.concat(waiting))
  waiting = []
}
writeSync(out, Buffer.concat(waiting))
closeSync(out)
process.stderr.write(`${events} events\n`)
