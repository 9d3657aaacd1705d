/** A request that nat rewrote, and a reply that a rule keeps from connection tracking: an entry with its addresses leads it nowhere. */
import { expect, test } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const ROUTES = [
  '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1',
  '198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.1',
  'local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1',
  'local 198.51.100.1 dev eth1 table local proto kernel scope host src 198.51.100.1',
]
const ENTRY =
  'udp 17 26 src=192.0.2.7 dst=198.51.100.9 sport=40000 dport=53 [UNREPLIED] src=198.51.100.9 dst=198.51.100.1 sport=53 dport=40000 use=1\n'
const chains = (...names: string[]) => names.map((name) => `:${name} ACCEPT [0:0]\n`).join('')
const rules = (raw: string) =>
  `*raw\n${chains('PREROUTING', 'OUTPUT')}${raw}COMMIT\n*nat\n${chains('PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING')}-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n*filter\n${chains('INPUT', 'FORWARD', 'OUTPUT')}COMMIT\n`

const there: TestPacket = {
  ...{ in: 'eth0', src: '192.0.2.7', dst: '198.51.100.9', sport: 40_000, dport: 53, protocol: 'udp' },
}
const back: TestPacket = {
  ...{ in: 'eth1', src: '198.51.100.9', dst: '198.51.100.1', sport: 53, dport: 40_000, protocol: 'udp' },
}
const REQUEST = [
  trace('raw:PREROUTING:policy:2', there),
  trace('filter:FORWARD:policy:1', { ...there, out: 'eth1' }),
  trace('nat:POSTROUTING:rule:1', { ...there, out: 'eth1' }),
]

async function told(raw: string, ...reply: string[]): Promise<Exchange> {
  const files = {
    ...{ 'trace.log': dmesg([...REQUEST, ...reply]), 'rules.v4': rules(raw) },
    ...{ routes: `${ROUTES.join('\n')}\n`, conntrack: ENTRY },
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges[0]!
}

test('an untracked reply stays addressed to this host', async () => {
  const reply = [trace('raw:PREROUTING:rule:1', back), trace('filter:INPUT:policy:1', back)]
  const { status, basis, findings } = await told('-A PREROUTING -i eth1 -j CT --notrack\n', ...reply)
  expect([status, basis]).toEqual(['reply-lost', 'inferred'])
  expect(findings.find(({ code, severity }) => code === 'untracked' && severity === 'error')?.message).toBe(
    'The reply is not tracked, so nat does not lead it back to 192.0.2.7:40000: it stays addressed to 198.51.100.1:40000.',
  )
})

test('a tracked one is led back', async () => {
  const forwarded = trace('filter:FORWARD:policy:1', { ...back, dst: '192.0.2.7', out: 'eth0' })
  expect((await told('', trace('raw:PREROUTING:policy:1', back), forwarded)).status).toBe('answered')
})
