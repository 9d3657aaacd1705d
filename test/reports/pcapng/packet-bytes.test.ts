/** A packet as bytes, read again by the reader of captures: what was known is the same, and nothing is made up. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Packet } from '../../../src/model/packet.ts'
import * as F from '../../../src/read/captures/header-fields.ts'
import { readIp } from '../../../src/read/captures/wire/ip.ts'
import { packetBytes } from '../../../src/reports/pcapng/packet-bytes.ts'

const TCP: Packet = {
  ...{ src: '192.0.2.1', dst: '198.51.100.2', protocol: 'tcp', sport: 40000, dport: 80, length: 60, ttl: 63, tos: 16 },
  ...{
    ipId: 4711,
    dontFragment: true,
    tcpFlags: ['syn', 'ece', 'cwr'],
    tcpSeq: 4294967295,
    tcpAck: 1,
    tcpWindow: 64240,
  },
  tcpOptions: '020405B4',
}

function read(bytes: Uint8Array): Int32Array {
  const row = new Int32Array(F.COLUMNS)
  readIp(row, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, 0)
  return row
}

describe('bytes of a packet', () => {
  test('have all that is known of TCP', () => {
    const { bytes, length, unknown } = packetBytes(TCP)!
    expect([bytes.length, length, unknown]).toEqual([44, 60, []])
    const row = read(bytes)
    expect([row[F.SPT], row[F.DPT], row[F.TTL], row[F.TOS], row[F.ID], row[F.LEN]]).toEqual([
      40000, 80, 63, 16, 4711, 60,
    ])
    expect([row[F.SEQ]! >>> 0, row[F.ACK], row[F.WINDOW], row[F.FLAGS]]).toEqual([4294967295, 1, 64240, 0x0c2])
    expect(Buffer.from(bytes.subarray(40)).toString('hex')).toBe('020405b4')
  })

  // as in RFC 1071: over a header with its checksum the sum is 0xffff
  test('have the right checksum in IPv4', () => {
    const { bytes } = packetBytes(TCP)!
    let sum = 0
    for (let i = 0; i < 20; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    expect(sum).toBe(0xffff)
  })

  test.each([
    ['tcp', { ...TCP, length: 44 }, 6],
    ['udp', { src: '192.0.2.1', dst: '192.0.2.2', protocol: 'udp', sport: 1, dport: 53, length: 28 }, 17],
    [
      'icmpv6',
      { src: '2001:db8::1', dst: '2001:db8::2', protocol: 'icmpv6', icmpType: 128, icmpCode: 0, length: 48 },
      58,
    ],
  ])('have the right checksum of %s where all of it is known, else none', (_, packet: Packet, protocol) => {
    const { bytes } = packetBytes(packet)!
    const header = protocol === 58 ? 40 : 20
    const part = bytes.subarray(header)
    const ends = bytes.subarray(header === 40 ? 8 : 12, header)
    const words = [...ends, ...part, ...(part.length % 2 ? [0] : [])]
    let sum = part.length + protocol
    for (let i = 0; i < words.length; i += 2) sum += (words[i]! << 8) | words[i + 1]!
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    expect(sum).toBe(0xffff)
    const at = { 6: 16, 17: 6, 58: 2 }[protocol]!
    const cut = packetBytes({ ...packet, length: packet.length! + 8 })!.bytes.subarray(header)
    expect([cut[at], cut[at + 1]]).toEqual([0, 0])
  })

  test('name what nobody knows', () => {
    const { unknown } = packetBytes({ src: '192.0.2.1', dst: '192.0.2.2', protocol: 'udp', sport: 1, dport: 53 })!
    expect(unknown).toEqual(['tos', 'id', 'ttl'])
  })

  test.each([
    ['no addresses', { protocol: 'tcp' }],
    ['one address', { src: '192.0.2.1' }],
    ['two kinds of addresses', { src: '192.0.2.1', dst: '2001:db8::1' }],
  ])('are none with %s', (_, packet) => expect(packetBytes(packet)).toBeUndefined())

  test('of a later fragment end with the IP header', () => {
    const six = { src: '2001:db8::1', dst: '2001:db8::2', protocol: 'udp', fragOffset: 1448, ipId: 7 }
    expect(packetBytes(six)!.bytes).toHaveLength(48)
    expect(read(packetBytes(six)!.bytes)[F.PROTO]).toBe(17)
    const four = { src: '192.0.2.1', dst: '192.0.2.2', protocol: 'udp', fragOffset: 1480, sport: 9, dport: 9 }
    expect(packetBytes(four)!.bytes).toHaveLength(20)
  })

  test('of an ICMP error have the packet that it quotes', () => {
    const error: Packet = { src: '192.0.2.9', dst: '192.0.2.1', protocol: 'icmp', icmpType: 3, icmpCode: 3, inner: TCP }
    const { bytes } = packetBytes(error)!
    expect(bytes).toHaveLength(20 + 8 + 28)
    expect([...bytes.subarray(40, 44)]).toEqual([192, 0, 2, 1])
  })

  test('are read again as what they were made of', () => {
    const port = fc.integer({ min: 0, max: 65535 })
    const ends = fc.oneof(
      fc.tuple(fc.ipV4(), fc.ipV4()),
      fc.tuple(port, port).map(([a, b]) => [`2001:db8::${a.toString(16)}`, `2001:db8:1::${b.toString(16)}`] as const),
    )
    fc.assert(
      fc.property(ends, port, port, fc.constantFrom('tcp', 'udp', 'sctp'), (pair, sport, dport, protocol) => {
        const [src, dst] = pair
        const { bytes, length } = packetBytes({ src, dst, sport, dport, protocol })!
        const row = read(bytes)
        expect([row[F.SPT], row[F.DPT], length]).toEqual([sport, dport, bytes.length])
      }),
    )
  })
})
