/** What `serve --live` keeps for its pages is bounded, whatever it is made of. */
import { expect, test } from 'vitest'
import { BundleInMemory } from '../../src/cli/bundle-in-memory.ts'
import { CAPTURE_FORMATS } from '../../src/read/captures/index.ts'

const [format] = CAPTURE_FORMATS
const bytes = (size: number) => new Uint8Array(size)
const rules = (size: number) => new Map([['ruleset.json', bytes(size)]])

function bundle(most: number) {
  const made = new BundleInMemory(most)
  let full = 0
  made.onFull = () => full++
  return { made, full: () => full }
}

test('captures', () => {
  const { made, full } = bundle(100)
  made.chunk('a', 0, format!, bytes(60))
  expect(full()).toBe(0)
  made.chunk('a', 0, format!, bytes(60))
  made.chunk('b', 0, format!, bytes(60))
  expect(full()).toBe(1)
})

test('rulesets that change, and not the first', () => {
  const { made, full } = bundle(100)
  made.files('a', rules(1000))
  expect(full()).toBe(0)
  for (let i = 0; i < 10; i++) made.files('a', rules(30), `2026-01-01T00:00:0${i}Z`)
  expect(full()).toBe(1)
  // what came of its time is explained by it
  expect(made.inputs.length).toBe(11)
})
