/** A set that says for whom rules are: what its members lack is missing, and the drop of the rest bans nobody. */
import { describe, expect, it } from 'vitest'
import { type Case, findingsOf, played, told } from './played.ts'

const set = (name: string, ...addresses: string[]) => ({
  ...{ name, type: 'hash:net', elements: addresses.map((one) => ({ parts: [one] })) },
})
const policy = (...rules: string[]): Case => ({
  rules: {
    filter: [
      '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ...rules,
      '[1:60] -A FORWARD -m set --match-set clients src -j DROP',
    ],
  },
  sets: [set('clients', '10.0.1.2'), set('servers', '10.0.2.9')],
})
const ALLOWS = '[0:0] -A FORWARD -m set --match-set clients src -m set --match-set servers dst -j ACCEPT'

describe('a set that chooses for whom rules are', () => {
  it('is told of as lacking a member, which is added to it first', () => {
    expect(told(policy(ALLOWS), 'not-in-set')).toMatchObject({
      message: 'filter FORWARD rule 2 would have accepted it, but 10.0.2.2 is not in set servers.',
      fix: 'ipset add servers 10.0.2.2 → forwarded',
    })
    const [found] = findingsOf(played(policy(ALLOWS)), 'not-in-set')
    expect(found?.severity).toBe('warning')
  })

  it('takes no member out before such packets are accepted', () => {
    const [drop] = findingsOf(played(policy(ALLOWS)), 'dropped-by-rule')
    const what = drop!.fix.map(({ description }) => description)
    expect(what.findIndex((one) => /^accept such packets/.test(one))).toBeLessThan(
      what.findIndex((one) => /^remove 10.0.1.2 from set clients/.test(one)),
    )
  })

  it.each([
    ['no rule gives its members anything', []],
    ['a rule gives them everything', ['-A FORWARD -i eth9 -m set --match-set clients src -j ACCEPT']],
    ['a rule only logs of them', ['-A FORWARD -p tcp -m tcp --dport 22 -m set --match-set clients src -j LOG']],
  ])('is a ban where %s', (_name, rules) => {
    const [drop] = findingsOf(played(policy(...rules)), 'dropped-by-rule')
    expect(drop!.fix[0]?.description).toMatch(/^remove 10.0.1.2 from set clients/)
  })
})
