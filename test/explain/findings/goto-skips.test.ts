/** A goto is not come back from. */
import { describe, expect, it } from 'vitest'
import { type Case, LISTENS_ON, TO_ROUTER, told } from './played.ts'

const rules = (jump: string, ...more: string[]): Case => ({
  rules: {
    filter: [
      '-P FORWARD DROP',
      '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      `-A FORWARD ${jump} count`,
      '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT',
      '-A count -p udp -j DROP',
      ...more,
    ],
  },
})

describe('goto-skips', () => {
  it('names the goto and what stands behind it', () => {
    expect(told(rules('-g'), 'goto-skips')).toEqual({
      message:
        'filter FORWARD rule 2 sent it to count by goto, which never returns. So the packet never reached filter FORWARD rule 3, which would have accepted it.',
      rules: ['filter FORWARD rule 2', 'filter FORWARD rule 3'],
      fix: 'iptables -R FORWARD 2 -j count → forwarded',
    })
  })

  it('is a note of nat where the rule behind nearly matches', () => {
    const nat = (rule: string) => [
      '-A PREROUTING -g direct',
      '-A PREROUTING -j ports',
      '-N direct',
      `[0:0] -A ports ${rule} -j DNAT --to-destination 10.0.2.9`,
    ]
    const to = (rule: string): Case => ({
      rules: { nat: nat(rule), filter: ['-P INPUT DROP'] },
      packet: TO_ROUTER,
      host: LISTENS_ON(22),
    })
    expect(told(to('-p udp -m udp --dport 80'), 'goto-skips')).toEqual({
      message:
        'nat PREROUTING rule 1 sent it to direct by goto, which never returns. So the packet never reached nat ports rule 1, which would have rewritten its destination, but only matches -p udp.',
      rules: ['nat PREROUTING rule 1', 'nat ports rule 1'],
      fix: 'iptables -t nat -R PREROUTING 1 -j direct → dropped',
    })
    expect(told(to('-p udp -m udp --dport 443'), 'goto-skips')).toBeUndefined()
  })

  it.each([
    ['a jump', rules('-j')],
    ['a goto to what stops it itself', rules('-g', '-A count -j DROP')],
    ['one of several gotos, which sort', rules('-g', '-A FORWARD -i eth2 -g count')],
  ])('is not told of %s', (_name, one) => {
    expect(told(one, 'goto-skips')).toBeUndefined()
  })
})
