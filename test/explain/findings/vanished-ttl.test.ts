/** Its time to live is used up. */
import { describe, expect, it } from 'vitest'
import { type Case, SYN, TO_ROUTER, told } from './played.ts'

describe('vanished-ttl', () => {
  it('names the rule that set it', () => {
    const rules = { mangle: ['-A PREROUTING -p tcp -j TTL --ttl-set 1'], filter: [] }
    expect(told({ rules }, 'vanished-ttl')).toMatchObject({
      rules: ['mangle PREROUTING 1'],
      fix: 'iptables -t mangle -D PREROUTING 1 → forwarded',
    })
  })

  it('names none where it came so', () => {
    const found = told({ rules: { raw: [], filter: [] }, packet: { ...SYN, ttl: 1 } }, 'vanished-ttl')
    expect(found).toEqual({ message: expect.stringContaining('It arrived with TTL 1'), rules: [] })
  })

  it.each([
    ['it was for this host', { rules: { raw: [], filter: [] }, packet: { ...TO_ROUTER, ttl: 1 } }],
    ['one more hop is left', { rules: { raw: [], filter: [] }, packet: { ...SYN, ttl: 2 } }],
  ] satisfies [string, Case][])('is not told where %s', (_name, one) => {
    expect(told(one, 'vanished-ttl')).toBeUndefined()
  })
})
