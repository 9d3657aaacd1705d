/** Chosen by a rule of nat, and back as it was. */
import { describe, expect, it } from 'vitest'
import { type Case, SYN, told } from './played.ts'

const one = (...sep: string[]): Case => ({
  rules: {
    nat: [
      '-A PREROUTING -d 10.0.9.9/32 -p tcp -m tcp --dport 80 -j svc',
      '-A svc -s 10.0.2.0/24 -j mark',
      '-A svc -j sep',
      '-A mark -j MARK --set-xmark 0x1/0x1',
      '-N sep',
      ...sep,
    ],
    filter: ['-A FORWARD -m conntrack --ctstate INVALID -j DROP'],
  },
  packet: { ...SYN, dst: '10.0.9.9' },
})

describe('came-back', () => {
  it('names the chain that did nothing', () => {
    expect(told(one(), 'came-back')?.message).toBe(
      'nat PREROUTING rule 1 sent it to sep (-d 10.0.9.9/32, tcp dport 80), but no rule there rewrote its destination.',
    )
  })

  it('names the rule there that is for something else', () => {
    const found = told(one('-A sep -p udp -j DNAT --to-destination 10.0.2.9'), 'came-back')
    expect(found?.message).toContain('nat sep rule 1 would have rewritten its destination, but only matches -p udp')
    expect(found?.rules[0]).toBe('nat sep rule 1')
  })

  it.each([
    ['it was rewritten there', one('-A sep -p tcp -j DNAT --to-destination 10.0.2.9')],
    [
      'it was not chosen by its destination',
      {
        rules: { nat: ['-A PREROUTING -p tcp -j svc', '-A svc -p udp -j DNAT --to-destination 10.0.2.9'], filter: [] },
      },
    ],
  ] satisfies [string, Case][])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'came-back')).toBeUndefined()
  })
})
