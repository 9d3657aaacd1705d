/** What a log lost, or says that it lost: what was seen behind it counts. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES =
  '*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m length --length 900:65535 -j DROP\nCOMMIT\n'
const ASKED = { in: 'lan', src: '10.0.0.2', dst: '198.51.100.9', sport: 40_000, dport: 80 }
const REPLY = { in: 'wan', src: '198.51.100.9', dst: '10.0.0.2', sport: 80, dport: 40_000, flags: 'ACK SYN' }
const raw = (packet: object) => trace('raw:PREROUTING:policy:1', packet as never)
const on = (packet: object, point = 'filter:FORWARD:policy:2') => {
  const out = (packet as { in: string }).in === 'lan' ? 'wan' : 'lan'
  return [raw(packet), trace(point, { ...packet, out } as never)]
}
const ack = (id: number) => ({ ...ASKED, flags: 'ACK', seq: 8, id })

async function told(...lines: string[]) {
  const text = lines.map((line, i) => `[   10.${String(i).padStart(6, '0')}] ${line}\n`).join('')
  const analysis = await open([
    { name: 'rules', text: RULES },
    { name: 'log', text },
  ])
  const { exchanges } = await analysis.exchanges()
  const { ending } = await analysis.groups()
  return { status: exchanges[0]?.status, lost: ending.stats.lost, warnings: ending.warnings.map(({ code }) => code) }
}

test('a reply of which a line is missing arrived where who asked went on with it', async () => {
  const later = on({ ...REPLY, flags: 'ACK', seq: 9, id: 3 })
  const { status } = await told(...on(ASKED), raw(REPLY), ...on(ack(2)), ...later)
  expect(status).toBe('answered')
  expect((await told(...on(ASKED), raw(REPLY), ...on({ ...ASKED, sport: 40_001 }))).status).not.toBe('answered')
})

test.each([
  'systemd-journald[233]: Missed 3 kernel messages',
  'systemd-journald[233]: Suppressed 33 messages from kernel',
  'printk: 12 messages dropped',
  'rsyslogd: imjournal: 44 messages lost due to rate-limiting (20000 allowed within 600 seconds)',
])('%s: nothing is concluded from lines that are missing there', async (line) => {
  const { status, lost, warnings } = await told(raw(ASKED), line, ...on({ ...ASKED, sport: 40_001, id: 2 }))
  expect([status, lost]).toEqual(['undetermined', 1])
  expect(warnings).toContain('events-lost')
})

test('other programs may speak of messages', async () => {
  const { lost } = await told(...on(ASKED), 'app[1]: 12 messages sent', 'postfix: lost connection, 3 messages queued')
  expect(lost).toBe(0)
})

test('data that is dropped is not made up for by what has none', async () => {
  const handshake = [...on(ASKED), ...on(REPLY), ...on(ack(2))]
  const data = (id: number) => on({ ...ack(id), flags: 'ACK PSH', length: 1252 }, 'filter:FORWARD:rule:1')
  const end = on({ ...ack(9), flags: 'ACK FIN', seq: 1208 })
  expect((await told(...handshake, ...data(3), ...data(4), ...end)).status).toBe('dropped')
  const smaller = on({ ...ack(5), flags: 'ACK PSH', length: 852 })
  expect((await told(...handshake, ...data(3), ...smaller, ...end)).status).toBe('answered')
})
