/** A packet that passed is not good where the exchange that it belongs to came to nothing: it says to which one. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { dmesg, trace } from '../journey/kernel-lines.ts'

const chains = (...names: string[]) => names.map((name) => `:${name} ACCEPT [0:0]\n`).join('')
const RULES = `*filter\n${chains('INPUT', 'FORWARD')}:OUTPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --tcp-flags RST RST -j ACCEPT\n-A OUTPUT -d 192.0.2.8/32 -j ACCEPT\nCOMMIT\n`

const asked = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 40_000, dport: 53, protocol: 'udp' as const }
const reply = { out: 'eth0', src: '192.0.2.1', dst: '192.0.2.9', sport: 53, dport: 40_000, protocol: 'udp' as const }
const report = async (log: string, full: boolean) => {
  const analysis = await open([
    { name: 'rules', text: RULES },
    { name: 'log', text: log },
  ])
  const { groups, ending } = await analysis.groups()
  return printReport('text', groups, ending, { full })
}
const heads = (text: string) => text.split('\n').filter((line) => /^[✓✗?!] /.test(line))

const of = { protocol: 'tcp' as const, flags: 'SYN', seq: 1000, ack: 0 }
const back = { ...reply, ...of, flags: 'ACK SYN', seq: 5000, ack: 1001 }
const DROPPED = dmesg([
  trace('filter:INPUT:policy:2', { ...asked, ...of }),
  trace('filter:OUTPUT:policy:2', back),
  trace('filter:INPUT:rule:1', { ...asked, ...of, flags: 'RST', seq: 1001 }),
])

test('what passed in an exchange whose reply was dropped names the exchange, and has no sign of success', async () => {
  const full = await report(DROPPED, true)
  expect(heads(full).map((line) => line.replace(/ {2,}.*/, ''))).toEqual([
    expect.stringMatching(/^✗ REPLY LOST/),
    expect.stringMatching(/^✗ DROPPED/),
    '! DELIVERED to this host',
  ])
  expect(full).toContain('in #1: reply lost')
  expect(full).not.toContain('If no reply comes')
})

test('a person who asks for no more does not see it', async () => {
  expect(await report(DROPPED, false)).not.toContain('in #1')
})

test('what passed in one that was answered is good', async () => {
  const log = dmesg([
    trace('filter:INPUT:policy:2', { ...asked, src: '192.0.2.8' }),
    trace('filter:OUTPUT:rule:1', { ...reply, dst: '192.0.2.8' }),
  ])
  expect(heads(await report(log, true)).map((line) => line.charAt(0))).toEqual(['✓', '✓'])
})
