/** It comes from elsewhere and says no. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { type Case, REPLY, told } from './played.ts'

const RESET: Packet = { ...REPLY, tcpFlags: ['ack', 'rst'], tcpSeq: 0, tcpWindow: 0, tcpOptions: '' }
const one = (packet: Packet): Case => ({ rules: { filter: [] }, packet })

describe('refused-there', () => {
  it('names who refuses', () => {
    expect(told(one(RESET), 'refused-there')?.message).toMatch(/^10\.0\.2\.2:80 replies with a reset/)
  })

  it.each([
    ['a program broke the connection off', one({ ...RESET, tcpWindow: 500 })],
    ['it ends a connection that there was', one({ ...RESET, tcpFlags: ['rst'], tcpSeq: 4711 })],
    ['it is of the connection', one({ ...RESET, tcpSeq: 4711 })],
    ['it is a usual answer', one(REPLY)],
    ['a rule stopped it', { rules: { filter: ['-A FORWARD -j DROP'] }, packet: RESET }],
  ])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'refused-there')).toBeUndefined()
  })
})
