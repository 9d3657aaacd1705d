import { describe, expect, it } from 'vitest'
import { all, any, isUnknown, not, type Truth, unknown } from '../../src/rules/truth.ts'

const open = unknown('first')
const other = unknown('second')
const tests = (...truths: Truth[]) => truths.map((truth) => () => truth)

describe('three-valued logic', () => {
  it.each([
    [[], true, false],
    [[true, true], true, true],
    [[true, false], false, true],
    [[false, false], false, false],
    [[true, open], open, true],
    [[false, open], false, open],
    // whichever comes first, the certain one decides
    [[open, false], false, open],
    [[open, true], open, true],
    [[open, other], open, open],
  ] as [Truth[], Truth, Truth][])('%j: all %j, any %j', (truths, every, some) => {
    expect(all(tests(...truths), undefined)).toEqual(every)
    expect(any(tests(...truths), undefined)).toEqual(some)
  })

  it('what hangs on an unknown says on which', () => {
    expect(not(open)).toBe(open)
    expect([not(true), not(false)]).toEqual([false, true])
    expect([isUnknown(open), isUnknown(true), isUnknown(['unknown']), isUnknown(null)]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  it('asks no further once it is decided', () => {
    const never = () => {
      throw new Error('asked')
    }
    expect(all([() => false as Truth, never], undefined)).toBe(false)
    expect(any([() => true as Truth, never], undefined)).toBe(true)
  })
})
