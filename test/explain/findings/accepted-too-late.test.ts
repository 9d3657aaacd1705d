/** The rule that accepts stands behind the one that stops. */
import { describe, expect, it } from 'vitest'
import { type Case, told } from './played.ts'

const rules = (...lines: string[]): Case => ({
  rules: { filter: ['[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', ...lines] },
})
const HTTP = '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT'

describe('accepted-too-late', () => {
  it('puts a copy in front', () => {
    expect(told(rules('-A FORWARD -j DROP', HTTP), 'accepted-too-late')).toEqual({
      message: 'filter FORWARD rule 3 accepts such packets, but stands after filter FORWARD rule 2.',
      rules: ['filter FORWARD rule 3', 'filter FORWARD rule 2'],
      fix: 'iptables -I FORWARD 2 -p tcp --dport 80 -j ACCEPT → forwarded',
    })
  })

  it('sees it behind another one that stops the packet, too', () => {
    const found = told(
      rules('-A FORWARD -p tcp -j REJECT --reject-with tcp-reset', '-A FORWARD -j REJECT', HTTP),
      'accepted-too-late',
    )
    expect(found?.rules).toEqual(['filter FORWARD rule 4', 'filter FORWARD rule 2'])
  })

  it('sees it behind a jump to what stops the packet', () => {
    const jump = rules('-A FORWARD -j deny', HTTP, '-A deny -i eth0 -j no', '-A no -j DROP')
    expect(told(jump, 'accepted-too-late')).toEqual({
      message: 'filter FORWARD rule 3 accepts such packets, but stands after filter FORWARD rule 2.',
      rules: ['filter FORWARD rule 3', 'filter FORWARD rule 2'],
      fix: 'iptables -I FORWARD 2 -p tcp --dport 80 -j ACCEPT → forwarded',
    })
  })

  it('only tells it where the rule in front is for just such packets', () => {
    const found = told(rules('-A FORWARD -s 10.0.1.2/32 -j DROP', HTTP), 'accepted-too-late')
    expect([found?.rules, found?.fix]).toEqual([['filter FORWARD rule 3', 'filter FORWARD rule 2'], undefined])
  })

  it.each([
    ['it is for another port', rules('-A FORWARD -j DROP', '-A FORWARD -p tcp -m tcp --dport 81 -j ACCEPT')],
    ['it accepts whatever is left', rules('-A FORWARD -p tcp -j DROP', '-A FORWARD -j ACCEPT')],
    ['it stands in front', rules(HTTP, '-A FORWARD -j DROP')],
  ])('is not told where %s', (_name, one) => {
    expect(told(one, 'accepted-too-late')).toBeUndefined()
  })
})
