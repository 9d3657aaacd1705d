import { expect, it } from 'vitest'
import { block } from '../../../src/reports/markdown/escape.ts'

it('fences a text of nothing but ticks', () => {
  const [fence] = block(['` '.repeat(300_000), '`````'])
  expect(fence).toBe('``````')
})
