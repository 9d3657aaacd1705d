/** Whatever comes in: nothing is thrown, nothing hangs, nothing grows without bound, and pieces do not matter. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpu } from '../../../cpu.ts'
import { explainLog } from '../../../journey/journeys.ts'
import { share } from '../../../share.ts'
import { type Log, pointText, readFixture, readLog } from './read-log.ts'

const FIXTURES = [
  'every-header.log',
  'prefixes.log',
  'bridge.log',
  'ebtables.log',
  'wrappings/rsyslog-iso.log',
  'wrappings/journalctl-json.log',
  'wrappings/kmsg.log',
  'wrappings/dmesg-coloured.log',
]
const samples = FIXTURES.map((name) => readFixture(name))

const outline = ({ events, told, skipped, bytes }: Log) => ({
  events: events.map(({ point, packet, host, time, uptime, line }) => [
    pointText(point),
    packet,
    host,
    time,
    uptime,
    line,
  ]),
  told,
  skipped,
  bytes,
})

/** Lines of real logs: whole, cut, glued, swapped, with bytes changed. */
const damaged: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.record({
      sample: fc.constantFrom(...samples),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat(900),
      changes: fc.array(fc.tuple(fc.nat(900), fc.nat(255)), { maxLength: 6 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => {
    const pieces = parts.map(({ sample, from, length, changes }) => {
      const start = Math.floor(from * sample.length)
      const piece = sample.slice(start, start + length)
      for (const [at, byte] of changes) if (at < piece.length) piece[at] = byte
      return piece
    })
    return Uint8Array.from(pieces.flatMap((piece) => [...piece]))
  })

/** Words of the format in any order: what a grammar of it would not allow. */
const wordy: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.constantFrom(
      'TRACE: ',
      'raw:PREROUTING:rule:1 ',
      'IN=',
      'eth0 ',
      'OUT= ',
      'SRC=',
      '10.0.0.1 ',
      'DST=',
      '::1 ',
      '[',
      ']',
      '(',
      ')',
      'OPT ',
      'LEN=60 ',
      'PROTO=',
      'TCP ',
      'ICMP ',
      'FRAG:',
      'INCOMPLETE ',
      '\n',
      '\r\n',
      '\0',
      '\x1b[1m',
      '\u00a0',
      '…',
      '>',
      '{"',
      'data: ',
      '[12.345678] ',
      'Jan  1 00:00:00 a kernel: ',
      '4,1,2,-;',
      'MAC source = ',
      'MARK=0x',
      'UID=',
    ),
    { maxLength: 60 },
  )
  .map((words) => new TextEncoder().encode(words.join('')))

const anything = fc.oneof(damaged, wordy, fc.uint8Array({ maxLength: 2000 }))

describe('any input', () => {
  it('gives journeys, or nothing, and never throws', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        const { journeys, stats } = explainLog(bytes)
        expect(stats.bytes).toBe(bytes.length)
        expect(journeys.length).toBe(stats.journeys)
        expect(journeys.reduce((sum, { steps }) => sum + steps.length, 0)).toBe(stats.events)
      }),
      { numRuns: share(2000) },
    )
  })

  it('gives the same in any pieces', () => {
    fc.assert(
      fc.property(anything, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (bytes, parts) => {
        const cuts = parts.map((part) => Math.floor(part * bytes.length)).sort((a, b) => a - b)
        expect(outline(readLog(bytes, cuts))).toEqual(outline(readLog(bytes)))
      }),
      { numRuns: share(2000) },
    )
  })

  it.each(FIXTURES.map((name, i) => ({ name, sample: samples[i]! })))(
    'gives the same byte by byte: $name',
    ({ sample }) => {
      const every = Array.from({ length: sample.length }, (_, i) => i)
      expect(outline(readLog(sample, every))).toEqual(outline(readLog(sample)))
    },
  )
})

describe('what is no log', () => {
  it.each([
    [
      'prose',
      'To see why, look for a line with IN= and OUT= in it; TRACE: is what xt_TRACE prints.\nSRC= is the source.\n',
    ],
    ['a ruleset', '*filter\n-A INPUT -j LOG --log-prefix "IN=eth0 OUT= "\nCOMMIT\n'],
    [
      'other programs',
      'Jan  1 00:00:00 a sshd[1]: Accepted publickey for root from 10.0.0.1 port 22\nBOOTPROTO=dhcp\n',
    ],
    ['only newlines', '\n'.repeat(1000)],
    ['only NUL bytes', '\0'.repeat(10_000)],
    ['nothing', ''],
  ])('%s has no events', (_name, text) => {
    const { events, skipped } = readLog(text)
    expect([events, skipped]).toEqual([[], 0])
  })
})

describe('the size of things', { tags: 'slow' }, () => {
  const MB = 1 << 20
  const repeated = (text: string, length: number) => text.repeat(Math.ceil(length / text.length)).slice(0, length)

  it('a line of 50 MB is passed over, and told of; what is around it is read', () => {
    const line = new TextDecoder().decode(samples[0]!).split('\n')[0]!
    const log = new TextEncoder().encode(`${line}\n${'x'.repeat(50 * MB)}\n${line.replace(/\.\d+\]/, '.999999]')}\n`)
    for (const cuts of [[], [300, 30 * MB], Array.from({ length: 800 }, (_, i) => i * 65_536)]) {
      const { events, told, skipped } = readLog(log, cuts)
      expect([events.map((event) => event.line), told, skipped]).toEqual([[1, 3], ['2 line-too-long'], 1])
    }
  })

  it.each([
    'IN=',
    'TRACE: ',
    'TRACE:',
    'IN=eth0 OUT= ',
    'IN=a OUT= [SRC=',
    '[SRC=',
    '\x1b[31mTRACE: ',
    '\x1b[31mIN=a OUT= ',
    'TRACE: raw:A:rule:1 IN=a OUT= SRC=1.2.3.4 DST=1.1.1.1 ',
    '[12.345678] TRACE: raw:A:rule:1 IN=a OUT= SRC=1.2.3.4 ',
    '{"MESSAGE":"IN=a OUT= ',
    'Jan  1 00:00:00 ',
    'a ',
    'SRC=1.1.1.1 PROTO=',
    'IN=a OUT= [1.500000] IN=',
    'IN=a OUT= MAC source = ',
    'TRACE: raw:A:rule:1IN=a',
    '[1.5] TRACE: raw:A:rule:1 IN=a OUT= SRC=1.1.1.1\nDST=2.2.2.2\n',
    'TRACE: raw:A:rule:1\nIN=a OUT= \n',
  ])('a megabyte of %j takes no more than its length asks for', (text) => {
    const time = (length: number) => {
      const bytes = new TextEncoder().encode(`IN=a OUT= ${repeated(text, length)}\n`)
      const start = cpu()
      readLog(bytes)
      return cpu() - start
    }
    time(MB / 16)
    const sixteenth = time(MB / 16)
    // quadratic, it would be 256 times as long; machines stumble
    expect(time(MB - 20)).toBeLessThan(64 * sixteenth + 1000)
  })

  it('what differs in each line is not kept for ever', () => {
    const lines = Array.from(
      { length: 100_000 },
      (_, i) =>
        `[1.5] no ${i} IN=if${i} OUT= MAC= SRC=10.0.0.1 DST=10.0.0.2 LEN=20 TOS=0x00 PREC=0x00 TTL=64 ID=${i % 65536} PROTO=4 \n`,
    )
    const { events } = readLog(lines.join(''))
    expect(events.length).toBe(100_000)
    expect(new Set(events.map(({ point }) => point)).size).toBeLessThanOrEqual(65_537)
  })
})
