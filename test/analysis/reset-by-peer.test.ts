/** Resets of who was asked, behind the handshake: as programs made them on a kernel, by SO_LINGER or unread data. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { clocked, type Event, type TestPacket, trace } from '../journey/kernel-lines.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const TWO = { src: '192.0.2.7', dst: '198.51.100.2' }

/** One at a time, a hundredth of a second apart. `C`: of the client, `S`: of the server. */
type Segment = [side: 'C' | 'S', flags: string, seq: number, more?: Partial<TestPacket>]

const OPENED: readonly Segment[] = [
  ['C', 'SYN', 100],
  ['S', 'ACK SYN', 500],
  ['C', 'ACK', 101],
]

async function tell(segments: readonly Segment[], withoutNumbers = false) {
  const events = segments.map(([side, flags, seq, more], i): Event => {
    const ports = side === 'C' ? { sport: 40_000, dport: 80 } : { sport: 80, dport: 40_000 }
    const way = side === 'C' ? { in: 'lan', out: 'dmz', ...TWO } : { in: 'dmz', out: 'lan', src: TWO.dst, dst: TWO.src }
    return [10 + i / 100, trace('filter:FORWARD:policy:1', { ...way, ...ports, flags, seq, id: i + 1, ...more })]
  })
  const log = clocked(events)
  const text = withoutNumbers ? log.replace(/ SEQ=\d+ ACK=\d+/g, '') : log
  const analysis = await open([
    { name: 'trace.log', text },
    { name: 'rules.v4', text: RULES },
  ])
  const { exchanges } = await analysis.exchanges()
  return exchanges.map(({ status, basis, findings }) => [
    status,
    basis,
    ...findings.flatMap(({ code, severity }) => (code === 'reset-by-peer' ? [severity] : [])),
  ])
}

const RST = 'ACK RST'
const DATA = 'ACK PSH'

test.each([false, true])(
  'a server that resets what it has accepted has refused (without numbers: %s)',
  async (without) => {
    expect(await tell([...OPENED, ['S', RST, 501]], without)).toEqual([['refused', 'observed', 'warning']])
    // its program had not read the request
    const asked: Segment[] = [
      ['C', DATA, 101],
      ['S', 'ACK', 501],
    ]
    expect(await tell([...OPENED, ...asked, ['S', RST, 501]], without)).toEqual([['refused', 'observed', 'warning']])
  },
)

test.each([false, true])('a reset behind its answer is a note (without numbers: %s)', async (without) => {
  const told: Segment[] = [
    ['C', DATA, 101],
    ['S', DATA, 501],
    ['C', 'ACK', 106],
  ]
  expect(await tell([...OPENED, ...told, ['S', RST, 509]], without)).toEqual([['answered', 'observed', 'note']])
})

test.each([false, true])(
  'an answer that was not captured shows by what came behind it (without numbers: %s)',
  async (without) => {
    const told: Segment[] = [
      ['C', DATA, 101],
      ['C', 'ACK', 106],
    ]
    expect(await tell([...OPENED, ...told, ['S', RST, 509]], without)).toEqual([['answered', 'observed', 'note']])
  },
)

test('a reset behind the end of either side, or the client’s own, tells nothing', async () => {
  expect(await tell([...OPENED, ['S', 'ACK FIN', 501], ['C', 'ACK', 101]])).toEqual([['answered', 'observed']])
  expect(await tell([...OPENED, ['C', 'ACK FIN', 101], ['S', RST, 501]])).toEqual([['answered', 'observed']])
  expect(await tell([...OPENED, ['C', RST, 101]])).toEqual([['answered', 'observed']])
})

test('the page’s example, as nft traced it: no note says what to do if no reply comes', async () => {
  const folder = new URL('../../fixtures/findings/reset-by-peer/', import.meta.url)
  const analysis = await open(
    ['ruleset.nft', 'trace.txt'].map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') })),
  )
  const { exchanges } = await analysis.exchanges()
  expect(exchanges.map(({ status, findings }) => [status, findings.map(({ code }) => code)])).toEqual([
    ['refused', ['reset-by-peer']],
  ])
})
