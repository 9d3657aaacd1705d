import { describe, expect, it } from 'vitest'
import { wrap, wrapRule } from '../../../src/reports/text/layout.ts'

describe('a word that is longer than a line', () => {
  it('is broken where the line is full, and its end begins the next words’ line', () => {
    expect(wrap(`so ${'x'.repeat(25)} it is`, 10)).toEqual(['so', 'xxxxxxxxxx', 'xxxxxxxxxx', 'xxxxx it', 'is'])
    expect(wrap('中'.repeat(7), 10)).toEqual(['中中中中中', '中中'])
  })

  it('may have megabytes', () => {
    const word = 'x'.repeat(4_000_000)
    expect(wrap(word, 80)).toHaveLength(50_000)
    expect(wrapRule(word, 80)).toHaveLength(50_000)
  })
})
