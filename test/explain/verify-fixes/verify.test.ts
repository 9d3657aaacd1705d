/** What is said of a command that was tried. */
import { describe, expect, it } from 'vitest'
import type { Host } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, LISTENS_ON, played, SYN, TO_ROUTER } from '../findings/played.ts'

const ESTABLISHED = '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const HALF = '-m statistic --mode random --probability 0.50000000000'
const ASTRAY: Host = {
  routes: [
    ...ROUTER.routes!,
    { family: 'ip', type: 'unicast', destination: '10.0.2.2/32', gateway: '10.0.1.254', table: 'main', device: 'eth0' },
  ],
}
const fixOf = (one: Case, description: RegExp) =>
  played(one)
    .findings.flatMap(({ fix }) => fix)
    .find((fix) => description.test(fix.description))

describe('a fix that lets the packet through', () => {
  it('is good', () => {
    const fix = fixOf({ rules: { filter: ['-P FORWARD DROP', ESTABLISHED] } }, /accept such packets/)
    expect(fix).toMatchObject({ verified: 'model', after: 'forwarded' })
    expect(fix?.but).toBeUndefined()
  })

  it.each([
    ['its answer is dropped', { rules: { filter: ['-P FORWARD DROP'] } }, 'its answer would be dropped'],
    [
      'nobody listens',
      { rules: { filter: ['-P INPUT DROP'] }, packet: TO_ROUTER, host: LISTENS_ON(22) },
      'nothing listens there',
    ],
    [
      'it goes the wrong way',
      { rules: { filter: ['-P FORWARD DROP', ESTABLISHED] }, host: ASTRAY },
      'it would go the wrong way',
    ],
  ] satisfies [string, Case, string][])('is not good where %s', (_name, one, but) => {
    expect(fixOf(one, /accept such packets/)).toMatchObject({ after: expect.any(String), but })
  })
})

describe('what is left to chance', () => {
  const nat = (...last: string[]) => [
    `-A PREROUTING -d 10.0.9.9/32 ${HALF} -j a`,
    ...last,
    '-A a -p tcp -j DNAT --to-destination 10.0.2.7',
    '-A b -p tcp -j DNAT --to-destination 10.0.2.9',
  ]
  const one = (rules: string[]): Case => ({
    rules: {
      mangle: ['-A PREROUTING -p tcp -m tcp --dport 80 -j DROP'],
      nat: rules,
      filter: [
        '-P FORWARD DROP',
        ESTABLISHED,
        '-A FORWARD -d 10.0.2.7/32 -j ACCEPT',
        '-A FORWARD -d 10.0.2.9/32 -j ACCEPT',
      ],
    },
    packet: { ...SYN, dst: '10.0.9.9' },
  })

  it('is good whichever way it goes', () => {
    expect(fixOf(one(nat('-A PREROUTING -d 10.0.9.9/32 -j b')), /delete rule 1 of PREROUTING/)).toMatchObject({
      after: 'forwarded',
    })
  })

  it('is told where one way is not', () => {
    const fix = fixOf(one(nat()), /delete rule 1 of PREROUTING/)
    expect(fix).toMatchObject({ unverified: 'what becomes of the packet is left to chance' })
    expect(fix?.verified).toBeUndefined()
  })
})

it('nothing is said where the model does not give what was seen', () => {
  const stopped = played({
    rules: { filter: ['-P FORWARD DROP', `-A FORWARD ${HALF} -j ACCEPT`] },
    assume: new Map([['--mode random --probability 0.50000000000', false]]),
  })
  const commands = stopped.findings.flatMap(({ fix }) => fix).filter(({ edits }) => edits?.[0]?.kind === 'rule')
  expect(commands.length).toBeGreaterThan(0)
  for (const fix of commands) expect([fix.verified, fix.unverified].filter(Boolean).length).toBe(1)
})
