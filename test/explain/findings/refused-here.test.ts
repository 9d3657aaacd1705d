/** This host itself says no. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { type Case, LISTENS_ON, played, REPLY, told } from './played.ts'

const RESET: Packet = { ...REPLY, src: '10.0.1.1', tcpFlags: ['ack', 'rst'], tcpSeq: 0, tcpWindow: 0, tcpOptions: '' }
delete RESET.in
const filter = (...rules: string[]): Case => ({ rules: { filter: rules }, packet: RESET })

describe('refused-here', () => {
  it('says what nobody takes', () => {
    expect(told(filter('-A INPUT -p udp -j REJECT'), 'refused-here')?.message).toBe(
      'No rule rejected the request: this host itself replies with a reset, because no program listens on tcp 10.0.1.1:80.',
    )
  })

  it('names the rule that redirects what comes in, and not what this host asks itself', () => {
    const nat = ['-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080']
    const own = { rules: { nat, filter: [] }, host: LISTENS_ON(8080) }
    const { findings } = played({ ...own, packet: { ...RESET, dst: '10.0.2.1' } })
    expect(findings.find(({ code }) => code === 'refused-here')).toMatchObject({
      message:
        'No rule rejected the request: this host itself replies with a reset, because no program listens on tcp 10.0.1.1:80. nat PREROUTING rule 1 redirects port 80 to 8080, where a program listens, but requests of this host itself do not traverse PREROUTING.',
      fix: [],
    })
    expect(told({ ...own, packet: RESET }, 'refused-here')?.message).not.toContain('PREROUTING')
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
