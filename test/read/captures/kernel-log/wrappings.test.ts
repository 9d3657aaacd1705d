/** Two packets, three lines each, as every tool wraps them; recorded with the tools themselves where they exist here. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { kernelLog } from '../../../../src/read/captures/kernel-log/format.ts'
import { readWrapping } from '../../../../src/read/captures/kernel-log/wrapping.ts'
import { FOLDER, type LogEvent, pointText, readFixture, readLog } from './read-log.ts'

const FILES = readdirSync(new URL('wrappings/', FOLDER)).map((file) => file.replace('.log', ''))

/** What the two tools of this sort print: first and last line's time, host. `-`: none. */
const EXPECTED: Readonly<Record<string, [first: string, last: string, host: string, uptime: 'uptime' | '']>> = {
  'blanks-lost': ['--11-20T08:48:11', '--11-20T08:48:11', 'gate', 'uptime'],
  busybox: ['--11-20T08:18:05', '--11-20T08:18:05', 'gate', 'uptime'],
  'busybox-small': ['--11-20T08:18:07', '--11-20T08:18:07', '', 'uptime'],
  'byte-order-mark': ['-', '-', '', 'uptime'],
  'caller-id': ['-', '-', '', 'uptime'],
  'caller-id-dmesg': ['-', '-', '', 'uptime'],
  compose: ['-', '-', '', 'uptime'],
  cri: ['2026-11-20T08:48:11.459751+01:00', '2026-11-20T08:48:11.459842+01:00', '', 'uptime'],
  dmesg: ['-', '-', '', 'uptime'],
  'dmesg-coloured': ['-', '-', '', 'uptime'],
  'dmesg-ctime': ['2026-11-20T08:48:11', '2026-11-20T08:48:11', '', ''],
  'dmesg-ctime-delta': ['2026-11-20T08:48:11', '2026-11-20T08:48:11', '', ''],
  'dmesg-decoded': ['-', '-', '', 'uptime'],
  'dmesg-decoded-iso': ['2026-11-20T08:48:11.459751+00:00', '2026-11-20T08:48:11.459842+00:00', '', ''],
  'dmesg-delta': ['-', '-', '', ''],
  'dmesg-iso': ['2026-11-20T08:48:11.459751+00:00', '2026-11-20T08:48:11.459842+00:00', '', ''],
  'dmesg-notime': ['-', '-', '', ''],
  'dmesg-raw': ['-', '-', '', 'uptime'],
  'dmesg-reltime': ['-', '-', '', ''],
  'dmesg-show-delta': ['-', '-', '', 'uptime'],
  'docker-json-file': ['2026-11-20T08:48:11.459751Z', '2026-11-20T08:48:11.459842Z', '', 'uptime'],
  'docker-logs-timestamps': ['2026-11-20T08:48:11.459751Z', '2026-11-20T08:48:11.459842Z', '', ''],
  gelf: ['-', '-', 'gate', 'uptime'],
  'journalctl-cat': ['-', '-', '', ''],
  'journalctl-export': ['-', '-', '', ''],
  'journalctl-json': ['2026-11-20T08:48:12.042644Z', '2026-11-20T08:48:12.042761Z', 'gate', 'uptime'],
  'journalctl-json-pretty': ['-', '-', '', ''],
  'journalctl-json-seq': ['2026-11-20T08:48:12.042644Z', '2026-11-20T08:48:12.042761Z', 'gate', 'uptime'],
  'journalctl-json-sse': ['2026-11-20T08:48:12.042644Z', '2026-11-20T08:48:12.042761Z', 'gate', 'uptime'],
  'journalctl-short': ['--11-20T08:48:12', '--11-20T08:48:12', 'gate', ''],
  'journalctl-short-full': ['2026-11-20T08:48:12Z', '2026-11-20T08:48:12Z', 'gate', ''],
  'journalctl-short-iso': ['2026-11-20T08:48:12+00:00', '2026-11-20T08:48:12+00:00', 'gate', ''],
  'journalctl-short-iso-nohost': ['2026-11-20T08:48:12+00:00', '2026-11-20T08:48:12+00:00', '', ''],
  'journalctl-short-iso-precise': ['2026-11-20T08:48:12.042644+00:00', '2026-11-20T08:48:12.042761+00:00', 'gate', ''],
  'journalctl-short-monotonic': ['-', '-', 'gate', 'uptime'],
  'journalctl-short-precise': ['--11-20T08:48:12.042644', '--11-20T08:48:12.042761', 'gate', ''],
  'journalctl-short-unix': ['2026-11-20T08:48:12.042644Z', '2026-11-20T08:48:12.042761Z', 'gate', ''],
  'journalctl-verbose': ['-', '-', '', ''],
  'journalctl-with-unit': ['2026-11-20T08:48:12Z', '2026-11-20T08:48:12Z', 'gate', ''],
  kmsg: ['-', '-', '', 'uptime'],
  'kubectl-prefix': ['-', '-', '', 'uptime'],
  'no-program': ['--11-20T08:48:11', '--11-20T08:48:11', 'gate', ''],
  'nul-bytes': ['-', '-', '', 'uptime'],
  'openwrt-logread': ['2026-11-20T08:48:12', '2026-11-20T08:48:12', '', 'uptime'],
  'other-language': ['-', '-', 'gate', ''],
  'rfc3164-pid': ['--11-20T08:48:11', '--11-20T08:48:11', 'gate', ''],
  'rfc5424-bom-octets': ['2026-11-20T08:48:11Z', '2026-11-20T08:48:11Z', 'gate', ''],
  'rfc5424-nothing-known': ['-', '-', '', ''],
  'rfc5424-structured-data': ['2026-11-20T08:48:11.459751+01:00', '2026-11-20T08:48:11.459842+01:00', 'gate', ''],
  'rsyslog-5424': ['2026-11-20T08:48:12.042875+00:00', '2026-11-20T08:48:12.042917+00:00', 'gate', 'uptime'],
  'rsyslog-iso': ['2026-11-20T08:48:12.042875+00:00', '2026-11-20T08:48:12.042917+00:00', 'gate', 'uptime'],
  'rsyslog-pri': ['--11-20T08:48:12', '--11-20T08:48:12', 'gate', 'uptime'],
  'rsyslog-traditional': ['--11-20T08:48:12', '--11-20T08:48:12', 'gate', 'uptime'],
  'year-in-front': ['2026-11-20T08:48:11', '2026-11-20T08:48:11', 'gate', 'uptime'],
}
/** Since boot, where the clock is the kernel's; BusyBox was recorded on its own. */
const UPTIMES: Readonly<Record<string, [number, number]>> = {
  busybox: [3615015861, 3615016032],
  'busybox-small': [3616942242, 3616942327],
}
const UPTIME: [number, number] = [5421459751, 5421459842]
const POINTS = ['[KL BLOCK] ', 'raw:PREROUTING:policy:5', 'filter:INPUT:policy:1']
const plain = readLog(readFixture('wrappings/dmesg-notime.log')).events.map(({ packet }) => packet)

