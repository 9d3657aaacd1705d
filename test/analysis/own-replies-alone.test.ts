/** This host's own replies, whose requests were not captured: a trace of OUTPUT, or of what a server sends. */
import { describe, expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { saved } from '../explain/findings/played.ts'
import { clocked, type TestPacket, trace } from '../journey/kernel-lines.ts'

const LINKS = '2: eth0    inet 192.0.2.1/24 scope global eth0\n3: tun0    inet 10.8.0.2/24 scope global tun0\n'
const ROUTES =
  'default via 10.8.0.1 dev tun0\n192.0.2.0/24 dev eth0\n10.8.0.0/24 dev tun0\nlocal 192.0.2.1 dev eth0 table local\nlocal 10.8.0.2 dev tun0 table local\n'

async function statusOf(rules: Record<string, string[]>, ...packets: [string, Partial<TestPacket>][]) {
  const own: TestPacket = {
    src: '192.0.2.1',
    dst: '198.51.100.9',
    sport: 22,
    dport: 40_000,
    flags: 'ACK SYN',
    seq: 1,
    ack: 8,
  }
  const log = clocked(packets.map(([at, packet], i) => [10 + i / 1e4, trace(at, { ...own, ...packet })]))
  const files = {
    'trace.log': log,
    'rules.v4': saved({ filter: [], ...rules }),
    'ip-addr.txt': LINKS,
    'ip-route.txt': ROUTES,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  return (await analysis.exchanges()).exchanges[0]!.status
}

describe('a SYN ACK', () => {
  test('that leaves by another interface than the one that has its address need not arrive', async () => {
    expect(await statusOf({}, ['filter:OUTPUT:policy:1', { out: 'eth0' }])).toBe('answered')
    expect(await statusOf({}, ['filter:OUTPUT:policy:1', { out: 'tun0' }])).toBe('undetermined')
  })

  test('that comes back over lo does not leave, unless it is for this host', async () => {
    const lines = (dst: string): [string, Partial<TestPacket>][] => [
      ['filter:OUTPUT:policy:1', { out: 'lo', dst, id: 7 }],
      ['filter:INPUT:policy:1', { in: 'lo', dst, id: 7 }],
    ]
    expect(await statusOf({}, ...lines('10.8.0.2'))).toBe('answered')
    expect(await statusOf({}, ...lines('198.51.100.9'))).toBe('reply-lost')
  })
})

test('a reset may be a rule that rejects, where there is one, and is one in the name of another', async () => {
  const reset = { flags: 'ACK RST', seq: 0, window: 0, out: 'eth0' }
  const rule = { filter: ['-A INPUT -p tcp -j REJECT --reject-with tcp-reset'] }
  expect(await statusOf({}, ['filter:OUTPUT:policy:1', reset])).toBe('refused')
  expect(await statusOf(rule, ['filter:OUTPUT:policy:1', reset])).toBe('undetermined')
  expect(await statusOf({}, ['filter:OUTPUT:policy:1', { ...reset, src: '192.0.2.7' }])).toBe('undetermined')
})
