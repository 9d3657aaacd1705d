/** TPROXY drops what no transparent socket takes, and its line looks the same. */

import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Host } from '../../../src/index.ts'
import { decidedOf } from '../../../src/reports/decided-words.ts'
import type { Group } from '../../../src/reports/form.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { captured, findingsOf, LISTENS_ON } from './played.ts'

const RULES = { mangle: ['-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --tproxy-mark 0x1/0x1'] }
const SYN = { in: 'eth0', src: '10.0.1.2', dst: '10.0.2.2' }
const LAST = trace('mangle:PREROUTING:rule:1', SYN)
const other = trace('mangle:PREROUTING:policy:2', { ...SYN, dport: 81, id: 2 })

/** The mark leads here, as a transparent proxy needs it. */
const LED: Host = {
  routes: [...ROUTER.routes!, { family: 'ip', type: 'local', destination: '0.0.0.0/0', table: '100', device: 'lo' }],
  routingRules: [
    { family: 'ip', priority: 0, action: { table: 'local' } },
    { family: 'ip', priority: 100, mark: 1, action: { table: '100' } },
    { family: 'ip', priority: 32766, action: { table: 'main' } },
  ],
}

const told = (host: Host, lines = [LAST, other]) => findingsOf(captured(RULES, lines, host), 'proxy-missing')

describe('proxy-missing', () => {
  it('names the rule, where the mark leads here and routing has nothing against it', () => {
    const journey = captured(RULES, [LAST, other], LED)
    expect(journey.culprit).toMatchObject({ chain: 'PREROUTING', ruleNumber: 1 })
    expect(journey.findings.map(({ code }) => code)).toEqual(['proxy-missing'])
    expect(journey.findings[0]?.message).toBe(
      'mangle PREROUTING rule 1 dropped it: it is meant for a transparent proxy on tcp port 3129, and nothing listens there with IP_TRANSPARENT.',
    )
  })

  it('says who listens there and what is listed of it, and that nobody does', () => {
    const listening = (transparent?: boolean): Host => ({
      ...LED,
      sockets: LISTENS_ON(22, 3129).sockets!.map((one) => (transparent === undefined ? one : { ...one, transparent })),
    })
    expect(told(listening())[0]?.message).toMatch(
      /a program listens there: host state does not show whether with IP_TRANSPARENT\.$/,
    )
    expect(told(listening(false))[0]?.message).toMatch(/a program listens there, but not with IP_TRANSPARENT\.$/)
    expect(told(listening(true))).toEqual([])
    expect(told({ ...LED, ...LISTENS_ON(22) })[0]?.message).toMatch(/and nothing listens there\.$/)
  })

  it('tells of UDP by its sockets, where the capture has no more', () => {
    const rules = { mangle: ['-A PREROUTING -p udp -m udp --dport 53 -j TPROXY --on-port 3129 --tproxy-mark 0x1/0x1'] }
    const query = trace('mangle:PREROUTING:rule:1', { ...SYN, protocol: 'udp', dport: 53 })
    const udp = (port: number): Host => ({
      ...LED,
      sockets: [{ protocol: 'udp', family: 'ip', state: 'UNCONN', port }],
    })
    const said = (host: Host) =>
      findingsOf(captured(rules, [query], host), 'proxy-missing').map(({ message }) => message)
    expect(said(udp(123))).toEqual([
      'mangle PREROUTING rule 1 dropped it: it is meant for a transparent proxy on udp port 3129, and nothing listens there.',
    ])
    expect(said(udp(3129))).toEqual([])
    expect(said({ ...LED, ...LISTENS_ON(22) })).toEqual([])
  })

  it('does not say that the rule dropped it, where the mark would not lead here', () => {
    const [found] = told(LISTENS_ON(3129))
    expect(found?.message).toMatch(
      /The proxy needs a socket with IP_TRANSPARENT, and the packet needs a local route for its mark 0x1 \(now its route leads out of eth1\)\.$/,
    )
    expect(found?.message).not.toContain('dropped it')
    expect(found?.fix[0]?.description).toContain('ip rule add fwmark')
  })

  it('leads the mark to the table that has the local route already, and else to a free one', () => {
    const routingRules = LED.routingRules!.filter(({ mark }) => mark === undefined)
    const commands = (routes: Host['routes']) =>
      told({ ...LISTENS_ON(3129), routes: routes!, routingRules })[0]!.fix.flatMap((one) =>
        one.edits ? [String(fixCommands(one).command)] : [],
      )[0]
    expect(commands(LED.routes)).toBe('ip rule add fwmark 0x1 table 100')
    expect(commands(ROUTER.routes)).toBe(
      'ip rule add fwmark 0x1 table 100 && ip route add local default dev lo table 100',
    )
  })

  it.each([
    ['the capture ends there', told({ ...LED, ...LISTENS_ON(3129) }, [LAST])],
    [
      'the proxy took it',
      told({ ...LED, ...LISTENS_ON(3129) }, [LAST, trace('mangle:INPUT:policy:1', { ...SYN, mark: 1 }), other]),
    ],
    ['the rule did not choose it', told(LED, [trace('mangle:PREROUTING:policy:2', { ...SYN, dport: 81 }), other])],
    ['routing refuses it', told({ ...LED, ...refuses() })],
  ])('is not told where %s', (_name, found) => {
    expect(found).toEqual([])
  })
})

