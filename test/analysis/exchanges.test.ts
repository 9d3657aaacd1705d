/** A request and what came of it, from the journeys of both directions, host state, and the model. */
import { expect, test } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import { type Exchange, open } from '../../src/index.ts'
import { clocked, type Event, type TestPacket, trace } from '../journey/kernel-lines.ts'
import { NAT } from './nat-rules.ts'

const FILTER = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 23 -j DROP
-A OUTPUT -p tcp -m tcp --sport 25 -j DROP
COMMIT
`
const CLIENT = '192.0.2.7'
const HOST = '192.0.2.1'

/** The host's own. */
const STATE = {
  address:
    '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
  routes:
    'local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1\n192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1\n',
}

const asks = (packet: Partial<TestPacket>): TestPacket => ({
  in: 'eth0',
  src: CLIENT,
  dst: HOST,
  sport: 40_000,
  dport: 80,
  ...packet,
})
const answers = (packet: Partial<TestPacket>): TestPacket => ({
  ...{ out: 'eth0', src: HOST, dst: CLIENT, sport: 80, dport: 40_000, flags: 'ACK SYN' },
  ...packet,
})
const came = (clock: number, packet: Partial<TestPacket> = {}): Event => [
  clock,
  trace('filter:INPUT:policy:2', asks(packet)),
]
const went = (clock: number, packet: Partial<TestPacket> = {}): Event => [
  clock,
  trace('filter:OUTPUT:policy:2', answers(packet)),
]

async function tell(events: readonly Event[], more: Record<string, string> = {}, rules = FILTER): Promise<Exchange[]> {
  const files = Object.entries({ 'trace.log': clocked(events), 'rules.v4': rules, ...more })
  const analysis = await open(files.map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges
}

const statuses = async (...given: Parameters<typeof tell>) =>
  (await tell(...given)).map(({ status, basis, journeys }) => [
    status,
    basis,
    ...Object.values(journeys).map((ids) => ids.join()),
  ])

/** Another exchange, so that replies are seen to be captured. */
const OTHER: readonly Event[] = [came(1, { sport: 50_000, seq: 1 }), went(1.01, { dport: 50_000, seq: 2 })]

test('a reply came by', async () => {
  expect(await statuses([came(10), went(10.1)])).toEqual([['answered', 'observed', '1', '', '2', '']])
})

test('the reply was captured first', async () => {
  const [exchange] = await tell([went(10.1)])
  expect(exchange).toMatchObject({ status: 'answered', asked: { src: CLIENT, dst: HOST, sport: 40_000, dport: 80 } })
  expect(exchange!.journeys).toEqual({ request: [], retransmissions: [], replies: ['1'], errors: [] })
})

test('the request was dropped', async () => {
  const dropped: Event = [10, trace('filter:INPUT:rule:1', asks({ dport: 23 }))]
  const [exchange] = await tell([dropped])
  expect(exchange).toMatchObject({ status: 'dropped', basis: 'observed', culprit: { chain: 'INPUT', ruleNumber: 1 } })
  expect(exchange!.findings.map(({ code }) => code)).toContain('dropped-by-rule')
})

test('a request that is dropped first and let through when it is sent again is answered', async () => {
  const dropped: Event = [10, trace('filter:INPUT:rule:1', asks({ dport: 23, seq: 5 }))]
  const again: Event = [11, trace('filter:INPUT:policy:2', asks({ dport: 23, seq: 5 }))]
  const told = await statuses([dropped, again, went(11.1, { sport: 23 })])
  expect(told).toEqual([['answered', 'observed', '1', '2', '3', '']])
})

test('its reply was stopped', async () => {
  const reply: Event = [10.1, trace('filter:OUTPUT:rule:1', answers({ sport: 25 }))]
  const [exchange] = await tell([came(10, { dport: 25 }), reply])
  expect(exchange).toMatchObject({
    status: 'reply-lost',
    basis: 'observed',
    culprit: { chain: 'OUTPUT', ruleNumber: 1 },
  })
})

test('its reply was stopped, and would be once more behind that', async () => {
  const mangle = '*mangle\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m tcp --sport 25 -j DROP\nCOMMIT\n'
  const reply: Event = [10.1, trace('mangle:OUTPUT:rule:1', answers({ sport: 25 }))]
  const [exchange] = await tell([came(10, { dport: 25 }), reply], STATE, `${mangle}${FILTER}`)
  const [{ code, fix }] = exchange!.findings as [Exchange['findings'][number]]
  expect([code, fix.map(({ edits, after }) => [edits?.length, after])]).toEqual(['reply-dropped', [[2, 'delivered']]])
})

test('a reply that gets through once its asker has given up does not make up for the one that was stopped', async () => {
  const stopped: Event = [10.1, trace('filter:OUTPUT:rule:1', answers({ sport: 25, seq: 5, ack: 8 }))]
  const again = went(11.1, { sport: 25, seq: 5, ack: 8 })
  const asked = [came(10, { dport: 25, seq: 7 }), stopped, again]
  const status = async (...more: Event[]) => (await tell([...asked, ...more]))[0]!.status
  expect(await status(came(11.2, { dport: 25, seq: 8, flags: 'RST' }))).toBe('reply-lost')
  expect(await status(came(11.2, { dport: 25, seq: 8, ack: 6, flags: 'ACK' }))).toBe('answered')
  const used = came(11.2, { dport: 25, seq: 8, ack: 6, flags: 'ACK' })
  expect(await status(used, came(12, { dport: 25, seq: 8, flags: 'RST' }))).toBe('answered')
})

test('a reset came back', async () => {
  expect(await statuses([came(10), went(10.1, { flags: 'ACK RST', seq: 0, window: 0 })])).toEqual([
    ['refused', 'observed', '1', '', '2', ''],
  ])
})

test('a reset came, and the capture loses sight of it', async () => {
  const asked: Event = [10, trace('filter:OUTPUT:policy:2', answers({ sport: 40_000, dport: 80, flags: 'SYN' }))]
  const reset = asks({ sport: 80, dport: 40_000, flags: 'ACK RST', seq: 0, window: 0 })
  const seen: Event = [10.1, trace('raw:PREROUTING:policy:1', reset)]
  expect(await statuses([asked, seen])).toEqual([['refused', 'inferred', '1', '', '2', '']])
  const answer: Event = [10.1, trace('raw:PREROUTING:policy:1', { ...reset, flags: 'ACK SYN' })]
  expect(await statuses([asked, answer])).toEqual([['undetermined', 'observed', '1', '', '2', '']])
})

test('nobody listens, which is said once where a reset tells it', async () => {
  const here = { sockets: 'tcp   LISTEN 0      128          0.0.0.0:22        0.0.0.0:*\n', ...STATE }
  expect(await statuses([came(10)], here)).toEqual([['refused', 'inferred', '1', '', '', '']])
  const [exchange] = await tell([came(10), went(10.1, { flags: 'ACK RST', seq: 0, window: 0 })], here)
  const sure = exchange!.findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code)
  expect(sure).toEqual(['closed-port'])
})

test('it was sent again, as no reply came', async () => {
  expect(await statuses([...OTHER, came(10), came(11)])).toContainEqual(['unanswered', 'observed', '3', '4', '', ''])
})

test('where replies are captured, none within two seconds', async () => {
  expect(await statuses([...OTHER, came(10), came(13, { sport: 41_000, seq: 9 })])).toContainEqual([
    'unanswered',
    'inferred',
    '3',
    '',
    '',
    '',
  ])
})

test('where only requests are captured, nothing is said of replies', async () => {
  expect(await statuses([came(10), came(13, { sport: 41_000, seq: 9 })])).toEqual([
    ['undetermined', 'observed', '1', '', '', ''],
    ['undetermined', 'observed', '2', '', '', ''],
  ])
})

test('connection tracking has seen a reply', async () => {
  const entry = `tcp      6 431999 ESTABLISHED src=${CLIENT} dst=${HOST} sport=40000 dport=80 src=${HOST} dst=${CLIENT} sport=80 dport=40000 [ASSURED] mark=0 use=1\n`
  expect(await statuses([came(10)], { conntrack: entry })).toEqual([['answered', 'inferred', '1', '', '', '']])
})

test('what is late after the end of a connection is no failure', async () => {
  const fin = went(10.2, { flags: 'ACK FIN', seq: 99 })
  const straggler: Event = [10.3, trace('filter:INPUT:rule:1', asks({ flags: 'RST', seq: 100 }))]
  expect((await statuses([came(10), went(10.1), fin, straggler]))[0]![0]).toBe('answered')
})

test('the same ports again after an answer are another exchange', async () => {
  const told = await statuses([came(10, { seq: 1 }), went(10.1), came(20, { seq: 2 }), went(20.1, { seq: 8 })])
  expect(told).toEqual([
    ['answered', 'observed', '1', '', '2', ''],
    ['answered', 'observed', '3', '', '4', ''],
  ])
})

test('each echo is an exchange of its own', async () => {
  const ping = { protocol: 'icmp', icmpType: 8, icmpId: 77 } as const
  const pong = { protocol: 'icmp', icmpType: 0, icmpId: 77 } as const
  const told = await statuses([
    came(1, { ...ping, icmpSeq: 1 }),
    went(1.1, { ...pong, icmpSeq: 1 }),
    came(2, { ...ping, icmpSeq: 2 }),
    came(5, { ...ping, icmpSeq: 3 }),
    went(5.1, { ...pong, icmpSeq: 3 }),
  ])
  expect(told.map(([status]) => status)).toEqual(['answered', 'unanswered', 'answered'])
})

test('the reply comes from where NAT sent the request', async () => {
  const before = { in: 'wan', src: CLIENT, dst: HOST, sport: 40_000, dport: 8080 }
  const behind = { in: 'wan', out: 'lan', src: CLIENT, dst: '10.0.0.2', sport: 40_000, dport: 80 }
  const reply = { in: 'lan', out: 'wan', src: '10.0.0.2', dst: CLIENT, sport: 80, dport: 40_000, flags: 'ACK SYN' }
  const told = await tell(
    [
      [10, trace('nat:PREROUTING:rule:1', before)],
      [10, trace('filter:FORWARD:policy:1', behind)],
      [10, trace('nat:POSTROUTING:policy:1', { ...behind, in: '' })],
      [10.1, trace('filter:FORWARD:policy:1', reply)],
    ],
    {},
    NAT,
  )
  expect(told).toHaveLength(1)
  expect(told[0]).toMatchObject({ status: 'answered', became: { dst: '10.0.0.2', dport: 80 } })
})

test('two captures that show one packet are not a packet sent again', async () => {
  const dropped: Event = [10, trace('filter:INPUT:rule:1', asks({ dport: 23 }))]
  const [exchange, ...others] = await tell([dropped], { 'other.log': clocked([[90, dropped[1]]]) })
  expect(others).toEqual([])
  expect(exchange).toMatchObject({ status: 'dropped', journeys: { request: ['1'], retransmissions: [] } })
})

test('whoever asks again behind a reply has not got it', async () => {
  const asked = [came(10, { seq: 5 }), went(10.1), came(11, { seq: 5 }), went(11.1)]
  expect(await statuses(asked)).toEqual([['reply-lost', 'inferred', '1', '3', '2,4', '']])
  const goesOn = came(11.2, { seq: 6, flags: 'ACK' })
  expect((await statuses([...asked, goesOn]))[0]![0]).toBe('answered')
})

test('of a crowd a rate limit may have left out the replies', async () => {
  const crowd = Array.from({ length: 12 }, (_, i) => came(5 + i / 100, { sport: 42_000 + i, seq: 50 + i }))
  const told = await statuses([...OTHER, ...crowd, came(20, { sport: 43_000, seq: 99 })])
  expect(new Set(told.map(([status]) => status))).toEqual(new Set(['answered', 'undetermined']))
})

test('a handshake that connection tracking knows as half open has not come to its end', async () => {
  const entry = `tcp      6 58 SYN_RECV src=${CLIENT} dst=${HOST} sport=40000 dport=80 src=${HOST} dst=${CLIENT} sport=80 dport=40000 mark=0 use=1\n`
  expect((await statuses([came(10)], { conntrack: entry }))[0]![0]).toBe('undetermined')
})

test('a reply that leaves by another uplink got back only where somebody goes on with it', async () => {
  const more = {
    address: [
      '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
      '3: tun0    inet 10.8.0.6/24 brd 10.8.0.255 scope global tun0\\       valid_lft forever preferred_lft forever\n',
    ].join(''),
  }
  const [asked, left] = [came(10, { seq: 5 }), went(10.1, { out: 'tun0' })]
  const [exchange] = await tell([asked, left], more)
  expect(exchange!.status).toBe('undetermined')
  expect(exchange!.findings.map(({ code }) => code)).toContain('reply-by-other-uplink')
  expect((await statuses([asked, left, came(10.2, { seq: 6, flags: 'ACK' })], more))[0]![0]).toBe('answered')
  expect((await statuses([asked, went(10.1)], more))[0]![0]).toBe('answered')
})

test('a routing rule that is for the replies of some users alone is named, and one for all goes before it', async () => {
  const more = {
    address:
      '2: eth0    inet 192.0.2.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n3: tun0    inet 10.8.0.6/24 scope global tun0\\       valid_lft forever preferred_lft forever\n',
    routes:
      'local 192.0.2.1 dev eth0 table local\n192.0.2.0/24 dev eth0\ndefault via 10.8.0.1 dev tun0\ndefault via 192.0.2.254 dev eth0 table 100\n',
    rules: `0: from all lookup local\n100: from ${HOST} uidrange 0-0 lookup 100\n32766: from all lookup main\n32767: from all lookup default\n`,
  }
  const [exchange] = await tell([came(10, { seq: 5 }), went(10.1, { out: 'tun0' })], more)
  const told = exchange!.findings.find(({ code }) => code === 'reply-by-other-uplink')
  expect(told?.message).toContain(
    `its reply leaves by tun0. Routing rule 100 (from ${HOST}/32 uidrange 0-0 table 100) leads out of eth0, but did not apply to the reply.`,
  )
  expect(fixCommands(told!.fix[0]!).command?.toString()).toBe(`ip rule add from ${HOST}/32 priority 99 table 100`)
})

test('a reply whose way is not shown, and that is sent again, does not arrive; the model knows by which uplink it leaves', async () => {
  const nat = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.3.9:80
COMMIT
`
  const more = {
    address: [
      '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
      '3: eth1    inet 203.0.113.1/24 brd 203.0.113.255 scope global eth1\\       valid_lft forever preferred_lft forever\n',
      '4: br0    inet 10.0.3.1/24 brd 10.0.3.255 scope global br0\\       valid_lft forever preferred_lft forever\n',
    ].join(''),
    routes: [
      '10.0.3.0/24 dev br0',
      '192.0.2.0/24 dev eth0',
      '203.0.113.0/24 dev eth1',
      'default via 203.0.113.254 dev eth1',
    ]
      .map((line) => `${line}\n`)
      .join(''),
    rules: '0: from all lookup local\n32766: from all lookup main\n32767: from all lookup default\n',
    sysctl: 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.br0.rp_filter = 0\n',
  }
  const client = '198.51.100.9'
  const asked = { in: 'eth0', src: client, dst: HOST, sport: 40_000, dport: 80, seq: 5 }
  const request = ['raw:PREROUTING:policy:1', 'nat:PREROUTING:rule:1'].map((at): Event => [10, trace(at, asked)])
  const behind = trace('nat:POSTROUTING:policy:1', { ...asked, dst: '10.0.3.9', out: 'br0' })
  const reply = (clock: number): Event => [
    clock,
    trace('raw:PREROUTING:policy:1', {
      ...{ in: 'br0', src: '10.0.3.9', dst: client, sport: 80, dport: 40_000, flags: 'ACK SYN', seq: 7 },
    }),
  ]
  const once = [...request, [10, behind] as Event, reply(10.1)]
  expect((await tell(once, more, nat))[0]!.status).toBe('undetermined')
  const [exchange] = await tell([...once, reply(11.1)], more, nat)
  expect(exchange).toMatchObject({ status: 'reply-lost', basis: 'inferred' })
  const told = exchange!.findings.find(({ code }) => code === 'reply-by-other-uplink')
  expect(told).toMatchObject({
    severity: 'warning',
    message: expect.stringContaining('its simulated reply leaves by eth1'),
  })
})

