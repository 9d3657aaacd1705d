/** Replies that are seen here, and that go past the program of this host that asked. */
import { describe, expect, it, test } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const CLIENT = '192.0.2.7'
const HOST = '192.0.2.1'
const ADDRESSES = [
  '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
  '3: eth1    inet 198.51.100.1/24 brd 198.51.100.255 scope global eth1\\       valid_lft forever preferred_lft forever\n',
].join('')
const ROUTES = [
  'default via 198.51.100.9 dev eth1 table 100',
  '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1',
  '198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.1',
  'local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1',
  'local 198.51.100.1 dev eth1 table local proto kernel scope host src 198.51.100.1',
]
  .map((line) => `${line}\n`)
  .join('')
const STATE = { addresses: ADDRESSES, routes: ROUTES }

const filter = (...rules: string[]): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.map((rule) => `${rule}\n`).join('')}COMMIT\n`

async function first(lines: readonly string[], rules: string, more: Record<string, string> = {}): Promise<Exchange> {
  const files = Object.entries({ 'trace.log': dmesg(lines), 'rules.v4': rules, ...STATE, ...more })
  const analysis = await open(files.map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges[0]!
}

const codes = ({ findings }: Exchange) => findings.map(({ code }) => code)

describe('a reply to what this host itself has asked', () => {
  const own: TestPacket = { out: 'eth0', src: HOST, dst: CLIENT, sport: 40_000, dport: 80, flags: 'SYN' }
  const back: TestPacket = { in: 'eth0', src: CLIENT, dst: HOST, sport: 80, dport: 40_000, flags: 'ACK SYN' }
  const sent = [trace('filter:OUTPUT:policy:1', own)]

  it('is lost where this host forwards it', async () => {
    const past = [trace('filter:FORWARD:policy:1', { ...back, out: 'eth1' })]
    const { status, basis } = await first([...sent, ...past], filter())
    expect([status, basis]).toEqual(['reply-lost', 'inferred'])
  })

  it('is none that the asker missed where the asker goes on', async () => {
    const past = [trace('filter:FORWARD:policy:1', { ...back, out: 'eth1' })]
    const more = [trace('filter:OUTPUT:policy:1', { ...own, flags: 'ACK', seq: 8, ack: 8 })]
    expect((await first([...sent, ...past, ...more], filter())).status).toBe('answered')
  })
})

test('a reply in another zone, of which nat is not undone, does not get to who asked', async () => {
  const hooks = ['raw PREROUTING', 'raw OUTPUT', 'nat PREROUTING', 'nat INPUT', 'nat OUTPUT', 'nat POSTROUTING']
  const table = (name: string, rule: string) =>
    `*${name}\n${hooks.flatMap((hook) => (hook.startsWith(`${name} `) ? [`:${hook.split(' ')[1]} ACCEPT [0:0]\n`] : [])).join('')}${rule}\nCOMMIT\n`
  const rules = `${table('raw', '-A OUTPUT -p tcp -m tcp --dport 80 -j CT --zone 7')}${table('nat', '-A POSTROUTING -o eth0 -j MASQUERADE')}${filter()}`
  const own: TestPacket = { out: 'eth0', src: '198.51.100.1', dst: CLIENT, sport: 40_000, dport: 80, flags: 'SYN' }
  const back: TestPacket = { in: 'eth0', src: CLIENT, dst: HOST, sport: 80, dport: 40_000, flags: 'ACK SYN' }
  const lines = [
    trace('raw:OUTPUT:rule:1', own),
    trace('nat:OUTPUT:policy:1', own),
    trace('filter:OUTPUT:policy:1', own),
    trace('nat:POSTROUTING:rule:1', own),
    trace('raw:PREROUTING:policy:1', back),
    trace('nat:PREROUTING:policy:1', back),
    trace('filter:INPUT:policy:1', back),
    trace('nat:INPUT:policy:1', back),
  ]
  const conntrack = `tcp      6 118 SYN_SENT src=198.51.100.1 dst=${CLIENT} sport=40000 dport=80 [UNREPLIED] src=${CLIENT} dst=${HOST} sport=80 dport=40000 mark=0 zone=7 use=1\n`
  const exchange = await first(lines, rules, { conntrack })
  expect(exchange.status).toBe('reply-lost')
  expect(codes(exchange)).toContain('other-zone')
})
