/** A rule that would have taken the packet, and failed in one condition. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import type { Host, Packet } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, LISTENS_ON, played, REPLY, SYN, TO_ROUTER, told } from './played.ts'

const DROP = '-P FORWARD DROP'
const only = (...rules: string[]): Case => ({
  rules: { filter: [DROP, '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', ...rules] },
})
const notes = (one: Case) => findingsOf(played(one), 'near-miss').map(({ message }) => message)
const command = (one: Case) => told(one, 'near-miss')?.fix

describe('near-miss', () => {
  it.each([
    [
      'a port, whatever rate is allowed besides',
      '[0:0] -A FORWARD -p tcp -m tcp --dport 81 -m limit --limit 50/sec -j ACCEPT',
      '--dport 81; the packet is for port 80',
    ],
    ['a port', '[0:0] -A FORWARD -p tcp -m tcp --dport 81 -j ACCEPT', '--dport 81; the packet is for port 80'],
    [
      'an interface',
      '[0:0] -A FORWARD -i eth2 -p tcp -m tcp --dport 80 -j ACCEPT',
      '-i eth2, which does not exist; the packet came in on eth0',
    ],
    [
      'one that is there',
      '[0:0] -A FORWARD -i eth1 -p tcp -m tcp --dport 80 -j ACCEPT',
      '-i eth1; the packet came in on eth0',
    ],
    [
      'a state',
      '[0:0] -A FORWARD -p tcp -m tcp --dport 80 -m conntrack --ctstate INVALID -j ACCEPT',
      '--ctstate INVALID; its connection is new',
    ],
    [
      'a protocol, whatever the ports behind it',
      '[0:0] -A FORWARD -p udp -m udp --dport 80 -j ACCEPT',
      '-p udp; the packet is tcp',
    ],
    [
      'a source',
      '[0:0] -A FORWARD -s 10.0.1.3/32 -p tcp -m tcp --dport 80 -j ACCEPT',
      '-s 10.0.1.3/32; the packet comes from 10.0.1.2',
    ],
  ])('is %s, and the rule that nobody uses can be mended', (_name, rule, text) => {
    expect(notes(only(rule))).toEqual([`filter FORWARD rule 2 would have accepted it, but only matches ${text}.`])
    expect(command(only(rule))).toMatch(/^iptables -R FORWARD 2 .* → forwarded$/)
  })

  it('is no rule of nat that would send the packet where it goes', () => {
    const nat = (to: string) => [
      `[0:0] -A PREROUTING -d 10.0.1.1/32 -i eth7 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${to}`,
    ]
    const one = (to: string) => notes({ rules: { nat: nat(to), filter: ['-P INPUT DROP'] }, packet: TO_ROUTER })
    expect(one('10.0.2.9')).toEqual([
      'nat PREROUTING rule 1 would have rewritten its destination, but only matches -i eth7, which does not exist; the packet came in on eth0.',
    ])
    expect(one('10.0.1.1:80')).toEqual([])
    expect(one('10.0.1.1')).toEqual([])
    expect(one('10.0.1.1:81')).toHaveLength(1)
  })

  it('knows which port a new connection was opened for, behind the rule that rewrote it', () => {
    const nat = ['-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:8080']
    const asks = (device: string, port: number) =>
      `[0:0] -A FORWARD -i ${device} -p tcp -m conntrack --ctorigdstport ${port} -j ACCEPT`
    const one = { ...only(asks('eth2', 80)), packet: TO_ROUTER, host: LISTENS_ON(22) }
    const other = { ...only(asks('eth2', 81)), packet: TO_ROUTER, host: LISTENS_ON(22) }
    expect(notes({ ...one, rules: { ...one.rules, nat } })).toEqual([
      'filter FORWARD rule 2 would have accepted it, but only matches -i eth2, which does not exist; the packet came in on eth0.',
    ])
    expect(notes({ ...other, rules: { ...other.rules, nat } })).toEqual([])
  })

  it('is a status that says nothing of rewriting', () => {
    const rule = '[0:0] -A FORWARD -s 10.0.1.0/24 -i eth0 -m conntrack --ctstatus EXPECTED -j ACCEPT'
    expect(notes(only(rule))).toEqual([
      'filter FORWARD rule 2 would have accepted it, but only matches --ctstatus EXPECTED.',
    ])
  })

  it('is a rule for the unspecified address, where any was meant', () => {
    const rule = '-A PREROUTING -d 0.0.0.0/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80'
    const one: Case = { rules: { nat: [rule], filter: [] }, packet: TO_ROUTER, host: LISTENS_ON(22) }
    expect(findingsOf(played(one), 'near-miss')[0]).toMatchObject({
      severity: 'warning',
      message:
        'nat PREROUTING rule 1 would have rewritten its destination, but only matches -d 0.0.0.0/32, the unspecified address, which is never a destination; the packet is for 10.0.1.1.',
    })
    expect(command(one)).toBe(
      'iptables -t nat -R PREROUTING 1 -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80 → forwarded',
    )
  })

  it('is a forward whose port is the one that it forwards to', () => {
    const rule = '[0:0] -A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 10.0.2.9:80'
    const one: Case = {
      rules: { nat: [rule], filter: ['-P INPUT DROP'] },
      packet: TO_ROUTER,
      host: LISTENS_ON(22),
    }
    expect(notes(one)[0]).toContain(
      'nat PREROUTING rule 1 would have rewritten its destination, but only matches --dport 8081; the packet is for port 80.',
    )
    expect(command(one)).toMatch(/^iptables -t nat -R PREROUTING 1 .*--dport 80 .* → forwarded$/)
  })

  it('is another destination, where there is no route to the own one', () => {
    const one: Case = {
      rules: { nat: ['[0:0] -A PREROUTING -d 10.0.9.8/32 -p tcp -m tcp --dport 80 -j REDIRECT'], filter: [] },
      packet: { ...TO_ROUTER, dst: '172.31.0.9' },
      host: { ...LISTENS_ON(80), routes: ROUTER.routes!.filter(({ destination }) => destination !== '0.0.0.0/0') },
    }
    expect(notes(one)[0]).toContain(
      'nat PREROUTING rule 1 would have rewritten its destination, but only matches -d 10.0.9.8/32; the packet is for 172.31.0.9.',
    )
    expect(command(one)).toMatch(/^iptables -t nat -R PREROUTING 1 -d 172\.31\.0\.9 .* → delivered$/)
  })

  it('is the protocol alone of a rule that a chain of its own was chosen for', () => {
    const nat = [
      '[1:60] -A PREROUTING -d 10.0.9.9/32 -j svc',
      '[0:0] -A svc -p udp -m udp -j DNAT --to-destination 10.0.2.9',
    ]
    expect(command({ rules: { nat, filter: [DROP] }, packet: { ...TO_ROUTER, dst: '10.0.9.9' } })).toContain('-p tcp')
  })

  it('is found in a chain that the packet came back from, and through a jump', () => {
    const web = '[0:0] -A web -p tcp -m tcp --dport 8 -j ACCEPT'
    expect(notes(only('-A FORWARD -j web', web))).toEqual([
      'filter web rule 1 would have accepted it, but only matches --dport 8; the packet is for port 80.',
    ])
    const jump = only('-A FORWARD -i eth1 -j web', '-A web -p tcp -m tcp --dport 80 -j ACCEPT')
    expect(notes(jump)).toEqual([
      'filter FORWARD rule 2 would have accepted it (by web rule 1), but only matches -i eth1; the packet came in on eth0.',
    ])
  })

  it('is a DNAT rule for the very service, where the packet comes to nobody', () => {
    const nat = '[0:0] -A PREROUTING -i eth1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'
    const one: Case = { rules: { nat: [nat], filter: ['-P INPUT DROP'] }, packet: TO_ROUTER, host: LISTENS_ON(22) }
    expect(notes(one)).toEqual([
      'nat PREROUTING rule 1 would have rewritten its destination, but only matches -i eth1; the packet came in on eth0.',
    ])
  })

  it('is a DNAT rule for the uplink, which goes on to serve that', () => {
    const nat = '[7:420] -A PREROUTING -i eth2 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'
    const one: Case = { rules: { nat: [nat], filter: [] }, packet: TO_ROUTER, host: LISTENS_ON(22) }
    expect(told(one, 'near-miss')).toMatchObject({
      message:
        'nat PREROUTING rule 1 would have rewritten its destination, but only matches -i eth2; the packet came in on eth0.',
      fix: 'iptables -t nat -I PREROUTING 1 -s 10.0.1.2 -d 10.0.1.1 -i eth0 -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9 → forwarded',
    })
    expect(notes({ ...one, host: LISTENS_ON(80) })).toEqual([])
    expect(notes({ ...one, rules: { nat: [nat.replace('--dport 80', '--dport 8443')], filter: [] } })).toEqual([])
  })

  it('is first of all the one that asks for anything but what it has, then the one of the very service', () => {
    const accept = (match: string) => `[0:0] -A FORWARD ${match} -j ACCEPT`
    const [like, protocol] = [accept('-p tcp -m tcp --dport 81'), accept('-p udp -m udp --dport 80')]
    const negated = accept('-p tcp -m tcp ! --dport 80')
    expect(notes(only(negated, protocol, like))[0]).toContain(
      'filter FORWARD rule 2 would have accepted it, but only matches ! --dport 80.',
    )
    // where that is there, the port next to it is not meant
    expect(notes(only(protocol, like))).toEqual([
      'filter FORWARD rule 2 would have accepted it, but only matches -p udp; the packet is tcp.',
    ])
    expect(notes(only(like))).toHaveLength(1)
  })

  it('is a forward of all ports but this one, and none of a port that is like it', () => {
    const nat = (match: string, to: string) =>
      `[0:0] -A PREROUTING -p tcp -m tcp ${match} -j DNAT --to-destination ${to}`
    const rules = { nat: [nat('! --dport 80', '10.0.2.9:8080'), nat('--dport 81', '10.0.2.8')], filter: [] }
    const found = notes({ rules, packet: TO_ROUTER, host: LISTENS_ON(22) })
    expect(found).toHaveLength(1)
    expect(found[0]).toContain('nat PREROUTING rule 1 would have rewritten its destination')
  })

  it('is a DNAT rule for the very service that another network asks for', () => {
    const rule = '[0:0] -A PREROUTING -s 192.0.2.0/24 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'
    const one: Case = { rules: { nat: [rule], filter: [] }, packet: TO_ROUTER, host: LISTENS_ON(22) }
    expect(command(one)).toMatch(/^iptables -t nat -I PREROUTING 1 -s 10\.0\.1\.2 .*-j DNAT .* → forwarded$/)
  })

  it('mends no forward of a port numbered alike, where nobody knows whether that serves others', () => {
    const to = (port: number, counters = ''): Case => ({
      rules: {
        nat: [`${counters}-A PREROUTING -p tcp -m tcp --dport ${port} -j DNAT --to-destination 10.0.2.9:443`],
        filter: [],
      },
      packet: { ...TO_ROUTER, dport: 8925 },
      host: LISTENS_ON(22),
    })
    expect(command(to(9925))).toBeUndefined()
    for (const one of [to(8926), to(8952), to(9925, '[0:0] ')]) expect(command(one)).toMatch(/→ forwarded$/)
  })

  it('is an exception from nat for an interface that is not there, whose name is like that of the one it came by', () => {
    const nat = ['[0:0] -A PREROUTING -i eth -j RETURN', '-A PREROUTING -p tcp -j REDIRECT --to-ports 1041']
    const one: Case = { rules: { nat, filter: ['-P INPUT DROP', '-P FORWARD ACCEPT'] } }
    expect(told(one, 'near-miss')).toMatchObject({
      message:
        'nat PREROUTING rule 1 would have left its destination as it was, but only matches -i eth, which does not exist; the packet came in on eth0.',
      fix: 'iptables -t nat -R PREROUTING 1 -i eth0 -j RETURN → forwarded',
    })
    const other = { ...one, rules: { ...one.rules, nat: [nat[0]!.replace('eth', 'wan'), nat[1]!] } }
    expect(notes(other)).toEqual([])
    const there = { ...one, rules: { ...one.rules, nat: [nat[0]!.replace('eth', 'eth1'), nat[1]!] } }
    expect(notes(there)).toEqual([])
  })

  it('is the IP version that a limit for each address asks for, not the port of another rule', () => {
    const limited = 'tcp dport 22 ct state new add @seen { ip saddr limit rate 30/minute } accept # handle 4'
    const world = worldOf(
      `table inet fw {\n\tset seen {\n\t\ttype ipv4_addr\n\t\tsize 65535\n\t\tflags dynamic\n\t}\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t\t${limited}\n\t\ttcp dport 443 accept # handle 5\n\t}\n}\n`,
    )
    const [src, dst] = ['2001:db8:f::9', '2001:db8:0::1']
    Object.assign(world.host, {
      links: [{ index: 2, name: 'eth0', addresses: [{ family: 'ip6', address: dst, prefixLength: 64 }] }],
      routes: [{ family: 'ip6', type: 'local', destination: dst, table: 'local', device: 'eth0' }],
    } satisfies Host)
    const asked: Packet = { in: 'eth0', protocol: 'tcp', src, dst, sport: 4000, dport: 22, tcpFlags: ['syn'] }
    const { evidence, ended } = modelEngine.play(world, asked)
    const found = explain(evidence, world, { ended }).findings.filter(({ code }) => code === 'near-miss')
    expect(found.map(({ message }) => message)).toEqual([
      'inet fw input handle 4 would have accepted it, but only matches IPv4 (add @seen { ip saddr limit rate 30/minute }); the packet is IPv6.',
    ])
  })

  it('is an IPv6 address without its prefix, which a mask is to leave out', () => {
    const world = worldOf(
      'table inet fw {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t\tip6 daddr ::a:b:c0de:1 tcp dport 80 counter packets 0 bytes 0 accept # handle 4\n\t}\n}\n',
    )
    Object.assign(world.host, {
      links: ['eth0', 'eth1'].map((name, i) => ({
        ...{ index: 2 + i, name },
        addresses: [{ family: 'ip6', address: `2001:db8:${i}::1`, prefixLength: 64 }],
      })),
      routes: [
        { family: 'ip6', type: 'unicast', destination: '2001:db8:1::/64', table: 'main', device: 'eth1' },
        { family: 'ip6', type: 'unicast', destination: '::/0', gateway: 'fe80::1', table: 'main', device: 'eth0' },
      ],
      sysctls: new Map([['net.ipv6.conf.all.forwarding', '1']]),
    } satisfies Host)
    const asked: Packet = {
      in: 'eth0',
      protocol: 'tcp',
      src: '2001:db8:f::9',
      dst: '2001:db8:1:0:a:b:c0de:1',
      sport: 4000,
    }
    const { evidence, ended } = modelEngine.play(world, { ...asked, dport: 80, tcpFlags: ['syn'] })
    const [found] = explain(evidence, world, { ended }).findings.filter(({ code }) => code === 'near-miss')
    expect(found?.message).toBe(
      'inet fw forward handle 4 would have accepted it, but only matches ip6 daddr ::a:b:c0de:1, which is only the host part of an IPv6 address: the rule lacks the mask; the packet is for 2001:db8:1:0:a:b:c0de:1.',
    )
    expect(String(fixCommands(found!.fix[0]!).command)).toBe(
      "nft replace rule inet fw forward handle 4 ip6 daddr '&' ::ffff:ffff:ffff:ffff '==' ::a:b:c0de:1 tcp dport 80 counter accept",
    )
  })

  it('comes with the likeliest first', () => {
    const rules = only(
      '[7:420] -A FORWARD -p tcp -m tcp --dport 443 -j ACCEPT',
      '[0:0] -A FORWARD -p tcp -m tcp --dport 8080 -j ACCEPT',
      '[0:0] -A FORWARD -p tcp -m tcp --dport 81 -j ACCEPT',
    )
    expect(notes(rules).map((note) => /--dport \d+/.exec(note)?.[0])).toEqual([
      '--dport 81',
      '--dport 8080',
      '--dport 443',
    ])
  })

  it('proposes nothing where others use the rule, or where a rule stopped just such packets', () => {
    const used = only('[7:420] -A FORWARD -p tcp -m tcp --dport 81 -j ACCEPT')
    expect([notes(used).length, command(used)]).toEqual([1, undefined])
    const meant = only(
      '[0:0] -A FORWARD -p tcp -m tcp --dport 81 -j ACCEPT',
      '-A FORWARD -p tcp -m tcp --dport 80 -j DROP',
    )
    expect([notes(meant).length, command(meant)]).toEqual([1, undefined])
  })

  it.each([
    ['two conditions fail', only('[0:0] -A FORWARD -i eth2 -p tcp -m tcp --dport 81 -j ACCEPT')],
    ['it lets in answers', only()],
    ['it lets in what the host sends to itself', only('-A FORWARD -j own', '[0:0] -A own -i lo -j ACCEPT')],
    ['it would only count', only('[0:0] -A FORWARD -p tcp -m tcp --dport 81')],
    [
      'it stands behind what stopped the packet',
      only('-A FORWARD -j DROP', '[0:0] -A FORWARD -p tcp -m tcp --dport 81 -j ACCEPT'),
    ],
    ['the packet passed', { rules: { filter: ['[0:0] -A FORWARD -p tcp -m tcp --dport 81 -j ACCEPT'] } }],
  ] satisfies [string, Case][])('is none where %s', (_name, one) => {
    expect(notes(one)).toEqual([])
  })

  it('is no DNAT rule for another service, nor one of a packet that somebody listens for', () => {
    const nat = (rule: string, host = LISTENS_ON(22)): Case => ({
      rules: { nat: [rule], filter: ['-P INPUT DROP'] },
      packet: TO_ROUTER,
      host,
    })
    const elsewhere = '[0:0] -A PREROUTING -p tcp -m tcp --dport 8443 -j DNAT --to-destination 10.0.2.9'
    expect(notes(nat(elsewhere))).toEqual([])
    expect(notes(nat(elsewhere.replace('8443', '81'), LISTENS_ON(80)))).toEqual([])
    expect(notes(nat(elsewhere.replace('8443', '81'))).length).toBe(1)
  })
})

it('goes before all else where it asks for an interface that is not there', () => {
  const answer = { ...REPLY, in: 'eth1', dst: '10.0.1.1' }
  const rules = { filter: ['-P INPUT DROP', '[0:0] -A INPUT -i etn1 -p tcp -m tcp --sport 80 -j ACCEPT'] }
  const { findings } = played({ rules, packet: answer, host: { conntrack: [] } })
  expect(findings.map(({ code }) => code).slice(0, 2)).toEqual(['near-miss', 'dropped-by-policy'])
})

it('is a source that nat rewrote before, over lo: the rule of nat is to leave it', () => {
  const rules = `table ip nat {
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		iifname != "lo" masquerade # handle 3
	}
}
table ip service {
	chain in {
		type filter hook input priority filter; policy accept;
		ip saddr 127.0.0.0/8 tcp dport 5000 accept # handle 2
		tcp dport 5000 drop # handle 3
	}
}
`
  const world = worldOf(rules)
  Object.assign(world.host, ROUTER)
  const sent: Packet = { protocol: 'tcp', src: '127.0.0.1', dst: '127.0.0.1', sport: 4000, dport: 5000 }
  const { evidence, ended } = modelEngine.play(world, { ...sent, tcpFlags: ['syn'] })
  const journey = explain(evidence, world, { ended })
  const near = journey.findings.find(({ code }) => code === 'near-miss')
  expect(near?.message).toMatch(
    /only matches ip saddr 127\.0\.0\.0\/8; ip nat post handle 3 rewrote its source 127\.0\.0\.1 before\.$/,
  )
  expect(String(fixCommands(near!.fix[0]!).command)).toMatch(
    /^nft insert rule ip nat post handle 3 ip saddr 127\.0\.0\.1 /,
  )
})

it('makes no rule for the begin of connections match a reply, though that has SYN as well', () => {
  const rules = (dst: string) => [
    `[0:0] -A FORWARD -d ${dst}/32 -p tcp -m tcp --tcp-flags SYN SYN -m multiport --ports 80 -j ACCEPT`,
    '-A FORWARD -p tcp -m tcp --tcp-flags SYN SYN -j DROP',
  ]
  const fixes = (case_: Case) => findingsOf(played(case_), 'near-miss').flatMap(({ fix }) => fix)
  expect(fixes({ rules: { filter: rules('10.0.2.3') }, packet: SYN })).not.toEqual([])
  expect(fixes({ rules: { filter: rules('10.0.1.3') }, packet: REPLY })).toEqual([])
})

describe("a neighbour's old MAC address", () => {
  const OLD = '--mac-source 02:00:00:00:00:99'
  // as the capture has it
  const packet = { ...SYN, srcMac: '02:00:00:00:00:02' }
  const near = (rule: string) => told({ ...only(rule), packet }, 'near-miss')

  it('is told beside the one that the packet has', () => {
    expect(near(`[5:300] -A FORWARD -i eth0 -m mac ${OLD} -j ACCEPT`)?.message).toBe(
      `filter FORWARD rule 2 would have accepted it, but only matches ${OLD}; the packet comes from MAC address 02:00:00:00:00:02.`,
    )
    // others may have it
    expect(near(`[5:300] -A FORWARD -i eth0 -m mac ${OLD} -j ACCEPT`)?.fix).toBeUndefined()
  })

  it("is corrected in a rule for the packet's very source, though that has matched before", () => {
    expect(near(`[5:300] -A FORWARD -s 10.0.1.2/32 -m mac ${OLD} -j ACCEPT`)?.fix).toBe(
      'iptables -R FORWARD 2 -s 10.0.1.2 -m mac --mac-source 02:00:00:00:00:02 -j ACCEPT → forwarded',
    )
    expect(near(`[5:300] -A FORWARD -s 10.0.1.0/24 -m mac ${OLD} -j ACCEPT`)?.fix).toBeUndefined()
  })
})
