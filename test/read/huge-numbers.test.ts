/** Numbers of hundreds of digits stand only in damaged files: none of them becomes Infinity or NaN, wherever it stands. */
import { expect, it } from 'vitest'
import { recognise } from '../../src/read/recognise.ts'
import { readPart } from '../../src/read/world.ts'
import { ROOT } from '../docs/sources.ts'
import { fixturesByFormat } from '../hostile/fixtures.ts'
import { readCapture } from './captures/read-capture.ts'

const HUGE = '9'.repeat(400)
/** Places of one file that are tried: its beginning has every kind of line. */
const MOST = 60

/** Where in plain data a number is none; else undefined. */
function oddIn(value: unknown, path = ''): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${path} is ${value}`
  if (typeof value !== 'object' || value === null) return undefined
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value)
  for (const [key, one] of entries) {
    const odd = oddIn(one, `${path}.${String(key)}`)
    if (odd !== undefined) return odd
  }
  return undefined
}

const fixtures = fixturesByFormat(ROOT)
it.each([...fixtures.keys()])('%s: no number of its own is Infinity or NaN', (id) => {
  const { text } = fixtures.get(id)![0]!
  if (text.includes('\0')) return
  const recognised = recognise(text)!
  for (const { 0: digits, index } of [...text.matchAll(/(?<![\d.])\d+(?![\d.])/g)].slice(0, MOST))
    for (const put of [HUGE, '1e309']) {
      const damaged = text.slice(0, index) + put + text.slice(index + digits.length)
      const read =
        recognised.kind === 'capture'
          ? readCapture(recognised.format, damaged).events.map((event) => ({
              ...event,
              clock: Number.isNaN(event.clock) ? 0 : event.clock,
            }))
          : readPart(id, damaged, recognised)
      expect(oddIn(read), damaged.slice(Math.max(0, index - 60), index + 10)).toBeUndefined()
    }
})
