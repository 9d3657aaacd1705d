/** No reply was captured: the conntrack entry, listed later, tells that none came. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { type TestPacket, trace } from '../journey/kernel-lines.ts'

const RULES = (rule = '', policy = 'ACCEPT') =>
  `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rule}-A PREROUTING -j TRACE\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ${policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i eth0 -j ACCEPT\nCOMMIT\n`
const TIMEOUTS = 'net.netfilter.nf_conntrack_tcp_timeout_syn_sent = 120\nnet.netfilter.nf_conntrack_udp_timeout = 30\n'

interface Given {
  left?: number
  flags?: string
  state?: string
  proto?: 'tcp' | 'udp'
  dport?: number
  out?: string
  sysctls?: string
  rule?: string
  back?: string
  /** Other entries of the list. */
  others?: string
  addresses?: string
  routes?: string
  /** What else was captured. */
  more?: Partial<TestPacket>[]
  to?: string
  /** The source as it was rewritten. */
  snat?: string
  policy?: string
}

const ROUTES = `203.0.113.0/24 dev eth1 proto kernel scope link src 203.0.113.1
198.51.100.0/24 via 203.0.113.254 dev eth1
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
local 203.0.113.1 dev eth1 table local proto kernel scope host src 203.0.113.1
`
const replied = (src: string, dst: string, to = dst, back = src) =>
  `tcp      6 431990 ESTABLISHED src=${src} dst=${dst} sport=50000 dport=443 src=${to} dst=${back} sport=443 dport=50000 [ASSURED] mark=0 use=1\n`
/** Another one of the same network has replies from the same server through here. */
const SEEN = { routes: ROUTES, others: replied('192.0.2.77', '203.0.113.80') }

/** The exchange's status, and what is said of the entry. */
async function told(given: Given) {
  const { left = 118, flags = '[UNREPLIED] ', state = 'SYN_SENT', proto = 'tcp', dport = 80, out = 'eth1' } = given
  const { more = [], rule, routes, addresses } = given
  const [src, dst = '203.0.113.80'] = ['192.0.2.9', given.to]
  const { back = dst } = given
  const asked = { in: 'eth0', out, src, dst, sport: 40_000, dport, protocol: proto }
  const [kind, named] = proto === 'tcp' ? ['tcp      6', `${state} `] : ['udp      17', '']
  const files = {
    'trace.log': [asked, ...more.map((one) => ({ ...asked, ...one }))]
      .map((one, i) => `[   1${i}.000000] ${trace('filter:FORWARD:rule:1', one)}\n`)
      .join(''),
    'rules.v4': RULES(rule, given.policy),
    ...(routes === undefined ? {} : { routes }),
    ...(addresses === undefined ? {} : { addresses }),
    conntrack: `${kind} ${left} ${named}src=${src} dst=${dst} sport=40000 dport=${dport} ${flags}src=${back} dst=${given.snat ?? src} sport=${dport} dport=40000 mark=0 use=1\n${given.others ?? ''}`,
    sysctl: given.sysctls ?? TIMEOUTS,
  }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  const { status, findings } = exchanges[0]!
  return [status, ...findings.filter(({ code }) => code === 'conntrack-unreplied').map(({ message }) => message)]
}

const GUESTS = ROUTES.replaceAll('eth1', 'br0')
/** A bridge of this host, with a port of each kind. */
const bridge = (...kinds: string[]): string =>
  [
    ['br0', '', 'bridge', '203.0.113.1/24'],
    ['eth0', '', '', '192.0.2.1/24'],
    ...kinds.map((kind, i) => [`port${i}`, ' master br0', kind, '']),
  ]
    .map(
      ([name, master, kind, address], i) =>
        `${i + 2}: ${name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue${master} state UP group default qlen 1000\n    link/ether 52:54:00:00:00:0${i} brd ff:ff:ff:ff:ff:ff\n${kind ? `    ${kind} \n` : ''}${address ? `    inet ${address} scope global ${name}\n       valid_lft forever preferred_lft forever\n` : ''}`,
    )
    .join('')

it('counts a SYN as unanswered', async () => {
  expect(await told(SEEN)).toEqual([
    'unanswered',
    "Connection tracking had seen no reply when its entries were listed, 2 seconds after the sender's last packet.",
  ])
})

it('counts a query that any server answers as unanswered, and leaves other UDP open', async () => {
  expect((await told({ ...SEEN, proto: 'udp', dport: 53, left: 25 }))[0]).toBe('unanswered')
  const log = await told({ ...SEEN, proto: 'udp', dport: 514, left: 25 })
  expect(log).toEqual(['undetermined', expect.stringContaining(', 5 seconds after')])
})

const LISTED = 'Connection tracking had seen no reply when its entries were listed'
const WHENEVER = `${LISTED}. How long after the packet that was is unknown.`

