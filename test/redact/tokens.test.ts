import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareAddresses, formatAddress, inPrefix, parseAddress } from '../../src/model/address.ts'
import { Redactor } from '../../src/redact/redactor.ts'
import { redactRange, redactTokens } from '../../src/redact/tokens.ts'
import { share } from '../share.ts'

const redactor = new Redactor('tokens')
const token = (text: string) => redactTokens(text, redactor)
const A = token('10.1.2.3')
const NET = A.replace(/\.3$/, '')
const [, SECOND] = A.split('.')
const M = token('00:1b:21:0a:0b:0c')
const V6 = token('2a00:1450::5')

test('they are others', () => {
  for (const [was, is] of [
    ['10.1.2.3', A],
    ['00:1b:21:0a:0b:0c', M],
    ['2a00:1450::5', V6],
  ])
    expect(is).not.toBe(was)
})

describe('addresses in text', () => {
  test.each([
    ['10.1.2.3', A],
    ['SRC=10.1.2.3 DST=10.1.2.255', `SRC=${A} DST=${NET}.255`],
    ['10.1.2.3:80', `${A}:80`],
    ['10.1.2.3.', `${A}.`],
    ['(10.1.2.3)', `(${A})`],
    ['vpn_10.1.2.3_in', `vpn_${A}_in`],
    ['10.1.2.0/24', `${NET}.0/24`],
    ['10.1.2.3/24', `${A}/24`],
    ['10.1.2.0/255.255.255.0', `${NET}.0/255.255.255.0`],
    ['10.1.0.0/16', `10.${SECOND}.0.0/16`],
    ['10.1.0.0/255.255.0.0', `10.${SECOND}.0.0/255.255.0.0`],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.1.2.5-10.1.2.9', `${NET}.5-${NET}.9`],
    ['10.1.0.0-10.1.255.255', `10.${SECOND}.0.0-10.${SECOND}.255.255`],
    ['10.1.2.5-10.1.2.9:8000-9000', `${NET}.5-${NET}.9:8000-9000`],
    ['224.0.0.1-239.1.2.3', '224.0.0.1-239.1.2.3'],
    ['ip-10-1-2-3.internal', `ip-${A.replaceAll('.', '-')}.internal`],
    ['2a00:1450::5', V6],
    ['[2a00:1450::5]:80', `[${V6}]:80`],
    ['2a00:1450::5/64', `${V6}/64`],
    ['source_ip:2a00:1450::5', `source_ip:${V6}`],
    ['2a00:1450::5: here', `${V6}: here`],
    ['::/0', '::/0'],
    ['2A00:1450:0000:0000:0000:0000:0000:0005', token('2a00:1450:0000:0000:0000:0000:0000:0005').toUpperCase()],
    ['2a00:1450:0000:0000:0000:0000:0000:0005', expect.stringMatching(/^([0-9a-f]{4}:){7}0005$/)],
    ['00:1b:21:0a:0b:0c', M],
    ['MAC=00:1b:21:0a:0b:0c:ff:ff:ff:ff:ff:ff:08:00 S', `MAC=${M}:ff:ff:ff:ff:ff:ff:08:00 S`],
    ['00:1B:21:0A:0B:0C', M.toUpperCase()],
    ['MAC=45:00:00:34:0a:01:02:03', 'MAC=00:00:00:00:00:00:00:00'],
    ['0:1b:21:a:b:c', expect.stringMatching(/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/)],
  ])('%s', (text, expected) => expect(token(text)).toEqual(expected))

  test.each([
    '12:34:56',
    'iptables v1.8.9',
    '6.18.44',
    '1:2',
    'tcp dport 80-90',
    '2026-11-20',
    'a::b::c',
    '256.1.1.1',
    'std::string',
  ])('%s is none', (text) => expect(token(text)).toBe(text))

  test('a mask with gaps is told', () => {
    const own = new Redactor('gaps')
    redactTokens('10.1.2.3/255.0.255.0', own)
    expect([...own.doubts]).toEqual([['mask-with-gaps', 1]])
  })
})

describe('ranges', () => {
  const ipv4 = fc.nat(0xffffffff).map((n) => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n))

  test('that are exact hold what they held, and nothing else; others hold it all', () => {
    fc.assert(
      fc.property(ipv4, fc.nat(3000), fc.nat(5000), (from, size, other) => {
        const number = (bytes: Uint8Array) => new DataView(bytes.buffer).getUint32(0)
        const bytes = (n: number) => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n)
        fc.pre(number(from) + 8000 < 0xffffffff && number(from) > 2000)
        const to = bytes(number(from) + size)
        const [first, last, exact] = redactRange(from, to, redactor)
        const one = bytes(number(from) + other - 1000)
        const was = compareAddresses(one, from) >= 0 && compareAddresses(one, to) <= 0
        const image = redactor.address(one)
        const is = compareAddresses(image, first) >= 0 && compareAddresses(image, last) <= 0
        if (exact) expect(is).toBe(was)
        else if (was) expect(is).toBe(true)
      }),
      { numRuns: share(3000) },
    )
  })

  test('in nft become the prefixes that they are made of, and hold what they held', () => {
    const holds = (text: string, address: Uint8Array) =>
      [...text.matchAll(/([\d.]+)\/(\d+)/g)].some(([, net, length]) =>
        inPrefix(address, parseAddress(net!)!, Number(length)),
      )
    const text = redactTokens('ip saddr 10.1.2.200-10.1.5.7 accept', redactor, 'nft')
    expect(text).toMatch(/^ip saddr \{ [\d.]+\/\d+(, [\d.]+\/\d+)* \} accept$/)
    for (let n = 0; n < 2048; n++) {
      const address = Uint8Array.of(10, 1, n >> 8, n & 255)
      const was = n >= 2 * 256 + 200 && n <= 5 * 256 + 7
      expect(holds(text, redactor.address(address)), formatAddress(address)).toBe(was)
    }
    expect(redactTokens('elements = { 10.1.2.200-10.1.5.7, 10.9.9.9 }', redactor, 'nft')).toMatch(
      /^elements = \{ [\d.]+\/\d+(, [\d.]+\/\d+)*, [\d.]+ \}$/,
    )
    expect([...redactor.doubts]).toEqual([])
  })

  test('that cannot be said so become the network around them, and that is told', () => {
    const own = new Redactor('tokens')
    const text = redactTokens('--src-range 10.1.2.200-10.1.5.7', own)
    expect(text).toMatch(/^--src-range 10\.\d+\.\d+\.0-10\.\d+\.\d+\.255$/)
    expect([...own.doubts]).toEqual([['range-widened', 1]])
  })
})
