/** It left with a source to which no answer finds back. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { type Case, findingsOf, played, SYN, TO_ROUTER, told } from './played.ts'

const ABROAD: Packet = { ...SYN, dst: '198.51.100.7' }
const MASQUERADE = '-A POSTROUTING -s 10.0.3.0/24 -o eth1 -j MASQUERADE'
const DNAT = '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9'
const severity = (one: Case) => findingsOf(played(one), 'not-masqueraded').map((found) => found.severity)

describe('not-masqueraded', () => {
  it('is a private source abroad, where this host masquerades others', () => {
    const one: Case = { rules: { nat: [MASQUERADE], filter: [] }, packet: ABROAD }
    expect(severity(one)).toEqual(['warning'])
    expect(told(one, 'not-masqueraded')?.fix).toBe(
      'iptables -t nat -A POSTROUTING -s 10.0.1.2/32 -o eth1 -j MASQUERADE → forwarded',
    )
  })

  it('is a note where this host rewrites no source: a router behind may', () => {
    expect(
      severity({ rules: { nat: [], filter: ['-A FORWARD -m conntrack --ctstate INVALID -j DROP'] }, packet: ABROAD }),
    ).toEqual(['note'])
  })

  it('is a packet that goes back to where it came from with a new destination', () => {
    expect(severity({ rules: { nat: [DNAT], filter: [] }, packet: TO_ROUTER })).toEqual(['warning'])
  })

  it.each([
    ['it is masqueraded', { rules: { nat: [MASQUERADE.replace('10.0.3', '10.0.1')], filter: [] }, packet: ABROAD }],
    ['both are private', { rules: { nat: [MASQUERADE], filter: [] } }],
    ['its source is public', { rules: { nat: [MASQUERADE], filter: [] }, packet: { ...ABROAD, src: '203.0.113.5' } }],
    [
      'it goes back and is rewritten both ways',
      { rules: { nat: [DNAT, '-A POSTROUTING -d 10.0.1.9/32 -j MASQUERADE'], filter: [] }, packet: TO_ROUTER },
    ],
  ] satisfies [string, Case][])('is not told where %s', (_name, one) => {
    expect(severity(one)).toEqual([])
  })
})
