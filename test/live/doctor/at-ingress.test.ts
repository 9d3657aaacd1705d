/** What a chain at a device's ingress drops of the packets that are asked for: all, some, or perhaps some. */
import { expect, test } from 'vitest'
import { droppedAtIngress } from '../../../src/live/doctor/at-ingress.ts'
import type { Facts } from '../../../src/live/survey/facts.ts'
import { wishFor } from './wishes.ts'

const said = (filter: string | undefined, ...rules: string[]): [string, string][] => {
  const lines = [
    'table netdev f { # handle 1',
    '\tchain c { # handle 1',
    '\t\ttype filter hook ingress device "v0" priority -1; policy accept;',
    ...rules.map((rule, i) => `\t\t${rule} # handle ${i + 2}`),
    '\t}',
    '}',
  ]
  const facts = { texts: new Map([['nft', lines]]) } as unknown as Facts
  return droppedAtIngress(facts, wishFor(filter)).map(({ severity, message }) => [
    severity,
    /and (.*):/.exec(message)![1]!,
  ])
}

test.each<[string, string, string, string]>([
  ['tcp dport 22 drop', 'tcp dst port 22', 'warning', 'drops such packets'],
  ['tcp dport 1-1023 drop', 'tcp dst port 22', 'warning', 'drops such packets'],
  ['tcp dport 22 drop', 'tcp', 'note', 'drops some of such packets'],
  ['ip saddr 203.0.113.66 drop', 'tcp dst port 22', 'note', 'drops some of such packets'],
  ['ip saddr 203.0.113.66 drop', 'src host 203.0.113.66', 'warning', 'drops such packets'],
  ['ip saddr { 203.0.113.66, 203.0.113.67 } drop', 'tcp dst port 22', 'note', 'drops some of such packets'],
  ['tcp flags & (fin | syn) == fin | syn drop', 'tcp dst port 22', 'note', 'drops some of such packets'],
  ['ip saddr @banned drop', 'tcp dst port 22', 'warning', 'may drop such packets'],
])('%s, of "%s": a %s, %s', (rule, filter, severity, says) => {
  expect(said(filter, rule)).toEqual([[severity, `its handle 2 ${says}`]])
})

test('nothing is said of what others get', () => {
  expect(said('tcp dst port 443', 'tcp dport 22 drop')).toEqual([])
  expect(said('src host 203.0.113.65', 'ip saddr 203.0.113.66 drop')).toEqual([])
})

test('is told of a chain of 10,000 bans', () => {
  const bans = Array.from({ length: 10_000 }, (_, i) => `ip saddr 203.0.${i >> 8}.${i & 255} drop`)
  expect(said('tcp dst port 22', ...bans)).toEqual([['warning', 'its handle 2 may drop such packets']])
})
