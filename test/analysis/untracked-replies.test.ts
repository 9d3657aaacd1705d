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
    'The reply is exempted from conntrack by raw PREROUTING rule 1, so nat does not lead it back to 192.0.2.7:40000: it stays addressed to 198.51.100.1:40000.',
  )
})

test('a tracked one is led back', async () => {
  const forwarded = trace('filter:FORWARD:policy:1', { ...back, dst: '192.0.2.7', out: 'eth0' })
  expect((await told('', trace('raw:PREROUTING:policy:1', back), forwarded)).status).toBe('answered')
})

const CACHE = 'ip saddr 169.254.20.10 ip daddr 10.244.1.2 ip ttl 64 ip id 2 ip length 60 udp sport 53 udp dport 40003'
const QUESTION = 'ip saddr 10.244.1.2 ip daddr 10.96.3.45 ip ttl 64 ip id 1 ip length 60 udp sport 40003 udp dport 53'
const monitored = (rule: string) => `trace id 70623725 ip nat PREROUTING packet: iif "cbr0" ${QUESTION}
trace id 70623725 ip nat PREROUTING rule ip daddr 10.96.3.45 udp dport 53 dnat to 169.254.20.10:53 # handle 12 (verdict accept)
trace id 0bb9fa4e ip filter INPUT packet: iif "cbr0" ${QUESTION.replace('10.96.3.45', '169.254.20.10')}
trace id 0bb9fa4e ip filter INPUT policy accept
trace id 0bb9fa4e ip nat INPUT packet: iif "cbr0" ${QUESTION.replace('10.96.3.45', '169.254.20.10')}
trace id 0bb9fa4e ip nat INPUT policy accept
trace id 2a4f0ba8 ip raw OUTPUT packet: oif "cbr0" ${CACHE}
trace id 2a4f0ba8 ip raw OUTPUT rule ${rule} # handle 6 (verdict continue)
trace id 2a4f0ba8 ip raw OUTPUT policy accept
trace id 2a4f0ba8 ip filter OUTPUT packet: oif "cbr0" ${CACHE}
trace id 2a4f0ba8 ip filter OUTPUT rule udp sport 53 accept # handle 19 (verdict accept)
trace id caf693d7 ip filter INPUT packet: iif "cbr0" ip saddr 10.244.1.7 ip daddr 10.244.1.1 ip ttl 64 ip id 3 ip length 60 udp sport 1 udp dport 2
trace id caf693d7 ip filter INPUT policy accept
`

test.each([
  ['undetermined', 'ip saddr 169.254.20.10 udp sport 53 counter packets 1 bytes 60 notrack'],
  ['undetermined', 'ip saddr 169.254.20.10 notrack comment "the cache"'],
  ['answered', 'ip saddr 169.254.20.10 counter packets 1 bytes 60 comment "no notrack here"'],
])(
  'without a ruleset a trace tells by the words of its rule that a reply may not arrive, as it is untracked: %s by %s',
  async (status, rule) => {
    const analysis = await open([{ name: 'trace.txt', text: monitored(rule) }])
    const { exchanges } = await analysis.exchanges()
    expect(exchanges[0]!.status).toBe(status)
  },
)
