/** What a request was likely meant to meet, said where its exchange came to nothing. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { clocked, type TestPacket, trace } from '../journey/kernel-lines.ts'
import { ADDRESS, BEHIND, type Line, OUTSIDE, opened, ROUTES, rules } from './two-networks.ts'

async function said(...given: Parameters<typeof opened>) {
  const analysis = await opened(...given)
  const [exchange] = (await analysis.exchanges()).exchanges
  return {
    status: exchange?.status,
    near: exchange?.findings.filter(({ code }) => code === 'near-miss').map(({ message }) => message),
  }
}

const INSIDE = { in: 'lan', src: '10.0.0.7', dst: '203.0.113.1', sport: 40_000, dport: 8080 }
const RESET = { out: 'lan', src: '203.0.113.1', dst: '10.0.0.7', sport: 8080, dport: 40_000, flags: 'ACK RST' }
const DNAT = '[7:420] -A PREROUTING -i wan -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80'
const refused: readonly Line[] = [
  [10, 'nat:PREROUTING:policy:2', INSIDE],
  [10, 'filter:INPUT:policy:1', INSIDE],
  [10, 'nat:INPUT:policy:1', INSIDE],
  [10.1, 'filter:OUTPUT:policy:1', { ...RESET, seq: 0, window: 0 }],
]

test('this host refuses what it forwards for another interface', async () => {
  expect(await said([DNAT], refused)).toEqual({
    status: 'refused',
    near: [
      'nat PREROUTING rule 1 would have rewritten its destination, but only matches -i wan; the packet came in on lan.',
    ],
  })
})

test('it is not said of a request that was answered, nor of a rule for another port', async () => {
  const answered = refused.with(3, [10.1, 'filter:OUTPUT:policy:1', { ...RESET, flags: 'ACK SYN' }])
  expect((await said([DNAT], answered)).near).toEqual([])
  expect((await said([DNAT.replace('8080', '9443')], refused)).near).toEqual([])
})

const forwarded: readonly Line[] = [
  [10, 'nat:PREROUTING:rule:1', OUTSIDE],
  [10, 'filter:FORWARD:policy:1', BEHIND],
  [10, 'nat:POSTROUTING:policy:3', { ...BEHIND, in: '' }],
]
const TO_SERVER = '-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80'
const LOOPBACK = '-A POSTROUTING -s 10.0.0.0/24 -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE'
const UPLINK = '-A POSTROUTING -o wan -j MASQUERADE'
const entry = (state: string) =>
  `tcp      6 119 ${state} src=203.0.113.7 dst=203.0.113.1 sport=40000 dport=8080 ${state === 'SYN_SENT' ? '[UNREPLIED] ' : ''}src=10.0.0.2 dst=203.0.113.7 sport=80 dport=40000 mark=0 use=1\n`

test('no reply came back from where nat sent it, with its own source', async () => {
  const near = [
    'nat POSTROUTING rule 1 would have rewritten its source, so that 10.0.0.2 replies through this host, but only matches -s 10.0.0.0/24; the packet comes from 203.0.113.7.',
  ]
  const again = [...forwarded, ...forwarded.map(([, place, packet]) => [13, place, packet] as const)]
  expect(await said([TO_SERVER, LOOPBACK, UPLINK], again)).toEqual({ status: 'unanswered', near })
  expect(await said([TO_SERVER, LOOPBACK, UPLINK], forwarded, entry('SYN_SENT'))).toEqual({
    status: 'undetermined',
    near,
  })
})

test('nothing is known of replies, or one came', async () => {
  expect((await said([TO_SERVER, LOOPBACK, UPLINK], forwarded)).near).toEqual([])
  expect((await said([TO_SERVER, LOOPBACK, UPLINK], forwarded, entry('ESTABLISHED'))).near).toEqual([])
})

test('a person is told of it with the request', async () => {
  const { groups, ending } = await (await opened([DNAT], refused)).groups()
  expect(printReport('text', groups, ending)).toMatch(
    /REFUSED.*\n(?:.*\n){0,6}.*nat PREROUTING rule 1 would have rewritten/,
  )
})

const codes = async (...given: Parameters<typeof opened>) => {
  const [exchange] = (await (await opened(...given)).exchanges()).exchanges
  return new Map(exchange!.findings.map((one) => [one.code, one]))
}
const ABROAD = { in: 'lan', src: '10.0.0.7', dst: '203.0.113.9', sport: 40_000, dport: 8080 }
const unreplied = (dst: string, reply: string) =>
  `tcp      6 119 SYN_SENT src=10.0.0.7 dst=${dst} sport=40000 dport=8080 [UNREPLIED] ${reply} mark=0 use=1\n`

test('a rule that asks for no destination took what was for another host', async () => {
  const rule = (match: string) =>
    `-A PREROUTING ${match}-p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80`
  const there = { ...ABROAD, out: 'lan', dst: '10.0.0.2', dport: 80 }
  const lines: readonly Line[] = [
    [10, 'nat:PREROUTING:rule:1', ABROAD],
    [10, 'filter:FORWARD:policy:1', there],
    [10, 'nat:POSTROUTING:policy:1', { ...there, in: '' }],
  ]
  const entry = unreplied('203.0.113.9', 'src=10.0.0.2 dst=10.0.0.7 sport=80 dport=40000')
  const found = (await codes([rule('')], lines, entry)).get('dnat-of-others')
  expect(found?.message).toBe(
    'Every packet that nat PREROUTING rule 1 matches goes to 10.0.0.2:80. This packet was for 203.0.113.9, another host.',
  )
  expect(found?.fix[0]).toMatchObject({ after: 'forwarded', edits: [{ op: 'insert', table: 'nat', ruleNumber: 1 }] })
  expect((await codes([rule('! -d 198.51.100.7/32 ')], lines, entry)).has('dnat-of-others')).toBe(true)
  expect((await codes([rule('-d 203.0.113.9/32 ')], lines, entry)).has('dnat-of-others')).toBe(false)
  expect((await codes([rule('')], lines)).has('dnat-of-others')).toBe(false)
})

test('a rule that asks for no port took all services of a host', async () => {
  const rule = (match: string, to = '10.0.0.2:80') => [
    `-A PREROUTING ${match} -j HOST`,
    `-A HOST -p tcp -j DNAT --to-destination ${to}`,
  ]
  const there = { ...ABROAD, out: 'lan', dst: '10.0.0.2', dport: 80 }
  const lines: readonly Line[] = [
    [10, 'nat:PREROUTING:rule:1', ABROAD],
    [10, 'nat:HOST:rule:1', ABROAD],
    [10, 'filter:FORWARD:policy:1', there],
    [10, 'nat:POSTROUTING:policy:1', { ...there, in: '' }],
  ]
  const entry = unreplied('203.0.113.9', 'src=10.0.0.2 dst=10.0.0.7 sport=80 dport=40000')
  const found = async (rules: string[], of = lines) => (await codes(rules, of, entry)).get('dnat-of-others')
  const told = await found(rule('-d 203.0.113.9/32'))
  expect(told?.message).toBe(
    'Every packet that nat HOST rule 1 matches goes to 10.0.0.2:80. This packet was for 203.0.113.9:8080, another port.',
  )
  expect(told?.fix[0]).toMatchObject({ after: 'forwarded', edits: [{ op: 'insert', table: 'nat', chain: 'HOST' }] })
  // a port, a mark or a user says for what it is
  for (const match of [
    '-d 203.0.113.9/32 -p tcp -m multiport --dports 80,8080',
    '-d 203.0.113.9/32 -m mark --mark 0x0',
  ])
    expect(await found(rule(match))).toBeUndefined()
  const kept = { ...there, dport: 8080 }
  const keeps: readonly Line[] = lines.map(([at, place, packet], i) => [
    at,
    place,
    i < 2 ? packet : { ...packet, ...kept, ...(i > 2 ? { in: '' } : {}) },
  ])
  expect(await found(rule('-d 203.0.113.9/32', '10.0.0.2'), keeps)).toBeUndefined()
})

test('whoever was asked sees another source', async () => {
  const lines: readonly Line[] = [
    [10, 'filter:FORWARD:policy:1', { ...ABROAD, out: 'wan' }],
    [10, 'nat:POSTROUTING:rule:1', { ...ABROAD, in: '', out: 'wan' }],
  ]
  const entry = unreplied('203.0.113.9', 'src=203.0.113.9 dst=203.0.113.1 sport=8080 dport=40000')
  const nat = ['-A POSTROUTING -o wan -j MASQUERADE']
  const found = (await codes(nat, lines, entry)).get('snat-changed-source')
  // to the internet it is meant
  expect(found).toMatchObject({
    severity: 'note',
    message: 'nat POSTROUTING rule 1 rewrote its source 10.0.0.7: 203.0.113.9 sees 203.0.113.1 instead.',
    fix: [],
  })
  const second =
    '2: wan    inet 203.0.113.2/24 scope global secondary wan\\       valid_lft forever preferred_lft forever\n'
  const two = (await codes(nat, lines, entry, '', ADDRESS + second)).get('snat-changed-source')
  expect(two?.message).toMatch(/sees 203\.0\.113\.1, the first of the 2 addresses of wan, instead\.$/)
})

test('a later rule, or the route, says which source was meant', async () => {
  const lines: readonly Line[] = [
    [10, 'filter:FORWARD:policy:1', { ...ABROAD, out: 'wan' }],
    [10, 'nat:POSTROUTING:rule:1', { ...ABROAD, in: '', out: 'wan' }],
  ]
  const entry = unreplied('203.0.113.9', 'src=203.0.113.9 dst=203.0.113.1 sport=8080 dport=40000')
  const second =
    '2: wan    inet 203.0.113.2/24 scope global secondary wan\\       valid_lft forever preferred_lft forever\n'
  const found = async (nat: string[], routes = '') => {
    const one = (await codes(nat, lines, entry, routes, ADDRESS + second)).get('snat-changed-source')
    return { severity: one?.severity, words: one?.message.split(' instead. ')[1], edits: one?.fix[0]?.edits }
  }
  const all = '-A POSTROUTING -o wan -j MASQUERADE'
  const own = '-A POSTROUTING -s 10.0.0.7/32 -o wan -j SNAT --to-source 203.0.113.2'
  expect(await found([all, own])).toMatchObject({
    severity: 'warning',
    words: 'The packet never reached rule 2, which would have given it 203.0.113.2.',
    edits: [{ op: 'insert', table: 'nat', chain: 'POSTROUTING' }],
  })
  // one for all, for another host, or that gives the same, says nothing of this packet
  const others = [
    own.replace(' -s 10.0.0.7/32', ''),
    own.replace('10.0.0.7', '10.0.0.8'),
    own.replace('203.0.113.2', '203.0.113.1'),
  ]
  for (const other of others) expect(await found([all, other])).toMatchObject({ severity: 'note', words: undefined })
  // nor does one whose exception for a service the first one is
  const exception = '-A POSTROUTING -d 203.0.113.9/32 -o wan -p tcp -m tcp --dport 8080 -j SNAT --to-source 203.0.113.1'
  expect(await found([exception, own])).toMatchObject({ severity: 'note', words: undefined })
  // what masquerading took is not known
  expect((await codes([all, own], [...lines, ...lines])).get('snat-changed-source')?.severity).not.toBe('warning')
  // what this host sends there itself has the route's source
  const route = (source: string) =>
    `local 203.0.113.2 dev wan table local proto kernel scope host src 203.0.113.1\n203.0.113.9/32 dev wan scope link src ${source}\n`
  expect(await found([all], route('203.0.113.2'))).toMatchObject({
    severity: 'warning',
    words:
      'The route to 203.0.113.9/32 has source 203.0.113.2, which packets of this host itself get. Masquerading does not use it.',
    edits: [{ op: 'insert', table: 'nat', chain: 'POSTROUTING' }],
  })
  expect(await found([all], route('203.0.113.1'))).toMatchObject({ severity: 'note', words: undefined })
})

test('an exception in front names the very service, and holds of what was asked before nat changed it', async () => {
  const lines: readonly Line[] = [
    [10, 'nat:PREROUTING:rule:1', { ...ABROAD, dst: '203.0.113.1' }],
    [10, 'filter:FORWARD:policy:1', { ...ABROAD, out: 'wan' }],
    [10, 'nat:POSTROUTING:rule:2', { ...ABROAD, in: '', out: 'wan' }],
  ]
  const back = 'src=203.0.113.9 dst=203.0.113.1 sport=8080 dport=40000'
  const to = '-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 203.0.113.9'
  const found = async (exception: string) => {
    const found = await codes([to, exception, UPLINK], lines, unreplied('203.0.113.1', back))
    return found.get('snat-changed-source')
  }
  const local = '-A POSTROUTING -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 8080 -j RETURN'
  const told = await found(local)
  expect(told).toMatchObject({ severity: 'warning', rules: [{ ruleNumber: 2 }, { ruleNumber: 1 }] })
  expect(told?.message).toMatch(
    /Before it, rule 1 would have left its source as it was, but only matches --dst-type LOCAL\.$/,
  )
  expect(told?.fix[0]).toMatchObject({ edits: [{ op: 'insert', table: 'nat', chain: 'POSTROUTING' }] })
  for (const other of [
    // for another service, host or network; for all of a network; one that serves others as it is
    local.replace('8080', '9443'),
    '-A POSTROUTING -d 203.0.113.77/32 -p tcp -m tcp --dport 8080 -j RETURN',
    '-A POSTROUTING -d 10.0.0.0/8 -p tcp -m tcp --dport 8080 -j RETURN',
    '-A POSTROUTING -d 203.0.113.0/24 -m addrtype --dst-type LOCAL -j RETURN',
    `[7:420] ${local}`,
    // it gives a source, too; for what goes elsewhere, whoever was asked
    local.replace('RETURN', 'MASQUERADE'),
    ...['-o vpn', '-m mark --mark 0x10'].map((one) => local.replace('-m addrtype --dst-type LOCAL', one)),
  ])
    expect(await found(other), other).toMatchObject({ severity: 'note' })
  const direct = await codes([local, UPLINK], lines.slice(1), unreplied('203.0.113.9', back))
  expect(direct.get('snat-changed-source')).toMatchObject({ severity: 'note' })
})

test("a rule gives this host's own packet another of its addresses in place of the one that it has: it is spared, as proposed", async () => {
  const own: TestPacket = { out: 'wan', src: '203.0.113.2', dst: '203.0.113.9', sport: 40_000, dport: 8080 }
  const lines: readonly Line[] = [
    [10, 'filter:OUTPUT:policy:1', own],
    [10, 'nat:POSTROUTING:rule:1', own],
  ]
  const reply = 'src=203.0.113.9 dst=203.0.113.1 sport=8080 dport=40000'
  const entry = unreplied('203.0.113.9', reply).replace('10.0.0.7', own.src!)
  const second =
    '2: wan    inet 203.0.113.2/24 scope global secondary wan\\       valid_lft forever preferred_lft forever\n'
  const route = 'local 203.0.113.2 dev wan table local proto kernel scope host src 203.0.113.1\n'
  const nat = ['-A POSTROUTING -s 203.0.113.0/24 -j MASQUERADE']
  const found = (await codes(nat, lines, entry, route, ADDRESS + second)).get('snat-changed-source')
  expect(found?.message).toMatch(
    /rewrote its source 203\.0\.113\.2: 203\.0\.113\.9 sees 203\.0\.113\.1, the first of the 2 addresses of wan/,
  )
  expect(found?.fix[0]).toMatchObject({ edits: [{ op: 'insert', table: 'nat', chain: 'POSTROUTING' }] })
})

test('a chain that nothing jumps to has the rule for its source', async () => {
  const lines: readonly Line[] = [
    [10, 'filter:FORWARD:policy:1', { ...ABROAD, out: 'wan', dst: '172.16.5.5' }],
    [10, 'nat:POSTROUTING:policy:1', { ...ABROAD, in: '', out: 'wan', dst: '172.16.5.5' }],
  ]
  const nat = [
    '-N EGRESS',
    '-A EGRESS -d 172.16.0.0/12 -j MARK --set-xmark 0x1/0x1',
    '-A EGRESS -m mark --mark 0x1/0x1 -j SNAT --to-source 203.0.113.5',
  ].map((line) => line.replace('-N EGRESS', ':EGRESS - [0:0]'))
  const entry = unreplied('172.16.5.5', 'src=172.16.5.5 dst=10.0.0.7 sport=8080 dport=40000')
  const found = (await codes(nat, lines, entry)).get('never-reached')
  expect(found?.message).toContain('would have rewritten its source, but nothing jumps to EGRESS')
  expect((await codes(nat, lines)).has('never-reached')).toBe(false)
})

test('a rule that masquerades for others spares a destination that does not reply', async () => {
  const sparedOne = { ...ABROAD, dst: '172.16.5.9' }
  const lines: readonly Line[] = [
    [10, 'filter:FORWARD:policy:1', { ...sparedOne, out: 'wan' }],
    [10, 'nat:POSTROUTING:policy:2', { ...sparedOne, in: '', out: 'wan' }],
  ]
  const spares = '[9:540] -A POSTROUTING -s 10.0.0.0/24 ! -d 172.16.0.0/12 -j MASQUERADE'
  const listed = unreplied('172.16.5.9', 'src=172.16.5.9 dst=10.0.0.7 sport=8080 dport=40000')
  const near = (await codes([spares], lines, listed)).get('near-miss')
  expect(near).toMatchObject({ severity: 'note', rules: [{ chain: 'POSTROUTING', ruleNumber: 1 }] })
  expect(near?.fix[0]).toMatchObject({ edits: [{ op: 'insert', table: 'nat' }] })
  // for other sources, and of what was answered
  const others = spares.replace('10.0.0.0/24', '10.9.0.0/24')
  expect((await codes([others], lines, listed)).has('near-miss')).toBe(false)
  expect((await codes([spares], lines, listed.replace('[UNREPLIED] ', ''))).has('near-miss')).toBe(false)
})

test('a DNAT rule without a destination is to blame for what a neighbour asks of another host, unless it may intercept', async () => {
  const home = 'local 10.0.0.1 dev lan table local proto kernel scope host src 10.0.0.1\n'
  const found = async (port: number, to = port, asks = `-m tcp --dport ${port}`) => {
    const given = to === port ? '10.0.0.2' : `10.0.0.2:${to}`
    const nat = [`[7:420] -A PREROUTING -i lan -p tcp ${asks} -j DNAT --to-destination ${given}`]
    const asked = { in: 'lan', src: '10.0.0.7', dst: '198.51.100.5', sport: 40_000, dport: port }
    const sent = { ...asked, out: 'lan', dst: '10.0.0.2', dport: to }
    const lines: Line[] = [
      [10, 'nat:PREROUTING:rule:1', asked],
      [10, 'filter:FORWARD:policy:1', sent],
      [10, 'nat:POSTROUTING:policy:1', sent],
    ]
    const entry = `tcp 6 110 SYN_SENT src=10.0.0.7 dst=198.51.100.5 sport=40000 dport=${port} [UNREPLIED] src=10.0.0.2 dst=10.0.0.7 sport=${to} dport=40000 mark=0 use=1\n`
    const analysis = await opened(nat, lines, entry, home)
    const [exchange] = (await analysis.exchanges()).exchanges
    return exchange!.findings
      .filter(({ code }) => code === 'dnat-of-others' || code === 'not-masqueraded')
      .map(({ code, severity, fix }) => [code, severity, fix.length])
  }
  const taken = [
    ['not-masqueraded', 'note', 0],
    ['dnat-of-others', 'warning', 1],
  ]
  const intercepted = [
    ['not-masqueraded', 'warning', 1],
    ['dnat-of-others', 'note', 1],
  ]
  expect(await found(12_345)).toEqual(taken)
  expect(await found(53)).toEqual(intercepted)
  // who forwards one port to another one asks for that alone; a proxy takes many
  expect(await found(12_345, 80)).toEqual(taken)
  for (const asks of ['', '-m tcp --dport 1024:65535', '-m multiport --dports 12345,12346'])
    expect(await found(12_345, 8080, asks)).toEqual(intercepted)
})

test('a DNAT rule for all ports is to blame for a port on which a program of this host listens', async () => {
  const asked = { in: 'wan', src: '203.0.113.9', dst: '203.0.113.1', sport: 40_000, dport: 15_021 }
  const sent = { ...asked, out: 'lan', dst: '10.0.0.2' }
  const reset = { in: 'lan', src: '10.0.0.2', dst: '203.0.113.9', sport: 15_021, dport: 40_000, flags: 'ACK RST' }
  const lines: Line[] = [
    [10, 'nat:PREROUTING:rule:1', asked],
    [10, 'filter:FORWARD:policy:1', sent],
    [10, 'nat:POSTROUTING:policy:1', sent],
    [10.1, 'filter:FORWARD:policy:1', { ...reset, out: 'wan', seq: 0, window: 0 }],
  ]
  const found = async (rule: string, port: number, program = 'envoy') => {
    const log = clocked(lines.map(([clock, place, packet]) => [clock, trace(place, packet)]))
    const ss = `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\ntcp   LISTEN 0      128          0.0.0.0:${port}      0.0.0.0:*    users:(("${program}",pid=7,fd=3))\n`
    const files = { log, rules: rules([rule]), ADDRESS, ROUTES, ss }
    const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
    const [exchange] = (await analysis.exchanges()).exchanges
    expect(exchange!.status).toBe('refused')
    expect(exchange!.findings.map(({ code }) => code)).not.toContain('not-netfilter')
    return exchange!.findings
      .filter(({ code }) => code === 'dnat-of-others')
      .map(({ severity, message }) => `${severity}: ${message}`)
  }
  const all = '[7:420] -A PREROUTING -i wan -p tcp -j DNAT --to-destination 10.0.0.2'
  expect(await found(all, 15_021)).toEqual([
    'warning: Every packet that nat PREROUTING rule 1 matches goes to 10.0.0.2. This packet was for 203.0.113.1:15021, where envoy of this host listens.',
  ])
  expect(await found(all, 22)).toEqual([])
  // a rule for this port may be meant so, and the service behind it be down; one that says nothing else takes it from anybody
  const ofPort = all.replace('-p tcp', '-p tcp -m tcp --dport 15021')
  expect(await found(ofPort, 15_021)).toEqual([])
  const ofAny = ofPort.replace(' -i wan', '')
  expect(await found(ofAny, 15_021)).toEqual([
    expect.stringMatching(/^warning: .* where envoy of this host listens\.$/),
  ])
  expect(await found(ofAny, 15_021, 'docker-proxy')).toEqual([])
})

test("a rule that intercepts DNS is to blame where this host's own resolver was asked, and nothing replied", async () => {
  const asked = { in: 'lan', src: '10.0.0.7', dst: '10.0.0.1', sport: 40_000, dport: 53 } as const
  const found = async (
    nat: string,
    { program = 'dnsmasq', ...more }: Partial<TestPacket> & { program?: string } = {},
  ) => {
    const came = { ...asked, ...more }
    const sent = { ...came, out: 'wan', dst: '203.0.113.53' }
    const lines: Line[] = [10, 13].flatMap((clock): Line[] => [
      [clock, 'nat:PREROUTING:rule:1', came],
      [clock, 'filter:FORWARD:policy:1', sent],
      [clock, 'nat:POSTROUTING:policy:1', { ...sent, in: '' }],
    ])
    const log = clocked(lines.map(([clock, place, packet]) => [clock, trace(place, packet)]))
    const port = came.dport
    const ss = `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\ntcp   LISTEN 0      128        0.0.0.0:${port}      0.0.0.0:*    users:(("${program}",pid=7,fd=3))\n`
    const files = { log, rules: rules([nat]), ADDRESS, ROUTES, ss }
    const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
    const [exchange] = (await analysis.exchanges()).exchanges
    expect(exchange!.status).toBe('unanswered')
    return exchange!.findings.filter(({ code }) => code === 'dnat-of-others')
  }
  const rule = (match: string, port = 53) =>
    `[7:420] -A PREROUTING -i lan -p tcp -m tcp${match} --dport ${port} -j DNAT --to-destination 203.0.113.53`
  const [one] = await found(rule(''))
  expect(one).toMatchObject({
    severity: 'note',
    message:
      'Every packet that nat PREROUTING rule 1 matches goes to 203.0.113.53:53. This packet was for 10.0.0.1:53, where dnsmasq of this host listens.',
  })
  expect(one?.fix).toMatchObject([{ verified: 'model', after: 'delivered' }])
  // meant for this host; a container's port; a forwarded port of another service, or for the internet
  expect(await found(rule('').replace('-p tcp', '-d 10.0.0.1/32 -p tcp'))).toEqual([])
  expect(await found(rule(''), { program: 'docker-proxy' })).toEqual([])
  expect(await found(rule('', 5060), { dport: 5060 })).toEqual([])
  expect(
    await found(rule('').replace('-i lan', '-i wan'), { in: 'wan', src: '203.0.113.9', dst: '203.0.113.1' }),
  ).toEqual([])
})
