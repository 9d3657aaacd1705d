/** What nodes of a cluster do to a packet that nobody replies to. */
import { expect, test } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import { type Finding, open, printCommand } from '../../src/index.ts'
import { clocked, type TestPacket, trace } from '../journey/kernel-lines.ts'
import { ADDRESS, type Line, ROUTES, rules } from './two-networks.ts'

interface Given {
  nat?: string[]
  lines: readonly Line[]
  entry: string
  address?: string
  routes?: string
  more?: Record<string, string>
}

async function found({ nat = [], lines, entry, address = ADDRESS, routes = '', more = {} }: Given, code: string) {
  const log = clocked(lines.map(([clock, place, packet]) => [clock, trace(place, packet)]))
  const files = { log, rules: rules(nat), address, routes: ROUTES + routes, entry, ...more }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const [exchange] = (await analysis.exchanges()).exchanges
  const finding = exchange?.findings.find((one) => one.code === code)
  return { status: exchange?.status, finding, commands: finding ? commandsOf(finding) : [] }
}

const commandsOf = ({ fix }: Finding): string[] =>
  fix.flatMap((one) => {
    const { command } = fixCommands(one)
    return command ? [printCommand(command)] : []
  })

const tuple = (src: string, dst: string, sport: number, dport: number) =>
  `src=${src} dst=${dst} sport=${sport} dport=${dport}`
const unreplied = (original: string, reply: string) =>
  `tcp      6 119 SYN_SENT ${original} [UNREPLIED] ${reply} mark=0 use=1\n`

const ASKED: TestPacket = { in: 'wan', src: '203.0.113.7', dst: '203.0.113.1', sport: 40_000, dport: 80 }

test('a destination that nat has given is translated by no other rule', async () => {
  const sent = { ...ASKED, out: 'lan', dst: '10.0.0.99' }
  const lines: readonly Line[] = [
    [10, 'nat:PREROUTING:rule:1', ASKED],
    [10, 'filter:FORWARD:policy:1', sent],
    [10, 'nat:POSTROUTING:policy:1', { ...sent, in: '' }],
  ]
  const first = '-A PREROUTING -d 203.0.113.1/32 -j DNAT --to-destination 10.0.0.99'
  const service = '-A PREROUTING -d 10.0.0.99/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.7:8080'
  const original = tuple('203.0.113.7', '203.0.113.1', 40_000, 80)
  const entry = unreplied(original, tuple('10.0.0.99', '203.0.113.7', 80, 40_000))
  const { finding, commands } = await found({ nat: [first, service], lines, entry }, 'dnat-skipped')
  expect(finding?.message).toBe(
    'nat PREROUTING rule 1 rewrites its destination to 10.0.0.99:80, so nat PREROUTING rule 2 does not rewrite it to 10.0.0.7:8080: the kernel sets up NAT once per connection.',
  )
  expect(commands).toEqual([
    'iptables -t nat -I PREROUTING 1 -d 203.0.113.1 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.7:8080',
  ])
  // another service's rule, one that changes nothing, and a host that has replied
  for (const other of [service.replace('--dport 80', '--dport 81'), service.replace('10.0.0.7:8080', '10.0.0.99:80')])
    expect((await found({ nat: [first, other], lines, entry }, 'dnat-skipped')).finding).toBeUndefined()
  const replied = `tcp      6 119 ESTABLISHED ${original} ${tuple('10.0.0.99', '203.0.113.7', 80, 40_000)} [ASSURED] mark=0 use=1\n`
  expect((await found({ nat: [first, service], lines, entry: replied }, 'dnat-skipped')).finding).toBeUndefined()
})

test('who forwards a port of any address means packets as they come in', async () => {
  const asked = { ...ASKED, dport: 8080 }
  const sent = { ...asked, out: 'lan', dst: '10.0.0.99', dport: 80 }
  const lines: readonly Line[] = [
    [10, 'nat:PREROUTING:rule:2', asked],
    [10, 'filter:FORWARD:policy:1', sent],
    [10, 'nat:POSTROUTING:policy:1', { ...sent, in: '' }],
  ]
  const entry = unreplied(
    tuple('203.0.113.7', '203.0.113.1', 40_000, 8080),
    tuple('10.0.0.99', '203.0.113.7', 80, 40_000),
  )
  const by = async (match: string) => {
    const forwards = `-A PREROUTING ${match} -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.7:80`
    const first = '-A PREROUTING -i wan -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.99:80'
    return (await found({ nat: [forwards, first], lines, entry }, 'dnat-skipped')).finding?.message
  }
  expect(await by('-d 10.0.0.99/32 -i wan')).toContain('the kernel sets up NAT once')
  expect(await by('-i wan')).toBeUndefined()
  expect(await by('! -d 10.0.0.98/32 -i wan')).toBeUndefined()
})

const link = (ifname: string, local?: string) => ({
  ifname,
  flags: ['UP', 'LOWER_UP'],
  operstate: 'UP',
  addr_info: local === undefined ? [] : [{ family: 'inet', local, prefixlen: 24, scope: 'global' }],
})

