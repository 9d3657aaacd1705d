/** Replies of which the request went another way, and replies that whoever asked does not take. */
import { describe, expect, it } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'
import { clocked, type Event, type TestPacket, trace } from '../journey/kernel-lines.ts'

const STATE = {
  'ip-addr.txt':
    '1: lo    inet 127.0.0.1/8 scope host lo\n2: pod    inet 10.11.0.1/24 brd 10.11.0.255 scope global pod\n3: wan    inet 192.168.33.11/24 brd 192.168.33.255 scope global wan\n',
  'ip-route.txt':
    '10.11.0.0/24 dev pod\n192.168.33.0/24 dev wan\nlocal 10.11.0.1 dev pod table local\nlocal 192.168.33.11 dev wan table local\n',
  'sysctl.txt': 'net.ipv4.ip_forward = 1\n',
}
const RULES = `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -j TRACE
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.11.0.0/24 -o wan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
/** Seconds later. */
const LATER = '>'
const withTimes = (lines: readonly string[]): string => {
  const events: Event[] = []
  let clock = 1
  for (const line of lines) {
    clock += line === LATER ? 1 : 1e-6
    if (line !== LATER) events.push([clock, line])
  }
  return clocked(events)
}

async function first(lines: readonly string[], rules = RULES, more: Record<string, string> = {}): Promise<Exchange> {
  const files = { 'trace.log': withTimes(lines), 'rules.v4': rules, ...STATE, ...more }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  return (await analysis.exchanges()).exchanges[0]!
}
const FROM_POD: TestPacket = { in: 'pod', src: '10.11.0.20', dst: '192.168.33.12', sport: 80, dport: 60_930 }
const forwarded = (packet: TestPacket, ...more: string[]) => [
  trace('raw:PREROUTING:policy:2', packet),
  ...more.slice(0, 1).flatMap(() => [trace('nat:PREROUTING:policy:1', packet)]),
  trace('filter:FORWARD:policy:1', { ...packet, out: 'wan', ttl: 63 }),
  ...more,
]
const SYN_ACK = forwarded({ ...FROM_POD, flags: 'ACK SYN', seq: 1, ack: 8, id: 0 })
const DATA: TestPacket = { ...FROM_POD, flags: 'ACK PSH', seq: 2, ack: 8, id: 5 }
const MASQUERADED = forwarded(DATA, trace('nat:POSTROUTING:rule:1', { ...DATA, in: '', out: 'wan', ttl: 63 }))
const RESET: TestPacket = {
  in: 'wan',
  src: '192.168.33.12',
  dst: '192.168.33.11',
  sport: 60_930,
  dport: 80,
  flags: 'RST',
  seq: 8,
  id: 0,
}
const RESET_LINES = [
  trace('raw:PREROUTING:policy:2', RESET),
  trace('filter:FORWARD:policy:1', { ...RESET, dst: '10.11.0.20', out: 'pod', ttl: 63 }),
]

describe('a reply whose request went another way', () => {
  it('is lost where nat rewrites what follows its SYN ACK: the rule is named, and who was asked is not accused', async () => {
    const one = await first([...SYN_ACK, ...MASQUERADED, ...RESET_LINES])
    expect(one).toMatchObject({ status: 'reply-lost', asked: { src: '192.168.33.12', dst: '10.11.0.20', dport: 80 } })
    expect(one.findings.map(({ code }) => code)).toEqual(['reply-from-other-address'])
    const [found] = one.findings
    expect(found?.message).toBe(
      'nat POSTROUTING rule 1 rewrote the source of #2. The SYN ACK before it kept 10.11.0.20:80, which 192.168.33.12:60930 had contacted. Only the reply traverses this host, not its request, so conntrack treats #2 as a new connection.',
    )
    expect(found?.rules).toMatchObject([{ table: 'nat', chain: 'POSTROUTING', ruleNumber: 1 }])
  })

  it('is turned round where what follows the SYN ACK is complete before it', async () => {
    const [begins, ...rest] = SYN_ACK
    const one = await first([begins!, ...MASQUERADED, ...rest])
    expect(one).toMatchObject({ status: 'reply-lost', asked: { src: '192.168.33.12', dst: '10.11.0.20' } })
  })

  it.each([
    [56, 'undetermined'],
    [59, 'answered'],
  ])('may not have arrived where nobody had gone on with it for seconds (%s of 60 left)', async (left, status) => {
    const sysctls = `${STATE['sysctl.txt']}net.netfilter.nf_conntrack_tcp_timeout_syn_recv = 60\n`
    const entry = `tcp 6 ${left} SYN_RECV src=192.168.33.12 dst=10.11.0.20 sport=60930 dport=80 src=10.11.0.20 dst=192.168.33.12 sport=80 dport=60930 mark=0 use=1\n`
    expect((await first(SYN_ACK, RULES, { 'conntrack.txt': entry, 'sysctl.txt': sysctls })).status).toBe(status)
  })

  it('is answered where nothing rewrites it', async () => {
    const plain = RULES.replace(/^-A POSTROUTING.*\n/m, '')
    const one = await first([...SYN_ACK, ...forwarded(DATA)], plain)
    expect(one.status).toBe('answered')
  })
})

describe('a reset of whoever asked', () => {
  const ASKED: TestPacket = { in: 'pod', src: '203.0.113.2', dst: '10.11.0.1', sport: 40_000, dport: 80 }
  const delivered = (packet: TestPacket) => [
    trace('raw:PREROUTING:policy:2', packet),
    trace('filter:INPUT:policy:1', packet),
  ]
  const replied: TestPacket = {
    in: '',
    out: 'wan',
    src: '10.11.0.1',
    dst: '203.0.113.2',
    sport: 80,
    dport: 40_000,
    flags: 'ACK SYN',
    seq: 1,
    ack: 8,
    id: 0,
  }
  const reset: TestPacket = { ...ASKED, in: 'wan', flags: 'RST', seq: 8, id: 0 }
  const sent = (packet: TestPacket) => [trace('filter:OUTPUT:policy:1', packet)]

  it('is no use of the reply, where the request comes again', async () => {
    const one = await first([
      ...[...delivered(ASKED), ...sent(replied), ...delivered(reset)],
      ...delivered({ ...ASKED, id: 2 }),
    ])
    expect(one.status).toBe('reply-lost')
  })

  it('that comes in as the request did shows that the reply arrived', async () => {
    const late = delivered({ ...reset, in: 'pod' })
    const one = await first([
      ...delivered(ASKED),
      ...sent(replied),
      LATER,
      ...late,
      LATER,
      ...delivered({ ...ASKED, id: 2 }),
    ])
    expect(one.status).not.toBe('reply-lost')
  })

  it('of this host does not arrive by another interface, where the request comes again', async () => {
    const refusal: TestPacket = { ...replied, flags: 'ACK RST', seq: 0 }
    const again = [LATER, ...delivered({ ...ASKED, id: 2 })]
    expect((await first([...delivered(ASKED), ...sent(refusal), ...again])).status).toBe('reply-lost')
    // Windows asks again half a second after it got one
    const soon = delivered({ ...ASKED, id: 2 })
    expect((await first([...delivered(ASKED), ...sent(refusal), ...soon])).status).not.toBe('reply-lost')
    const straight = sent({ ...refusal, out: 'pod' })
    expect((await first([...delivered(ASKED), ...straight, ...again])).status).toBe('refused')
  })
})