describe('what is for a program of this host', () => {
  const OWN = { ...SYN, dst: '10.0.1.1' }
  const TAKEN = [trace('mangle:PREROUTING:rule:1', OWN), trace('mangle:INPUT:policy:1', { ...OWN, mark: 1 }), other]
  const listening = (...ports: number[]): Host => ({
    ...LED,
    sockets: LISTENS_ON(...ports).sockets!.map((one) => ({
      ...one,
      transparent: one.port === 3129,
      process: `p${one.port}`,
    })),
  })
  const unreplied = (host: Host): Host => ({
    ...host,
    conntrack: [
      entry({
        ...{ status: ['unreplied'], original: { src: '10.0.1.2', sport: 1024, dst: '10.0.1.1', dport: 80 } },
        reply: { src: '10.0.1.1', sport: 80, dst: '10.0.1.2', dport: 1024 },
      }),
    ],
  })

  it('and the proxy takes, is told with both, and a rule that lets it go past', () => {
    const journey = captured(RULES, TAKEN, unreplied(listening(80, 3129)))
    const [found] = findingsOf(journey, 'proxy-missing')
    expect([found?.severity, found?.message]).toEqual([
      'warning',
      'mangle PREROUTING rule 1 hands it to the transparent proxy on tcp port 3129 (p3129). The packet is for 10.0.1.1:80, where p80 listens, which never gets it.',
    ])
    expect(fixCommands(found!.fix[0]!).command?.toString()).toBe(
      'iptables -t mangle -I PREROUTING 1 -s 10.0.1.2 -d 10.0.1.1 -i eth0 -p tcp --dport 80 -j ACCEPT',
    )
  })

  it('is a note where a reply may have come', () => {
    expect(told(listening(80, 3129), TAKEN).map(({ severity, fix }) => [severity, fix.length])).toEqual([['note', 0]])
  })

  it('is not told of what is for others, or for a port where nothing listens', () => {
    expect(told(unreplied(listening(3129)), TAKEN)).toEqual([])
    const through = [LAST, trace('mangle:INPUT:policy:1', { ...SYN, mark: 1 }), other]
    expect(told(unreplied(listening(80, 3129)), through)).toEqual([])
  })

  it('or for whom nat sends it to behind mangle, is told with both rules, and with the exemption', () => {
    const rules = {
      mangle: ['-A PREROUTING -p udp -m udp --dport 80 -j TPROXY --on-port 3129 --tproxy-mark 0x1/0x1'],
      nat: ['-A PREROUTING -d 10.0.1.1/32 -p udp -m udp --dport 80 -j DNAT --to-destination 10.0.2.2'],
    }
    const asked = { ...OWN, protocol: 'udp' as const }
    const marked = { ...asked, mark: 1 }
    const lines = [
      trace('mangle:PREROUTING:rule:1', asked),
      trace('nat:PREROUTING:rule:1', marked),
      trace('mangle:INPUT:policy:1', { ...marked, dst: '10.0.2.2' }),
      trace('nat:INPUT:policy:1', { ...marked, dst: '10.0.2.2' }),
      trace('mangle:PREROUTING:policy:2', { ...asked, dport: 81, id: 2 }),
    ]
    const proxied: Host = {
      ...LED,
      sockets: [{ protocol: 'udp', family: 'ip', state: 'UNCONN', port: 3129, transparent: true, process: 'p3129' }],
    }
    const sent = { protocol: 'udp', original: { src: '10.0.1.2', sport: 1024, dst: '10.0.1.1', dport: 80 } } as const
    const reply = { src: '10.0.2.2', sport: 80, dst: '10.0.1.2', dport: 1024 }
    const waiting = { ...proxied, conntrack: [entry({ ...sent, status: ['unreplied'], reply })] }
    const [found] = findingsOf(captured(rules, lines, waiting), 'proxy-missing')
    expect([found?.severity, found?.message]).toEqual([
      'warning',
      "mangle PREROUTING rule 1 hands it to the transparent proxy on udp port 3129 (p3129). nat PREROUTING rule 1 sends the packet to 10.0.2.2:80, which never gets it: the packet's mark leads it to this host.",
    ])
    expect(fixCommands(found!.fix[0]!).command?.toString()).toBe(
      'iptables -t mangle -I PREROUTING 1 -s 10.0.1.2 -d 10.0.1.1 -i eth0 -p udp --dport 80 -j ACCEPT',
    )
    // what nobody has listed may have got its reply
    const [unlisted] = findingsOf(captured(rules, lines, proxied), 'proxy-missing')
    expect([unlisted?.severity, unlisted?.fix.length]).toEqual(['note', 1])
    expect(decidedOf({ journey: captured(rules, lines, waiting) } as Group)).toEqual({
      reason: 'a transparent proxy took it',
    })
    // the reflection did what it is for
    expect(findingsOf(captured(rules, lines, waiting), 'dnat-skipped')).toEqual([])
  })

  it('is looked for at the proxy', () => {
    const through = [LAST, trace('mangle:INPUT:policy:1', { ...SYN, mark: 1 }), other]
    const [found] = findingsOf(captured(RULES, through, listening(3129)), 'not-netfilter')
    expect(found?.message).toBe(
      'No rule stopped it: mangle PREROUTING rule 1 handed it to the transparent proxy on tcp port 3129. If no reply comes, check the proxy.',
    )
  })
})

