/**
 * Raw bytes in a `packet:` line: `@nh,0,160 0x4500…` is what nft prints where it does not know which header is next, as
 * in tables of family netdev. The number has lost its leading zeros; old versions print it as a decimal.
 */
import * as F from '../header-fields.ts'
import { readIp } from '../wire/ip.ts'
import { isListenerMessage, quotedIn, readTransport } from '../wire/transport.ts'

const decoder = new TextDecoder('latin1')
const RAW = /^@(ll|nh|th),(\d{1,4}),(\d{1,4}) (0x[0-9a-f]+|\d+)(?=\s|$)/
/** nft dumps 20 bytes of link, 40 of network, 20 of transport header. */
const MOST_BITS = 512

const network = new Uint8Array(60)
const view = new DataView(network.buffer)
/** Behind eight bytes of transport header, which nft has words for: of an ICMP error's the packet that it quotes. */
const quoted = new DataView(new ArrayBuffer(6))
let quotes = false
let networkLength = 0
let transportLength = 0

/** Behind the raw bytes at `at`; -1 where there are none. */
export function takeRaw(bytes: Uint8Array, at: number, end: number): number {
  const found = RAW.exec(decoder.decode(bytes.subarray(at, Math.min(end, at + 200))))
  if (!found) return -1
  const [whole, base, offset, bits, number = ''] = found
  const length = Number(bits) / 8
  const isWhole = Number(bits) <= MOST_BITS && Number.isInteger(length)
  if (isWhole && base === 'th' && offset === '64' && length >= 6) {
    const hex = hexOf(number, length)
    for (let i = 0; i < 6; i++) quoted.setUint8(i, Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
    quotes = true
  }
  if (isWhole && offset === '0' && base !== 'll') {
    const hex = hexOf(number, length)
    const to = base === 'nh' ? 0 : 40
    if (base === 'nh') networkLength = Math.min(40, length)
    else transportLength = Math.min(20, length)
    for (let i = 0; i < Math.min(length, base === 'nh' ? 40 : 20); i++)
      network[to + i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  }
  return at + whole.length
}

const hexOf = (number: string, length: number): string =>
  BigInt(number)
    .toString(16)
    .padStart(length * 2, '0')

/** All raw bytes of the line have been taken: what they say goes into `row`, unless words said it. `isHopByHop`: IPv6's next header. */
export function finishRaw(row: Int32Array, isHopByHop: boolean): void {
  const [nh, th] = [networkLength, transportLength]
  networkLength = transportLength = 0
  if (quotes) row[F.QUOTED] = quotedIn(quoted, 0)
  quotes = false
  if (nh > 0 && row[F.FAMILY] === -1) {
    // 40 bytes are dumped of IPv6 alone; the version tells
    const family = readIp(row, view, 0, nh, 0)
    if (family > 0) row[F.FAMILY] = family
  }
  const isLater = (row[F.FRAG]! & 0xfffff) !== 0
  if (th > 0 && !isLater) {
    if (isHopByHop && isListenerMessage(row, view, 40, 40 + th)) setProtocol(row, F.ICMPV6)
    if (row[F.PRESENT]! & (1 << F.PROTO)) readTransport(row, view, 40, 40 + th, row[F.PROTO]!)
  }
}

function setProtocol(row: Int32Array, protocol: number): void {
  row[F.PROTO] = protocol
  row[F.PRESENT]! |= 1 << F.PROTO
}
