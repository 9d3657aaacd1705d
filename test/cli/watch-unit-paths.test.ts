/** What the unit lets nfwhy write. */
import { expect, test } from 'vitest'
import { unitText } from '../../src/cli/watch-unit.ts'
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
