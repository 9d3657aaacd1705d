import { expect, it } from 'vitest'
import type { Tuple } from '../../src/model/host.ts'
import { type Connection, invert, NO_ZONE, type Zone } from '../../src/rules/conntrack/connection.ts'
import { ConntrackTable } from '../../src/simulate/conntrack-table.ts'

const TCP = 6

function connection(original: Tuple, zones: Zone = NO_ZONE, reply = invert(original, TCP)!): Connection {
  const settled = { src: true, dst: true }
  return {
    family: 'ip',
    protocol: 'tcp',
    protocolNumber: TCP,
    original,
    reply,
    status: [],
    flags: [],
    mark: 0,
    zones,
    settled,
  }
}

const tuple = (n: number): Tuple => ({
  src: `10.0.${n >> 8}.${n & 255}`,
  dst: '10.0.1.1',
  sport: 1024 + (n % 7),
  dport: 80,
})

it('finds each of many entries, by both directions, and none that was deleted', () => {
  const table = new ConntrackTable([])
  const all = Array.from({ length: 20_000 }, (_, n) => connection(tuple(n)))
  for (const one of all) table.insert(one)
  for (const one of all) {
    expect(table.find(one.original, TCP, NO_ZONE)).toMatchObject({ direction: 'original' })
    expect(table.find(one.original, TCP, NO_ZONE)?.connection).toBe(one)
    expect(table.find(one.reply, TCP, NO_ZONE)?.direction).toBe('reply')
  }
  for (const one of all) if (one.original.sport === 1024) table.delete(one)
  for (const one of all) expect(table.find(one.original, TCP, NO_ZONE) !== undefined).toBe(one.original.sport !== 1024)
  expect(table.find(all[1]!.original, 17, NO_ZONE)).toBeUndefined()
})

it('tells entries of different zones apart, each direction by its own', () => {
  const table = new ConntrackTable([])
  const [one, other] = [connection(tuple(1), { original: 5, reply: 7 }), connection(tuple(1))]
  table.insert(one)
  table.insert(other)
  expect(table.find(tuple(1), TCP, { original: 5, reply: 5 })?.connection).toBe(one)
  expect(table.find(one.reply, TCP, { original: 7, reply: 7 })?.connection).toBe(one)
  expect(table.find(one.reply, TCP, { original: 5, reply: 5 })).toBeUndefined()
  expect(table.find(tuple(1), TCP, NO_ZONE)?.connection).toBe(other)
})

it('knows which flows have a source, also those that come after it was first asked', () => {
  const table = new ConntrackTable([])
  const to = (dst: string) => connection({ ...tuple(1), dst })
  const [one, two, three] = [to('10.0.2.1'), to('10.0.2.2'), to('10.0.2.3')]
  table.insert(one)
  expect(table.withSource(two, two.original)).toEqual([one])
  table.insert(two)
  table.insert(connection(tuple(2)))
  expect(table.withSource(three, three.original)).toEqual([two, one])
  table.delete(one)
  expect(table.withSource(three, three.original)).toEqual([two])
})
