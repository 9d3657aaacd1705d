/**
 * docs/nft-support.md is printed from the code and from the table tests of the nft language:
 * UPDATE_DOCS=1 npx vitest run test/docs/nft-support.test.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { printPage, untried } from './nft-page.ts'

describe('docs/nft-support.md', () => {
  const page = new URL('../../docs/nft-support.md', import.meta.url)

  test('says what the code does', () => {
    if (process.env.UPDATE_DOCS) writeFileSync(page, printPage())
    expect(readFileSync(page, 'utf8')).toBe(printPage())
  })

  test('has a sample of everything that the reader knows', () => expect(untried()).toEqual([]))
})
