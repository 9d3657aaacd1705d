import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/model/packet.ts'
import type { Assignment, Statement } from '../../src/model/statement.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { after, maybeAfter } from '../../src/rules/assign.ts'

const moment = (packet: Packet, family: 'ip' | 'ip6' = 'ip') => ({ packet, family, world: emptyWorld() })
const set = (field: string, value: Assignment['value'], more: Partial<Assignment> = {}): Statement => {
  return { kind: 'set', field, value, ...more }
}

describe('assignments', () => {
  it.each([
    [set('meta mark', 5), { mark: 9 }, { mark: 5 }],
    [set('meta mark', 5), {}, { mark: 5 }],
    // new = (old & ~mask) ^ value
    [set('meta mark', 0x10, { mask: 0xf0 }), { mark: 0xff }, { mark: 0x1f }],
    [set('meta mark', 1, { mask: 0 }), { mark: 3 }, { mark: 2 }],
    [set('meta mark', 0xf0000000, { mask: 0xf0000000 }), { mark: 1 }, { mark: 0xf0000001 }],
    [set('meta mark', 0x10, { mask: 0xf0 }), {}, {}],
    [
      set('meta mark', { field: 'ct mark' }),
      { mark: 1, ctMark: 7, ctState: 'new' },
      { mark: 7, ctMark: 7, ctState: 'new' },
    ],
    [set('meta mark', { field: 'ct mark', mask: 0xf0, shift: -4 }), { ctMark: 0xab }, { ctMark: 0xab, mark: 0xa }],
    [set('meta mark', { field: 'ct mark', shift: 28 }), { ctMark: 0xf }, { ctMark: 0xf, mark: 0xf0000000 }],
    [set('meta mark', { field: 'ct mark' }), { mark: 1, ctState: 'new' }, { ctState: 'new' }],
    // there is nothing to save to, or to restore from
    [set('ct mark', 5), { ctState: 'untracked' }, { ctState: 'untracked' }],
    [set('meta mark', { field: 'ct mark' }), { mark: 1, ctState: 'invalid' }, { mark: 1, ctState: 'invalid' }],
    [set('ct mark', 5), { ctState: 'new', ctMark: 0 }, { ctState: 'new', ctMark: 5 }],
    [set('ip ttl', 5), { ttl: 64 }, { ttl: 5 }],
    [set('ip ttl', 5, { op: 'sub' }), { ttl: 3 }, { ttl: 0 }],
    [set('ip ttl', 5, { op: 'add' }), { ttl: 253 }, { ttl: 255 }],
    [set('ip ttl', 5, { op: 'add' }), {}, {}],
    [set('ip dscp', 0x2e, { mask: 0x3f }), { tos: 3 }, { tos: 0xbb }],
    [set('ip dscp', 0x2e, { mask: 0x3f }), {}, {}],
    [set('ip ecn', 0, { mask: 3 }), { tos: 0xbb }, { tos: 0xb8 }],
    [set('ip tos', 0x10, { mask: 0xff }), { tos: 3 }, { tos: 0x10 }],
    [
      set('tcp flags', 0, { mask: 0xc0 }),
      { protocol: 'tcp', tcpFlags: ['ece', 'cwr', 'syn'] },
      { protocol: 'tcp', tcpFlags: ['syn'] },
    ],
    [set('tcp flags', 0x40, { mask: 0x40 }), { protocol: 'udp' }, { protocol: 'udp' }],
    // of the options only one is known now
    [
      set('tcp option maxseg size', 1400, { op: 'min' }),
      { protocol: 'tcp', tcpOptions: '020405B4' },
      { protocol: 'tcp' },
    ],
    [set('ip6 hoplimit', 5), { ttl: 64 }, { ttl: 64 }],
    [set('meta priority', 5), { mark: 1 }, { mark: 1 }],
  ] as [Statement, Packet, Packet][])('%j of %j: %j', (statement, packet, expected) => {
    expect(after(statement, moment(packet)).packet).toEqual(expected)
  })
})

it('what may have been written is not known any more', () => {
  expect(maybeAfter(set('meta mark', 5), moment({ mark: 1, ttl: 5 })).packet).toEqual({ ttl: 5 })
  const npt: Statement = { kind: 'unknown', text: '-j SNPT', reason: 'not modelled', fields: ['ip6 saddr'] }
  expect(after(npt, moment({ src: '::1', dst: '::2' })).packet).toEqual({ dst: '::2' })
})

it.each([
  [{}, { ctState: 'untracked' }],
  [{ ctState: 'invalid' }, { ctState: 'untracked' }],
  // it has its entry already
  [{ ctState: 'established' }, { ctState: 'established' }],
  [{ in: 'lo' }, { in: 'lo' }],
] as [Packet, Packet][])('not tracking %j: %j', (packet, expected) => {
  expect(after({ kind: 'notrack' }, moment(packet)).packet).toEqual(expected)
  expect(maybeAfter({ kind: 'notrack' }, moment(packet)).packet).not.toHaveProperty('ctState')
})

it('a set that was changed on the way is not known any more, for this packet', () => {
  const world = { ...emptyWorld(), sets: [{ name: 's', type: 'hash:ip', elements: [] }] }
  const update: Statement = { kind: 'update-set', op: 'add', set: 's', fields: ['src'] }
  expect(after(update, { packet: {}, family: 'ip', world }).world.sets).toEqual([])
  expect(world.sets).toHaveLength(1)
})
