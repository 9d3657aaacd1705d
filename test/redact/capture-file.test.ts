/** Capture files: what stands beside the packets goes, the packets stay readable. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../src/model/address.ts'
import { Redactor } from '../../src/redact/index.ts'
import { redactPacket } from '../../src/redact/packet.ts'
import { explainFile } from '../journey/journeys.ts'
import { latin1, redactBytes } from './redacted.ts'

const redactor = new Redactor('files')
const pcap = readFileSync(new URL('../../fixtures/incidents/nodeport-clash/nflog.pcap', import.meta.url))

/** The records of a little endian pcap. */
function* records(file: Buffer): Generator<Buffer> {
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8)
    yield file.subarray(at, at + 16 + length)
    at += 16 + length
  }
}

function block(type: number, body: Buffer): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)])
  const head = Buffer.alloc(8)
  head.writeUInt32LE(type)
  head.writeUInt32LE(padded.length + 12, 4)
  const tail = Buffer.alloc(4)
  tail.writeUInt32LE(padded.length + 12)
  return Buffer.concat([head, padded, tail])
}

const numbers = (...list: number[]) => Buffer.concat(list.map((n) => Buffer.from(Uint32Array.of(n).buffer)))
const option = (code: number, text: string) => {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(code)
  head.writeUInt16LE(text.length, 2)
  return Buffer.concat([head, Buffer.from(text), Buffer.alloc((4 - (text.length % 4)) % 4)])
}

/** The same packets as pcapng, with all that may stand beside them. */
const pcapng = Buffer.concat([
  block(0x0a0d0d0a, Buffer.concat([numbers(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff), option(4, 'secret machine')])),
  block(1, Buffer.concat([numbers(239, 262144), option(2, 'secret0'), option(9, '\x06'), option(0, '')])),
  block(4, Buffer.from('secret names')),
  block(10, Buffer.from('secret keys')),
  ...[...records(pcap)].map((record) => {
    const micros = BigInt(record.readUInt32LE(0)) * 1_000_000n + BigInt(record.readUInt32LE(4))
    const length = record.length - 16
    const head = numbers(0, Number(micros >> 32n), Number(micros & 0xffffffffn), length, length)
    const data = Buffer.concat([record.subarray(16), Buffer.alloc((4 - (length % 4)) % 4)])
    return block(6, Buffer.concat([head, data, option(1, 'secret comment')]))
  }),
])

describe('pcapng', () => {
  test('tells what pcap does, before and after', () => {
    const steps = (bytes: Uint8Array) =>
      explainFile(bytes).journeys.map(({ packet, steps: all, time }) => [packet.src, packet.dport, time, all.length])
    const after = redactBytes(pcapng, redactor)!
    expect(steps(pcapng)).toEqual(steps(pcap))
    expect(steps(after)).toEqual(steps(redactBytes(pcap, redactor)!))
    expect(steps(after)).not.toEqual(steps(pcapng))
    expect(steps(redactBytes(pcapng, redactor, 5)!)).toEqual(steps(after))
  })

  test('has nothing of what stands beside the packets', () => {
    expect(latin1(pcapng)).toContain('secret')
    expect(latin1(redactBytes(pcapng, redactor)!)).not.toContain('secret')
  })
})

test('packets of another link type become zeros', () => {
  const ethernet = Buffer.from(pcap)
  ethernet.writeUInt32LE(1, 20)
  const [first] = records(Buffer.from(redactBytes(ethernet, redactor)!))
  expect(first!.subarray(16).every((byte) => byte === 0)).toBe(true)
})

test('behind damage nothing is kept', () => {
  const damaged = Buffer.concat([pcap.subarray(0, 24), Buffer.alloc(16, 0xff), Buffer.from('secret')])
  expect(latin1(redactBytes(damaged, redactor)!)).not.toContain('secret')
})

describe('packets', () => {
  const packet = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
  const redacted = (text: string, etherType = 0) => {
    const bytes = Uint8Array.from(packet(text))
    redactPacket(bytes, etherType, redactor)
    return Buffer.from(bytes).toString('hex')
  }
  const hex = (address: string) => Buffer.from(redactor.address(parseAddress(address)!)).toString('hex')
  const A = hex('10.1.2.3')
  const B = hex('10.9.8.7')
  const V4 = (protocol: string, rest: string) => `4500 0040 1234 4000 40${protocol} abcd 0a010203 0a090807 ${rest}`
  const head = (protocol: string) => `450000401234400040${protocol}0000${A}${B}`
  const SECRET = '736563726574'

  test.each([
    [
      'TCP keeps its options, and no data',
      V4('06', `0050 1f90 00000001 00000002 6002 0400 abcd 0000 02040218 ${SECRET}`),
      `${head('06')}00501f90000000010000000260020400000000000204021${'8'}${'0'.repeat(12)}`,
    ],
    ['UDP', V4('11', `0035 1f90 0010 abcd ${SECRET}`), `${head('11')}00351f9000100000${'0'.repeat(12)}`],
    ['an echo', V4('01', `0800 abcd 0001 0002 ${SECRET}`), `${head('01')}0800000000010002${'0'.repeat(12)}`],
    [
      'what an error quotes is a packet',
      V4('01', `0301 abcd 00000000 ${V4('11', `0035 1f90 0010 abcd ${SECRET}`)}`),
      `${head('01')}0301000000000000${head('11')}00351f9000100000${'0'.repeat(12)}`,
    ],
    [
      'a packet in a packet',
      V4('04', V4('11', `0035 1f90 0010 abcd ${SECRET}`)),
      `${head('04')}${head('11')}00351f9000100000${'0'.repeat(12)}`,
    ],
    ['an unknown protocol', V4('fe', SECRET), `${head('fe')}${'0'.repeat(12)}`],
    [
      'a later fragment',
      `4500 0040 1234 0010 4011 abcd 0a010203 0a090807 ${SECRET}`,
      `450000401234001040110000${A}${B}${'0'.repeat(12)}`,
    ],
    [
      'the way that it took',
      `4600 0040 1234 4000 40fe abcd 0a010203 0a090807 07040a01`,
      `460000401234400040fe0000${A}${B}00000000`,
    ],
    ['no packet at all', SECRET, '0'.repeat(12)],
    ['a packet that was cut', '4500 0040 1234', '0'.repeat(12)],
  ])('%s', (_, text, expected) => expect(redacted(text)).toBe(expected))

  test('ARP and neighbour discovery', () => {
    const mac = Buffer.from(redactor.mac(Uint8Array.of(0, 0x1b, 0x21, 1, 2, 3))).toString('hex')
    expect(redacted('0001 0800 06 04 0001 001b21010203 0a010203 000000000000 0a090807', 0x0806)).toBe(
      `0001080006040001${mac}${A}000000000000${B}`,
    )
    const [from, to, target] = ['fd00::1', 'ff02::1', 'fd00::2'].map((address) => hex(address))
    const plain = (address: string) => Buffer.from(parseAddress(address)!).toString('hex')
    expect(
      redacted(
        `6000 0000 0020 3aff ${plain('fd00::1')} ${plain('ff02::1')} 8700 abcd 00000000 ${plain('fd00::2')} 0101001b21010203`,
      ),
    ).toBe(`6000000000203aff${from}${to}8700000000000000${target}${'0'.repeat(16)}`)
  })
})