it('has an expectation for every file', () => {
  expect(FILES.sort()).toEqual(Object.keys(EXPECTED).sort())
})

describe.each(FILES)('%s', (name) => {
  const bytes = readFixture(`wrappings/${name}.log`)
  const { events, told, skipped } = readLog(bytes)
  const [first, last, host, uptime] = EXPECTED[name]!

  it('is recognised', () => {
    expect(kernelLog.sniff(new TextDecoder().decode(bytes).slice(0, 4096))).toBe(true)
  })

  it('has the rule lines and the prefixes', () => {
    expect(events.map(({ point }) => pointText(point))).toEqual([...POINTS, ...POINTS])
    expect(skipped).toBe(0)
    expect(told).toEqual(name === 'blanks-lost' ? [] : [])
  })

  it('has the packets', () => {
    expect(events.map(({ packet }) => packet)).toEqual(plain)
  })

  it('has times and host as printed', () => {
    const times = (event: LogEvent) => event.time ?? '-'
    expect([times(events[0]!), times(events.at(-1)!)]).toEqual([first, last])
    expect(new Set(events.map((event) => event.host))).toEqual(new Set([host]))
    const since = uptime ? (UPTIMES[name] ?? UPTIME) : [undefined, undefined]
    expect([events[0]!.uptime, events.at(-1)!.uptime]).toEqual(since)
  })

  it('runs by a clock that goes forward', () => {
    const clocks = events.map(({ clock }) => clock)
    if (clocks.every(Number.isNaN)) expect(first).toBe('-')
    else expect(clocks).toEqual([...clocks].sort((a, b) => a - b))
  })
})