it.each<[string, Given, string]>([
  [
    'a second only had passed',
    { left: 119 },
    `${LISTED}, within a second of the sender's last packet. A reply may have come later.`,
  ],
  ['the entry has more than the full timeout left', { left: 121 }, WHENEVER],
  ['the full timeout is unknown', { sysctls: 'net.ipv4.ip_forward = 1\n' }, WHENEVER],
  ['a rule gives connections timeouts of their own', { rule: '-A PREROUTING -j CT --timeout short\n' }, WHENEVER],
])('doubts that one comes, and no more, where %s', async (_name, given, doubt) => {
  expect(await told(given)).toEqual(['undetermined', doubt])
})

it.each<[string, Given]>([['it left where it came in, so that the reply may go past this host', { out: 'eth0' }]])(
  'says nothing where %s',
  async (_name, given) => {
    expect(await told(given)).toEqual(['undetermined'])
  },
)

const BROADCAST = 'broadcast 203.0.113.255 dev eth1 table local proto kernel scope link src 203.0.113.1\n'

it.each([28, 30])(
  'says nothing of a broadcast, which nobody answers from that address: %s seconds left',
  async (left) => {
    const given = {
      ...SEEN,
      proto: 'udp',
      dport: 138,
      left,
      to: '203.0.113.255',
      routes: `${ROUTES}${BROADCAST}`,
    } as const
    expect(await told(given)).toEqual(['undetermined'])
  },
)

it('says of UDP that not all of it is answered, but not of a service that answers always', async () => {
  const said = async (dport: number, left: number) => (await told({ ...SEEN, proto: 'udp', dport, left })).join()
  const some = 'Some UDP services never reply, such as syslog.'
  for (const left of [30, 25]) expect(await said(514, left)).toContain(some)
  expect(await said(53, 30)).not.toContain(some)
})

it('says it of what was given another destination and left where it came in', async () => {
  expect((await told({ out: 'eth0', back: '192.0.2.77' }))[0]).toBe('unanswered')
})

it('says it of what was given a source of this host and left where it came in', async () => {
  expect((await told({ out: 'eth0', snat: '192.0.2.1' }))[0]).toBe('unanswered')
})

it('does not where a reply was seen', async () => {
  expect(await told({ flags: '', state: 'ESTABLISHED', left: 431_990 })).toEqual(['answered'])
})

const OTHER_ROUTER = 'A reply may return through another router, because this host does no NAT for the connection.'

it.each<[string, Given]>([
  ['nothing shows where replies come by', { routes: ROUTES }],
  ['the routes are unknown', { others: SEEN.others }],
  ['another server replies through here', { routes: ROUTES, others: replied('192.0.2.77', '203.0.113.81') }],
  ['a server behind a gateway replies through here', { routes: ROUTES, others: replied('192.0.2.77', '198.51.100.7') }],
  [
    'its replies come to a translated address',
    { routes: ROUTES, others: replied('192.0.2.77', '203.0.113.80', '203.0.113.80', '203.0.113.1') },
  ],
  ['its bridge has a port to the outside', { routes: GUESTS, out: 'br0', addresses: bridge('veth', '') }],
])('leaves it open where %s', async (_name, given) => {
  expect(await told(given)).toEqual(['undetermined', expect.stringContaining(OTHER_ROUTER)])
})

it.each<[string, Given]>([
  [
    'the server asks others of that network through here',
    { routes: ROUTES, others: replied('203.0.113.80', '192.0.2.77') },
  ],
  [
    'another server behind its gateway replies through here',
    { to: '198.51.100.7', routes: ROUTES, others: replied('192.0.2.77', '198.51.100.8') },
  ],
  ['the source was rewritten', { snat: '203.0.113.1' }],
  ['it is for a guest of this host', { routes: GUESTS, out: 'br0', addresses: bridge('veth', 'tun') }],
])('counts it as unanswered where %s', async (_name, given) => {
  expect((await told(given))[0]).toBe('unanswered')
})

it('counts a connection as answered where its sender went on with it', async () => {
  const later = (seq: number) => told({ more: [{ flags: 'ACK', seq, id: 2 }] })
  expect(await later(8)).toEqual(['answered'])
  // of what was before
  expect((await later(2))[0]).not.toBe('answered')
})

it('takes a SYN with another sequence number for a new attempt, not for a retransmission', async () => {
  const again = async (seq: number) => (await told({ routes: ROUTES, more: [{ seq, id: 2 }] }))[0]
  expect(await again(7)).toBe('unanswered')
  expect(await again(77)).toBe('undetermined')
})

it('leaves it open where a rule keeps replies from connection tracking', async () => {
  const rule = '-A PREROUTING -s 203.0.113.80/32 -j CT --notrack\n'
  expect(await told({ ...SEEN, rule })).toEqual([
    'undetermined',
    expect.stringContaining('A rule keeps packets from connection tracking'),
  ])
})

it('does not say that a rule would drop the reply where connection tracking, which comes first, has seen none', async () => {
  const given = { routes: ROUTES, policy: 'DROP' }
  expect((await told(given))[0]).toBe('undetermined')
  expect((await told({ ...given, left: 119 }))[0]).toBe('reply-lost')
})
