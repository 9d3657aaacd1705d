/** Replies that were seen to pass, and that who asked has no use for. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

async function told(files: Readonly<Record<string, string>>, ...lines: string[]) {
  const log = lines.map((line, i) => `[   10.00000${i}] ${line}\n`).join('')
  const inputs = Object.entries({ log, ...files }).map(([name, text]) => ({ name, text }))
  const { exchanges } = await (await open(inputs)).exchanges()
  const [first] = exchanges
  return { status: first?.status, findings: first?.findings.filter(({ severity }) => severity !== 'note') ?? [] }
}

describe('a reply that is not tracked, behind nat', () => {
  const NAT = (notrack: string) => `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${notrack}
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 30080 -j DNAT --to-destination 10.0.0.1:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
  const asked = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 40_000, dport: 30_080 }
  const reply = { out: 'eth0', src: '10.0.0.1', dst: '192.0.2.9', sport: 80, dport: 40_000, flags: 'ACK SYN' }
  const sent = trace('filter:OUTPUT:policy:1', reply)
  const ADDRESSES =
    '2: eth0    inet 192.0.2.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n2: eth0    inet 10.0.0.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n'
  const request = [
    trace('raw:PREROUTING:policy:1', asked),
    trace('nat:PREROUTING:rule:1', asked),
    trace('filter:INPUT:policy:1', { ...asked, dst: '10.0.0.1', dport: 80 }),
    trace('nat:INPUT:policy:1', { ...asked, dst: '10.0.0.1', dport: 80 }),
  ]

  it('comes from an address that was never contacted', async () => {
    const rules = NAT('-A OUTPUT -p tcp -m tcp --sport 80 -j CT --notrack')
    const lines = [trace('raw:OUTPUT:rule:1', reply), trace('raw:OUTPUT:policy:2', reply), sent]
    const { status, findings } = await told({ rules, ADDRESSES }, ...request, ...lines)
    expect(status).toBe('reply-lost')
    expect(findings.map(({ message }) => message)).toEqual([
      'The reply is exempted from conntrack by raw OUTPUT rule 1, so nat does not give it the address that was asked: 192.0.2.9 contacted 192.0.2.1:30080, and the reply comes from 10.0.0.1:80.',
    ])
    expect(findings[0]!.fix[0]?.edits).toBeDefined()
  })

  it('is an answer where it is tracked', async () => {
    const lines = [trace('raw:OUTPUT:policy:1', reply), sent]
    expect((await told({ rules: NAT(''), ADDRESSES }, ...request, ...lines)).status).toBe('answered')
  })
})

describe('a forwarded handshake whose reply leaves by another interface', () => {
  const RULES = '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n'
  const asked = { in: 'tun0', out: 'wan', src: '10.1.0.5', dst: '198.51.100.9', sport: 40_000, dport: 80 }
  const back = { in: 'wan', out: 'lan', src: '198.51.100.9', dst: '10.1.0.5', sport: 80, dport: 40_000 }
  const [syn, synAck, ack] = [
    trace('filter:FORWARD:policy:1', asked),
    trace('filter:FORWARD:policy:1', { ...back, flags: 'ACK SYN' }),
    trace('filter:FORWARD:policy:1', { ...asked, flags: 'ACK', seq: 8, id: 2 }),
  ]
  const entry = (state: string) =>
    `tcp      6 57 ${state} src=10.1.0.5 dst=198.51.100.9 sport=40000 dport=80 src=198.51.100.9 dst=10.1.0.5 sport=80 dport=40000 mark=0 use=1\n`

  it('is not known to be answered', async () => {
    const { status, findings } = await told({ RULES }, syn, synAck)
    expect([status, findings.map(({ code }) => code)]).toEqual(['undetermined', ['reply-by-other-uplink']])
    expect((await told({ RULES, conntrack: entry('SYN_RECV') }, syn, synAck)).status).toBe('undetermined')
  })

  it('is answered where somebody went on with it, or it comes back as it went', async () => {
    expect((await told({ RULES }, syn, synAck, ack)).status).toBe('answered')
    expect((await told({ RULES, conntrack: entry('ESTABLISHED') }, syn, synAck)).status).toBe('answered')
    const same = trace('filter:FORWARD:policy:1', { ...back, out: 'tun0', flags: 'ACK SYN' })
    expect((await told({ RULES }, syn, same)).status).toBe('answered')
  })
})

describe('a forwarded reply that goes back out where it came in, and not where the request came from', () => {
  const RULES = '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n'
  const ends = { src: '10.88.0.69', dst: '192.0.2.80', sport: 40_000, dport: 53, protocol: 'udp' } as const
  const turned = { src: ends.dst, dst: ends.src, sport: 53, dport: 40_000, protocol: 'udp' } as const
  const request = trace('filter:FORWARD:policy:1', { ...ends, in: 'wg0', out: 'wan' })
  const reply = (out: string) => trace('filter:FORWARD:policy:1', { ...turned, in: 'wan', out })

  it('is not known to arrive', async () => {
    const { status, findings } = await told({ RULES }, request, reply('wan'))
    expect(status).toBe('undetermined')
    expect(findings.map(({ code, message }) => [code, message])).toEqual([
      [
        'reply-by-other-uplink',
        'The request of 10.88.0.69 came in on wg0, but its reply leaves by wan, where it came in. Perhaps 10.88.0.69 cannot be reached that way, or a reverse path filter there drops the reply.',
      ],
    ])
  })

  it('names interfaces of which only the index is known unlike packets', async () => {
    const from = trace('filter:FORWARD:policy:1', { ...ends, in: '#3', out: '#2' })
    const back = trace('filter:FORWARD:policy:1', { ...turned, in: '#2', out: '#2' })
    const messages = (await told({ RULES }, from, back)).findings.map(({ message }) => message)
    expect(messages).toContainEqual(
      expect.stringContaining('came in on interface 3, but its reply leaves by interface 2'),
    )
  })

  it('is an answer where the connection is known to go on, or the reply goes back as the request came', async () => {
    const conntrack =
      'udp      17 170 src=10.88.0.69 dst=192.0.2.80 sport=40000 dport=53 src=192.0.2.80 dst=10.88.0.69 sport=53 dport=40000 [ASSURED] mark=0 use=1\n'
    expect((await told({ RULES, conntrack }, request, reply('wan'))).status).toBe('answered')
    expect((await told({ RULES }, request, reply('wg0'))).status).toBe('answered')
    // by a third interface, nobody knows whether the way leads there
    expect((await told({ RULES, conntrack }, request, reply('lan'))).status).toBe('answered')
    expect((await told({ RULES }, request, reply('lan'))).status).toBe('undetermined')
  })
})

describe('a reset that leaves by another interface, and the request comes again', () => {
  const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
  const address = '2: eth1    inet 10.1.0.1/24 scope global eth1\\       valid_lft forever preferred_lft forever\n'
  const links = '3: eth0    inet 192.0.2.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n'
  const syn = trace('filter:INPUT:policy:1', { in: 'eth0', src: '10.1.0.9', dst: '10.1.0.1', sport: 40_000, dport: 80 })
  const reset = (out: string) =>
    trace('filter:OUTPUT:policy:1', {
      ...{ out, src: '10.1.0.1', dst: '10.1.0.9', sport: 80, dport: 40_000, flags: 'ACK RST', seq: 0, window: 0 },
    })
  const status = async (out: string, wait: number) => {
    const at = (clock: number, line: string) => `[   ${clock.toFixed(6)}] ${line}\n`
    const log = [at(10, syn), at(10.0001, reset(out)), at(10 + wait, syn), at(10.0001 + wait, reset(out))].join('')
    const inputs = Object.entries({ log, RULES, address: address + links }).map(([name, text]) => ({ name, text }))
    return (await (await open(inputs)).exchanges()).exchanges.map((one) => one.status)
  }

  it('did not arrive', async () => {
    expect(await status('eth1', 1.02)).toEqual(['reply-lost'])
  })

  it('may have arrived where it left as the request came, or at Windows, which asks again', async () => {
    expect(await status('eth0', 1.02)).not.toContain('reply-lost')
    expect(await status('eth1', 0.5)).not.toContain('reply-lost')
  })
})

describe('a reply of this host that leaves by another interface', () => {
  const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
  const asked = { in: 'eth0', src: '198.51.100.9', dst: '192.0.2.1', sport: 40_000, dport: 80 }
  const back = { out: 'tun0', src: '192.0.2.1', dst: '198.51.100.9', sport: 80, dport: 40_000, flags: 'ACK SYN' }
  const lines = [trace('filter:INPUT:policy:1', asked), trace('filter:OUTPUT:policy:1', back)]

  it('is no answer as long as nobody knows whose address was asked', async () => {
    const { status, findings } = await told({ RULES }, ...lines)
    expect(status).toBe('undetermined')
    expect(findings.find(({ code }) => code === 'reply-by-other-uplink')?.message).toContain(
      'A reverse path filter on the path may drop the reply if 192.0.2.1 is an address of eth0, whose addresses are unknown.',
    )
    // table local tells as much as the addresses
    const local = await told({ RULES, routes: 'local 192.0.2.1 dev eth0 table local\ndefault dev tun0\n' }, ...lines)
    expect(local.findings.find(({ code }) => code === 'reply-by-other-uplink')?.message).toContain(
      'may drop the reply: 192.0.2.1 is an address of eth0.',
    )
    const others = '2: eth0    inet 10.0.0.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n'
    expect((await told({ RULES, others }, ...lines)).status).toBe('answered')
  })

  it('is none where only the addresses of the other IP version are listed', async () => {
    const address = (ip: string) =>
      `2: eth0    ${ip} scope global eth0\\       valid_lft forever preferred_lft forever\n`
    const six = address('inet6 2001:db8:3::1/64')
    expect((await told({ RULES, six }, ...lines)).status).toBe('undetermined')
    const both = six + address('inet 10.0.0.1/24')
    expect((await told({ RULES, both }, ...lines)).status).toBe('answered')
  })

  it('is none either where the request is traced in PREROUTING alone: who replies was asked', async () => {
    const early = '*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
    const rules = { RULES: early }
    const came = trace('raw:PREROUTING:policy:1', asked)
    expect((await told(rules, came, trace('raw:OUTPUT:policy:1', back))).status).toBe('undetermined')
    expect((await told(rules, came, trace('raw:OUTPUT:policy:1', { ...back, out: 'eth0' }))).status).toBe('answered')
  })
})
