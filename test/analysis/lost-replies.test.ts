/** Replies that were sent, and do not get to who asked. */
import { describe, expect, test } from 'vitest'
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

const asked: TestPacket = { in: 'eth0', src: CLIENT, dst: HOST, sport: 40_000, dport: 53, protocol: 'udp' }
const replied: TestPacket = { out: 'eth0', src: HOST, dst: CLIENT, sport: 53, dport: 40_000, protocol: 'udp' }

async function first(lines: readonly string[], rules: string, more: Record<string, string> = {}): Promise<Exchange> {
  const files = Object.entries({ 'trace.log': dmesg(lines), 'rules.v4': rules, ...STATE, ...more })
  const analysis = await open(files.map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges[0]!
}

const codes = ({ findings }: Exchange) => findings.map(({ code }) => code)

test('a mark leads the reply away from who asked', async () => {
  const chains = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map((chain) => `:${chain} ACCEPT [0:0]\n`)
  const rules = `*mangle\n${chains.join('')}-A PREROUTING -i eth1 -j MARK --set-xmark 0x3/0xffffffff\nCOMMIT\n${filter()}`
  const there: TestPacket = { ...asked, dst: '198.51.100.9', out: 'eth1' }
  const back = (out: string): TestPacket => ({ ...replied, in: 'eth1', src: '198.51.100.9', out, mark: 3 })
  const through = (packet: TestPacket) => [
    trace('mangle:FORWARD:policy:1', packet),
    trace('filter:FORWARD:policy:1', packet),
    trace('mangle:POSTROUTING:policy:1', packet),
  ]
  const lines = (out: string) => [
    trace('mangle:PREROUTING:policy:2', { ...there, out: '' }),
    ...through(there),
    trace('mangle:PREROUTING:rule:1', { ...back(''), mark: 0 }),
    trace('mangle:PREROUTING:policy:2', back('')),
    ...through(back(out)),
  ]
  const more = {
    rules:
      '0:\tfrom all lookup local\n100:\tfrom all fwmark 0x3 lookup 100\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n',
  }
  const lost = await first(lines('eth1'), rules, more)
  expect([lost.status, lost.basis]).toEqual(['reply-lost', 'inferred'])
  expect(codes(lost)).toContain('wrong-way-out')
  expect((await first(lines('eth0'), rules)).status).toBe('answered')
})

test('a refusal that a rule stops is not received', async () => {
  const error: TestPacket = { out: 'eth0', src: HOST, dst: CLIENT, protocol: 'icmp', icmpType: 3 }
  const line = trace('filter:OUTPUT:rule:1', error).replace(
    / ID=9 SEQ=1 $/,
    ` [SRC=${CLIENT} DST=${HOST} LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=UDP SPT=40000 DPT=53 LEN=40 ] `,
  )
  const came = trace('filter:INPUT:policy:1', asked)
  const stopped = await first([came, line], filter('-A OUTPUT -p icmp -j DROP'))
  expect([stopped.status, stopped.basis]).toEqual(['reply-lost', 'observed'])
  expect(stopped.culprit).toMatchObject({ chain: 'OUTPUT', ruleNumber: 1 })
  expect((await first([came, line], filter('-A OUTPUT -p icmp -j ACCEPT'))).status).toBe('refused')
})

test('the refusal of a closed port is played where it was not captured', async () => {
  const sockets = { sockets: 'udp   UNCONN 0      0          0.0.0.0:123        0.0.0.0:*\n' }
  const nat =
    '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 81 -j REDIRECT --to-ports 82\nCOMMIT\n'
  const came = ['nat:PREROUTING:policy:2', 'filter:INPUT:policy:1', 'nat:INPUT:policy:1'].map((at) => trace(at, asked))
  const told = async (...rules: string[]) => (await first(came, `${nat}${filter(...rules)}`, sockets)).status
  expect(await told('-A OUTPUT -p icmp -j DROP')).toBe('reply-lost')
  // what the program would have sent is not what is sent
  expect(await told('-A OUTPUT -p udp -j DROP')).toBe('refused')
  expect(await told()).toBe('refused')
})

test('a program that replies from another address than nat had chosen begins a connection of its own', async () => {
  const rules = `*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -i eth0 -j DNAT --to-destination 198.51.100.1\nCOMMIT\n${filter()}`
  const came = [
    trace('nat:PREROUTING:rule:1', asked),
    trace('filter:INPUT:policy:1', { ...asked, dst: '198.51.100.1' }),
    trace('nat:INPUT:policy:1', { ...asked, dst: '198.51.100.1' }),
  ]
  const anew = [
    trace('nat:OUTPUT:policy:1', replied),
    trace('filter:OUTPUT:policy:1', replied),
    trace('nat:POSTROUTING:policy:1', replied),
  ]
  const lost = await first([...came, ...anew], rules)
  expect([lost.status, lost.basis]).toEqual(['reply-lost', 'inferred'])
  expect(codes(lost)).toContain('reply-from-other-address')
  // conntrack knows the reply by the address that nat had chosen, and nat's chains are not asked for it
  const known = [trace('filter:OUTPUT:policy:1', { ...replied, src: '198.51.100.1' })]
  expect((await first([...came, ...known], rules)).status).not.toBe('reply-lost')
})

test('a program that takes what is for any address replies from another one', async () => {
  const from = (src: string) => [
    trace('filter:INPUT:policy:1', asked),
    trace('filter:OUTPUT:policy:1', { ...replied, src }),
  ]
  const sockets = (address: string) => ({ sockets: `udp UNCONN 0 0 ${address}:53 0.0.0.0:*\n` })
  const OTHER = '198.51.100.1'
  const told = await first(from(OTHER), filter(), sockets('0.0.0.0'))
  expect(told).toMatchObject({ status: 'undetermined', journeys: { request: ['1'], replies: ['2'] } })
  expect(codes(told)).toContain('reply-from-other-address')
  expect(codes(await first(from(HOST), filter(), sockets('0.0.0.0')))).not.toContain('reply-from-other-address')
  expect((await first(from(OTHER), filter(), sockets(HOST))).journeys.replies).toEqual([])
  // it has gone on with that
  const later = trace('filter:INPUT:policy:1', { ...asked, id: 2 })
  const goes = await first([...from(OTHER), later], filter(), sockets('0.0.0.0'))
  expect(codes(goes)).not.toContain('reply-from-other-address')
})

test('a reset that is dropped gets an accept by the port that it comes from', async () => {
  const lines = [
    trace('filter:INPUT:policy:1', { ...asked, protocol: 'tcp', dport: 8080 }),
    trace('filter:OUTPUT:rule:1', { ...replied, protocol: 'tcp', sport: 8080, flags: 'ACK RST', seq: 0, window: 0 }),
  ]
  const lost = await first(lines, filter('-A OUTPUT -p tcp -j DROP'))
  expect(lost.status).toBe('reply-lost')
  const added = lost.findings.flatMap(({ fix }) => fix).filter(({ description }) => /^accept such/.test(description))
  expect(JSON.stringify(added)).toContain('"sport"')
  expect(JSON.stringify(added)).not.toContain('40000')
})

test('who asked is told by what came first, not by what was complete first', async () => {
  // nothing shows that the request goes no further, as nobody has saved nat's chains
  const rules = `*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n${filter()}`
  const lines = [
    trace('nat:PREROUTING:policy:1', asked),
    trace('filter:INPUT:policy:1', asked),
    trace('filter:OUTPUT:policy:1', replied),
    trace('nat:POSTROUTING:policy:1', replied),
  ]
  const { journeys, asked: told } = await first(lines, rules)
  expect(journeys).toMatchObject({ request: ['1'], replies: ['2'] })
  expect(told).toMatchObject({ src: CLIENT, dport: 53 })
})

describe('an error that quotes nothing', () => {
  const out = (sport: number): TestPacket => ({
    ...{ out: 'eth1', src: '198.51.100.1', dst: '198.51.100.9', sport, dport: 53, protocol: 'udp' },
  })
  const sent = (sport: number) => [
    trace('filter:OUTPUT:policy:1', out(sport)),
    trace('mangle:POSTROUTING:policy:1', out(sport)),
  ]
  const error = (src: string) =>
    trace('filter:INPUT:rule:1', { in: 'eth1', src, dst: '198.51.100.1', protocol: 'icmp', icmpType: 3 }).replace(
      / CODE=0 ID=9 SEQ=1 $/,
      ' CODE=3 ',
    )
  const told = error('198.51.100.9')
  const heard = (dport: number) =>
    trace('filter:INPUT:rule:2', { ...replied, out: '', in: 'eth1', src: '198.51.100.9', dst: '198.51.100.1', dport })
  // what would come back is dropped here: but something came back
  const RULES = `*mangle\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n${filter('-A INPUT -p icmp -j ACCEPT', '-A INPUT -j DROP')}`

  test('is about the one exchange that waits for a reply, or about nobody knows which', async () => {
    expect((await first(sent(40_000), RULES)).status).toBe('reply-lost')
    const one = await first([...sent(40_000), told], RULES)
    expect([one.status, one.basis, one.journeys.errors]).toEqual(['refused', 'inferred', ['2']])
    expect((await first([...sent(40_000), ...sent(40_001), told], RULES)).status).toBe('undetermined')
  })

  test('refuses for nobody else', async () =>
    expect((await first([...sent(40_000), error('198.51.100.77')], RULES)).status).toBe('undetermined'))

  test('counts less than a reply', async () => {
    const rules = RULES.replace('-A INPUT -j DROP', '-A INPUT -p udp -j ACCEPT')
    expect((await first([...sent(40_000), told, heard(40_000)], rules)).status).toBe('answered')
  })

  test('is forgotten among many of them no more than others are', async () => {
    const many = Array.from({ length: 120 }, () => error('198.51.100.77'))
    expect((await first([...sent(40_000), ...sent(40_001), ...many], RULES)).status).toBe('undetermined')
  })
})

test('who goes on with a reply has it, though the neighbour is silent now', async () => {
  const tcp = { protocol: 'tcp', dport: 80 } as const
  const reply: TestPacket = { ...replied, protocol: 'tcp', sport: 80, flags: 'ACK SYN' }
  const lines = [
    trace('filter:INPUT:policy:1', { ...asked, ...tcp }),
    trace('filter:OUTPUT:policy:1', reply),
    trace('filter:INPUT:policy:1', { ...asked, ...tcp, flags: 'ACK', seq: 8 }),
  ]
  const more = {
    neighbours: '192.0.2.7 dev eth0 FAILED\n',
    arp: 'table arp t {\n chain input {\n  type filter hook input priority 0; policy drop;\n }\n}\n',
  }
  expect((await first(lines, filter(), more)).status).toBe('answered')
  expect((await first(lines.slice(0, 2), filter(), more)).status).toBe('reply-lost')
})

test('a reply that differs by its addresses alone is another packet', async () => {
  const ntp = { protocol: 'udp', sport: 123, dport: 123, id: 0, length: 76 } as const
  const lines = [
    trace('filter:OUTPUT:policy:1', { out: 'eth0', src: HOST, dst: CLIENT, ...ntp }),
    trace('filter:INPUT:policy:1', { in: 'eth0', src: CLIENT, dst: HOST, ...ntp }),
  ]
  // nat might be asked next
  const { status, journeys } = await first(lines, `*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n${filter()}`)
  expect([status, journeys.request, journeys.replies]).toEqual(['answered', ['1'], ['2']])
})
