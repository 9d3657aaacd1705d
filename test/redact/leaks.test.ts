/** Whatever stands around an address, it is replaced. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress } from '../../src/model/address.ts'
import { Redactor, redactPlain } from '../../src/redact/index.ts'
import { redactFree, redactRuleText } from '../../src/redact/rule-text.ts'
import { share } from '../share.ts'
import { addressesIn } from './redacted.ts'

const redactor = new Redactor('leaks')
const byte = fc.integer({ min: 0, max: 255 })
const ipv4 = fc
  .tuple(fc.integer({ min: 1, max: 223 }), byte, byte, byte)
  .map((bytes) => bytes.join('.'))
  // a documentation block stays, and so does what shares all but its last bit
  .filter((text) => !/^(?:192\.0\.3|198\.51\.101|203\.0\.112)\./.test(text))
const ipv6 = fc
  .uint8Array({ minLength: 14, maxLength: 14 })
  .map((bytes) => formatAddress(Uint8Array.of(0x2a, 0x00 | (bytes[0]! & 0x0f), ...bytes)))
const mac = fc
  .uint8Array({ minLength: 5, maxLength: 5 })
  .map((bytes) => ['02', ...Array.from(bytes, (one) => one.toString(16).padStart(2, '0'))].join(':'))
const around = [
  '',
  ' ',
  '=',
  '"',
  "'",
  ',',
  '(',
  ')',
  '[',
  ']',
  '<',
  '>',
  '@',
  '_',
  '|',
  ';',
  '\t',
  '{',
  '}',
  '!',
  '#',
  '~',
  '&',
  '%',
  '*',
]
const before = fc.constantFrom(
  ...around,
  'SRC=',
  'src:',
  'from ',
  'to:',
  'via ',
  'x-',
  'host-',
  'a/',
  '\\"',
  'tcp://',
  '-s ',
  '$',
)
const after = fc.constantFrom(...around, ':80', '/32', '/24', '-x', ' dev eth0', '.', '. ', ', ', '/', '\\"', 'n')

/** The text that a reader would take for an address, in a context where it is one. */
const cases = fc.tuple(before, fc.oneof(ipv4, ipv6, mac), after)

describe.each([
  ['plain text', redactPlain],
  ['rules', redactRuleText],
  ['comments', redactFree],
  [
    'a comment of a rule',
    (text: string, one: Redactor) => redactRuleText(`-A X -m comment --comment "${text}" -j Y`, one),
  ],
])('in %s', (_, redact) => {
  test('no address stays', () => {
    fc.assert(
      fc.property(cases, cases, ([a, b, c], [d, e, f]) => {
        const text = `${a}${b}${c} ${d}${e}${f}`
        const was = addressesIn(text)
        const is = addressesIn(redact(text, redactor))
        for (const one of was) expect([...is], text).not.toContain(one)
      }),
      { numRuns: share(3000) },
    )
  })
})
