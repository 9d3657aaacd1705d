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
const ROUTING_RULES = '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n'
const STATE = { addresses: ADDRESSES, routes: ROUTES, rules: ROUTING_RULES }

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

test('nor is a refusal received that a mark leads elsewhere', async () => {
  const chains = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map((chain) => `:${chain} ACCEPT [0:0]\n`)
  const rules = (...mangle: string[]) => `*mangle\n${[...chains, ...mangle].join('')}COMMIT\n${filter()}`
  const more = {
    rules:
      '0:\tfrom all lookup local\n100:\tfrom all fwmark 0x3 lookup 100\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n',
  }
  const told = async (request: TestPacket, refusal: TestPacket, quotes = (line: string) => line) => {
    const marked = { ...refusal, mark: 3 }
    const came = [trace('mangle:INPUT:policy:1', request), trace('filter:INPUT:policy:1', request)]
    const led = [
      trace('mangle:OUTPUT:rule:1', refusal),
      trace('mangle:OUTPUT:policy:2', marked),
      trace('filter:OUTPUT:policy:1', marked),
      trace('mangle:POSTROUTING:policy:1', { ...marked, out: 'eth1' }),
    ]
    const straight = ['mangle:OUTPUT', 'filter:OUTPUT', 'mangle:POSTROUTING'].map((at) =>
      trace(`${at}:policy:1`, refusal),
    )
    const lost = await first(
      [...came, ...led.map(quotes)],
      rules('-A OUTPUT -j MARK --set-xmark 0x3/0xffffffff\n'),
      more,
    )
    const heard = await first([...came, ...straight.map(quotes)], rules(), more)
    return [lost.status, lost.basis, heard.status]
  }
  const tcp = { protocol: 'tcp', dport: 443 } as const
  const reset: TestPacket = { ...replied, protocol: 'tcp', sport: 443, flags: 'ACK RST', seq: 0, window: 0 }
  expect(await told({ ...asked, ...tcp }, reset)).toEqual(['reply-lost', 'inferred', 'refused'])
  const error: TestPacket = { out: 'eth0', src: HOST, dst: CLIENT, protocol: 'icmp', icmpType: 3 }
  const quoted = (line: string) =>
    line.replace(
      / CODE=0 ID=9 SEQ=1 /,
      ` CODE=3 [SRC=${CLIENT} DST=${HOST} LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=UDP SPT=40000 DPT=53 LEN=40 ] `,
    )
  expect(await told(asked, error, quoted)).toEqual(['reply-lost', 'inferred', 'refused'])
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

test('nor does an error about such a reply refuse what was asked', async () => {
  const nat = ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((chain) => `:${chain} ACCEPT [0:0]\n`).join('')
  const rules = `*nat\n${nat}-A PREROUTING -i eth0 -j DNAT --to-destination 198.51.100.1\nCOMMIT\n${filter()}`
  const error: TestPacket = { in: 'eth0', src: CLIENT, dst: HOST, protocol: 'icmp', icmpType: 3 }
  const lines = [
    trace('nat:PREROUTING:rule:1', asked),
    trace('filter:INPUT:policy:1', { ...asked, dst: '198.51.100.1' }),
    trace('nat:INPUT:policy:1', { ...asked, dst: '198.51.100.1' }),
    // nat's chains were not traced; its port is another one on the wire
    trace('filter:OUTPUT:policy:1', replied),
    trace('filter:INPUT:policy:1', error).replace(
      / CODE=0 ID=9 SEQ=1 $/,
      ` CODE=3 [SRC=${HOST} DST=${CLIENT} LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=UDP SPT=506 DPT=40000 LEN=40 ] `,
    ),
  ]
  const conntrack = `udp 17 28 src=${HOST} dst=${CLIENT} sport=53 dport=40000 [UNREPLIED] src=${CLIENT} dst=${HOST} sport=40000 dport=506 use=1\n`
  const lost = await first(lines, rules, { conntrack })
  expect([lost.status, lost.journeys.errors]).toEqual(['reply-lost', ['3']])
  expect(codes(lost)).toContain('reply-from-other-address')
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

test('conntrack lists a reply from another address of this host', async () => {
  const listed = (src: string, status: string) =>
    `udp      17 28 src=${src} dst=${CLIENT} sport=53 dport=40000 ${status}src=${CLIENT} dst=${src} sport=40000 dport=53 mark=0 use=1\n` +
    `udp      17 28 src=${CLIENT} dst=${HOST} sport=40000 dport=53 [UNREPLIED] src=${HOST} dst=${CLIENT} sport=53 dport=40000 mark=0 use=1\n`
  const told = async (conntrack: string) => {
    const { status, findings } = await first([trace('filter:INPUT:policy:1', asked)], filter(), { conntrack })
    return [status, findings.find(({ code }) => code === 'reply-from-other-address')?.message]
  }
  expect(await told(listed('198.51.100.1', '[UNREPLIED] '))).toEqual([
    'reply-lost',
    "192.0.2.7 contacted 192.0.2.1:53, but conntrack's list shows that the reply comes from 198.51.100.1:53. 192.0.2.7 never contacted that address.",
  ])
  // an address of nobody here, and a connection of its own that was answered
  expect(await told(listed('198.51.100.2', '[UNREPLIED] '))).toEqual(['undetermined', undefined])
  expect(await told(listed('198.51.100.1', ''))).toEqual(['undetermined', undefined])
})

test('a datagram has not skipped nat where its only chain comes later, and has a reply that would be dropped', async () => {
  const ends = 'ip saddr 10.89.4.2 ip daddr 192.0.2.9 ip ttl 63 ip id 7 ip length 32 udp sport 40002 udp dport 53'
  const at = (chain: string) => `trace id 0a0b0c0d inet ${chain}`
  const files = {
    'trace.txt': `${at('raw prerouting')} packet: iif "eth1" ${ends}
${at('raw prerouting')} policy accept
${at('fw forward')} packet: iif "eth1" oif "eth0" ${ends}
${at('fw forward')} policy drop
`,
    'ruleset.nft': `table inet raw {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
  }
}
table inet fw {
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.89.4.0/24 masquerade
  }
}
`,
    addresses: ADDRESSES.replace('198.51.100.1/24 brd 198.51.100.255', '10.89.4.1/24 brd 10.89.4.255'),
    routes: ROUTES.replaceAll('198.51.100.0/24', '10.89.4.0/24')
      .replaceAll('198.51.100.1', '10.89.4.1')
      .replace(/^.*\n/, ''),
    conntrack:
      'tcp      6 7 CLOSE src=10.89.4.2 dst=10.89.4.1 sport=1 dport=2 src=10.89.4.1 dst=10.89.4.2 sport=2 dport=1 mark=0 use=1\n',
    sysctls: 'net.ipv4.ip_forward = 1\n',
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const [exchange] = (await analysis.exchanges()).exchanges
  expect(exchange?.findings[0]).toMatchObject({
    code: 'several-causes',
    message: 'inet fw forward policy stops the request, and would stop its reply.',
  })
})

test('who asks untracked is not taken for who replies by the entry that the reply has begun', async () => {
  const raw = (...rules: string[]) => `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.join('')}COMMIT\n`
  const conntrack = `udp 17 28 src=${HOST} dst=${CLIENT} sport=53 dport=40000 [UNREPLIED] src=${CLIENT} dst=${HOST} sport=40000 dport=53 use=1\n`
  const told = async (rule: string, ...points: string[]) => {
    const came = points.map((point) => trace(point, asked))
    const lines = [...came, trace('raw:OUTPUT:policy:1', replied), trace('filter:OUTPUT:policy:1', replied)]
    const { status, asked: by, journeys } = await first(lines, `${raw(rule)}${filter()}`, { conntrack })
    return [status, by.src, journeys.request]
  }
  const notrack = '-A PREROUTING -i eth0 -j CT --notrack\n'
  const points = ['raw:PREROUTING:rule:1', 'raw:PREROUTING:policy:2', 'filter:INPUT:policy:1']
  expect(await told(notrack, ...points)).toEqual(['answered', CLIENT, ['1']])
})

test('a reply to what is not tracked is rewritten as a connection of its own', async () => {
  const chains = (...names: string[]) => names.map((name) => `:${name} ACCEPT [0:0]\n`).join('')
  const rules = (...nat: string[]) =>
    `*raw\n${chains('PREROUTING', 'OUTPUT')}-A PREROUTING -i eth0 -j CT --notrack\nCOMMIT\n*nat\n${chains('PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING')}${nat.map((rule) => `${rule}\n`).join('')}COMMIT\n${filter()}`
  const there: TestPacket = { ...asked, dst: '198.51.100.9' }
  const back: TestPacket = { ...replied, in: 'eth1', out: '', src: '198.51.100.9' }
  const [led, out] = [{ ...back, dst: '192.0.2.66' }, 'eth0']
  const request = [
    trace('raw:PREROUTING:rule:1', there),
    trace('raw:PREROUTING:policy:2', there),
    trace('filter:FORWARD:policy:1', { ...there, out: 'eth1' }),
  ]
  const told = async (nat: string, before: string, packet: TestPacket, behind: string) => {
    const reply = [
      trace('raw:PREROUTING:policy:2', back),
      trace(before, back),
      trace('filter:FORWARD:policy:1', { ...packet, out }),
      trace(behind, { ...packet, out }),
    ]
    const { status, findings } = await first([...request, ...reply], rules(nat))
    return [status, findings.some(({ code, severity }) => code === 'untracked' && severity === 'error')]
  }
  const [pre, post] = ['nat:PREROUTING', 'nat:POSTROUTING']
  const dnat = '-A PREROUTING -i eth1 -j DNAT --to-destination 192.0.2.66'
  expect(await told(dnat, `${pre}:rule:1`, led, `${post}:policy:1`)).toEqual(['reply-lost', true])
  const masquerade = '-A POSTROUTING -o eth0 -j MASQUERADE'
  expect(await told(masquerade, `${pre}:policy:1`, back, `${post}:rule:1`)).toEqual(['reply-lost', true])
  const other = '-A POSTROUTING -o eth9 -j MASQUERADE'
  expect(await told(other, `${pre}:policy:1`, back, `${post}:policy:2`)).toEqual(['answered', false])
})

test('who asked resets what came from an address that it never asked', async () => {
  const rules = `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.0.2.1/32 -p tcp -j DNAT --to-destination 198.51.100.9\nCOMMIT\n${filter()}`
  const client = { src: CLIENT, sport: 40_000, dport: 80, in: 'eth0' }
  const server = { src: '198.51.100.9', dst: CLIENT, sport: 80, dport: 40_000, in: 'eth1' }
  const syn: TestPacket = { ...client, dst: HOST, flags: 'SYN', id: 1 }
  const answer: TestPacket = { ...server, flags: 'ACK SYN', id: 2 }
  const then = (dst: string, flags: string): TestPacket => ({ ...client, dst, flags, id: 3 })
  const lines = (last: TestPacket) => [
    trace('raw:PREROUTING:policy:1', syn),
    trace('nat:PREROUTING:rule:1', syn),
    trace('filter:FORWARD:policy:1', { ...syn, dst: '198.51.100.9', out: 'eth1' }),
    trace('nat:POSTROUTING:policy:1', { ...syn, in: '', dst: '198.51.100.9', out: 'eth1' }),
    trace('raw:PREROUTING:policy:1', answer),
    trace('filter:FORWARD:policy:1', { ...answer, out: 'eth0' }),
    trace('raw:PREROUTING:policy:1', last),
    trace('filter:FORWARD:policy:1', { ...last, dst: '198.51.100.9', out: 'eth1' }),
  ]
  const lost = await first(lines(then('198.51.100.9', 'RST')), rules)
  expect([lost.status, lost.basis]).toEqual(['reply-lost', 'inferred'])
  for (const flags of ['ACK', 'RST'])
    expect((await first(lines(then(HOST, flags)), rules)).status, flags).toBe('answered')
})
