/** Connection tracking could make nothing of it. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { type Case, REPLY, told } from './played.ts'

const INVALID = '-A FORWARD -m conntrack --ctstate INVALID -j DROP'
const stray: Packet = { ...REPLY, tcpFlags: ['syn', 'ack'] }

describe('invalid-state', () => {
  it('says that the connection is not known', () => {
    const found = told({ rules: { filter: [INVALID] }, packet: stray }, 'invalid-state')
    expect(found?.rules).toEqual(['filter FORWARD 1'])
    expect(found?.message).toMatch(/dropped it as invalid: conntrack has no connection of it/)
  })

  it.each([
    ['a rule without a state dropped it', { rules: { filter: ['-A FORWARD -p tcp -j DROP'] }, packet: stray }],
    ['it is a new connection', { rules: { filter: [INVALID, '-A FORWARD -j DROP'] } }],
  ] satisfies [string, Case][])('is not told where %s', (_name, one) => {
    expect(told(one, 'invalid-state')).toBeUndefined()
  })
})
