/** Logs with the newest line first, and Loki's answers: their lines in the order in which they were logged. */
import { describe, expect, test } from 'vitest'
import { open } from '../../../../src/index.ts'
import { trace } from '../../../journey/kernel-lines.ts'

const RULES =
  '*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 23 -j DROP\nCOMMIT\n'
const asked = (dport: number) => ({ in: 'eth0', src: '192.0.2.7', dst: '192.0.2.1', sport: 40_000, dport, id: dport })
const MESSAGES = [
  trace('raw:PREROUTING:policy:1', asked(22)),
  trace('filter:INPUT:policy:2', asked(22)),
  trace('raw:PREROUTING:policy:1', asked(23)),
  trace('filter:INPUT:rule:1', asked(23)),
  'usb 1-1: new device',
]
const at = (i: number) => `2026-01-31T21:23:16.00${i}000+00:00`
const nanoseconds = (i: number) =>
  String(BigInt(Date.parse('2026-01-31T21:23:16Z')) * 1_000_000n + BigInt(i) * 1_000_000n)

const LINES = {
  'rsyslog, journalctl -o short-iso-precise': (message: string, i: number) => `${at(i)} host kernel: ${message}`,
  dmesg: (message: string, i: number) => `[   12.00${i}000] ${message}`,
  'journalctl -o json': (message: string, i: number) =>
    JSON.stringify({
      __REALTIME_TIMESTAMP: String(1_769_894_596_000_000 + i * 1000),
      _HOSTNAME: 'host',
      MESSAGE: message,
    }),
  'logcli -o jsonl': (line: string, i: number) =>
    JSON.stringify({ labels: { host: 'host', job: 'kernel' }, line, timestamp: at(i) }),
  'logcli -o jsonl, of a file': (message: string, i: number) =>
    JSON.stringify({ labels: { job: 'kern' }, line: `${at(i)} host kernel: ${message}`, timestamp: at(i + 1) }),
}

async function read(text: string) {
  const analysis = await open([
    { name: 'trace.log', text },
    { name: 'rules.v4', text: RULES },
  ])
  const { groups, ending } = await analysis.groups()
  const told = groups.map(({ journey }) => `${journey.packet.dport} ${journey.outcome} ${journey.steps.length}`)
  return { told: told.sort(), codes: ending.warnings.map(({ code }) => code), bytes: ending.stats.bytes }
}

const WHOLE = ['22 delivered 2', '23 dropped 2']
const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

describe.each(Object.entries(LINES))('%s', (_, lineOf) => {
  const lines = MESSAGES.map(lineOf)

  test('as it was logged', async () => {
    expect(await read(text(lines))).toEqual({ told: WHOLE, codes: [], bytes: text(lines).length })
  })

  test('with the newest line first it is turned round, and says so', async () => {
    const turned = text(lines.toReversed())
    expect(await read(turned)).toEqual({ told: WHOLE, codes: ['newest-first'], bytes: turned.length })
    expect((await read(turned.trimEnd())).told).toEqual(WHOLE)
  })
})

test('a log that begins anew with the clock is not turned round', async () => {
  const again = [...MESSAGES, ...MESSAGES].map(
    (message, i) => `[   ${String(20 - (i < 5 ? 0 : 10) + (i % 5))}.000000] ${message}`,
  )
  expect((await read(text(again))).codes).not.toContain('newest-first')
})

describe('a log of one second, as journalctl -r shows it', () => {
  const wayOf = (dport: number) =>
    [
      'raw:PREROUTING:policy:1',
      'mangle:INPUT:rule:1',
      'mangle:INPUT:rule:3',
      'mangle:INPUT:policy:4',
      'filter:INPUT:rule:1',
    ]
      .map((step) => trace(step, asked(dport)))
      .map((message) => `Jan 31 21:23:16 host kernel: ${message}`)
  const lines = [...wayOf(23), ...wayOf(24)]

  test('is turned round where the rules that a packet met stand in the other order', async () => {
    expect((await read(text(lines.toReversed()))).codes).toContain('newest-first')
  })

  test('stays as it is where a packet was sent again, or a chain entered twice', async () => {
    const twice = [...lines, ...lines, ...wayOf(23).slice(0, 3)]
    expect((await read(text(twice))).codes).not.toContain('newest-first')
    const entered = ['raw:PREROUTING:rule:1', 'raw:own:rule:2', 'raw:PREROUTING:rule:2', 'raw:own:rule:1']
    const calls = entered.map((step) => `Jan 31 21:23:16 host kernel: ${trace(step, asked(23))}`)
    expect((await read(text(calls))).codes).not.toContain('newest-first')
  })

  test('nor where this host sends to itself, or nothing tells the packets apart', async () => {
    const stamped = (message: string) => `Jan 31 21:23:16 host kernel: ${message}`
    const own = { src: '127.0.0.1', dst: '127.0.0.1', protocol: 'icmp', icmpType: 8 } as const
    const looped = [41_001, 41_002].flatMap((id) => [
      stamped(trace('raw:OUTPUT:policy:2', { ...own, out: 'lo', id })),
      stamped(trace('raw:PREROUTING:policy:2', { ...own, in: 'lo', id })),
    ])
    expect((await read(text(looped))).codes).not.toContain('newest-first')
    const six = { in: 'eth0', src: '2001:db8:1::10', dst: '2001:db8:2::53', protocol: 'udp', dport: 53 } as const
    // the first of each flow is new, and a rule further up takes the second
    const flows = [40_000, 40_001].flatMap((sport) =>
      ['filter:FORWARD:rule:3', 'filter:FORWARD:rule:1'].map((step) => stamped(trace(step, { ...six, sport }))),
    )
    expect((await read(text(flows))).codes).not.toContain('newest-first')
  })
})

describe('Loki’s API', () => {
  const answer = (values: [string, string][], indent?: number) =>
    JSON.stringify(
      { status: 'success', data: { resultType: 'streams', result: [{ stream: { host: 'host' }, values }], stats: {} } },
      undefined,
      indent,
    )
  const forward = MESSAGES.map((message, i): [string, string] => [nanoseconds(i), message])

  test.each([undefined, 2])('the newest or the oldest first, indented or not (%s)', async (indent) => {
    for (const values of [forward, forward.toReversed()]) {
      const given = answer(values, indent)
      expect(await read(given)).toEqual({ told: WHOLE, codes: [], bytes: given.length })
    }
  })

  test('lines of one moment keep their order', async () => {
    const same = forward.map(([, line], i): [string, string] => [nanoseconds(i < 2 ? 0 : 1), line])
    expect((await read(answer(same.toReversed()))).told).toEqual(WHOLE)
  })

  test('two streams are one log', async () => {
    const [one, other] = [forward.filter((_, i) => i % 2), forward.filter((_, i) => i % 2 === 0)]
    const streams = [one, other].map((values, i) => ({ stream: { host: 'host', cpu: String(i) }, values }))
    const given = JSON.stringify({ status: 'success', data: { resultType: 'streams', result: streams } })
    expect((await read(given)).told).toEqual(WHOLE)
  })
})
