/** Rules that change while a session runs, on a host that does not always answer. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RulesetVersions } from '../../src/live/ruleset-versions.ts'
import { worldOf } from '../journey/journeys.ts'

const FIRST = worldOf('*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n')
const CHANGED = worldOf('*filter\n:INPUT DROP [0:0]\nCOMMIT\n')

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A change of rules that cannot be read the first `failures` times. */
async function change(failures: number) {
  const said: string[] = []
  let asked = 0
  const read = async () => {
    if (++asked <= failures) throw new Error('no answer')
    return CHANGED
  }
  const versions = new RulesetVersions(FIRST, read, (code) => said.push(code))
  versions.settle()
  versions.changed()
  const known = versions.current()
  await vi.runAllTimersAsync()
  await known
  return { versions, said, asked }
}

test('rules that could not be read at once are asked for again', async () => {
  for (const failures of [0, 1, 3]) {
    const { versions, said, asked } = await change(failures)
    expect(asked).toBe(failures + 1)
    expect(versions.at(Number.NaN)).toBe(CHANGED)
    expect(said).toEqual(['rules-changed'])
  }
})

test('a host that never answers is told of once, and the next change is read', async () => {
  const { versions, said, asked } = await change(4)
  expect([asked, said]).toEqual([4, ['rules-not-read-again']])
  expect(versions.at(Number.NaN)).toBe(FIRST)
  versions.changed()
  const known = versions.current()
  await vi.runAllTimersAsync()
  await known
  expect(versions.at(Number.NaN)).toBe(CHANGED)
})