describe('the wrapping that a line shares with the one before it', () => {
  const record =
    'TRACE: raw:PREROUTING:policy:2 IN=eth0 OUT= MAC= SRC=10.0.0.1 DST=10.0.0.2 LEN=20 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=4 '
  const times = (heads: string[]) =>
    readLog(heads.map((head) => head + record).join('\n')).events.map((event) =>
      [event.host, event.time ?? '-', ...(event.uptime === undefined ? [] : [event.uptime])].join(' '),
    )

  it.each([
    [
      ['[    9.999999] ', '[   10.000000] ', '[99999.999999] ', '[100000.000000] '],
      [' - 9999999', ' - 10000000', ' - 99999999999', ' - 100000000000'],
    ],
    [
      [
        '2026-01-01T21:23:16.000001+01:00 a kernel: ',
        '2026-01-01T21:23:16.999999+01:00 a kernel: ',
        '2026-01-01T21:23:17.000000+01:00 a kernel: ',
        '2026-01-01T21:23:17.000000+01:00 b kernel: ',
      ],
      [
        'a 2026-01-01T21:23:16.000001+01:00',
        'a 2026-01-01T21:23:16.999999+01:00',
        'a 2026-01-01T21:23:17.000000+01:00',
        'b 2026-01-01T21:23:17.000000+01:00',
      ],
    ],
    [
      [
        '2026-01-01T21:23:16.000001Z a kernel: [    1.000001] ',
        '2026-01-01T21:23:16.000002Z a kernel: [    1.000003] ',
      ],
      ['a 2026-01-01T21:23:16.000001Z 1000001', 'a 2026-01-01T21:23:16.000002Z 1000003'],
    ],
    [
      ['4,99,5,-;', '4,100,12,-;', '4,101,13,-;'],
      [' - 5', ' - 12', ' - 13'],
    ],
    [
      ['2026-01-01T21:23:16.123456789Z ', '2026-01-01T21:23:16.123999999Z '],
      [' 2026-01-01T21:23:16.123456Z', ' 2026-01-01T21:23:16.123999Z'],
    ],
    [
      ['Jan  1 21:23:16.5 a kernel: ', 'Jan  1 21:23:16.7 a kernel: '],
      ['a --01-01T21:23:16.5', 'a --01-01T21:23:16.7'],
    ],
    [
      ['[1.5] ', '[1.6] '],
      [' - 1500000', ' - 1600000'],
    ],
    // a digit where the line before had none, and the other way round
    [
      ['Jan  1 21:23:16 a kernel: ', 'Jan 11 21:23:16 a kernel: '],
      ['a --01-01T21:23:16', 'a --01-11T21:23:16'],
    ],
    [
      ['[    1.000001] ', '[    1.00000x] '],
      [' - 1000001', ' -'],
    ],
    [
      ['', '[    1.000001] ', ''],
      [' -', ' - 1000001', ' -'],
    ],
  ])('%j', (heads, expected) => {
    expect(times(heads)).toEqual(expected)
  })

  it('is not taken for part of the prefix of LOG', () => {
    const log = (head: string) =>
      `${head}IN=eth0 OUT= MAC= SRC=10.0.0.1 DST=10.0.0.2 LEN=20 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=4 `
    const heads = [
      'Jan  1 21:23:16 a kernel: DROP ',
      'Jan  1 21:23:16 a kernel: [    1.000001] DROP ',
      'Jan  1 21:23:16 a kernel: [UFW BLOCK] ',
    ]
    expect(readLog(heads.map(log).join('\n')).events.map(({ point }) => point.prefix)).toEqual([
      'DROP ',
      'DROP ',
      '[UFW BLOCK] ',
    ])
  })
})

