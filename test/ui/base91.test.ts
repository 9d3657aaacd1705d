/** What is written into a report is read from it. */
import { expect, it } from 'vitest'
import { toBase91 } from '../../scripts/base91.mjs'
import { fromBase91 } from '../../src/ui/page/base91.ts'

it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 1023])('%d bytes', (length) => {
  for (const byte of [0, 25, 90, 91, 127, 255]) {
    const bytes = Uint8Array.from({ length }, (_, i) => byte ^ ((i * 7) & byte))
    const text = toBase91(bytes)
    expect(text).toMatch(/^[#-;=-~]*$/)
    expect(fromBase91(text)).toEqual(bytes)
  }
})

it('each value of a byte, at each place', () => {
  const bytes = Uint8Array.from({ length: 1024 + 3 }, (_, i) => (i >> 2) + (i & 3) * 61)
  expect(fromBase91(toBase91(bytes))).toEqual(bytes)
})
