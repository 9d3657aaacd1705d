/** It comes from elsewhere and says no. */
import { describe, expect, it } from 'vitest'
import { refusesOpening } from '../../../src/explain/reply/request-reply.ts'
import type { Packet } from '../../../src/index.ts'
import { type Case, REPLY, told } from './played.ts'

const RESET: Packet = { ...REPLY, tcpFlags: ['ack', 'rst'], tcpSeq: 0, tcpWindow: 0, tcpOptions: '' }
const one = (packet: Packet): Case => ({ rules: { filter: [] }, packet })
/** As xtables-monitor prints it. */
const withoutNumbers = ({ tcpSeq: _seq, tcpWindow: _window, tcpOptions: _options, ...packet }: Packet): Packet => packet

describe('refused-there', () => {
  it('names who refuses', () => {
    expect(told(one(RESET), 'refused-there')?.message).toMatch(/^10\.0\.2\.2:80 replies with a reset/)
  })

  it.each([
    ['a program broke the connection off', one({ ...RESET, tcpWindow: 500 })],
    ['it ends a connection that there was', one({ ...RESET, tcpFlags: ['rst'], tcpSeq: 4711 })],
    ['it is of the connection', one({ ...RESET, tcpSeq: 4711 })],
    ['neither its number nor its window is shown', one(withoutNumbers(RESET))],
    ['it is a usual answer', one(REPLY)],
    ['a rule stopped it', { rules: { filter: ['-A FORWARD -j DROP'] }, packet: RESET }],
  ])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'refused-there')).toBeUndefined()
  })

  it('takes a reset of the side that opened for none of an opening', () => {
    expect(refusesOpening({ ...RESET, ctDir: 'original' })).toBe(false)
    expect(refusesOpening({ ...RESET, ctDir: 'reply' })).toBe(true)
  })

  it('takes a reset with TCP options for one of a connection, where nothing else tells', () => {
    const reset = withoutNumbers(RESET)
    expect(refusesOpening({ ...reset, length: 40 })).toBe(true)
    expect(refusesOpening({ ...reset, length: 52 })).toBe(false)
    expect(refusesOpening({ ...reset, src: '2001:db8::2', dst: '2001:db8::1', length: 60 })).toBe(true)
    expect(refusesOpening({ ...reset, src: '2001:db8::2', dst: '2001:db8::1', length: 72 })).toBe(false)
  })
})
