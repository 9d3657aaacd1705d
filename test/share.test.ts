import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { share, stride } from './share.ts'

it('is the same part of every number, one at least, and a few dozen of many', () => {
  expect(share(100_000) / share(10_000)).toBeCloseTo(10, 0)
  if (share(100_000) >= 5000) expect(share(100)).toBeGreaterThanOrEqual(24)
  expect(share(1)).toBeGreaterThanOrEqual(1)
  expect(share(1000) * stride(100)).toBeCloseTo(100_000, -4)
})

it('is asked by every test that says how many cases it tries', () => {
  const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'share.test.ts')
    .map((name) => ({ name, text: readFileSync(join(import.meta.dirname, name), 'utf8') }))
  const asking = sources.filter(({ text }) => /\bnumRuns: share\(\d+\)/.test(text))
  expect(asking.length).toBeGreaterThan(30)
  expect(sources.filter(({ text }) => /\bnumRuns: *\d/.test(text)).map(({ name }) => name)).toEqual([])
})
