/** Packets that come back to the host that sent them, or that it keeps from who waits for them. */
import { describe, expect, it, test } from 'vitest'
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
    'The reply to 192.0.2.9 never leaves this host: mangle OUTPUT rule 1 sets mark 0x1, which routes it back to this host over lo.',
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

/** nft's chains of OUTPUT show the way out that was chosen before the mark. */
describe('a mark leads a reply back to its own host, and nothing shows it in POSTROUTING', () => {
  const RULESET = `table inet proxy {
	chain prerouting { # handle 1
		type filter hook prerouting priority mangle; policy accept;
	}
	chain output { # handle 2
		type route hook output priority mangle; policy accept;
		meta l4proto udp meta mark set 0x00000001 # handle 4
		tcp sport 22 meta mark set 0x00000001 # handle 5
	}
}
`
  const through = (id: string, chain: string, packet: string, rule: string[] = [], mark = '') =>
    [
      `trace id ${id} inet proxy ${chain} packet: ${packet}`,
      ...rule.map((one) => `trace id ${id} inet proxy ${chain} rule ${one} (verdict continue)`),
      `trace id ${id} inet proxy ${chain} policy accept ${mark}`,
    ].join('\n')
  const ip = (src: string, dst: string, more: string) => `ip saddr ${src} ip daddr ${dst} ip ttl 64 ${more}`
  const capture = (protocol: string, port: number, [asks, answers]: [string, string], handle: number) => {
    const back = ip('192.0.2.1', '192.0.2.9', `ip protocol ${protocol} ${protocol} sport ${port} ${answers}`)
    const marking = `${protocol === 'udp' ? 'meta l4proto udp' : 'tcp sport 22'} meta mark set 0x00000001 # handle ${handle}`
    const asked = ip('192.0.2.9', '192.0.2.1', `ip id 7 ip protocol ${protocol} ${protocol} sport 40000 ${asks}`)
    return [
      through('11111111', 'prerouting', `iif "eth0" ${asked}`),
      through('22222222', 'output', `oif "eth0" ${back}`, [marking], 'meta mark 0x00000001'),
      through('33333333', 'prerouting', `iif "lo" ${back}`, [], 'meta mark 0x00000001'),
      '',
    ].join('\n')
  }
  async function first(text: string, more: Record<string, string>) {
    const files = { 'trace.txt': text, 'ruleset.nft': RULESET, addresses: ADDRESSES, ...more }
    const analysis = await open(Object.entries(files).map(([name, one]) => ({ name, text: one })))
    return (await analysis.exchanges()).exchanges[0]!
  }
  const TCP = capture('tcp', 22, ['tcp dport 22 tcp flags == syn', 'tcp dport 40000 tcp flags == 0x12'], 5)
  const UDP = capture('udp', 40010, ['udp dport 40010 udp length 40', 'udp dport 40000 udp length 40'], 4)
  const RULES =
    '0:	from all lookup local\n100:	from all fwmark 0x1 lookup 100\n32766:	from all lookup main\n32767:	from all lookup default\n'

  it.each([
    ['nothing of routes', {}],
    ['routes', { routes: ROUTES }],
    ['routes and rules', { routes: `${ROUTES}local default dev lo table 100 scope host\n`, rules: RULES }],
  ])('is told with %s', async (_, more) => {
    const one = await first(TCP, more)
    expect(one).toMatchObject({ status: 'reply-lost', culprit: { chain: 'output', handle: 5 } })
    expect(one.findings[0]?.message).toMatch(/^The reply to 192\.0\.2\.9 never leaves this host: inet proxy output/)
  })

  it('is told of what only the request shows for a reply', async () => {
    const one = await first(UDP, { routes: ROUTES })
    expect(one.status).toBe('reply-lost')
    expect(one.findings[0]?.message).toMatch(/never leaves this host: inet proxy output handle 4 sets mark 0x1, which/)
  })

  it('is meant where this host asked with the address of its client: its proxy gets the reply so', async () => {
    const out = TCP.replaceAll('prerouting packet: iif "eth0"', 'output packet: oif "lo"').replace(
      'prerouting policy accept \n',
      'output policy accept \n',
    )
    const one = await first(out, { routes: ROUTES })
    expect(one.status).not.toBe('reply-lost')
    expect(one.findings.map(({ code }) => code)).not.toContain('wrong-way-out')
  })

  it('says where it went, where nothing shows that it came in again', async () => {
    const text = TCP.split('\n')
      .filter((line) => !line.includes('33333333'))
      .join('\n')
    const one = await first(text, { routes: `${ROUTES}local default dev lo table 100 scope host\n`, rules: RULES })
    expect(one.status).not.toBe('answered')
  })
})
