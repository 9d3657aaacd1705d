/** What was stopped is the answer. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { entry } from '../../simulate/world.ts'
import { type Case, findingsOf, played, REPLY, SYN, told } from './played.ts'

const rules = (...lines: string[]) => ({
  filter: ['-P FORWARD DROP', '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT', ...lines],
})
const OPEN = entry({
  original: { src: '10.0.1.2', dst: '10.0.2.2', sport: 40_000, dport: 80 },
  reply: { src: '10.0.2.2', dst: '10.0.1.2', sport: 80, dport: 40_000 },
})

describe('reply-dropped', () => {
  it('proposes to accept replies', () => {
    const found = told({ rules: rules(), packet: REPLY, host: { conntrack: [OPEN] } }, 'reply-dropped')
    expect(found?.message).toBe(
      'filter FORWARD policy dropped the reply to 10.0.1.2:40000, which had contacted 10.0.2.2:80.',
    )
    expect(found?.fix).toBe('iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT → forwarded')
  })

  it.each([
    ['its policy', ['-P OUTPUT DROP', '-A OUTPUT -o lo -j ACCEPT', '-A OUTPUT -o tun0 -j ACCEPT'], '-A OUTPUT'],
    ['its rule', ['-A OUTPUT ! -o tun0 -j DROP'], '-I OUTPUT 1'],
  ])('lets nothing of this host out beside a tunnel: by %s all else is stopped', (_by, filter, at) => {
    const { in: _, ...reply } = { ...REPLY, src: '10.0.1.1', dst: '10.0.1.2' }
    const opened = entry({
      original: { src: '10.0.1.2', dst: '10.0.1.1', sport: 40_000, dport: 80 },
      reply: { src: '10.0.1.1', dst: '10.0.1.2', sport: 80, dport: 40_000 },
    })
    const fixOf = (rules: string[]) =>
      told({ rules: { filter: rules }, packet: reply, host: { conntrack: [opened] } }, 'reply-dropped')?.fix
    expect(fixOf(filter)).toBe(
      `iptables ${at} -s 10.0.1.1 -m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT → sent`,
    )
    // the interface that the reply leaves by, too, is let out
    const others = filter.map((rule) => rule.replace('tun0', 'eth0'))
    expect(fixOf(others) ?? '').not.toContain('--ctdir')
    // by service, whatever the interface
    expect(fixOf(['-P OUTPUT DROP', '-A OUTPUT -o tun0 -p tcp -j ACCEPT'])).not.toContain('--ctdir')
  })

  it('names the rule of a called chain that returns what is known, as if something behind it accepted that', () => {
    const words = (rule: string, ...behind: string[]) =>
      told(
        {
          rules: {
            filter: [
              ...['-P FORWARD DROP', '-N checks', '-A FORWARD -j checks', ...behind],
              ...[rule, '-A checks -p tcp -m tcp --dport 80 -j ACCEPT'],
            ],
          },
          packet: REPLY,
          host: { conntrack: [OPEN] },
        },
        'reply-dropped',
      )
    const returns = '-A checks -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN'
    expect(words(returns)).toMatchObject({
      message:
        'filter FORWARD policy dropped the reply to 10.0.1.2:40000, which had contacted 10.0.2.2:80. filter checks rule 1 matches it (--ctstate RELATED,ESTABLISHED), but only returns it from the chain.',
      rules: ['filter FORWARD policy', 'filter checks rule 1'],
    })
    for (const other of ['-A checks -m conntrack --ctstate NEW -j RETURN', '-A checks -i eth1 -j RETURN'])
      expect(words(other)?.message).toBe(
        'filter FORWARD policy dropped the reply to 10.0.1.2:40000, which had contacted 10.0.2.2:80.',
      )
    expect(words(returns, '-A FORWARD -i eth1 -j DROP')?.message).not.toContain('policy')
    // returned-early names the rule behind it that would have accepted the reply
    const behind = '-A checks -p tcp -m tcp --sport 80 -j ACCEPT'
    expect(words(`${returns}\n${behind}`)?.message).not.toContain('only returns it')
  })

  describe('where a rule stops replies that a later one would accept', () => {
    const apart = {
      filter: [
        '-A FORWARD -i eth1 -o eth0 -j DROP',
        '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
        '-A FORWARD -i eth0 -j ACCEPT',
      ],
    }
    const DNAT = ['-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.2.2:80']
    const BY_NAT = entry({ ...OPEN, original: { ...OPEN.original, dst: '192.0.2.1', dport: 8080 } })
    const OTHER_PORT = entry({ ...OPEN, original: { ...OPEN.original, dport: 8080 } })
    const fixOf = (filter: string[], conntrack: (typeof OPEN)[]) => {
      const [found] = findingsOf(
        played({ rules: { nat: DNAT, filter }, packet: REPLY, host: { conntrack } }),
        'reply-dropped',
      )
      return { ...found?.fix[0], command: `${fixCommands(found!.fix[0]!).command}` }
    }

    it.each([BY_NAT, OTHER_PORT])('accepts those of connections that nat led here, and no others', (one) => {
      expect(fixOf(apart.filter, [one]).command).toBe(
        'iptables -I FORWARD 1 -m conntrack --ctstate RELATED,ESTABLISHED -m conntrack --ctstate DNAT -j ACCEPT',
      )
    })

    it('says that other replies come through as well, where nat did nothing', () => {
      const { command, note } = fixOf(apart.filter, [OPEN])
      expect(command).toBe('iptables -I FORWARD 1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT')
      expect(note).toBe('accepts the replies of every connection that another rule accepted')
    })

    it('accepts all replies where no rule does', () => {
      expect(fixOf(['-P FORWARD DROP', '-A FORWARD -i eth0 -j ACCEPT'], [BY_NAT]).command).toBe(
        'iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      )
    })
  })

  it('accepts no connection that conntrack does not see in what it finds invalid', () => {
    const strict = { filter: ['-A FORWARD -m conntrack --ctstate INVALID -j DROP'] }
    const packet = { ...REPLY, ctState: 'invalid' as const }
    const found = told({ rules: strict, packet, host: { conntrack: [OPEN] } }, 'reply-dropped')
    expect(found?.message).toContain('filter FORWARD rule 1 dropped the reply to 10.0.1.2:40000')
    expect(found?.fix).toBeUndefined()
  })

  it('of what this host itself has asked, connection tracking knows', () => {
    const packet = { ...REPLY, in: 'eth1', dst: '10.0.1.1' }
    const own = { filter: ['-P INPUT DROP', '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT'] }
    const found = told({ rules: own, packet, host: { conntrack: [] } }, 'reply-dropped')
    expect(found?.message).toBe(
      'filter INPUT policy dropped the reply to 10.0.1.1:40000, which had contacted 10.0.2.2:80.',
    )
    expect(found?.fix).toBe('iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT → delivered')
    // its port is no service's
    for (const code of ['missing-rule', 'near-miss'])
      expect(told({ rules: own, packet, host: { conntrack: [] } }, code)).toBeUndefined()
  })

  it.each([
    ['-m tcp --dport 49152:65535', '--dport 49152:65535'],
    ['-m multiport --dports 22,50000:65535', '--dports 22,50000:65535'],
  ])("names the rule for clients' ports that the reply's is not among: %s", (ports, only) => {
    const stateless = rules(`-A FORWARD -s 10.0.2.0/24 -p tcp ${ports} -j ACCEPT`)
    const found = told({ rules: stateless, packet: REPLY, host: { conntrack: [OPEN] } }, 'near-miss')
    expect(found?.message).toBe(
      `filter FORWARD rule 2 would have accepted it, but only matches ${only}; the packet is for port 40000.`,
    )
  })

  it('only tells it where the connection is not known', () => {
    const found = told({ rules: rules(), packet: REPLY, host: { conntrack: [] } }, 'reply-dropped')
    expect(found).toMatchObject({ rules: ['filter FORWARD policy'] })
    expect(found?.fix).toBeUndefined()
    // by its flags it is one, so the port that it goes to is the client's passing one
    const accept = told({ rules: rules(), packet: REPLY, host: { conntrack: [] } }, 'dropped-by-policy')?.fix
    expect(accept).toMatch(/ --sport 80 -j ACCEPT → /)
  })

  it.each([
    ['a question', { rules: { filter: ['-P FORWARD DROP'] }, packet: SYN }],
    ['an answer that passes', { rules: rules('-A FORWARD -p tcp -m tcp --sport 80 -j ACCEPT'), packet: REPLY }],
    ['a later packet of the connection', { rules: rules(), packet: { ...REPLY, tcpFlags: ['ack'] } }],
  ] satisfies [string, Case][])('is not told of %s', (_name, one) => {
    expect(told(one, 'reply-dropped')).toBeUndefined()
  })
})

describe('a reply from an address that was not asked', () => {
  // as the kernel lists it: nothing has come back from whom was asked
  const waits = (protocol: 'tcp' | 'udp', asked: string, sport = 40_000, dport = 80) =>
    entry({
      protocol,
      original: { src: '10.0.1.2', dst: asked, sport, dport },
      reply: { src: asked, dst: '10.0.1.2', sport: dport, dport: sport },
      status: ['unreplied'],
    })
  const { tcpFlags: _, tcpSeq: __, tcpOptions: ___, ...datagram } = REPLY
  const UDP = { ...datagram, protocol: 'udp' }
  const said = (packet: NonNullable<Case['packet']>, ...conntrack: ReturnType<typeof entry>[]) =>
    told({ rules: rules(), packet, host: { conntrack } }, 'reply-dropped')?.message

  it('is told with the address that was', () => {
    expect(said(REPLY, waits('tcp', '10.0.2.9'))).toBe(
      'filter FORWARD policy dropped a reply from an address that was not asked: the request of 10.0.1.2:40000 went to 10.0.2.9:80, but this packet comes from 10.0.2.2:80. So conntrack does not assign it to the connection, and 10.0.1.2 would not accept it as the reply.',
    )
    expect(said(UDP, waits('udp', '10.0.2.9'))).toMatch(
      /the request of 10.0.1.2:40000 went to 10.0.2.9:80, but this packet comes from 10.0.2.2:80. So conntrack does not assign it to the connection\.$/,
    )
  })

  it('is no use accepted', () => {
    const policy = { rules: rules(), packet: REPLY, host: { conntrack: [waits('tcp', '10.0.2.9')] } }
    expect(told(policy, 'dropped-by-policy')?.fix).toContain('but 10.0.1.2 sent its request to another address')
  })

  it('is not told of others that wait, of more than one address, nor of peers that have one port', () => {
    const near = /address that was not asked/
    expect(said(REPLY, waits('tcp', '10.0.2.9', 40_001))).not.toMatch(near)
    expect(said(REPLY, waits('tcp', '10.0.2.9'), waits('tcp', '10.0.2.8'))).not.toMatch(near)
    expect(said(REPLY, waits('tcp', '10.0.2.9'), OPEN)).not.toMatch(near)
    expect(said({ ...UDP, sport: 51820, dport: 51820 }, waits('udp', '10.0.2.9', 51820, 51820)) ?? '').not.toMatch(near)
    expect(said(REPLY, { ...waits('tcp', '10.0.2.9'), status: [] })).not.toMatch(near)
  })
})

describe('a reply that only its own headers show as one, where no routes are known', () => {
  const trace = (family: string, hook: string, packet: string, priority = 'filter') => {
    const rules = `table ${family} filter {
\tchain c {
\t\ttype filter hook ${hook} priority ${priority}; policy drop;
\t\ttcp dport 22 accept # handle 3
\t\tudp dport 123 accept # handle 4
\t}
}
`
    const lines = [`packet: iif "eth1" ${hook === 'forward' ? 'oif "eth0" ' : ''}${packet}`, 'policy drop ']
    const text = lines.map((line) => `trace id 0a0b0c0d ${family} filter c ${line}\n`).join('')
    return explainFile(text, worldOf(rules)).journeys[0]!.findings
  }
  const tcp = (from: string, to: string) =>
    `ip saddr ${from} ip daddr ${to} ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 80 tcp dport 40000 tcp flags == 0x12`
  const SIX =
    'ip6 saddr 2001:db8::53 ip6 daddr 2001:db8::2 ip6 hoplimit 64 ip6 nexthdr udp ip6 length 60 udp sport 53 udp dport 40000'

  it.each([
    [
      'forward',
      tcp('10.0.2.2', '10.0.1.2'),
      'policy dropped the reply to 10.0.1.2:40000, which had contacted 10.0.2.2:80.',
    ],
    [
      'input',
      tcp('10.0.2.2', '10.0.1.1'),
      'policy dropped the reply to 10.0.1.1:40000, which had contacted 10.0.2.2:80.',
    ],
    ['forward', SIX, 'policy dropped the reply to [2001:db8::2]:40000.'],
    ['input', SIX, 'policy dropped the reply to [2001:db8::2]:40000.'],
  ])('is told as one, and not for a service without a rule: %s, %s', (hook, packet, message) => {
    const findings = trace('inet', hook, packet)
    const found = findings.find(({ code }) => code === 'reply-dropped')
    expect(found?.message).toBe(`inet filter c ${message}`)
    expect(findings.map(({ code }) => code)).not.toContain('missing-rule')
    // what this host has asked is tracked
    expect(found?.fix.map(({ description }) => description)).toEqual(hook === 'input' ? ['accept replies'] : [])
  })

  it('is tracked in every chain behind prerouting, whatever its priority', () => {
    for (const priority of ['raw', 'filter'])
      expect(
        trace('inet', 'input', tcp('10.0.2.2', '10.0.1.1'), priority)
          .find(({ code }) => code === 'reply-dropped')
          ?.fix.map(({ description }) => description),
      ).toEqual(['accept replies'])
  })

  it('is no reply where a client resets its own connection', () => {
    const reset = (sport: number, dport: number) =>
      tcp('10.0.2.2', '10.0.1.2')
        .replace('ip length 60', 'ip length 40')
        .replace('sport 80 tcp dport 40000 tcp flags == 0x12', `sport ${sport} tcp dport ${dport} tcp flags == 0x14`)
    const codes = (packet: string) => trace('inet', 'forward', packet).map(({ code }) => code)
    expect(codes(reset(40_000, 443))).not.toContain('reply-dropped')
    expect(codes(reset(443, 40_000))).toContain('reply-dropped')
    // a program of root's had asked, as NFS does
    expect(codes(reset(2049, 800))).toContain('reply-dropped')
  })

  it('is no reply where it is for a group, which has asked nobody', () => {
    const codes = (packet: string) => trace('inet', 'input', packet).map(({ code }) => code)
    const four =
      'ip saddr 10.0.2.2 ip daddr 224.0.0.251 ip ttl 1 ip protocol udp ip length 60 udp sport 53 udp dport 40000'
    expect(codes(four)).not.toContain('reply-dropped')
    expect(codes(SIX.replace('2001:db8::2', 'ff02::fb'))).not.toContain('reply-dropped')
    expect(codes(four.replace('224.0.0.251', '10.0.2.1'))).toContain('reply-dropped')
  })

  it('is no reply where it begins a connection', () => {
    const syn = tcp('10.0.2.2', '10.0.1.2').replace('0x12', 'syn')
    expect(trace('inet', 'forward', syn).map(({ code }) => code)).not.toContain('reply-dropped')
  })
})
