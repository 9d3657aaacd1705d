/** Lines of a log get lost: a request of which the last ones are missing. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { clocked, type Event, type TestPacket, trace } from '../journey/kernel-lines.ts'
import { NAT } from './nat-rules.ts'

const CLIENT = '192.0.2.7'
const HOST = '192.0.2.1'

async function said(events: readonly Event[]) {
  const files = { 'trace.log': clocked(events), 'rules.v4': NAT }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups, ending } = await analysis.groups()
  return [(await analysis.exchanges()).exchanges[0]!.status, printReport('text', groups, ending)] as const
}

/** Another packet, so that lines of POSTROUTING are seen to come. */
const end = (protocol: 'tcp' | 'udp'): Event[] => {
  const later = { in: 'wan', out: 'lan', src: '192.0.2.8', dst: '10.0.0.3', protocol, sport: 40_000, dport: 80 }
  return [
    [12, trace('filter:FORWARD:policy:1', later)],
    [12, trace('nat:POSTROUTING:policy:1', { ...later, in: '' })],
  ]
}

test('it has not vanished where it was answered', async () => {
  const before = { in: 'wan', src: CLIENT, dst: HOST, sport: 40_000, dport: 8080 }
  const behind = { in: 'wan', out: 'lan', src: CLIENT, dst: '10.0.0.2', sport: 40_000, dport: 80 }
  const reply = { in: 'lan', out: 'wan', src: '10.0.0.2', dst: CLIENT, sport: 80, dport: 40_000, flags: 'ACK SYN' }
  const cut: Event[] = [
    [10, trace('nat:PREROUTING:rule:1', before)],
    [10, trace('filter:FORWARD:policy:1', behind)],
  ]
  const [lost, vanished] = await said([...cut, ...end('tcp')])
  expect(lost).toBe('lost')
  expect(vanished).toContain('✗ VANISHED after filter FORWARD')
  const [answered, shown] = await said([...cut, [10.1, trace('filter:FORWARD:policy:1', reply)], ...end('tcp')])
  expect(answered).toBe('answered')
  expect(shown).toContain('✓ ANSWERED')
  expect(shown).not.toMatch(/vanished|disappeared/i)
})

test('a datagram back is a reply to the first one alone', async () => {
  const asked = {
    in: 'wan',
    out: 'lan',
    src: CLIENT,
    dst: '10.0.0.2',
    protocol: 'udp',
    sport: 40_000,
    dport: 53,
  } as const
  const reply: TestPacket = { ...asked, in: 'lan', out: 'wan', src: '10.0.0.2', dst: CLIENT, sport: 53, dport: 40_000 }
  const sent = (clock: number, id: number): Event[] => [
    [clock, trace('nat:PREROUTING:policy:2', { ...asked, out: '', id })],
    [clock, trace('filter:FORWARD:policy:1', { ...asked, id })],
  ]
  const went = (clock: number, id: number): Event => [
    clock,
    trace('nat:POSTROUTING:policy:1', { ...asked, in: '', id }),
  ]
  const back = (clock: number): Event => [clock, trace('filter:FORWARD:policy:1', reply)]
  expect((await said([...sent(10, 1), ...end('udp')]))[0]).toBe('lost')
  expect((await said([...sent(10, 1), back(10.1), ...end('udp')]))[0]).toBe('answered')
  expect((await said([...sent(10, 1), went(10, 1), ...sent(10.2, 2), back(10.3), ...end('udp')]))[0]).toBe('lost')
})

test('of one that was sent again the reply does not tell that it got through', async () => {
  const asked = { in: 'wan', out: 'lan', src: CLIENT, dst: '10.0.0.2', sport: 40_000, dport: 443 }
  const sent = (clock: number, id: number): Event[] => [
    [clock, trace('nat:PREROUTING:policy:2', { ...asked, out: '', id })],
    [clock, trace('filter:FORWARD:policy:1', { ...asked, id })],
  ]
  const through: Event = [11, trace('nat:POSTROUTING:policy:1', { ...asked, in: '', id: 2 })]
  const reply = { in: 'lan', out: 'wan', src: '10.0.0.2', dst: CLIENT, sport: 443, dport: 40_000, flags: 'ACK SYN' }
  const back: Event = [11.1, trace('filter:FORWARD:policy:1', reply)]
  const [status, shown] = await said([...sent(10, 1), ...sent(11, 2), through, back])
  expect(status).toBe('answered')
  expect(shown).toContain('✗ VANISHED after filter FORWARD')
  expect(shown).not.toContain('lines')
})
