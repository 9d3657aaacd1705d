/** A line ends at its newline, whatever the next one begins with; pieces that end anywhere tell the same. */
import { expect, it } from 'vitest'
import type { CaptureFormat } from '../../../src/read/captures/format.ts'
import { kernelLog } from '../../../src/read/captures/kernel-log/format.ts'
import { nflogPcap } from '../../../src/read/captures/nflog/format.ts'
import { nftTrace } from '../../../src/read/captures/nft-trace/format.ts'
import { xtablesMonitor } from '../../../src/read/captures/xtables-monitor/format.ts'
import { pcap } from './nflog/files.ts'
import { type Read, readCapture } from './read-capture.ts'

const RECORD = 'trace id 1a2b3c4d inet t c rule drop (verdict drop)\n'
const TRACE =
  'TRACE: raw:PREROUTING:rule:1 IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 PROTO=UDP SPT=1 DPT=2 LEN=40 \n'

const everyByte = (capture: Uint8Array | string) => Array.from({ length: capture.length }, (_, i) => i)

/** Read at once, byte by byte, and in halves cut anywhere. */
function readAlike(format: CaptureFormat, capture: Uint8Array | string): Read {
  const whole = readCapture(format, capture)
  expect(readCapture(format, capture, { cuts: everyByte(capture) })).toEqual(whole)
  for (const cut of everyByte(capture))
    expect(readCapture(format, capture, { cuts: [cut] }), `cut at ${cut}`).toEqual(whole)
  return whole
}

it.each([
  ['packet:', 'trace id 1a2b3c4d inet t\npacket: ip saddr 192.0.2.1 ip daddr 192.0.2.2 \n'],
  ['packet: behind the chain', 'trace id 1a2b3c4d inet t c\npacket: ip saddr 192.0.2.1 ip daddr 192.0.2.2 \n'],
  ['a part of packet:', 'trace id 1a2b3c4d inet t c pa\nxxx: ip saddr 192.0.2.1 ip daddr 192.0.2.2 \n'],
  ['conntrack:', 'trace id 1a2b3c4d inet t c\nconntrack: ct direction original ct state new \n'],
  ['an id', 'trace id \n1a2b3c4d inet t c rule drop (verdict drop)\n'],
  ['an id, where `trace id` stood before', `${RECORD}trace id\n1a2b3c4d inet t c rule drop (verdict drop)\n`],
])('nft-trace: %s of the next line is not of this one', (_, capture) => {
  const { events } = readAlike(nftTrace, `${capture}${RECORD}`)
  expect(events.at(-1)).toMatchObject({ line: `${capture}${RECORD}`.split('\n').length - 1, traceId: 0x1a2b3c4d })
  expect(events.map(({ packet }) => packet)).toEqual(events.map(() => ({})))
})

it('nft-trace: bytes that an earlier piece left behind a line are not of it', () => {
  const cut = 'trace id 1a2b3c4d inet t'
  // longer, and with `packet:` right where the next line has its end
  const before = `${'x'.repeat(cut.length + 1)}packet: ip saddr 192.0.2.1 ip daddr 192.0.2.2 \n`
  expect(readAlike(nftTrace, `${before}${cut}\n${RECORD}`).events.map(({ line }) => line)).toEqual([3])
})

it('nft-trace: a packet without headers at the end of what came', () => {
  const { events } = readAlike(
    nftTrace,
    'trace id 1 inet n g packet:ether daddr 02:00:00:00:0a:01 ip\ntrace id 1 inet f d packet: \n9\n',
  )
  expect(events.map(({ line, point }) => [line, point.type])).toEqual([
    [1, 'begin'],
    [2, 'begin'],
  ])
})

it('nft-trace: a short line at the end of what came is one that was cut', () => {
  expect(readAlike(nftTrace, `${RECORD}trace id 1\ntrace id 1\n`).skipped).toBe(2)
})

it('nft-trace: a short line before one that begins with a name', () => {
  const wrapped = `node1: ${RECORD}abc\n123${RECORD}node1: ${RECORD}`
  expect(readAlike(nftTrace, wrapped).events.map(({ line }) => line)).toEqual([1, 3, 4])
})

it('xtables-monitor: words that go on in the next line', () => {
  const { skipped } = readAlike(
    xtablesMonitor,
    'PACKET:\n2 0000000a IN=lo SRC=192.0.2.1 DST=192.0.2.2 \nTRAC\n: 2 0000000a raw:OUTPUT:return:\n',
  )
  expect(skipped).toBeGreaterThan(0)
})

it('xtables-monitor: a line that ends behind its first word is cut, also at the end', () => {
  expect(readAlike(xtablesMonitor, 'TRACE: \nTRACE: \n').skipped).toBe(2)
})

it('kernel-log: a short line where the next one has TRACE: in the same column', () => {
  const capture = `[  100.000001] ${TRACE}short\n[12.345] ${TRACE}`
  expect(readAlike(kernelLog, capture).events.map(({ line }) => line)).toEqual([1, 3])
})

it('kernel-log: TRACE without a colon is no record, in whichever column it stands', () => {
  expect(readAlike(kernelLog, `${TRACE}TRACE \n${TRACE}`).events.map(({ line }) => line)).toEqual([1, 3])
})

it('counts packets of another link type also where their last bytes have not come', () => {
  const capture = pcap([Array(224).fill(7), Array(9).fill(7)])
  capture[23] = 7
  const damaged = Uint8Array.from([...capture, ...new Uint8Array(20).fill(0xff)])
  expect(readAlike(nflogPcap, damaged).told).toEqual(['- other-link-type', '3 capture-damaged'])
})

it('kernel-log: a clock with more than six decimals is told to the microsecond, however it comes in pieces', () => {
  readAlike(kernelLog, `[1293.32525796] ${TRACE}`)
  readAlike(kernelLog, '[3.2525796]IN=OUT=PROTO=\n\n')
})
