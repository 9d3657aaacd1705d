/** A table of tuples is what a Map by their text would be, whichever way a packet goes. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TUPLE_WORDS } from '../../../src/analysis/closed-journey.ts'
import { TupleTable, turn } from '../../../src/analysis/exchanges/join/tuple-table.ts'
import { share } from '../../share.ts'

const turnedOf = (tuple: Int32Array): Int32Array => {
  const other = tuple.slice()
  turn(other)
  return other
}

/** Few addresses and ports, so that they come again; and ports of one end that are as those of the other. */
const tuples = fc
  .tuple(fc.nat(2), fc.nat(2), fc.integer({ min: -2, max: 12 }), fc.integer({ min: -2, max: 12 }), fc.nat(1))
  .map(([from, to, sport, dport, protocol]) => {
    const tuple = new Int32Array(TUPLE_WORDS)
    tuple.set([from, 0, 0, 0, to, 0, 0, 0, sport, dport, protocol])
    return tuple
  })
const calls = fc.array(fc.record({ tuple: tuples, host: fc.nat(1), sets: fc.boolean() }), {
  minLength: 300,
  maxLength: 400,
})

it('finds what was set last for either direction, and the tuple that it was set for', () => {
  fc.assert(
    fc.property(calls, (given) => {
      const table = new TupleTable()
      const known = new Map<string, { value: number; tuple: Int32Array }>()
      for (const [value, { tuple, host, sets }] of given.entries()) {
        const [key, back] = [tuple, turnedOf(tuple)].map((one) => `${one.join()} ${host}`)
        const before = known.get(key!)
        const found = table.find(tuple, host)
        expect(found?.value).toBe(before?.value)
        // what is the same both ways has no other direction
        if (before && key !== back) expect(found!.turned).toBe(before.tuple.join() !== tuple.join())
        if (!sets) continue
        const by = table.set(tuple, host, value)
        expect(table.tuple(by).join()).toBe(tuple.join())
        expect(table.find(tuple, host)?.value).toBe(value)
        for (const one of [key!, back!]) known.set(one, { value, tuple })
      }
      for (const [key, { value }] of known) {
        const [words, host] = key.split(' ')
        expect(table.find(Int32Array.from(words!.split(','), Number), Number(host))?.value).toBe(value)
      }
    }),
    // a table grows where there are many: there is nothing to make smaller
    { numRuns: share(100), endOnFailure: true },
  )
})
