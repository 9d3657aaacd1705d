/** Replies that come when conntrack has forgotten the connection: a UDP server that thinks for longer than the timeout. */
import { describe, expect, it, test } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'
import { clocked, type TestPacket, trace } from '../journey/kernel-lines.ts'

const ADDRESSES = [
  '2: lan    inet 10.1.0.1/24 scope global lan\\       valid_lft forever preferred_lft forever\n',
  '3: wan    inet 10.2.0.1/24 scope global wan\\       valid_lft forever preferred_lft forever\n',
].join('')
const ROUTES = [
  '10.1.0.0/24 dev lan proto kernel scope link src 10.1.0.1\n',
  '10.2.0.0/24 dev wan proto kernel scope link src 10.2.0.1\n',
  'local 10.1.0.1 dev lan table local proto kernel scope host src 10.1.0.1\n',
  'local 10.2.0.1 dev wan table local proto kernel scope host src 10.2.0.1\n',
].join('')
const SYSCTLS = 'net.ipv4.ip_forward = 1\nnet.netfilter.nf_conntrack_udp_timeout = 2\n'

const table = (name: string, chains: readonly string[], rules: readonly string[]): string =>
  `*${name}\n${chains.map((chain) => `:${chain} ACCEPT [0:0]\n`).join('')}${rules.map((rule) => `${rule}\n`).join('')}COMMIT\n`
