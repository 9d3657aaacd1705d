import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/model/packet.ts'
import type { Rule } from '../../src/model/ruleset.ts'
import type { Statement } from '../../src/model/statement.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { execute, mayHaveExecuted, verdictOf } from '../../src/rules/verdict.ts'

const rule = (...statements: Statement[]): Rule => ({ text: '', ruleNumber: 1, conditions: [], statements })
const moment = (packet: Packet = {}) => {
  return { packet, family: 'ip' as const, hook: 'prerouting' as const, world: emptyWorld() }
}
const MARK: Statement = { kind: 'set', field: 'meta mark', value: 5 }
const LOG: Statement = { kind: 'log', prefix: 'x' }
const DNAT: Statement = { kind: 'dnat', addresses: ['10.0.0.1', '10.0.0.1'] }
const SYNPROXY: Statement = {
  kind: 'stolen',
  by: 'SYNPROXY',
  when: { kind: 'compare', field: 'tcp flags', op: '==', mask: 0x17, value: { set: [2, 0x10] } },
}
const TPROXY: Statement = { kind: 'tproxy', port: 3128, otherwise: 'drop' }
const UNKNOWN: Statement = { kind: 'unknown', text: '-j X', reason: 'not understood' }

describe('what a rule means', () => {
  it.each([
    [[], 'continue', 'continue'],
    [[LOG], 'continue', 'continue'],
    [[MARK], 'continue', 'continue'],
    [[{ kind: 'accept' }], 'accept', 'accept'],
    [[LOG, { kind: 'drop' }], 'drop', 'drop'],
    // the first that ends it decides
    [[{ kind: 'drop' }, { kind: 'accept' }], 'drop', 'drop'],
    [[{ kind: 'return' }], 'return', 'return'],
    [[{ kind: 'jump', chain: 'web' }], 'jump', 'jump web'],
    [[{ kind: 'goto', chain: 'web' }], 'goto', 'goto web'],
    [[{ kind: 'reject', with: 'tcp-reset' }], 'reject', 'reject'],
    [[{ kind: 'queue', from: 1 }], 'queue', 'queue'],
    [[DNAT], 'accept', 'dnat'],
    [[{ kind: 'masquerade' }], 'accept', 'masquerade'],
    [[{ kind: 'stolen', by: 'CLUSTERIP' }], 'stolen', 'stolen'],
    [[SYNPROXY], 'stolen', 'stolen'],
    [[TPROXY, MARK, { kind: 'accept' }], 'accept', 'accept'],
    [[{ kind: 'notrack' }], 'continue', 'continue'],
    [[UNKNOWN], 'unknown', 'unknown'],
    // it may change the mark, and goes on
    [[{ ...UNKNOWN, fields: ['meta mark'] }], 'continue', 'continue'],
  ] as [Statement[], string, string][])('%j: %s', (statements, ending, text) => {
    expect(verdictOf(rule(...statements))).toMatchObject({ ending, text })
  })
})

describe('what it does with one packet', () => {
  const tcp = (...tcpFlags: string[]): Packet => ({ protocol: 'tcp', tcpFlags })
  it.each([
    [[SYNPROXY, { kind: 'drop' }], tcp('syn'), 'stolen'],
    [[SYNPROXY, { kind: 'drop' }], tcp('ack'), 'stolen'],
    // others it lets go on
    [[SYNPROXY], tcp('syn', 'ack'), 'continue'],
    [[SYNPROXY, { kind: 'drop' }], tcp('rst'), 'drop'],
    [[SYNPROXY], { protocol: 'tcp' }, 'unknown'],
    [[TPROXY, MARK, { kind: 'accept' }], tcp('syn'), 'unknown'],
    [[UNKNOWN], {}, 'unknown'],
    [[MARK, { kind: 'accept' }], {}, 'accept'],
  ] as [Statement[], Packet, string][])('%j, %j: %s', (statements, packet, ending) => {
    const done = execute(rule(...statements), moment(packet))
    expect(done.verdict.ending).toBe(ending)
    expect(done.because !== undefined).toBe(ending === 'unknown')
  })

  it('says why it cannot be told', () => {
    expect(execute(rule(TPROXY, { kind: 'accept' }), moment()).because).toEqual({
      unknown: 'it is unknown whether a transparent proxy has a socket for the packet',
    })
    expect(execute(rule(UNKNOWN), moment()).because).toEqual({ unknown: 'not understood' })
    expect(execute(rule(SYNPROXY), moment({ protocol: 'tcp' })).because).toEqual({ unknown: 'tcp flags is not known' })
  })

  it('carries out what stands in front of the verdict, and nothing behind it', () => {
    expect(execute(rule(MARK, { kind: 'accept' }), moment({ mark: 0 })).moment.packet.mark).toBe(5)
    expect(execute(rule({ kind: 'accept' }, MARK), moment({ mark: 0 })).moment.packet.mark).toBe(0)
  })

  it('leaves open what it may have done', () => {
    const packet = mayHaveExecuted(rule(LOG, MARK), moment({ mark: 0, ttl: 64 })).packet
    expect(packet).toEqual({ ttl: 64 })
  })
})
