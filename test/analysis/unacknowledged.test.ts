/** Data of a TCP connection that nobody acknowledges, sent again as Linux does: after 0.2 s, 0.4 s, 0.8 s … */
import { describe, expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { clocked, type Event, type TestPacket, trace } from '../journey/kernel-lines.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const TWO = { src: '192.0.2.7', dst: '198.51.100.2' }

/** Seconds. `C`: of the client, `S`: of the server. */
type Segment = [at: number, side: 'C' | 'S', flags: string, seq: number, ack: number, more?: Partial<TestPacket>]

const OPENED: readonly Segment[] = [
  [0, 'C', 'SYN', 100, 0],
  [0.01, 'S', 'ACK SYN', 500, 101],
]
const TAKEN: Segment = [0.02, 'C', 'ACK', 101, 501, { length: 52 }]
const DATA = 'ACK PSH'
const sent = (side: 'C' | 'S', ...times: readonly number[]): Segment[] =>
  times.map((at) => [at, side, DATA, side === 'C' ? 101 : 501, side === 'C' ? 501 : 101, { length: 90 }])

const tell = (...segments: readonly Segment[]): Promise<string[]> => tellOf(segments)

async function tellOf(...captures: readonly (readonly Segment[])[]): Promise<string[]> {
  const logs = captures.map((segments, i) => ({ name: `trace${i}.log`, text: clocked(segments.map(eventOf)) }))
  const analysis = await open([...logs, { name: 'rules.v4', text: RULES }])
  const { exchanges } = await analysis.exchanges()
  return exchanges.flatMap(({ status, findings }) => [
    status,
    ...findings.flatMap(({ code, message }) => (code === 'data-unacknowledged' ? [message] : [])),
  ])
}

function eventOf([at, side, flags, seq, ack, more]: Segment, i: number): Event {
  const ports = side === 'C' ? { sport: 40_000, dport: 80 } : { sport: 80, dport: 40_000 }
  const way = side === 'C' ? { in: 'lan', out: 'dmz', ...TWO } : { in: 'dmz', out: 'lan', src: TWO.dst, dst: TWO.src }
  return [10 + at, trace('filter:FORWARD:policy:1', { ...way, ...ports, flags, seq, ack, id: i + 1, ...more })]
}

describe('data that is sent again', () => {
  test('is lost where the other side acknowledges none of it', async () => {
    expect(await tell(...OPENED, TAKEN, ...sent('C', 0.03, 0.23, 0.64, 1.5))).toEqual([
      'lost',
      'The handshake was complete, but 192.0.2.7:40000 sent the same data 4 times in 1.5 s (first: #4), and 198.51.100.2:80 acknowledged none of it. No rule here stopped it.',
    ])
    expect(await tell(...OPENED, TAKEN, ...sent('S', 0.03, 0.23, 0.64, 1.5))).toEqual([
      'reply-lost',
      'The handshake was complete, but 198.51.100.2:80 sent the same data 4 times in 1.5 s (first: #4), and 192.0.2.7:40000 acknowledged none of it. No rule here stopped it.',
    ])
  })

  test('is not where it was acknowledged at last', async () => {
    const late: Segment = [1.6, 'S', 'ACK', 501, 139, { length: 52 }]
    expect(await tell(...OPENED, TAKEN, ...sent('C', 0.03, 0.23, 0.64, 1.5), late)).toEqual(['answered'])
  })

  test('may be on its way still', async () => {
    expect(await tell(...OPENED, TAKEN, ...sent('C', 0.03, 0.23, 0.64))).toEqual(['answered'])
    expect(await tell(...OPENED, TAKEN, ...sent('C', 0.03, 1.5))).toEqual(['answered'])
  })

  test('tells nothing where the capture has no mere acknowledgements', async () => {
    expect(await tell(...OPENED, ...sent('C', 0.03, 0.23, 0.64, 1.5))).toEqual(['answered'])
  })

  test('is none where segments without data have one number', async () => {
    const bare = [0.03, 0.5, 1, 1.5].map((at): Segment => [at, 'C', 'ACK', 101, 501, { length: 52 }])
    expect(await tell(...OPENED, TAKEN, ...bare)).toEqual(['answered'])
  })

  test('is not where a packet was seen at several places, and sent again once', async () => {
    expect(await tell(...OPENED, TAKEN, ...sent('C', 0.03, 0.0301, 1.23, 1.2301))).toEqual(['answered'])
  })

  test('is not where the sender has gone on: the acknowledgement went past the capture', async () => {
    const next: Segment = [1.6, 'C', DATA, 139, 501, { length: 90 }]
    expect(await tell(...OPENED, TAKEN, ...sent('C', 0.03, 0.23, 0.64, 1.5), next)).toEqual(['answered'])
    const end: Segment = [1.6, 'C', 'ACK FIN', 139, 501, { length: 52 }]
    expect((await tell(...OPENED, TAKEN, ...sent('C', 0.03, 0.23, 0.64, 1.5), end))[0]).toBe('lost')
  })

  test('is not where another capture has the acknowledgement', async () => {
    const others: Segment[] = [OPENED[1]!, [1.6, 'S', 'ACK', 501, 139, { length: 52 }]]
    expect(await tellOf([...OPENED, TAKEN, ...sent('C', 0.03, 0.23, 0.64, 1.5)], others)).toEqual(['answered'])
  })

  test('arrives where the other side has no room for it', async () => {
    const full: Segment = [0.04, 'S', 'ACK', 501, 101, { length: 52, window: 0 }]
    expect(await tell(...OPENED, TAKEN, ...sent('C', 0.03), full, ...sent('C', 0.23, 0.64, 1.5))).toEqual(['answered'])
  })

  test('is none where headers are all of it, whatever its flags', async () => {
    const bare = [0.03, 0.5, 1, 1.5].map((at): Segment => [at, 'C', DATA, 101, 501, { length: 40 }])
    expect(await tell(...OPENED, TAKEN, ...bare)).toEqual(['answered'])
  })

  test('is told of as later data where other data had arrived', async () => {
    const taken: Segment = [0.04, 'S', 'ACK', 501, 139, { length: 52 }]
    const again = [10, 10.3, 10.9, 12].map((at): Segment => [at, 'S', DATA, 501, 139, { length: 90 }])
    expect(await tell(...OPENED, TAKEN, ...sent('C', 0.03), taken, ...again)).toEqual([
      'reply-lost',
      'Earlier data arrived, but 198.51.100.2:80 sent the same data 4 times in 2 s (first: #6), and 192.0.2.7:40000 acknowledged none of it. No rule here stopped it.',
    ])
  })
})
