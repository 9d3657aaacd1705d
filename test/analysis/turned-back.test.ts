/** Packets that come back to the host that sent them, or that it keeps from who waits for them. */
import { expect, test } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const ADDRESSES =
  '1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\n'
const ROUTES = `192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1
`
const table = (name: string, chains: string, ...rules: string[]): string =>
  `*${name}\n${chains
    .split(' ')
    .map((chain) => `:${chain} ${chain === chain.toUpperCase() ? 'ACCEPT' : '-'} [0:0]\n`)
    .join('')}${rules.map((rule) => `${rule}\n`).join('')}COMMIT\n`

async function exchanges(lines: readonly string[], rules: string, more: Record<string, string> = {}) {
  const files = Object.entries({
    ...{ 'trace.log': dmesg(lines), 'rules.v4': rules, addresses: ADDRESSES, routes: ROUTES },
    ...more,
  })
  const analysis = await open(files.map(([name, text]) => ({ name, text })))
  return (await analysis.exchanges()).exchanges
}
const codes = ({ findings }: Exchange) => findings.map(({ code, severity }) => `${severity} ${code}`)

test('a mark leads a reply back to its own host', async () => {
  const asked: TestPacket = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 40_000, dport: 22 }
  const reply: TestPacket = {
    ...{ out: 'eth0', src: '192.0.2.1', dst: '192.0.2.9', sport: 22, dport: 40_000 },
    ...{ flags: 'ACK SYN', seq: 9, id: 0 },
  }
  const { out: _, ...back } = { ...reply, in: 'lo', mark: 1 }
  const rules = table(
    'mangle',
    'PREROUTING INPUT FORWARD OUTPUT POSTROUTING',
    '-A OUTPUT -p tcp -j MARK --set-xmark 0x1/0xffffffff',
  )
  const lines = [
    trace('mangle:PREROUTING:policy:1', asked),
    trace('mangle:INPUT:policy:1', asked),
    trace('mangle:OUTPUT:rule:1', reply),
    trace('mangle:OUTPUT:policy:2', { ...reply, mark: 1 }),
    trace('mangle:POSTROUTING:policy:1', { ...reply, out: 'lo', mark: 1 }),
    trace('mangle:PREROUTING:policy:1', back),
    trace('mangle:INPUT:policy:1', back),
  ]
  const [one] = await exchanges(lines, rules)
  expect(one?.status).toBe('reply-lost')
  expect(one?.culprit).toMatchObject({ table: 'mangle', chain: 'OUTPUT', ruleNumber: 1 })
  expect(codes(one!)[0]).toBe('error wrong-way-out')
  expect(one?.findings[0]?.message).toBe(
    'It is a reply to 192.0.2.9, but never leaves this host: mangle OUTPUT rule 1 sets mark 0x1, and the mark routes it back to this host over lo.',
  )
})

test('a request comes back with the address of its own host', async () => {
  const asked: TestPacket = { out: 'eth0', src: '192.0.2.1', dst: '192.0.2.5', sport: 40_000 }
  const back: TestPacket = { in: 'eth1', src: '192.0.2.1', dst: '192.0.2.1', sport: 40_000, ttl: 63 }
  const rules = table('raw', 'PREROUTING OUTPUT') + table('filter', 'INPUT FORWARD OUTPUT')
  const lines = (sport: number) => [
    trace('raw:OUTPUT:policy:1', asked),
    trace('filter:OUTPUT:policy:1', asked),
    trace('raw:PREROUTING:policy:1', { ...back, sport }),
    trace('raw:PREROUTING:policy:1', { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 1, id: 9 }),
  ]
  const sysctls = { sysctls: 'net.ipv4.conf.all.accept_local = 0\nnet.ipv4.conf.eth1.accept_local = 0\n' }
  const first = async (sport: number) => (await exchanges(lines(sport), rules, sysctls))[0]!
  const one = await first(40_000)
  expect(one.status).toBe('lost')
  expect(one.findings[0]?.message).toMatch(
    /^The packet came back to this host, addressed to 192.0.2.1 \(#2\). Routing dropped it/,
  )
  expect((await first(40_001)).status).not.toBe('lost')
})

test('a retransmission skips nat, and less is seen of it than of the request', async () => {
  const asked: TestPacket = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 40_000, dport: 80 }
  const rules = `${table('raw', 'PREROUTING OUTPUT', '-A PREROUTING -j TRACE')}${table(
    'nat',
    'PREROUTING INPUT OUTPUT POSTROUTING',
    '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.0.2.7:80',
  )}`
  const lines = [
    trace('raw:PREROUTING:policy:2', asked),
    trace('nat:PREROUTING:rule:1', asked),
    trace('nat:POSTROUTING:policy:1', { ...asked, in: '', out: 'eth0', dst: '192.0.2.7', ttl: 63 }),
    trace('raw:PREROUTING:policy:2', { ...asked, id: 2 }),
  ]
  const [one] = await exchanges(lines, rules, { 'sysctl.txt': 'net.ipv4.ip_forward = 1\n' })
  expect(one?.journeys).toMatchObject({ request: ['1'], retransmissions: ['2'] })
  expect(one?.status).toBe('unanswered')
})
