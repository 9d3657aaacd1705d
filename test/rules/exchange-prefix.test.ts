import { describe, expect, it } from 'vitest'
import { exchangePrefix } from '../../src/rules/exchange-prefix.ts'

describe('an exchanged prefix', () => {
  it.each([
    // the example of RFC 6296, section 3.5
    ['fd01:203:405:1::1234', 'fd01:203:405::', '2001:db8:1::', 48, '2001:db8:1:d550::1234'],
    ['2001:db8:1:d550::1234', '2001:db8:1::', 'fd01:203:405::', 48, 'fd01:203:405:1::1234'],
  ])('of %s is exchanged: %s → %s', (address, from, to, length, expected) => {
    expect(exchangePrefix(address, { from, to, length })).toBe(expected)
  })

  it('has nothing to make up for where all is ones', () => {
    expect(
      exchangePrefix('fd00:1::ffff:ffff:ffff:ffff', { from: 'fd00:1::', to: '2001:db8:1::', length: 64 }),
    ).toBeUndefined()
    expect(exchangePrefix('10.0.0.1', { from: 'fd00:1::', to: '2001:db8:1::', length: 64 })).toBeUndefined()
  })
})
