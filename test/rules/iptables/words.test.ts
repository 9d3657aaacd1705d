import fc from 'fast-check'
import { expect, it } from 'vitest'
import { protect, quote, splitWords } from '../../../src/rules/iptables/words.ts'

it('splits what quote and protect made one word of', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', "'", '\t', '!', '-', 'é', '\n') })),
      (texts) => {
        expect(splitWords(texts.map(quote).join(' '))).toEqual(texts)
        expect(splitWords(texts.map(protect).join(' '))).toEqual(texts)
      },
    ),
  )
})

it.each([
  ['a  b\tc', ['a', 'b', 'c']],
  ['a\r', ['a']],
  ['""', ['']],
  ['a"b c"d', ['ab c', 'd']],
  ['a\\ b', ['a\\', 'b']],
  ['"no end', ['no end']],
])('%j', (text, words) => {
  expect(splitWords(text)).toEqual(words)
})
