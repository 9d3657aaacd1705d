/** What travels says what the batch said, and what is no message of ours is refused. */
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Batch } from '../../../src/store/batch.ts'
import { decode, encodeBatch, encodeLost, OtherVersion, Unreadable } from '../../../src/store/nats/message.ts'
import { apart, halves } from '../../../src/store/nats/split.ts'
import { batchArb, journeys, rulesets, saidBy } from './batches.ts'

test('gives back the batch, and when it was told', async () => {
  await fc.assert(
    fc.asyncProperty(batchArb, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), async (batch, stored) => {
      const { bytes, id } = await encodeBatch(batch, stored)
      const read = (await decode(bytes)) as Batch
      expect(saidBy(read)).toEqual(saidBy(batch))
      expect(read.stored).toBe(stored)
      expect([...read.keysOf()]).toEqual([...batch.keysOf()])
      expect((await encodeBatch(read, stored)).id).toBe(id)
    }),
  )
})

test('says the same in halves, each with what it refers to', () => {
  const whole = (batch: Batch): Batch[] => {
    const parts = halves(batch)
    if (!parts) return [batch]
    for (const part of parts) expect(part.subjects + part.part('rulesets').size).toBeGreaterThan(0)
    return parts.flatMap(whole)
  }
  fc.assert(
    fc.property(batchArb, (batch) => {
      const parts = apart(batch)
      const single = parts.flatMap(whole)
      expect(saidBy(...parts)).toEqual(saidBy(batch))
      expect(saidBy(...single)).toEqual(saidBy(batch))
      expect(single.reduce((sum, one) => sum + one.subjects, 0)).toBe(batch.subjects)
      for (const one of single) expect(one.subjects).toBeLessThanOrEqual(1)
    }),
  )
})

test('sends rulesets by themselves', () => {
  const batch = journeys(0, 3)
  batch.addRows('rulesets', [{ ruleset: 'a', rule: 'b' }])
  expect(apart(batch).map((one) => [one.subjects, one.part('rulesets').size])).toEqual([
    [0, 1],
    [3, 0],
  ])
  expect(apart(rulesets(2))).toHaveLength(1)
})

const packed = (value: unknown) => gzipSync(JSON.stringify(value))
const message = (parts: unknown, more = {}) => packed({ kind: 'nfwhy.batch', version: 1, stored: 1, parts, ...more })
const journey = '00000000-0000-8000-8000-000000000000'

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array()],
  ['what is not packed', Buffer.from('{}')],
  ['half a message', message({}).subarray(0, 20)],
  ['no JSON', gzipSync('{')],
  ['null', packed(null)],
  ['a list', packed([])],
  ['another kind', packed({ kind: 'other', version: 1 })],
  ['no time', message({}, { stored: '1' })],
  ['rows without a key', message({ journeys: { size: 1, columns: {} } })],
  ['more values than rows', message({ journeys: { size: 1, columns: { journey: [journey, journey] } } })],
  ['a key that is none', message({ journeys: { size: 1, columns: { journey: ["'; DROP"] } } })],
  ['a port that is none', message({ journeys: { size: 1, columns: { journey: [journey], sport: [1.5] } } })],
  ['text that is a number', message({ journeys: { size: 1, columns: { journey: [journey], host: [1] } } })],
  ['a size that is none', message({ journeys: { size: -1, columns: {} } })],
  ['columns that are none', message({ journeys: { size: 1, columns: { journey: { length: 1 } } } })],
  ['lost rows that are none', packed({ kind: 'nfwhy.lost', version: 1, host: 'a', counts: { journeys: 'x' } })],
])('cannot read %s', async (_, bytes) => {
  await expect(decode(bytes)).rejects.toThrow(Unreadable)
})

test.each<[string, Uint8Array]>([
  ['version', message({}, { version: 2 })],
  ['table', message({ others: { size: 0, columns: {} } })],
  ['column', message({ journeys: { size: 0, columns: { other: [] } } })],
])('leaves a message with another %s to a newer nfwhy', async (_, bytes) => {
  await expect(decode(bytes)).rejects.toThrow(OtherVersion)
})

test('takes no more than a bound, however well it is packed', async () => {
  const { bytes } = await encodeBatch(journeys(0, 1000), 1)
  const { length } = gunzipSync(bytes)
  expect(length).toBeGreaterThan(5 * bytes.length)
  expect(((await decode(bytes, length)) as Batch).subjects).toBe(1000)
  await expect(decode(bytes, length - 1)).rejects.toThrow(Unreadable)
})

test('tells what a host has lost', async () => {
  const lost = { host: 'gw', counts: { exchanges: 1, journeys: 2, drops: 3, rulesets: 4 } }
  expect(await decode(await encodeLost(lost))).toEqual(lost)
})
