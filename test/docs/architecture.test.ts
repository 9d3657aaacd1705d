/** docs/ARCHITECTURE.md: the folders that are there, those that are not yet, and their order. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tableRows } from './markdown.ts'
import { ROOT } from './sources.ts'

const page = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8')
const folders = tableRows(page, 'The folders').map(([folder]) => /^`src\/([a-z]+)`$/.exec(folder ?? '')?.[1])
const there = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

/** As scripts/check-imports.mjs has them, from the top down. */
const house = [
  ...readFileSync(join(ROOT, 'scripts/check-imports.mjs'), 'utf8')
    .match(/const HOUSE = .*?\n(?=const )/s)![0]
    .matchAll(/'([a-z]+)'/g),
].map((match) => match[1])

test('first those that are there, then those that are planned, each in the order of imports', () => {
  const now = house.filter((folder) => there.includes(folder!))
  const planned = house.filter((folder) => !there.includes(folder!))
  expect(folders).toEqual([...now, ...planned])
})

test('the planned ones stand behind the word', () => {
  const [now = '', planned = ''] = page.split('\nPlanned: ')
  for (const folder of house) {
    const row = `| \`src/${folder}\` |`
    expect(there.includes(folder!) ? now : planned).toContain(row)
  }
})
