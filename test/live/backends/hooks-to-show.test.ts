/** At which hooks a session hangs a chain that marks nothing. */
import { expect, test } from 'vitest'
import { hooksToShow } from '../../../src/live/backends/hooks-to-show.ts'
import { readFacts } from '../../../src/live/survey/facts.ts'

const shown = (...lines: string[]) => hooksToShow(readFacts(['nft works', ...lines].join('\n'))).join(' ')
const NAT = 'nft-hook ip nat nat hook postrouting priority srcnat; policy accept;'
const filter = (hook: string, priority = 'filter', family = 'ip') =>
  `nft-hook ${family} filter filter hook ${hook} priority ${priority}; policy drop;`

test('where nat rewrites, and no other chain shows what it has made of a known flow', () => {
  expect(shown(NAT)).toBe('input forward postrouting')
  expect(shown(NAT, filter('forward'))).toBe('input postrouting')
  expect(shown(NAT, filter('forward'), filter('input'), filter('output'))).toBe('')
  expect(
    shown('nft-hook inet n nat hook output priority -100; policy accept;', filter('output', 'filter', 'inet')),
  ).toBe('input forward')
})

test('nowhere else', () => {
  expect(shown()).toBe('')
  expect(shown(filter('forward'))).toBe('')
  expect(shown('nft-hook inet nfwhy-5 nat hook postrouting priority srcnat; policy accept;')).toBe('')
  // packets are told of twice there, once for each backend
  expect(shown(NAT, 'there /proc/net/ip_tables_names', 'file /proc/net/ip_tables_names filter')).toBe('')
})

test('a chain of the other IP version shows nothing', () => {
  expect(shown(NAT, filter('forward', 'filter', 'ip6'), filter('input'), filter('output'))).toBe('forward')
  expect(shown(NAT, filter('forward', 'filter', 'inet'), filter('input'), filter('output'))).toBe('')
})

test.each([
  ['raw', true],
  ['mangle', true],
  ['-150', true],
  ['filter - 100', true],
  ['filter - 99', false],
  ['dstnat + 5', false],
  ['0', false],
])('in front of nat, at priority %s, OUTPUT does not show it yet: %s', (priority, isInFront) => {
  const found = shown(NAT, filter('input'), filter('forward'), filter('output', priority))
  expect(found).toBe(isInFront ? 'postrouting' : '')
})
