import { expect, test } from 'vitest'
import { kernelNumber } from '../../src/model/kernel-number.ts'

const HUGE = '9'.repeat(400)

test.each([
  ['0', 0],
  ['18446744073709551615', 2 ** 64],
  ['0xFF', 255],
  ['', undefined],
  [undefined, undefined],
  ['-1', undefined],
  [HUGE, undefined],
  [`0x${'f'.repeat(300)}`, undefined],
])('%j', (text, number) => {
  expect(kernelNumber(text)).toBe(number)
})
