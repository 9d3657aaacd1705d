/** A rule drops by what an earlier rule has written into the IP header: that one is named. */
import { expect, it } from 'vitest'
import { findingsOf, played, SYN } from './played.ts'

const DROPS = '-A FORWARD -p tcp -m ttl --ttl-lt 10 -j DROP'
const told = (ttl: number) =>
  findingsOf(
    played({
      rules: { mangle: ['-A PREROUTING -p tcp -j TTL --ttl-set 5'], filter: [DROPS] },
      packet: { ...SYN, ttl },
    }),
    'dropped-by-rule',
  )

it('names the rule that has changed what is compared, and proposes to delete it', () => {
  const [found] = told(64)
  expect(found?.message).toContain('; mangle PREROUTING rule 1 had changed its TTL.')
  expect(found?.rules.map(({ table, chain }) => `${table} ${chain}`)).toEqual(['mangle PREROUTING', 'filter FORWARD'])
  expect(found?.fix.map(({ description }) => description)).toContain('delete rule 1 of PREROUTING')
})

it('names none where it would have matched all the same', () => {
  const [found] = told(9)
  expect(found?.message).not.toContain('had changed')
  expect(found?.rules).toHaveLength(1)
})