test('masquerading out of a link without an address takes that of another one', async () => {
  const asked: TestPacket = { out: 'tun', src: '10.0.0.1', dst: '198.51.100.9', sport: 40_000, dport: 443 }
  const lines: readonly Line[] = [
    [10, 'nat:OUTPUT:policy:1', asked],
    [10, 'filter:OUTPUT:policy:1', asked],
    [10, 'nat:POSTROUTING:rule:1', asked],
  ]
  const given = (tun?: string): Given => ({
    nat: ['-A POSTROUTING -o tun -j MASQUERADE'],
    lines,
    entry: unreplied(
      tuple('10.0.0.1', '198.51.100.9', 40_000, 443),
      tuple('198.51.100.9', tun ?? '203.0.113.1', 443, 40_000),
    ),
    address: JSON.stringify([link('wan', '203.0.113.1'), link('lan', '10.0.0.1'), link('tun', tun)]),
    routes: '198.51.100.0/24 dev tun scope link\n',
  })
  const { finding, commands } = await found(given(), 'snat-changed-source')
  expect(finding).toMatchObject({ severity: 'warning' })
  expect(finding?.message).toContain(
    'tun has no address that is used beyond its link, so masquerading took one of wan. The hosts behind tun may have no route back to it. This host itself had chosen 10.0.0.1.',
  )
  expect(commands).toEqual([
    'iptables -t nat -I POSTROUTING 1 -s 10.0.0.1 -d 198.51.100.9 -o tun -p tcp --dport 443 -j ACCEPT',
  ])
  // with an address of its own that is what masquerading is for
  expect((await found(given('100.64.0.2'), 'snat-changed-source')).finding).toMatchObject({ severity: 'note', fix: [] })
})

test('a public address on an interface of its own is what masquerading out of a bare uplink is to take', async () => {
  const asked: TestPacket = { out: 'up', src: '10.0.0.1', dst: '198.51.100.9', sport: 40_000, dport: 443 }
  const lines: readonly Line[] = [
    [10, 'nat:OUTPUT:policy:1', asked],
    [10, 'filter:OUTPUT:policy:1', asked],
    [10, 'nat:POSTROUTING:rule:1', asked],
  ]
  const given = (pub: string, routes = ''): Given => ({
    nat: ['-A POSTROUTING -o up -j MASQUERADE'],
    lines,
    entry: unreplied(tuple('10.0.0.1', '198.51.100.9', 40_000, 443), tuple('198.51.100.9', pub, 443, 40_000)),
    address: JSON.stringify([link('pub', pub), link('lan', '10.0.0.1'), link('up')]),
    routes: `default via 169.254.0.1 dev up onlink\n${routes}`,
  })
  const code = 'snat-changed-source'
  expect((await found(given('203.0.113.1'), code)).finding).toMatchObject({ severity: 'note', fix: [] })
  // that of another uplink is known there alone
  const other = await found(given('203.0.113.1', 'default via 203.0.113.254 dev pub metric 9\n'), code)
  expect(other.finding).toMatchObject({ severity: 'warning' })
  // whoever is beyond the uplink knows no private address, neither that one nor the one that was chosen first
  const hidden = await found(given('10.9.0.1'), code)
  expect(hidden.finding).toMatchObject({ severity: 'warning', fix: [] })
  expect(hidden.finding?.message).toContain('so masquerading took one of pub')
})

test('a neighbour without a route gets no reply', async () => {
  const asked: TestPacket = {
    in: 'veth1',
    out: 'wan',
    src: '169.254.1.2',
    dst: '203.0.113.9',
    sport: 40_000,
    dport: 80,
  }
  const mac = '02:00:00:00:00:02'
  const reply: TestPacket = {
    ...{ in: 'wan', src: '203.0.113.9', dst: '169.254.1.2', sport: 80, dport: 40_000 },
    flags: 'ACK SYN',
  }
  const given = (neighbour: string, route = ''): Given => ({
    lines: [
      [10, 'nat:PREROUTING:policy:1', { ...asked, out: '' }],
      [10, 'filter:FORWARD:policy:1', asked],
      [10, 'nat:POSTROUTING:policy:1', { ...asked, in: '' }],
      [10.1, 'filter:FORWARD:policy:1', { ...reply, out: 'wan' }],
    ],
    entry: `tcp      6 59 SYN_RECV ${tuple('169.254.1.2', '203.0.113.9', 40_000, 80)} ${tuple('203.0.113.9', '169.254.1.2', 80, 40_000)} mark=0 use=1\n`,
    address: JSON.stringify([link('wan', '203.0.113.1'), link('lan', '10.0.0.1'), link('veth1')]),
    routes: `default via 203.0.113.254 dev wan\n${route}`,
    more: { neighbours: `${neighbour} dev veth1 lladdr ${mac} STALE\n` },
  })
  const code = 'reply-by-other-uplink'
  const { finding, commands } = await found(given('169.254.1.2'), code)
  expect(finding?.message).toBe(
    'The request of 169.254.1.2 came in on veth1, but its reply leaves by wan, and 169.254.1.2 was not seen to go on with it. 169.254.1.2 is a neighbour on veth1, but only the default route of this host leads to it.',
  )
  expect(commands).toEqual(['ip route add 169.254.1.2/32 dev veth1'])
  expect((await found(given('169.254.1.3'), code)).finding?.message).toContain('Perhaps 169.254.1.2 cannot be reached')
})