const nat = (...rules: string[]) => table('nat', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'], rules)
const filter = (...rules: string[]) => table('filter', ['INPUT', 'FORWARD', 'OUTPUT'], rules)

const CLIENT = { src: '10.1.0.2', sport: 40_003, protocol: 'udp' } as const
const BACK = { dst: '10.1.0.2', dport: 40_003, protocol: 'udp' } as const

type Lines = readonly (readonly [string, TestPacket])[]

async function told(rules: string, asked: Lines, replied: Lines, after: number, more = {}): Promise<Exchange> {
  const events = [
    ...asked.map(([at, packet]) => [1, trace(at, packet)] as const),
    ...replied.map(([at, packet]) => [1 + after, trace(at, packet)] as const),
  ]
  const files = { 'trace.log': clocked(events), rules, addresses: ADDRESSES, routes: ROUTES, sysctls: SYSCTLS, ...more }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  return (await analysis.exchanges()).exchanges[0]!
}

const MASQUERADED = `${nat('-A POSTROUTING -o wan -j MASQUERADE')}${filter()}`
const asked: TestPacket = { ...CLIENT, in: 'lan', dst: '10.2.0.2', dport: 1812 }
const sent: Lines = [
  ['nat:PREROUTING:policy:1', asked],
  ['filter:FORWARD:policy:1', { ...asked, out: 'wan' }],
  ['nat:POSTROUTING:rule:1', { ...asked, out: 'wan' }],
]
const HERE: TestPacket = { in: 'wan', src: '10.2.0.2', sport: 1812, dst: '10.2.0.1', dport: 40_003, protocol: 'udp' }
const kept: Lines = [
  ['nat:PREROUTING:policy:1', HERE],
  ['filter:INPUT:policy:1', HERE],
  ['nat:INPUT:policy:1', HERE],
]

test('a reply that nat does not lead back to who was masqueraded is no answer', async () => {
  const late = await told(MASQUERADED, sent, kept, 3)
  expect([late.status, late.basis]).toEqual(['reply-lost', 'inferred'])
  const [finding] = late.findings
  expect(finding?.code).toBe('connection-expired')
  expect(finding?.message).toBe(
    'The reply came 3.0 s after the request, but conntrack forgets a connection without a reply after 2 s (net.netfilter.nf_conntrack_udp_timeout). So to conntrack the reply began a new connection: it was delivered to this host instead of the client.',
  )
  const name = 'net.netfilter.nf_conntrack_udp_timeout'
  expect(finding?.fix[0]?.edits).toEqual([{ kind: 'sysctl', name, value: '6' }])
  expect(finding?.fix[0]?.undo).toEqual([{ kind: 'sysctl', name, value: '2' }])
})

test('neither where nothing tells how long it took', async () => {
  const { status, findings } = await told(MASQUERADED, sent, kept, 3, { sysctls: 'net.ipv4.ip_forward = 1\n' })
  expect(status).toBe('reply-lost')
  expect(findings[0]?.message).toBe(
    'When the reply came, it matched no entry of conntrack: the entry had expired, or nat had given the request another source port. So to conntrack the reply began a new connection: it was delivered to this host instead of the client.',
  )
  expect(findings[0]?.fix[0]?.edits).toBeUndefined()
})

test('what conntrack knows passes no chain of nat, and is an answer', async () => {
  const back: TestPacket = { ...HERE, ...BACK, out: 'lan' }
  const { status } = await told(MASQUERADED, sent, [['filter:FORWARD:policy:1', back]], 1)
  expect(status).toBe('answered')
})

test('a reply of which nat does not undo the new destination is no answer', async () => {
  const rules = `${nat('-A PREROUTING -i lan -p udp -j DNAT --to-destination 10.2.0.2')}${filter()}`
  const first: TestPacket = { ...asked, dst: '10.1.0.1' }
  const forward: Lines = [
    ['nat:PREROUTING:rule:1', first],
    ['filter:FORWARD:policy:1', { ...asked, out: 'wan' }],
    ['nat:POSTROUTING:policy:1', { ...asked, out: 'wan' }],
  ]
  const back: TestPacket = { ...BACK, in: 'wan', src: '10.2.0.2', sport: 1812 }
  const anew: Lines = [
    ['nat:PREROUTING:policy:2', back],
    ['filter:FORWARD:policy:1', { ...back, out: 'lan' }],
    ['nat:POSTROUTING:policy:1', { ...back, out: 'lan' }],
  ]
  const late = await told(rules, forward, anew, 3)
  expect([late.status, late.findings[0]?.code]).toEqual(['reply-lost', 'connection-expired'])
  expect(late.findings[0]?.message).toContain('nat did not undo the rewriting')
  expect((await told(rules, forward, anew.slice(1, 2), 1)).status).toBe('answered')
})

test('a reply that is dropped as new names the timeout, if it took longer', async () => {
  const rules = filter('-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A FORWARD -i lan -j ACCEPT')
  const closed = rules.replace(':FORWARD ACCEPT', ':FORWARD DROP')
  const forward: Lines = [['filter:FORWARD:rule:2', { ...asked, out: 'wan' }]]
  const back: Lines = [['filter:FORWARD:policy:3', { ...BACK, in: 'wan', out: 'lan', src: '10.2.0.2', sport: 1812 }]]
  const codes = ({ findings }: Exchange) => findings.map(({ code }) => code)
  const late = await told(closed, forward, back, 3)
  expect([late.status, codes(late)[0]]).toEqual(['reply-lost', 'connection-expired'])
  expect(late.findings[0]?.message).toContain('a rule for established connections does not match the reply')
  expect(codes(await told(closed, forward, back, 1))).not.toContain('connection-expired')
})

describe('a connection that was replied to', () => {
  const rules = `${nat()}${filter('-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A FORWARD -i lan -j ACCEPT')}`
  const closed = rules.replace(':FORWARD ACCEPT', ':FORWARD DROP')
  const there: TestPacket = { ...asked, out: 'wan' }
  const back: TestPacket = { ...BACK, in: 'wan', out: 'lan', src: '10.2.0.2', sport: 1812 }
  const sysctls = `${SYSCTLS}net.netfilter.nf_conntrack_udp_timeout_stream = 6\n`
  /** Replied to at once; the last packet comes `age` seconds after the first, and a reply `late` seconds behind it. */
  const events = (age: number, late: number): (readonly [number, string])[] => [
    [1, trace('nat:PREROUTING:policy:1', asked)],
    [1, trace('filter:FORWARD:rule:2', there)],
    [1, trace('nat:POSTROUTING:policy:1', there)],
    [1.1, trace('filter:FORWARD:rule:1', back)],
    [1 + age, trace('filter:FORWARD:rule:1', { ...back, id: 7 })],
    [1 + age + late, trace('filter:FORWARD:policy:3', { ...back, id: 8 })],
  ]
  const messageOf = async (age: number, late: number) => {
    const files = {
      'trace.log': clocked(events(age, late)),
      'rules.v4': closed,
      'a.txt': ADDRESSES,
      'r.txt': ROUTES,
      sysctls,
    }
    const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
    const [exchange] = (await analysis.exchanges()).exchanges
    expect(exchange?.status).toBe('reply-lost')
    return exchange?.findings.find(({ code }) => code === 'connection-expired')?.message
  }

  it('waits longer once it is two seconds old', async () => {
    expect(await messageOf(2.5, 9)).toContain(
      'The reply came 9.0 s after the packet before it, but conntrack forgets a connection without packets after 6 s (net.netfilter.nf_conntrack_udp_timeout_stream).',
    )
    expect(await messageOf(2.5, 5)).toBeUndefined()
  })

  it('waits as one that was not, before', async () => {
    expect(await messageOf(1, 5)).toContain('without packets after 2 s (net.netfilter.nf_conntrack_udp_timeout).')
    expect(await messageOf(1, 1.5)).toBeUndefined()
  })

  it('is not told of where both may be in force', async () => {
    expect(await messageOf(2, 9)).toBeUndefined()
  })
})
