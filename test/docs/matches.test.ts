/**
 * docs/matches.md is printed from the registry and from the table tests of each match and target:
 * UPDATE_DOCS=1 npx vitest run test/docs/matches.test.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { printPage } from './matches-page.ts'

describe('docs/matches.md', () => {
  const page = new URL('../../docs/matches.md', import.meta.url)

  test('says what the registry says', () => {
    if (process.env.UPDATE_DOCS) writeFileSync(page, printPage())
    expect(readFileSync(page, 'utf8')).toBe(printPage())
  })
})
