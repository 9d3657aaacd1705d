/** Where a URL says that a database is. */
import { expect, test } from 'vitest'
import { readAddress } from '../../src/store/clickhouse/url.ts'

const read = (url: string, environment = {}) => readAddress(url, environment)

test.each([
  ['clickhouse://db.example', 'http://db.example:8123', 'clickhouse://db.example:8123/default'],
  ['clickhouses://db.example/a', 'https://db.example:8443', 'clickhouses://db.example:8443/a'],
  ['clickhouse://[2001:db8::1]:99/a%20b', 'http://[2001:db8::1]:99', 'clickhouse://[2001:db8::1]:99/a b'],
])('reads %s', (url, endpoint, name) => {
  expect(read(url)).toMatchObject({ endpoint, name, user: 'default', password: '' })
})

test('takes user and password from the URL, else the password from the environment', () => {
  const environment = { NFWHY_CLICKHOUSE_PASSWORD: 'other' }
  expect(read('clickhouse://me:p%40%2F%25@h/d', environment)).toMatchObject({ user: 'me', password: 'p@/%' })
  expect(read('clickhouse://me@h/d', environment)).toMatchObject({ user: 'me', password: 'other' })
  expect(read('clickhouse://me:p@h/d').name).toBe('clickhouse://h:8123/d')
})

test.each([
  ...['clickhouse:', 'clickhouse://', 'clickhouse:///d', 'clickhouse://h/a/b', 'clickhouse://h/d?secure=1'],
  ...[
    'clickhouse://h/d#x',
    'clickhouse://me:top/secret@h/d',
    'clickhouse://me:1/secret@h',
    'clickhouse://me:top@secret@h:x',
  ],
])('refuses %s without its password', (url) => {
  expect(() => read(url)).toThrow(/^(?!.*(?:top|secret@)).*write clickhouse:\/\/USER:PASSWORD@HOST:PORT\/DATABASE/)
})