describe('a reply to what this host has asked', () => {
  const rules = { mangle: ['-A PREROUTING -p tcp -m tcp -j TPROXY --on-port 3129 --tproxy-mark 0x1/0x1'] }
  const REPLY = { in: 'eth1', src: '10.0.2.2', sport: 443, dst: '10.0.2.1', dport: 40_000, flags: 'SYN ACK' }
  const lines = [trace('mangle:PREROUTING:rule:1', REPLY), other]
  const asked = (src = '10.0.2.1'): Host => ({
    ...LED,
    ...LISTENS_ON(3129),
    conntrack: [
      entry({
        original: { src, sport: 40_000, dst: '10.0.2.2', dport: 443 },
        reply: { src: '10.0.2.2', sport: 443, dst: '10.0.2.1', dport: 40_000 },
      }),
    ],
  })

  it('meets the socket that asked, wherever the rule leads', () => {
    const [found] = findingsOf(captured(rules, lines, asked()), 'proxy-missing')
    expect(found?.message).toBe(
      "mangle PREROUTING rule 1 dropped it: TPROXY first looks for a socket of the packet's own connection. It found the one that sent the request, 10.0.2.1:40000, which has no IP_TRANSPARENT.",
    )
    expect(found?.fix[0]).toMatchObject({ description: 'accept such replies before rule 1 of PREROUTING' })
    expect(found?.fix[0]?.after).toBe('delivered')
  })

  it('is said to need it where the capture ends there', () => {
    const [found] = findingsOf(captured(rules, lines.slice(0, 1), asked()), 'proxy-missing')
    expect(found).toMatchObject({
      severity: 'warning',
      message:
        'mangle PREROUTING rule 1 drops it unless the socket of its own connection has IP_TRANSPARENT: TPROXY looks for this socket first. It is the one that sent the request, 10.0.2.1:40000.',
    })
  })

  it('is named by the program whose socket is listed, and not where that is transparent', () => {
    const connected = (transparent?: boolean): Host => ({
      ...LED,
      sockets: [
        {
          ...{ protocol: 'tcp', family: 'ip', state: 'ESTAB', address: '10.0.2.1', port: 40_000 },
          ...{ peerAddress: '10.0.2.2', peerPort: 443, process: 'envoy' },
          ...(transparent === undefined ? {} : { transparent }),
        },
      ],
    })
    const said = (transparent?: boolean) =>
      findingsOf(captured(rules, lines, connected(transparent)), 'proxy-missing').map(({ message }) => message)
    expect(said()[0]).toContain('It found the one of envoy at 10.0.2.1:40000, which')
    expect(said(true)).toEqual([])
  })

  it('has no such socket where another host asked, by masquerade', () => {
    const [found] = findingsOf(captured(rules, lines, asked('10.0.1.2')), 'proxy-missing')
    expect(found?.message ?? '').not.toContain('own connection')
  })

  it('is to go to the chain for what has a socket, where no rule leads there', () => {
    const withChain = {
      mangle: [...rules.mangle, '-N DIVERT', '-A DIVERT -j MARK --set-xmark 0x1/0xffffffff', '-A DIVERT -j ACCEPT'],
    }
    const fixes = (of: typeof rules) =>
      findingsOf(captured(of, lines, asked()), 'proxy-missing')[0]!.fix.map(({ description }) => description)
    const divert =
      'before rule 1 of PREROUTING, send packets that have a socket on this host (-m socket) to chain DIVERT: no rule leads there yet'
    expect(fixes(withChain)).toContain(divert)
    const led = { mangle: ['-A PREROUTING -p tcp -m socket --transparent -j DIVERT', ...withChain.mangle] }
    expect(fixes({ mangle: [...rules.mangle, ...led.mangle.slice(2), led.mangle[0]!] })).not.toContain(divert)
  })
})

