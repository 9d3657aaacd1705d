import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress, inPrefix, parseAddress } from '../../src/model/address.ts'
import { AddressMap } from '../../src/redact/addresses.ts'
import { KeyedHash, keyOf } from '../../src/redact/keyed.ts'
import { Redactor } from '../../src/redact/redactor.ts'
import { share } from '../share.ts'

const mapOf = (key: string) => new AddressMap(new KeyedHash(keyOf(key)))
const map = mapOf('a key')
const mapped = (text: string) => formatAddress(map.map(parseAddress(text)!))
const shared = (a: Uint8Array, b: Uint8Array) => {
  let bits = 0
  while (bits < a.length * 8 && inPrefix(a, b, bits + 1)) bits++
  return bits
}

/** Reads as much of the reference's vectors_sip64 as fits: key 00 01 … 0f, input 00 01 … (n − 1). */
test('the hash is SipHash-2-4', () => {
  const hash = new KeyedHash([0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c])
  const of = (length: number) => {
    const [low, high] = hash.hash(Uint8Array.from({ length }, (_, i) => i))
    return ((BigInt(high) << 32n) | BigInt(low)).toString(16)
  }
  expect([0, 1, 7, 8, 15].map(of)).toEqual([
    '726fdb47dd0e0e31',
    '74f839c593dc67fd',
    'ab0200f58b01d137',
    '93f5f5799a932462',
    'a129ca6149be45e5',
  ])
})

const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 })
const ipv6 = fc
  .tuple(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.constantFrom('::', '2001:db8::', 'fe80::', 'fd00:1::', '2a00:1450::', '2001:470::', '::ffff:0:0', '64:ff9b::'),
    fc.constantFrom(0, 12, 16, 32, 64, 96, 112),
  )
  .map(([bytes, start, bits]) => {
    const all = bytes.slice()
    all.set(parseAddress(start)!.subarray(0, bits >> 3))
    return all
  })
const address = fc.oneof(ipv4, ipv6)
const BLOCKS = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
]
  .concat('192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4')
  .concat('fe80::/10', 'fc00::/7', 'fd00::/8', 'ff00::/8', '2001:db8::/32', '::ffff:0:0/96', '64:ff9b::/96', '::/96')

describe('addresses', () => {
  test('share with each other what they shared, so that each has one of its own', () => {
    const near = address.chain((a) =>
      fc.tuple(fc.constant(a), fc.nat(a.length * 8 - 1), fc.uint8Array({ minLength: a.length, maxLength: a.length })),
    )
    fc.assert(
      fc.property(near, ([a, bits, other]) => {
        const b = a.slice()
        for (let bit = bits; bit < a.length * 8; bit++) {
          const mask = 0x80 >> (bit & 7)
          b[bit >> 3] = (b[bit >> 3]! & ~mask) | (other[bit >> 3]! & mask)
        }
        expect(shared(map.map(a), map.map(b))).toBe(shared(a, b))
      }),
      { numRuns: share(5000) },
    )
  })

  test('stay in their block, and their last byte is the same', () => {
    fc.assert(
      fc.property(address, fc.constantFrom(...BLOCKS), (bytes, text) => {
        const [network = '', length] = text.split('/')
        const block = parseAddress(network)!
        const inside = Uint8Array.from({ length: block.length }, (_, i) => {
          const host = 0xff >> Math.max(0, Math.min(8, Number(length) - i * 8))
          return block[i]! | (bytes[i % bytes.length]! & host)
        })
        expect(inPrefix(map.map(inside), block, Number(length))).toBe(true)
        if (bytes.length === block.length)
          expect(inPrefix(map.map(bytes), block, Number(length))).toBe(inPrefix(bytes, block, Number(length)))
        expect(map.map(inside).at(-1)).toBe(inside.at(-1))
      }),
      { numRuns: share(3000) },
    )
  })

  test('that tell nothing of anybody are themselves', () => {
    for (const text of ['0.0.0.0', '127.0.0.1', '255.255.255.255', '255.255.240.0', '224.0.0.251', '169.254.169.254'])
      expect(mapped(text)).toBe(text)
    for (const text of ['::', '::1', 'ff02::1', 'ff02::fb', 'fe80::1', '192.0.2.7', '2001:db8:5::9'])
      expect(mapped(text)).toBe(text)
  })

  test('of all others none is in the network that it was in', () => {
    for (const key of ['1', '2', '3', '4', '5', '6', '7', '8']) {
      const other = mapOf(key)
      for (const text of [
        '10.0.0.1',
        '10.1.2.3',
        '192.168.1.1',
        '172.17.0.2',
        '100.64.3.4',
        '8.8.8.8',
        '52.95.110.1',
        'fd00::1',
        '2a00:1450::5',
      ]) {
        const bytes = parseAddress(text)!
        expect(shared(other.map(bytes), bytes)).toBeLessThan(bytes.length === 4 ? 24 : 64)
      }
    }
  })

  test('with another key are others', () => {
    const keys = Array.from({ length: 20 }, (_, i) =>
      formatAddress(mapOf(`key ${i}`).map(parseAddress('10.20.30.40')!)),
    )
    expect(new Set(keys).size).toBeGreaterThan(15)
    expect(formatAddress(mapOf('a key').map(parseAddress('10.20.30.40')!))).toBe(mapped('10.20.30.40'))
  })

  test('an IPv4 address in an IPv6 one is the same as by itself', () => {
    expect(mapped('::ffff:10.1.2.3')).toBe(`::ffff:${mapped('10.1.2.3')}`)
    const [a, b] = [map.map(parseAddress('64:ff9b::a01:203')!), map.map(parseAddress('10.1.2.3')!)]
    expect([...a.subarray(12)]).toEqual([...b])
  })
})

describe('hardware addresses', () => {
  const redactor = new Redactor('a key')
  test('keep whether they are a group’s and locally given, share what they shared, and are others', () => {
    const mac = fc.uint8Array({ minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(mac, mac, (a, b) => {
        const plain = (bytes: Uint8Array) => (bytes[0] === 0x33 && bytes[1] === 0x33) || bytes[0] === 1
        fc.pre(!plain(a) && !plain(b))
        const [x, y] = [redactor.mac(a), redactor.mac(b)]
        expect(x[0]! & 3).toBe(a[0]! & 3)
        expect(shared(x, y)).toBe(shared(a, b))
      }),
    )
  })
  test('of everybody are themselves', () => {
    for (const bytes of [
      [0, 0, 0, 0, 0, 0],
      [255, 255, 255, 255, 255, 255],
      [1, 0, 0x5e, 0, 0, 0xfb],
      [0x33, 0x33, 0, 0, 0, 1],
    ])
      expect([...redactor.mac(Uint8Array.from(bytes))]).toEqual(bytes)
  })
})
