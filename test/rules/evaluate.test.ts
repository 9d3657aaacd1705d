import { describe, expect, it } from 'vitest'
import type { Condition, Op, Value } from '../../src/model/condition.ts'
import type { Packet } from '../../src/model/packet.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { conditionText, evaluate, evaluateAll } from '../../src/rules/evaluate.ts'
import { isUnknown } from '../../src/rules/truth.ts'

const PACKET: Packet = { src: '10.0.0.1', dst: '10.0.0.2', protocol: 'udp', sport: 1024, dport: 53, in: 'eth0' }
const moment = (packet: Packet = PACKET) => {
  return { packet, hook: 'input' as const, family: 'ip' as const, world: emptyWorld() }
}
const compare = (field: string, op: Op, value: Value): Condition => ({ kind: 'compare', field, op, value })
/** `unknown` for what cannot be told. */
const truth = (condition: Condition, packet?: Packet) => {
  const found = evaluate(condition, moment(packet))
  return isUnknown(found) ? 'unknown' : found
}

const YES = compare('udp dport', '==', 53)
const NO = compare('udp dport', '==', 54)
const ABSENT = compare('tcp dport', '==', 53)
const OPEN = compare('meta mark', '==', 1)
const NOT_UNDERSTOOD: Condition = { kind: 'unknown', text: '-m magic', reason: 'not understood' }
const not = (of: Condition): Condition => ({ kind: 'not', of })

describe('a field that the packet does not have', () => {
  it.each(['==', '!=', '<', '<=', '>', '>='] as const)('fails %s', (op) => {
    expect(truth(compare('tcp dport', op, 53))).toBe(false)
    expect(truth(compare('ip6 saddr', op, '::1'))).toBe(false)
  })

  it('is no longer so where the comparison itself is turned around', () => {
    expect(truth(not(ABSENT))).toBe(true)
    expect(truth(not(compare('tcp dport', '!=', 53)))).toBe(true)
  })
})

it.each([
  [0x1fff, {}, false],
  [0xff1f, {}, 'unknown'],
  [0xff1f, { dontFragment: true }, true],
])('asks only for the bits of the mask %i', (mask, shown, held) => {
  const asked: Condition = { kind: 'compare', field: 'ip frag-off', op: '!=', value: 0, mask }
  expect(truth(asked, { ...PACKET, length: 60, ...shown })).toBe(held)
})

describe('conditions in each other', () => {
  it.each([
    [{ kind: 'all', of: [YES, NO] }, false],
    [{ kind: 'all', of: [YES, OPEN] }, 'unknown'],
    [{ kind: 'all', of: [OPEN, NO] }, false],
    [{ kind: 'all', of: [OPEN, ABSENT] }, false],
    [{ kind: 'all', of: [] }, true],
    [{ kind: 'any', of: [NO, YES] }, true],
    [{ kind: 'any', of: [OPEN, YES] }, true],
    [{ kind: 'any', of: [OPEN, NO] }, 'unknown'],
    [{ kind: 'any', of: [ABSENT, NO] }, false],
    [{ kind: 'any', of: [] }, false],
    [not(OPEN), 'unknown'],
    [not(NOT_UNDERSTOOD), 'unknown'],
    [not({ kind: 'any', of: [NOT_UNDERSTOOD, YES] }), false],
    [not({ kind: 'all', of: [NOT_UNDERSTOOD, NO] }), true],
    [{ kind: 'all', of: [not(NO), { kind: 'any', of: [OPEN, not(ABSENT)] }] }, true],
  ] as [Condition, boolean | 'unknown'][])('%j: %s', (condition, expected) => {
    expect(truth(condition)).toBe(expected)
  })

  it('tell why they cannot be told', () => {
    expect(evaluateAll([YES, NOT_UNDERSTOOD, OPEN], moment())).toEqual({ unknown: 'not understood' })
    expect(evaluateAll([YES, OPEN], moment())).toEqual({ unknown: 'meta mark is not known' })
    expect(evaluateAll([], moment())).toBe(true)
  })

  it('are asked of each packet anew', () => {
    expect(truth(YES, { ...PACKET, dport: 54 })).toBe(false)
    expect(truth(NO, { ...PACKET, dport: 54 })).toBe(true)
    expect(truth(OPEN, { ...PACKET, mark: 1 })).toBe(true)
  })
})

it('a field that nobody knows is unknown', () => {
  expect(truth(compare('tcp nonsense', '==', 1))).toBe('unknown')
})

it.each([
  [compare('ip saddr', '==', { prefix: '10.0.0.0', length: 8 }), 'ip saddr == {"prefix":"10.0.0.0","length":8}'],
  [{ ...YES, text: '--dport 53' } as Condition, '--dport 53'],
  [not({ ...YES, text: '--dport 53' } as Condition), '! --dport 53'],
  [{ kind: 'lookup', fields: ['src', 'dst'], set: 'hosts' }, 'src . dst in @hosts'],
  [{ kind: 'any', of: [NOT_UNDERSTOOD, NOT_UNDERSTOOD] }, '-m magic or -m magic'],
] as [Condition, string][])('in words: %j', (condition, text) => {
  expect(conditionText(condition)).toBe(text)
})