describe('what belongs to the wrapping and what to a LOG line', () => {
  it.each([
    ['[12.345678] ', '[UFW BLOCK] '],
    ['[12.345678] ', 'DROP: '],
    ['Jun 13 23:29:15 gate ', '[WAN_LOCAL-D-1] DESCR="Block All" '],
    ['Jun 13 23:29:15 gate ', ''],
    ['2026-01-01T21:23:16.1Z ', 'DROP '],
    ['2026-01-01T21:23:16.1Z ', '[UFW BLOCK] '],
    ['2018-03-15T16:10:11.397Z        gate.example.com       ', 'OUT-unknown: '],
    ['kernel: [ 9271.326139] ', '* new-not-syn * '],
    ['kernel: ', ''],
    ['5 Mai 2026, 21 Uhr: gate kernel: ', 'DROP '],
    ['100 1 tap100i0-IN 20/Jun/2022:13:12:46 +0200 ', 'REJECT: '],
    ['<4>', 'DROP '],
    ['Jan  1 21:23:16 gate kernel: ', ' two blanks'],
    ['Jan  1 21:23:16 gate kernel: ', 'my kernel: '],
    ['kern  :warn  : [12.345678] ', 'DROP '],
    ['Jan  1 21:23:16 gate ulogd[77]: ', 'DROP '],
  ])('%j, %j', (wrapping, prefix) => {
    expect(readWrapping(wrapping + prefix, true).length).toBe(wrapping.length)
  })
})

it('invents neither a year nor an offset', () => {
  const stamps = ['Feb 29 23:59:59 a kernel: ', '2026-02-28T23:59:59 a kernel: ', '[Sat Feb 28 23:59:59 2026] '].map(
    (head) => readWrapping(head, false).stamp,
  )
  expect(stamps.map(({ second, offset }) => second + offset)).toEqual([
    '--02-29T23:59:59',
    '2026-02-28T23:59:59',
    '2026-02-28T23:59:59',
  ])
  // of no year and of no zone, only differences count
  expect(stamps.map(({ base }) => new Date(base / 1000).toISOString().slice(4, 19))).toEqual([
    '-02-29T23:59:59',
    '-02-28T23:59:59',
    '-02-28T23:59:59',
  ])
})

it.each([
  ['Thu 2026-01-01 21:23:16 CST gate kernel: ', 'gate', '2026-01-01T21:23:16'],
  ['Thu 2026-01-01 21:23:16 +03 gate kernel: ', 'gate', '2026-01-01T21:23:16'],
  ['Thu 2026-01-01 21:23:16 UTC gate kernel: ', 'gate', '2026-01-01T21:23:16Z'],
  ['2026-01-01T21:23:16-0330 gate kernel: ', 'gate', '2026-01-01T21:23:16-03:30'],
  ['Apr 1811:50:23 gate kernel: [1.5] ', 'gate', '--04-18T11:50:23'],
  ['Apr 111:50:23 gate kernel: ', 'gate', '--04-01T11:50:23'],
  ['20 Nov 08:48:11 gate kernel: ', 'gate', '-'],
  ['2026-13-45T99:99:99Z gate kernel: ', 'gate', '2026-13-45T99:99:99Z'],
  ['Nov 20 08:48:11 gate dmesg[4]: ', 'gate', '--11-20T08:48:11'],
])('%j', (head, host, time) => {
  const { stamp } = readWrapping(head, false)
  expect([stamp.host, stamp.second === undefined ? '-' : stamp.second + stamp.offset]).toEqual([host, time])
})