test('a reply that nobody goes on with, and that leaves by another interface, is not called answered', async () => {
  const ping = { protocol: 'icmp', in: 'veth1', src: '169.254.1.2', dst: '10.0.0.7' } as const
  const reply: TestPacket = { protocol: 'icmp', icmpType: 0, in: 'lan', src: '10.0.0.7', dst: '169.254.1.2' }
  const given = (left: string, more: Partial<Given> = {}): Given => ({
    lines: [
      [10, 'filter:FORWARD:policy:1', { ...ping, out: 'lan' }],
      [10.1, 'filter:FORWARD:policy:1', { ...reply, out: left }],
    ],
    entry:
      'icmp     1 29 src=169.254.1.2 dst=10.0.0.7 type=8 code=0 id=9 src=10.0.0.7 dst=169.254.1.2 type=0 code=0 id=9 mark=0 use=1\n',
    address: JSON.stringify([link('wan', '203.0.113.1'), link('lan', '10.0.0.1'), link('veth1')]),
    routes: 'default via 203.0.113.254 dev wan\n',
    ...more,
  })
  const code = 'reply-by-other-uplink'
  const neighbours = '169.254.1.2 dev veth1 lladdr 02:00:00:00:00:02 STALE\n'
  const unrouted = await found(given('wan', { more: { neighbours } }), code)
  expect(unrouted).toMatchObject({ status: 'undetermined', commands: ['ip route add 169.254.1.2/32 dev veth1'] })
  expect((await found(given('wan'), code)).status).toBe('undetermined')
  // where the sender is none, and where the reply went back as the request came
  const elsewhere = neighbours.replace('169.254.1.2', '169.254.1.3')
  expect((await found(given('wan', { more: { neighbours: elsewhere } }), code)).status).toBe('answered')
  const routes = 'default via 203.0.113.254 dev wan\n169.254.1.2 dev veth1 scope link\n'
  expect((await found(given('veth1', { routes, more: { neighbours } }), code)).status).toBe('answered')
  // nobody knows the routes
  const alone = async (left: string) => {
    const { lines } = given(left)
    const log = clocked(lines.map(([clock, place, packet]) => [clock, trace(place, packet)]))
    const analysis = await open([
      { name: 'log', text: log },
      { name: 'rules', text: rules([]) },
    ])
    return (await analysis.exchanges()).exchanges[0]?.status
  }
  expect([await alone('wan'), await alone('veth1')]).toEqual(['undetermined', 'answered'])
})

test('whoever a datagram was sent on to refuses what was for a program of this host', async () => {
  const asked: TestPacket = { ...ASKED, protocol: 'udp', dport: 41_641 }
  const sent = { ...asked, out: 'lan', dst: '10.0.0.2' }
  const refused: TestPacket = { protocol: 'icmp', in: 'lan', out: 'wan', src: '10.0.0.2', dst: '203.0.113.7' }
  const quoted = trace('filter:FORWARD:policy:1', refused).replace(
    /TYPE=.*$/,
    `TYPE=3 CODE=3 [SRC=203.0.113.7 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=62 ID=1 DF PROTO=UDP SPT=40000 DPT=41641 LEN=40 ] `,
  )
  const log = clocked([
    [10, trace('nat:PREROUTING:rule:1', asked)],
    [10, trace('filter:FORWARD:policy:1', sent)],
    [10, trace('nat:POSTROUTING:policy:1', { ...sent, in: '' })],
    [10.1, quoted],
  ])
  const ss = (port: number) =>
    `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\nudp   UNCONN 0      0            0.0.0.0:${port}      0.0.0.0:*    users:(("tailscaled",pid=7,fd=3))\n`
  const told = async (port: number) => {
    const nat = rules(['-A PREROUTING ! -i lan -j DNAT --to-destination 10.0.0.2'])
    const files = { log, nat, ADDRESS, ROUTES, ss: ss(port) }
    const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
    const [exchange] = (await analysis.exchanges()).exchanges
    expect(exchange?.status).toBe('refused')
    return exchange?.findings.find(({ code }) => code === 'dnat-of-others')?.message
  }
  expect(await told(41_641)).toBe(
    'Every packet that nat PREROUTING rule 1 matches goes to 10.0.0.2. This packet was for 203.0.113.1:41641, where tailscaled of this host listens.',
  )
  expect(await told(22)).toBeUndefined()
})
