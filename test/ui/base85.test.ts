/** What is written into a report is read from it. */
import { expect, it } from 'vitest'
import { toBase85 } from '../../scripts/base85.mjs'
import { fromBase85 } from '../../src/ui/page/base85.ts'

it.each([0, 1, 2, 3, 4, 5, 1023])('%d bytes', (length) => {
  for (const byte of [0, 20, 84, 85, 127, 255]) {
    const bytes = Uint8Array.from({ length }, (_, i) => byte ^ ((i * 7) & byte))
    const text = toBase85(bytes)
    expect(text).toMatch(/^[(-;=-|~]*$/)
    expect(fromBase85(text)).toEqual(bytes)
  }
})

it('each value of a byte, at each place', () => {
  const bytes = Uint8Array.from({ length: 1024 + 3 }, (_, i) => (i >> 2) + (i & 3) * 61)
  expect(fromBase85(toBase85(bytes))).toEqual(bytes)
})
