/**
 * docs/store.md has the tables, queries and names of the code: UPDATE_DOCS=1 npx vitest run test/docs/store.test.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TABLES, VERSION } from '../../src/store/schema.ts'
import { withStoreParts } from './store-page.ts'

const path = new URL('../../docs/store.md', import.meta.url)

test('it says what the schema says', () => {
  if (process.env.UPDATE_DOCS) writeFileSync(path, withStoreParts(readFileSync(path, 'utf8')))
  const page = readFileSync(path, 'utf8')
  expect(page).toBe(withStoreParts(page))
  expect(page).toContain(`Version ${VERSION}.`)
})

test('every key is a column, and no column stands there twice', () => {
  for (const { key, columns } of TABLES) {
    const names = columns.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining([...key]))
    expect(new Set(names).size).toBe(names.length)
  }
})