test.each(['224.0.0.251', '255.255.255.255', '192.0.2.255'])('who belongs to %s replies for it', async (dst) => {
  const routes =
    'local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1\nbroadcast 192.0.2.255 dev eth0 table local proto kernel scope link src 192.0.2.1\n'
  const udp = { protocol: 'udp', sport: 5000, dport: 5353 } as const
  const request: Event = [10, trace('filter:INPUT:policy:2', asks({ ...udp, dst }))]
  const reply = (port: number): Event => [
    10.1,
    trace('filter:OUTPUT:policy:2', answers({ ...udp, sport: 5353, dport: port })),
  ]
  const more = { ...STATE, routes }
  expect(await statuses([request, reply(5000)], more)).toEqual([['answered', 'observed', '1', '', '2', '']])
  expect(await statuses([request, reply(5001)], more)).toHaveLength(2)
  // connection tracking sees two flows: the reply has not the address that was asked
  const conntrack = `udp 17 28 src=${CLIENT} dst=${dst} sport=5000 dport=5353 [UNREPLIED] src=${dst} dst=${CLIENT} sport=5353 dport=5000
udp 17 28 src=${HOST} dst=${CLIENT} sport=5353 dport=5000 [UNREPLIED] src=${CLIENT} dst=${HOST} sport=5000 dport=5353\n`
  const listed = await statuses([request, reply(5000)], { ...more, conntrack })
  expect(listed).toEqual([['answered', 'observed', '1', '', '2', '']])
})

