/** What the unit lets nfwhy write. */
import { expect, test } from 'vitest'
import { refuseInUnit, unitText } from '../../src/cli/watch-unit.ts'
import { BIN } from './nfwhy.ts'

const lines = (store?: string): string[] =>
  unitText({ ...(store === undefined ? {} : { store }) }, ['/usr/bin/node', BIN]).split('\n')
const OWN = /^(?:ReadWritePaths|ExecStartPre|EnvironmentFile)=/

test.each([
  ['duckdb:/srv/drops/x.duckdb', ['ExecStartPre=+mkdir -p -m 0700 /srv/drops', 'ReadWritePaths=-/srv/drops']],
  [
    'parquet:/srv/a b/50%$x',
    ['ExecStartPre=+mkdir -p -m 0700 "/srv/a b/50%%$$x"', 'ReadWritePaths="-/srv/a b/50%%$x"'],
  ],
  [
    'nats://broker.example/s?spool=/srv/spool',
    [
      'ExecStartPre=+mkdir -p -m 0700 /srv/spool',
      'ReadWritePaths=-/srv/spool',
      'EnvironmentFile=-/etc/nfwhy/watch.env',
    ],
  ],
  ['clickhouse://writer@db.example/nfwhy', ['EnvironmentFile=-/etc/nfwhy/watch.env']],
  ['parquet:drops', ['ExecStartPre=+mkdir -p -m 0700 /var/lib/nfwhy/drops']],
  ['duckdb:a/x.duckdb', ['ExecStartPre=+mkdir -p -m 0700 /var/lib/nfwhy/a']],
  ['duckdb:x.duckdb', []],
  ['duckdb:/var/lib/nfwhy/x.duckdb', []],
  [undefined, []],
] as const)('of the store %s', (store, expected) => {
  expect(lines(store).filter((line) => OWN.test(line))).toEqual(expected)
})

test('what is stored in a folder of temporary files is stored in that of all', () => {
  const hasOwn = (store: string) => lines(store).includes('PrivateTmp=yes')
  expect(['/srv', '/tmp', '/tmp/a', '/var/tmp/a', '/tmpa'].filter((folder) => hasOwn(`parquet:${folder}`))).toEqual([
    '/srv',
    '/tmpa',
  ])
})

test.each([
  [{ page: true }, /^--page /],
  [{ for: 30 }, /^--for .*runs until it is stopped/],
  [{ count: 1 }, /^--count /],
  [{ json: true }, /^--json /],
  [{ store: 'clickhouse://writer:secret@db.example/nfwhy' }, /leave the password out of --store/],
  [{ store: 'tls://writer:secret@broker.example/s' }, /leave the password out of --store/],
])('a unit with %j is refused', (options, why) => {
  expect(() => refuseInUnit(options)).toThrow(why)
})

test('a unit has lines, or what --ndjson prints; a user without a password stays', () => {
  const options = { ndjson: true, store: 'nats://writer@broker.example/s' }
  expect(() => refuseInUnit(options)).not.toThrow()
  const start = (given: object) => unitText(given, ['/usr/bin/node', BIN]).match(/^ExecStart=.*/m)?.[0]
  expect(start(options)).toMatch(/ watch --ndjson --no-color --store nats:\/\/writer@broker\.example\/s$/)
  expect(start({})).toMatch(/ watch --plain --no-color$/)
})
