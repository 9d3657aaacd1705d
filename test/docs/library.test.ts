/** docs/library.md is printed from docstrings: UPDATE_DOCS=1 npx vitest run test/docs/library.test.ts */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { printLibraryPage } from './library-page.ts'

const page = new URL('../../docs/library.md', import.meta.url)

test('docs/library.md says what the docstrings say', () => {
  if (process.env.UPDATE_DOCS) writeFileSync(page, printLibraryPage())
  expect(readFileSync(page, 'utf8')).toBe(printLibraryPage())
})

test('every call of the library has a docstring', () => {
  const empty = printLibraryPage()
    .split('\n')
    .filter((line) => /^\| `.*\| +\|$/.test(line))
  expect(empty).toEqual([])
})