test('a reply that connection tracking saw before the packet is none to it', async () => {
  const ends = { protocol: 'udp', src: CLIENT, dst: '10.0.0.2', sport: 5060, dport: 5060 } as const
  const conntrack = `udp 17 28 src=${CLIENT} dst=10.0.0.2 sport=5060 dport=5060 src=10.0.0.2 dst=${CLIENT} sport=5060 dport=5060 mark=0 use=1\n`
  const came: Event = [10, trace('raw:PREROUTING:policy:1', { in: 'wan', ...ends })]
  const asked: Event = [10, trace('nat:PREROUTING:policy:2', { in: 'wan', ...ends })]
  const left: Event = [10, trace('filter:FORWARD:policy:1', { in: 'wan', out: 'lan', ...ends })]
  const behind: Event = [10, trace('nat:POSTROUTING:policy:1', { out: 'lan', ...ends })]
  const rules = `*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n${NAT}`
  expect(await statuses([came, left], { conntrack }, rules)).toEqual([['undetermined', 'observed', '1', '', '', '']])
  expect(await statuses([came, asked, left, behind], { conntrack }, rules)).toEqual([
    ['answered', 'inferred', '1', '', '', ''],
  ])
})

test('an ICMP error that ends before the request does that it quotes is told with it', async () => {
  const request: Event = [
    10,
    trace('filter:OUTPUT:policy:2', {
      out: 'eth0',
      protocol: 'udp',
      src: HOST,
      dst: CLIENT,
      sport: 5000,
      dport: 1194,
      length: 1448,
    }),
  ]
  const error = (port: number): Event => [
    10.001,
    `TRACE: filter:INPUT:rule:1 IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.254 DST=${HOST} LEN=576 TOS=0x00 PREC=0x00 TTL=64 ID=9 PROTO=ICMP TYPE=3 CODE=4 [SRC=${HOST} DST=${CLIENT} LEN=1448 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=UDP SPT=${port} DPT=1194 LEN=1428 ] MTU=1280 `,
  ]
  const rules = FILTER.replace('-A INPUT -p tcp -m tcp --dport 23 -j DROP', '-A INPUT -p icmp -j DROP')
  const about = async (port: number) =>
    (await tell([request, error(port)], {}, rules)).flatMap(({ findings }) => findings).map(({ message }) => message)
  expect((await about(5000)).join()).toContain('It is about this request')
  expect((await about(5001)).join()).not.toContain('request')
})

