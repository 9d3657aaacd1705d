/** An accept ends only its own chain. */
import { describe, expect, it } from 'vitest'
import { told } from './played.ts'

const ACCEPT = '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT'

describe('later-base-chain', () => {
  it('names the accept and what stopped the packet behind it', () => {
    const found = told({ rules: { filter: [ACCEPT], mangle: ['-A POSTROUTING -p tcp -j DROP'] } }, 'later-base-chain')
    expect(found?.rules).toEqual(['mangle POSTROUTING rule 1', 'filter FORWARD rule 1'])
  })

  it.each([
    ['the policy of table filter let it pass', { filter: [], mangle: ['-A POSTROUTING -p tcp -j DROP'] }],
    ["the accept is no filter's", { mangle: [ACCEPT], filter: ['-A FORWARD -j DROP'] }],
    ['nothing stopped it', { filter: [ACCEPT], mangle: ['-A POSTROUTING -p udp -j DROP'] }],
  ])('is not told where %s', (_name, rules) => {
    expect(told({ rules }, 'later-base-chain')).toBeUndefined()
  })
})
