/** Where a URL says that a broker is. */
import { expect, test } from 'vitest'
import { readBroker } from '../../../src/store/nats/url.ts'

const read = (url: string, environment = {}) => readBroker(url, environment)

test.each([
  ['nats://broker.example', 'broker.example', 4222, false, 'nats://broker.example:4222/nfwhy'],
  ['tls://broker.example:99/a-b', 'broker.example', 99, true, 'tls://broker.example:99/a-b'],
  ['nats://me:p@[2001:db8::1]/x', '2001:db8::1', 4222, false, 'nats://[2001:db8::1]:4222/x'],
])('reads %s', (url, host, port, tls, name) => {
  expect(read(url)).toMatchObject({ host, port, tls, name, spool: { folder: undefined, most: 256 * 1024 * 1024 } })
})

test('takes user and password from the URL, else the password from the environment', () => {
  const environment = { NFWHY_NATS_PASSWORD: 'other' }
  expect(read('nats://me:p%40%2F%25@h', environment)).toMatchObject({ user: 'me', password: 'p@/%' })
  expect(read('nats://me@h', environment)).toMatchObject({ user: 'me', password: 'other' })
  expect(read('nats://token@h')).toMatchObject({ user: 'token', password: '', name: 'nats://h:4222/nfwhy' })
})

test('takes where the spool is, and how large', () => {
  expect(read('nats://h/s?spool=/var/spool/n%20f&spool-mb=12').spool).toEqual({
    ...{ folder: '/var/spool/n f', most: 12 * 1024 * 1024 },
  })
})

test.each([
  ...['nats:', 'nats://', 'nats:///s', 'nats://h/a/b', 'nats://h/a.b', 'nats://h/s?other=1', 'nats://h/s#x'],
  ...[
    'nats://h/s?spool=',
    'nats://h/s?spool-mb=0',
    'nats://h/s?spool-mb=0.0',
    'nats://h/s?spool-mb=1e3',
    'nats://h/s?spool-mb=12345678',
  ],
  ...['nats://me:top/secret@h/d', 'nats://me:1/secret@h', 'nats://me:top@secret@h:x'],
])('refuses %s without its password', (url) => {
  expect(() => read(url)).toThrow(/^(?!.*(?:top|secret@)).*write nats:\/\/USER:PASSWORD@HOST:PORT\/STREAM/)
})