test('a reset of what was masqueraded is its reply, though it leaves no entry', async () => {
  const rules = `*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n`
  const request = { src: '192.168.1.20', dst: CLIENT, sport: 40_003, dport: 80 }
  const reset = { src: CLIENT, sport: 80, dport: 40_003, flags: 'ACK RST', seq: 0, window: 0, id: 2 }
  const events = (to: string): Event[] => [
    [10, trace('raw:PREROUTING:policy:1', { in: 'lan', ...request })],
    [10, trace('nat:PREROUTING:policy:1', { in: 'lan', ...request })],
    [10, trace('filter:FORWARD:policy:1', { in: 'lan', out: 'wan', ...request })],
    [10, trace('nat:POSTROUTING:rule:1', { in: 'lan', out: 'wan', ...request })],
    [10.01, trace('raw:PREROUTING:policy:1', { in: 'wan', ...reset, dst: '203.0.113.1' })],
    [10.01, trace('filter:FORWARD:policy:1', { in: 'wan', out: 'lan', ...reset, dst: to })],
  ]
  expect(await statuses(events('192.168.1.20'), {}, rules)).toEqual([['refused', 'observed', '1', '', '2', '']])
  // somebody else's
  expect((await statuses(events('192.168.1.21'), {}, rules)).length).toBe(2)
})

test('a reply whose next hop does not answer is lost, unless somebody has gone on with it', async () => {
  const silent = { ...STATE, neigh: `${CLIENT} dev eth0 FAILED\n` }
  const events: Event[] = [came(10), went(10.1)]
  expect(await statuses(events, silent)).toEqual([['reply-lost', 'inferred', '1', '', '2', '']])
  expect(await statuses(events, STATE)).toEqual([['answered', 'observed', '1', '', '2', '']])
  const on = came(10.2, { flags: 'ACK', seq: 8 })
  expect((await statuses([...events, on], silent))[0]![0]).toBe('answered')
})
