import { expect, test } from 'vitest'
import { Later } from '../../src/model/later.ts'

test('what comes with a module is there once that has been waited for', async () => {
  const language = new Later(async () => 'language')
  const fixes = language.with(async () => 'fixes')
  expect(() => fixes.loaded).toThrow('before it was loaded')
  await language.load()
  expect([language.loaded, fixes.loaded]).toEqual(['language', 'fixes'])
  // nobody would wait for it
  expect(() => language.with(async () => 'traces')).toThrow('fetched before')
})

test('a module is fetched once', async () => {
  let fetched = 0
  const module = new Later(async () => ++fetched)
  await module.load()
  await module.load()
  expect(module.loaded).toBe(1)
})
