/** Sums stay right, however many kinds and tuples there are. */
import { beforeAll, describe, expect, it } from 'vitest'
import { MINUTES, Minutes } from '../../../src/analysis/drops/minutes.ts'
import { DropTally, type KindRule } from '../../../src/analysis/drops/tally.ts'
import { loadDrops } from '../../../src/explain/kernel-drops/later.ts'
import type { Drop } from '../../../src/model/host.ts'
import type { Packet } from '../../../src/model/packet.ts'

const NOW = Date.parse('2026-01-02T03:04:05.000Z')

const drop = (reason: string, packet: Packet = {}): Drop => ({
  time: '2026-01-02T03:04:05.000000Z',
  reason,
  packet: { protocol: 'udp', src: '192.0.2.1', dst: '192.0.2.2', in: 'eth0', ...packet },
})

const sum = (all: Iterable<{ count: number }>): number => [...all].reduce((total, { count }) => total + count, 0)

describe('a tally of drops', () => {
  beforeAll(loadDrops)

  const rule = (ruleNumber: number): KindRule => ({
    known: true,
    ref: { family: 'ip', table: 'filter', chain: 'INPUT', ruleNumber },
    hook: 'input',
  })

  it('tells kinds apart by reason, interface, protocol and rule', () => {
    const tally = new DropTally()
    const one = { count: 1, last: NOW }
    const tuples = [
      tally.add('a', drop('NO_SOCKET'), one, undefined),
      tally.add('b', drop('NO_SOCKET', { sport: 7 }), one, undefined),
      tally.add('c', drop('NO_SOCKET', { in: 'eth1' }), one, undefined),
      tally.add('d', drop('NO_SOCKET', { protocol: 'tcp' }), one, undefined),
      tally.add('e', drop('NETFILTER_DROP'), one, rule(1)),
      tally.add('f', drop('NETFILTER_DROP'), one, rule(2)),
    ]
    expect(tuples.map(({ kind }) => kind.id)).toEqual([1, 1, 2, 3, 4, 5])
    expect(sum(tally.kinds)).toBe(6)
  })

  it('moves a tuple to the kind of its new rule, and what was counted stays', () => {
    const tally = new DropTally()
    const tuple = tally.add('a', drop('NETFILTER_DROP'), { count: 5, last: NOW }, rule(1))
    tally.move(tuple, drop('NETFILTER_DROP'), rule(2))
    tally.addTo(tuple, 3, NOW)
    expect([...tally.kinds].map(({ count, tuples }) => ({ count, tuples }))).toEqual([
      { count: 5, tuples: 0 },
      { count: 3, tuples: 1 },
    ])
    expect(tally.count).toBe(8)
  })

  it('forgets the rarest tuples, and says that there were more', () => {
    const tally = new DropTally({ tuples: 100 })
    for (let port = 0; port < 1000; port++)
      tally.add(
        `${port}`,
        drop('NO_SOCKET', { dport: port }),
        { count: port === 0 ? 50 : 1, last: NOW + port },
        undefined,
      )
    const [kind] = tally.kinds
    expect(kind).toMatchObject({ count: 1049, manyTuples: true })
    expect(tally.tupleCount).toBeLessThanOrEqual(100)
    expect(kind!.tuples).toBe(tally.tupleCount)
    expect(tally.tuple('0')?.count).toBe(50)
    expect(tally.tuple('999')?.count).toBe(1)
  })

  it('counts kinds without room by their reason', () => {
    const tally = new DropTally({ kinds: 10 })
    for (let i = 0; i < 100; i++)
      tally.add(
        `${i}`,
        drop(i % 2 ? 'NO_SOCKET' : 'IP_RPFILTER', { in: `veth${i}` }),
        { count: 2, last: NOW },
        undefined,
      )
    const kinds = [...tally.kinds]
    expect(kinds).toHaveLength(12)
    expect(sum(kinds)).toBe(200)
    expect(sum(kinds.filter(({ reason }) => reason === 'NO_SOCKET'))).toBe(100)
    expect(kinds.slice(10)).toMatchObject([
      { reason: 'IP_RPFILTER', in: undefined, protocol: undefined, count: 90 },
      { reason: 'NO_SOCKET', in: undefined, protocol: undefined, count: 90 },
    ])
  })

  it('adds what the kernel has folded once, as its numbers are since the beginning', () => {
    const tally = new DropTally()
    const what = {
      reason: 'NO_SOCKET',
      place: '__udp4_lib_rcv',
      family: 'ip',
      protocol: 'udp',
      rule: undefined,
    } as const
    expect([10, 10, 25].map((count) => tally.addFolded('k', what, count, NOW))).toEqual([10, 0, 15])
    tally.addRest(4, NOW)
    tally.addRest(4, NOW)
    expect(tally).toMatchObject({ count: 29, folded: 25, rest: 4 })
    expect([...tally.kinds]).toMatchObject([{ count: 25, tuples: 0, manyTuples: true }])
    expect(tally.minutes.sum(NOW)).toBe(29)
  })
})

describe('the last minutes', () => {
  it('forget what is older', () => {
    const minutes = new Minutes()
    for (let i = 0; i < 30; i++) minutes.add(NOW + i * 60_000, i + 1)
    const last = NOW + 29 * 60_000
    expect(minutes.list(last)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30])
    expect(minutes.sum(last)).toBe(255)
    expect(minutes.list(last + 60_000)).toEqual([22, 23, 24, 25, 26, 27, 28, 29, 30, 0])
    expect(minutes.sum(last + MINUTES * 60_000)).toBe(0)
  })

  it('take what comes a little late, and not what is long over', () => {
    const minutes = new Minutes()
    minutes.add(NOW, 1)
    minutes.add(NOW - 60_000, 2)
    expect(minutes.list(NOW).slice(-2)).toEqual([2, 1])
    minutes.add(NOW - MINUTES * 60_000, 4)
    expect(minutes.sum(NOW)).toBe(3)
  })
})
