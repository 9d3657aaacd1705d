import fc from 'fast-check'
import { expect, it } from 'vitest'
import { matchesPattern } from '../../../src/edits/script/patterns.ts'
import { share } from '../../share.ts'

it.each([
  ['eth0', 'eth*', true],
  ['eth0', 'eth?', true],
  ['eth10', 'eth?', false],
  ['a.b', 'a.b', true],
  ['axb', 'a.b', false],
  ['b', '[a-c]', true],
  ['b', '[!a-c]', false],
  [']', '[]]', true],
  ['[a', '[a', true],
  ['', '*', true],
  ['aXbXc', 'a*X*c', true],
  ['x\ny', 'x*y', true],
])('%j against %s: %s', (text, pattern, matches) => {
  expect(matchesPattern(text, pattern)).toBe(matches)
})

it('gives what a regular expression gives', () => {
  const letters = (of: string) => fc.string({ unit: fc.constantFrom(...of), maxLength: 8 })
  fc.assert(
    fc.property(letters('ab'), letters('ab*?'), (text, pattern) => {
      const same = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
      expect(matchesPattern(text, pattern)).toBe(same.test(text))
    }),
    { seed: 11, numRuns: share(500) },
  )
})

it('says that it does not know where both are too long', () => {
  expect(matchesPattern('a'.repeat(10_000), '*a'.repeat(5000))).toBeUndefined()
})
