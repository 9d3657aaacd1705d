/** A RETURN in front of the rule that would have accepted it. */
import { describe, expect, it } from 'vitest'
import { type Case, told } from './played.ts'

const rules = (first: string, last = '-A web -p tcp -m tcp --dport 80 -j ACCEPT'): Case => ({
  rules: {
    filter: [
      '-P FORWARD DROP',
      '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-A FORWARD -j web',
      first,
      last,
    ],
  },
})

describe('returned-early', () => {
  it('names the RETURN', () => {
    const found = told(rules('-A web -s 10.0.1.2/32 -j RETURN'), 'returned-early')
    expect(found?.rules).toEqual(['filter web rule 1', 'filter web rule 2'])
    expect(found?.fix).toBe('iptables -t filter -D web 1 → forwarded')
  })

  it.each([
    ['it was for others', rules('-A web -s 10.0.1.3/32 -j RETURN')],
    [
      'nothing behind it accepts',
      rules('-A web -s 10.0.1.2/32 -j RETURN', '-A web -p tcp -m tcp --dport 81 -j ACCEPT'),
    ],
    ['the chain was at its end', rules('-A web -p tcp -m tcp --dport 81 -j ACCEPT', '-A web -p udp -j ACCEPT')],
  ])('is not told where %s', (_name, one) => {
    expect(told(one, 'returned-early')).toBeUndefined()
  })
})
