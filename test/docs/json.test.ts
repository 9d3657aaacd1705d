/**
 * docs/json.md has a schema for every document that the sources name, and its tables are printed from the schemas:
 * UPDATE_DOCS=1 npx vitest run test/docs/json.test.ts
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { schemaOf } from '../schemas.ts'
import { withTables } from './json-page.ts'
import { tableRows } from './markdown.ts'
import { ROOT, sourcesIn } from './sources.ts'

const path = join(ROOT, 'docs/json.md')
const names = readdirSync(join(ROOT, 'schemas')).map((file) => file.replace('.schema.json', ''))

test('its tables say what the schemas say', () => {
  if (process.env.UPDATE_DOCS) writeFileSync(path, withTables(readFileSync(path, 'utf8')))
  const page = readFileSync(path, 'utf8')
  expect(page).toBe(withTables(page))
})

test('every schema has a row, with what its documents have as `schema`', () => {
  const rows = tableRows(readFileSync(path, 'utf8'), 'JSON').filter((cells) => cells[2]?.includes('.schema.json'))
  const told = rows.map(([, label, link]) => [/^\[([a-z-]+)\]/.exec(link!)?.[1], label!.replaceAll('`', '')])
  const labels = names.map((name) => [name, schemaOf(name).title!.startsWith('nfwhy.') ? schemaOf(name).title : '–'])
  expect(told.sort()).toEqual(labels.sort())
})

test('every document that the sources name has a schema', () => {
  const named = sourcesIn('src').flatMap(({ text }) => [...text.matchAll(/'(nfwhy\.[a-z-]+\/\d+)'/g)].map((m) => m[1]))
  const titles = names.map((name) => schemaOf(name).title).filter((title) => title!.startsWith('nfwhy.'))
  expect([...new Set(named)].sort()).toEqual(titles.sort())
})
