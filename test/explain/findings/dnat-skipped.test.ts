/** A rule in front of the DNAT rule that is meant for the packet. */
import { describe, expect, it } from 'vitest'
import { type Case, findingsOf, LISTENS_ON, played, TO_ROUTER, told } from './played.ts'

const DNAT = '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'
const one = (...nat: string[]): Case => ({
  rules: { nat, filter: ['-P INPUT DROP'] },
  packet: TO_ROUTER,
  host: LISTENS_ON(22),
})

describe('dnat-skipped', () => {
  it('names an accept in front', () => {
    const found = told(one('-A PREROUTING -s 10.0.1.2/32 -j ACCEPT', DNAT), 'dnat-skipped')
    expect(found?.rules).toEqual(['nat PREROUTING 1', 'nat PREROUTING 2'])
    expect(found?.fix).toBe('iptables -t nat -D PREROUTING 1 → forwarded')
  })

  it('names a return out of its chain', () => {
    const found = told(
      one('-A PREROUTING -j web', '-A web -s 10.0.1.0/24 -j RETURN', DNAT.replace('PREROUTING', 'web')),
      'dnat-skipped',
    )
    expect(found?.rules).toEqual(['nat web 1', 'nat web 2'])
  })

  it('lets an accept in a chain of its own leave that chain alone', () => {
    const found = told(
      one('-A PREROUTING -j portal', DNAT, '-A portal -s 10.0.1.2/32 -j ACCEPT', '-A portal -p tcp -j REDIRECT'),
      'dnat-skipped',
    )
    expect(found?.rules).toEqual(['nat portal 1', 'nat PREROUTING 2'])
    expect(found?.fix).toBe('iptables -t nat -R portal 1 -s 10.0.1.2/32 -j RETURN → forwarded')
  })

  it('names an earlier DNAT', () => {
    const found = told(
      {
        ...one('-A PREROUTING -s 10.0.1.2/32 -j DNAT --to-destination 10.0.2.7', DNAT),
        rules: {
          nat: ['-A PREROUTING -s 10.0.1.2/32 -j DNAT --to-destination 10.0.2.7', DNAT],
          filter: ['-P FORWARD DROP'],
        },
      },
      'dnat-skipped',
    )
    expect(found?.rules).toEqual(['nat PREROUTING 1', 'nat PREROUTING 2'])
  })

  it('is a note where the rule is an exception from what is for all', () => {
    const severity = (...nat: string[]) => findingsOf(played(one(...nat)), 'dnat-skipped')[0]?.severity
    const except = '-A PREROUTING -p tcp -m tcp --dport 80 -j RETURN'
    expect(severity(except, '-A PREROUTING -p tcp -j REDIRECT --to-ports 15006')).toBe('note')
    expect(severity(except, DNAT)).toBe('warning')
  })

  it.each([
    [
      'the DNAT rule behind is for another port',
      one('-A PREROUTING -s 10.0.1.2/32 -j ACCEPT', DNAT.replace('80', '81')),
    ],
    [
      'chance chose between two',
      {
        rules: {
          nat: [
            '-A PREROUTING -p tcp -m tcp --dport 80 -m statistic --mode random --probability 1.00000000000 -j a',
            '-A PREROUTING -p tcp -m tcp --dport 80 -j b',
            '-A a -p tcp -j DNAT --to-destination 10.0.2.7',
            '-A b -p tcp -j DNAT --to-destination 10.0.2.9',
          ],
          filter: ['-P FORWARD DROP'],
        },
        packet: TO_ROUTER,
        assume: new Map([['--mode random --probability 1.00000000000', true]]),
      },
    ],
  ] satisfies [string, Case][])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'dnat-skipped')).toBeUndefined()
  })

  it('is not told of a packet that somebody here listens for', () => {
    expect(
      told({ ...one('-A PREROUTING -s 10.0.1.2/32 -j ACCEPT', DNAT), host: LISTENS_ON(80) }, 'dnat-skipped'),
    ).toBeUndefined()
  })
})
