import { describe, expect, it } from 'vitest'
import { wrap, wrapRule } from '../../../src/reports/text/layout.ts'

describe('a word that is longer than a line', () => {
  it('is broken where the line is full, and its end begins the next words’ line', () => {
    expect(wrap(`so ${'x'.repeat(25)} it is`, 10)).toEqual(['so', 'xxxxxxxxxx', 'xxxxxxxxxx', 'xxxxx it', 'is'])
    expect(wrap('中'.repeat(7), 10)).toEqual(['中中中中中', '中中'])
  })

  it('of a rule may have 20 MB, in quotes and out of them', { tags: 'slow' }, () => {
    for (const part of ['xxxxxxxx', "'x y' xy", '"x\\"x y"', '\\x\\x\\x\\x']) {
      const word = `-m comment --comment ${part.repeat(2_500_000)}`
      expect(wrapRule(word, 80).length, part).toBeGreaterThan(200_000)
    }
  })

  it('keeps together what stands in quotes, or behind a backslash', () => {
    const rule =
      '-A INPUT -m comment --comment "it is \\" -j so" -m string --string \'-x "\' -i a\\ -b -j DROP "open -y'
    expect(wrapRule(rule, 12)).toEqual([
      '-A INPUT',
      '-m comment',
      '--comment',
      '"it is \\" -j',
      'so"',
      '-m string',
      "--string '-x",
      '"\' -i a\\ -b',
      '-j DROP',
      '"open -y',
    ])
  })

  it('may have megabytes', () => {
    const word = 'x'.repeat(4_000_000)
    expect(wrap(word, 80)).toHaveLength(50_000)
    expect(wrapRule(word, 80)).toHaveLength(50_000)
  })
})
