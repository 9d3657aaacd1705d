/** What makes a packet's key another one, and what does not. */
import { expect, test } from 'vitest'
import type { Packet } from '../../src/model/packet.ts'
import { noStamp, type Stamp } from '../../src/read/captures/stamp.ts'
import { CaptureKeys, type FirstEvent, Moments, PlayedKeys } from '../../src/store/keys.ts'

const packet: Packet = { src: '192.0.2.1', dst: '198.51.100.2', protocol: 'tcp', sport: 40000, dport: 80, ipId: 7 }
const uptime = (clock: number) => new Moments().of({ ...noStamp, uptime: true }, clock)
const dated = (second: string, offset: string, micros: number) => {
  const base = Date.parse(second + (offset || 'Z')) * 1000
  return new Moments().of({ ...noStamp, second, offset, base, digits: 6 }, base + micros)
}
const first: FirstEvent = { host: 'gw', boot: 'b1', moment: uptime(5_000_001), traceId: -1, packet }
const keyOf = (event: Partial<FirstEvent>) => new CaptureKeys().keyOf({ ...first, ...event })

test('is a UUID of version 8 that begins with the milliseconds', () => {
  expect(keyOf({})).toMatch(/^00000000-1388-8[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/)
})

test('is the same for the same first event, whatever is not known of the packet besides', () => {
  expect(keyOf({ packet: { ...packet, ttl: 64, in: 'eth0' } })).toBe(keyOf({}))
})

test.each<[string, Partial<FirstEvent>]>([
  ['host', { host: 'other' }],
  ['boot', { boot: 'b2' }],
  ['microsecond', { moment: uptime(5_000_002) }],
  ['trace id', { traceId: 1 }],
  ['source port', { packet: { ...packet, sport: 40001 } }],
  ['IP id', { packet: { ...packet, ipId: 8 } }],
])('is another one for another %s', (_, other) => {
  expect(keyOf(other)).not.toBe(keyOf({}))
})

test('goes by the date without the boot, where there is no time since boot', () => {
  const moment = dated('2026-01-31T21:23:16', '+01:00', 250_000)
  expect(moment).toMatchObject({ clock: 'utc', time: Date.parse('2026-01-31T20:23:16.250Z') * 1000, uptime: undefined })
  expect(keyOf({ moment, boot: 'b2' })).toBe(keyOf({ moment }))
})

test('says where a date has no offset or no year', () => {
  expect(dated('2026-01-31T21:23:16', '', 0)).toMatchObject({ clock: 'local' })
  const yearless: Stamp = { ...noStamp, second: '--01-31T21:23:16', base: 1_000_000 }
  expect(new Moments().of(yearless, 1_000_000)).toMatchObject({ clock: 'none', time: undefined, when: 'date' })
  expect(new Moments().of(noStamp, Number.NaN)).toMatchObject({ clock: 'none', when: 'none' })
})

test('has both clocks where a line has both, and goes by the one since boot', () => {
  const both = new Moments().of(
    { ...noStamp, uptime: true, second: '2026-01-31T21:23:16', offset: 'Z', micros: 12, digits: 6 },
    5_000_001,
  )
  expect(both).toMatchObject({ clock: 'utc', time: Date.parse('2026-01-31T21:23:16Z') * 1000 + 12, uptime: 5_000_001 })
  expect(keyOf({ moment: both })).toBe(keyOf({}))
})

test('tells equal packets apart by their order, the same way each time', () => {
  const three = () => {
    const keys = new CaptureKeys()
    return [1, 2, 3].map(() => keys.keyOf(first))
  }
  expect(new Set(three()).size).toBe(3)
  expect(three()).toEqual(three())
})

test('of played packets hangs on the host, its state, and the packets before', () => {
  const keys = (world: string, packets: readonly Packet[]) => {
    const played = new PlayedKeys('gw', world)
    return packets.map((one) => played.keyOf(one))
  }
  const other = { ...packet, sport: 5 }
  expect(keys('w', [packet, other])).toEqual(keys('w', [packet, other]))
  expect(keys('w', [packet])).not.toEqual(keys('v', [packet]))
  expect(keys('w', [packet, packet])[0]).not.toBe(keys('w', [packet, packet])[1])
  expect(keys('w', [other, packet])[1]).not.toBe(keys('w', [packet])[0])
})
