import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseFilter } from '../../src/filter/parse.ts'
import { printFilter } from '../../src/filter/print.ts'
import { share } from '../share.ts'
import { anyFilter } from './any-filter.ts'
import { PACKETS, readRows } from './rows.ts'
import { taken } from './take.ts'

const printed = (filter: string): string => {
  const result = parseFilter(filter)
  if ('error' in result) throw new Error(`${filter}: ${result.error.message}`)
  return printFilter(result.condition)
}

it.each([
  ['port 80 or 443', 'port 80 or port 443'],
  ['host (10.0.0.1 or ::1) and tcp', '(host 10.0.0.1 or host ::1) and tcp'],
  ['tcp&&!udp', 'tcp and not udp'],
  ['not (tcp or udp)', 'not (tcp or udp)'],
  ['in eth+ and mark 0x1/0xff', 'in eth+ and mark 0x1/0xff'],
  ['src net 1.2.3.0 mask 255.255.255.0', 'src net 1.2.3.0 mask 255.255.255.0'],
  ['', ''],
])('%s → %s', (filter, expected) => {
  expect(printed(filter)).toBe(expected)
})

it('prints what reads as the same again', () => {
  const filters = fc.oneof(anyFilter(), fc.constantFrom(...readRows('accepted.txt').map(([filter]) => filter!)))
  fc.assert(
    fc.property(filters, (filter) => {
      if ('error' in parseFilter(filter)) return
      expect(taken(printed(filter), PACKETS)).toEqual(taken(filter, PACKETS))
      expect(printed(printed(filter))).toBe(printed(filter))
    }),
    { numRuns: share(500) },
  )
})