/** By the reverse path filter: 10.0.1.2 has its way over another interface. */
function refuses(): Host {
  const back = ROUTER.routes!.map((route) =>
    route.destination === '10.0.1.0/24' ? { ...route, device: 'eth1' } : route,
  )
  return {
    routes: [...back, ...LED.routes!.slice(-1)],
    sysctls: new Map([['net.ipv4.conf.eth0.rp_filter', '1']]),
  }
}

it("where nft's tracing tells that the rule dropped it, it says what the rule was looking for", () => {
  const saved = `# Generated by iptables-nft-save v1.8.9 (nf_tables) on Fri Nov 20 21:48:21 2026
*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --tproxy-mark 0x1/0x1
COMMIT
`
  const listed = `table ip mangle { # handle 1
	chain PREROUTING { # handle 1
		type filter hook prerouting priority mangle; policy accept;
		tcp dport 80 counter packets 0 bytes 0 xt target TPROXY # handle 2
	}
}
`
  const way = `trace id 1 ip mangle PREROUTING packet: iif "r0" ip saddr 192.0.2.2 ip daddr 198.51.100.2 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80
trace id 1 ip mangle PREROUTING rule tcp dport 80 counter packets 0 bytes 0 xt target TPROXY (verdict drop)
`
  const [journey] = explainFile(way, worldOf(saved, listed)).journeys
  expect(journey?.findings.map(({ code }) => code)).toEqual(['dropped-by-rule', 'proxy-missing'])
  expect(journey?.findings[1]?.message).toMatch(
    /^mangle PREROUTING rule 1 dropped it: .* tcp port 3129, and nothing listens/,
  )
  const commands = journey!.findings.flatMap(({ fix }) => fix.map((one) => String(fixCommands(one).command)))
  expect(new Set(commands).size).toBe(commands.length)
})

describe("nft's tproxy without a socket", () => {
  const listing = (proxy: string) => `table inet fw {
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		iifname "eth0" tcp dport 80 ${proxy} meta mark set 0x00000001 accept # handle 4
	}
	chain forward {
		type filter hook forward priority filter; policy POLICY;
	}
}
`
  const found = (proxy: string, policy: 'accept' | 'drop', host: Host = {}) => {
    const world = worldOf(listing(proxy).replace('POLICY', policy))
    Object.assign(world.host, ROUTER, host)
    const packet = (chain: string, out = '') =>
      `trace id 1 inet fw ${chain} packet: iif "eth0" ${out}ip saddr 10.0.1.2 ip daddr 10.0.2.2 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn\n`
    const way = `${packet('prerouting')}trace id 1 inet fw prerouting policy accept \n${packet('forward', 'oif "eth1" ')}trace id 1 inet fw forward policy ${policy} \n`
    return findingsOf(explainFile(way, world).journeys[0]!, 'proxy-missing')
  }
  const TO = 'tproxy ip to 127.0.0.1:3129'

  it('lets the packet go on, and no line tells of it', () => {
    const [one] = found(TO, 'drop', LISTENS_ON(22))
    expect(one?.message).toBe(
      'inet fw prerouting handle 4 is meant to hand the packet to a transparent proxy on tcp port 3129, but nothing listens there. So nft skips the rest of the rule, and the packet bypasses the proxy.',
    )
    expect(one?.severity).toBe('warning')
    expect(one?.fix.map(({ description }) => description)).toEqual([
      'make the proxy listen on port 3129 with IP_TRANSPARENT; ss --inet-sockopt then shows "transparent"',
    ])
    expect(found(TO, 'accept', LISTENS_ON(22)).map(({ severity, fix }) => [severity, fix])).toEqual([['note', []]])
  })

  it('is none where the rule asks for other packets, or where a transparent socket listens', () => {
    expect(found(`ip daddr 192.0.2.0/24 ${TO}`, 'drop', LISTENS_ON(22))).toEqual([])
    const sockets = LISTENS_ON(3129).sockets!.map((one) => ({ ...one, transparent: true }))
    expect(found(TO, 'drop', { sockets })).toEqual([])
  })
})
