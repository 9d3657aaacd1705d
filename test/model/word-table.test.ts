import { expect, test } from 'vitest'
import { wordTable, wordTables } from '../../src/model/word-table.ts'

const INHERITED = [...Reflect.ownKeys(Object.prototype)].map(String)

test('a table finds what it holds', () => {
  const table = wordTable({ a: 1, constructor: 2 })
  expect(table.a).toBe(1)
  expect(table.constructor).toBe(2)
  expect(Object.keys(table)).toEqual(['a', 'constructor'])
})

test.each(INHERITED)('a table does not find %s', (name) => {
  expect(wordTable({ a: 1 })[name]).toBeUndefined()
  const tables = wordTables({ a: { b: 1 } })
  expect(tables[name]).toBeUndefined()
  expect(tables.a?.[name]).toBeUndefined()
})
