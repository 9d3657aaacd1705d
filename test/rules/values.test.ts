import { describe, expect, it } from 'vitest'
import type { Op, Scalar, Value } from '../../src/model/condition.ts'
import type { FieldType } from '../../src/rules/fields.ts'
import { comparison, type Held } from '../../src/rules/values.ts'

type Row = [held: Held, op: Op, value: Value, holds: boolean, mask?: Scalar]

const table = (type: FieldType, rows: Row[]) =>
  describe(type, () => {
    it.each(rows)('%j %s %j: %s (mask %s)', (held, op, value, holds, mask) => {
      expect(comparison(type, op, value, mask)(held)).toBe(holds)
    })
  })

table('number', [
  [80, '==', 80, true],
  [80, '==', '80', true],
  [80, '!=', 80, false],
  [80, '==', { range: [79, 80] }, true],
  [81, '==', { range: [79, 80] }, false],
  [81, '!=', { range: [79, 80] }, true],
  // the wrong way round nothing is in it
  [80, '==', { range: [81, 79] }, false],
  [80, '==', { set: [22, 80, 443] }, true],
  [81, '!=', { set: [22, 80, 443] }, true],
  [85, '==', { set: [22, { range: [80, 90] }] }, true],
  [64, '<', 64, false],
  [64, '<=', 64, true],
  [65, '>', 64, true],
  [63, '>=', 64, false],
  // 32 bits, none of them a sign
  [0xffffffff, '==', 0xf0000000, true, 0xf0000000],
  [0x80000000, '==', 0x80000000, true],
  [0x13, '==', 0x3, true, 0xf],
  [0x13, '!=', 0x3, false, 0xf],
  // the value has a bit that is not looked at
  [0x2, '==', 0x2, false, 0x1],
  [0x2, '!=', 0x2, true, 0x1],
  [0x4000, '!=', 0, false, 0x1fff],
  [0x12, '<', 3, true, 0xf],
])

table('address', [
  ['10.0.0.1', '==', '10.0.0.1', true],
  ['10.0.0.1', '!=', '10.0.0.1', false],
  ['10.0.0.1', '==', { prefix: '10.0.0.0', length: 24 }, true],
  ['10.0.1.1', '==', { prefix: '10.0.0.0', length: 24 }, false],
  ['200.0.0.1', '==', { prefix: '128.0.0.0', length: 1 }, true],
  ['10.0.0.1', '==', { prefix: '0.0.0.0', length: 0 }, true],
  ['10.0.0.1', '==', { prefix: '10.0.0.1', length: 32 }, true],
  ['10.7.0.1', '==', '10.0.0.1', true, '255.0.255.255'],
  ['10.7.1.1', '==', '10.0.0.1', false, '255.0.255.255'],
  ['10.0.0.5', '==', { range: ['10.0.0.1', '10.0.0.9'] }, true],
  ['10.0.0.5', '==', { range: ['10.0.0.9', '10.0.0.1'] }, false],
  ['9.255.255.255', '==', { range: ['10.0.0.0', '11.0.0.0'] }, false],
  ['2001:db8::1', '==', '2001:0db8::0001', true],
  ['2001:db8::1', '==', { prefix: '2001:db8::', length: 33 }, true],
  ['2001:db8:8000::1', '==', { prefix: '2001:db8::', length: 33 }, false],
  ['2001:db8::7:1', '==', '::1', true, '::ffff'],
  ['2001:db8::7:1', '==', '2001::1', true, 'ffff::ffff'],
  ['2001:db8::7:1', '!=', '2001::2', true, 'ffff::ffff'],
  ['2001:db8::5', '==', { range: ['2001:db8::1', '2001:db8::9'] }, true],
  // never of the other family
  ['10.0.0.1', '==', { prefix: '::', length: 0 }, false],
  ['::a00:1', '==', '10.0.0.1', false],
  ['10.0.0.1', '==', { set: ['10.0.0.2', { prefix: '10.0.0.0', length: 30 }] }, true],
  ['10.0.0.1', '!=', { set: ['10.0.0.2', '::'] }, true],
])

table('name', [
  ['eth0', '==', 'eth0', true],
  ['eth0', '==', 'eth', false],
  ['eth0', '==', { wildcard: 'eth' }, true],
  ['eth', '==', { wildcard: 'eth' }, true],
  ['', '==', { wildcard: 'eth' }, false],
  ['', '==', { wildcard: '' }, true],
  ['', '!=', { wildcard: 'eth' }, true],
  ['new', '==', { set: ['new', 'related'] }, true],
  ['invalid', '!=', { set: ['new', 'related'] }, true],
])

table('protocol', [
  ['tcp', '==', 'tcp', true],
  ['tcp', '==', '6', true],
  ['6', '==', 'tcp', true],
  ['icmpv6', '==', 'ipv6-icmp', true],
  ['253', '==', '253', true],
  ['udp', '!=', 'tcp', true],
  ['nonsense', '==', 'tcp', false],
])

table('mac', [
  ['02:00:00:00:00:0a', '==', '02:00:00:00:00:0A', true],
  ['02:00:00:00:00:0a', '!=', '02:00:00:00:00:0b', true],
])

table('flags', [
  [['dnat', 'assured'], '==', { set: ['dnat'] }, true],
  [['dnat'], '==', { set: ['snat', 'dnat'] }, true],
  [['dnat'], '==', { set: ['snat'] }, false],
  [['dnat'], '!=', { set: ['snat'] }, true],
  [['dnat'], '!=', { set: ['snat', 'dnat'] }, false],
  [[], '==', { set: ['dnat'] }, false],
  [[], '!=', { set: ['dnat'] }, true],
  [['2', '4'], '==', '4', true],
  [['2', '4'], '!=', '3', true],
])
