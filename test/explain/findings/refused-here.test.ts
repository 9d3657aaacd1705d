/** This host itself says no. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { type Case, REPLY, told } from './played.ts'

const RESET: Packet = { ...REPLY, src: '10.0.1.1', tcpFlags: ['ack', 'rst'], tcpSeq: 0, tcpWindow: 0, tcpOptions: '' }
delete RESET.in
const filter = (...rules: string[]): Case => ({ rules: { filter: rules }, packet: RESET })

describe('refused-here', () => {
  it('says what nobody takes', () => {
    expect(told(filter('-A INPUT -p udp -j REJECT'), 'refused-here')?.message).toBe(
      'No rule rejected the request: this host itself replies with a reset, because no program listens on tcp 10.0.1.1:80.',
    )
  })

  it.each([
    ['a rule may have sent it', filter('-A INPUT -p tcp -j REJECT --reject-with tcp-reset')],
    ['it comes from elsewhere', { ...filter(), packet: { ...RESET, in: 'eth1', src: '10.0.2.2' } }],
    ['a program broke the connection off', { ...filter(), packet: { ...RESET, tcpWindow: 500 } }],
    ['it is an answer', { ...filter(), packet: { ...RESET, tcpFlags: ['ack', 'syn'] } }],
  ])('is not told where %s', (_name, one) => {
    expect(told(one, 'refused-here')).toBeUndefined()
  })
})
