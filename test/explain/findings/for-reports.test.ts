/** What findings say to reports beside their message. */

import { describe, expect, it } from 'vitest'
import { FOR_REPORTS, type ForReports } from '../../../src/model/for-reports.ts'
import { allPrintable } from '../../../src/model/printable.ts'
import { findingsOf, played, SYN } from './played.ts'

const of = (code: string, ...filter: string[]) => findingsOf(played({ rules: { filter } }), code)[0]!
const stopped = (...filter: string[]): ForReports | undefined => of('dropped-by-rule', ...filter)[FOR_REPORTS]

describe('of a rule that dropped it', () => {
  it('what it matched', () => {
    expect(stopped('-A FORWARD -p tcp -m tcp --dport 80 -j DROP')).toEqual({ matched: 'tcp dport 80' })
  })

  it.each([
    ['up to a rate', '-A FORWARD -m limit --limit 5/min -j DROP'],
    [
      'more than a rate',
      '-A FORWARD -m hashlimit --hashlimit-above 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name x -j DROP',
    ],
    ['connections', '-A FORWARD -m connlimit --connlimit-above 1 --connlimit-mask 32 --connlimit-saddr -j DROP'],
    ['who was seen', '-A FORWARD -m recent --rcheck --name x --mask 255.255.255.255 --rsource -j DROP'],
  ])('is a reason by itself: %s', (_name, rule) => {
    const text = /-m (?:limit|recent) (.*) -j/.exec(rule)?.[1] ?? /-m \w+ (.*) -j/.exec(rule)![1]!
    const journey = played({ rules: { filter: [rule] }, assume: new Map([[text, true]]) })
    const told = findingsOf(journey, 'dropped-by-rule')
    expect(told.map((one) => one[FOR_REPORTS]?.isReason)).toEqual([true])
  })

  it('is a reason by itself: a mark, wherever it stands among conditions', () => {
    const rules = { mangle: ['-A PREROUTING -j MARK --set-xmark 0x1/0xffffffff'] }
    for (const match of ['-m mark --mark 0x1', '-p tcp -m mark --mark 0x1', '-m mark --mark 0x1/0x1']) {
      const { findings } = played({ rules: { ...rules, filter: [`-A FORWARD ${match} -j DROP`] } })
      const told = findings.filter(({ code }) => code.startsWith('dropped-by'))
      expect(told.map((one) => one[FOR_REPORTS]?.isReason)).toEqual([true])
    }
  })

  it('is one for what is left, and says no more', () => {
    const accept = '-A FORWARD -p tcp -m tcp --dport 443 -j ACCEPT'
    expect(stopped(accept, '-A FORWARD -j DROP')).toEqual({ takesRest: true, isBare: true })
    expect(of('rejected-by-rule', accept, '-A FORWARD -j REJECT')[FOR_REPORTS]).toEqual({ takesRest: true })
    expect(of('dropped-by-policy', '-P FORWARD DROP', accept)[FOR_REPORTS]).toEqual({ takesRest: true })
  })
})

it('of a near miss whether the packet line shows why it failed', () => {
  const near = (match: string) => of('near-miss', `-A FORWARD ${match} -j ACCEPT`, '-A FORWARD -j DROP')[FOR_REPORTS]
  expect(near('-d 10.0.2.2/32 -p tcp -m tcp --dport 443')).toEqual({ failsOnShown: true })
  expect(near('-d 10.0.2.2/32 -p tcp -m tcp --dport 80 -m length --length 1000:1500')).toEqual({})
})

it('that a rule would have given another source is not said of one that asks for a source port', () => {
  const journey = played({
    rules: { filter: ['-A FORWARD -p tcp -m tcp --sport 80 -j ACCEPT', '-A FORWARD -j DROP'] },
    packet: { ...SYN, dport: 80 },
  })
  const [near] = findingsOf(journey, 'near-miss')
  expect(near?.message).toContain('is its destination port, not its source port')
  expect(near?.[FOR_REPORTS]?.wouldGiveSource).toBeUndefined()
})

it('goes along with a copy, and into no JSON', () => {
  const one = of('dropped-by-policy', '-P FORWARD DROP')
  expect(allPrintable({ ...one })[FOR_REPORTS]).toEqual({ takesRest: true })
  expect(JSON.parse(JSON.stringify(one))).not.toHaveProperty('takesRest')
  expect(Object.keys(one).sort()).toEqual(['code', 'fix', 'message', 'rules', 'severity', 'steps'])
})
