/** A ruleset that is not the one in force: the lines of the trace speak against it, and no rule of it is blamed. */

import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import type { Outcome } from '../../src/model/journey.ts'
import { explainFile, explainLog, worldOf } from './journeys.ts'
import { dmesg, type TestPacket, trace } from './kernel-lines.ts'

const rulesOf = (...rules: string[]) => `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -j TRACE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:web - [0:0]
${rules.map((rule) => `-A ${rule}\n`).join('')}COMMIT
`
const RULES = [
  'INPUT -p tcp -m tcp --dport 80 -j web',
  'INPUT -p udp -j DROP',
  'web -s 192.0.2.0/24 -j ACCEPT',
  'web -j DROP',
]
const tcp: TestPacket = { in: 'eth0', src: '192.0.2.10', dst: '192.0.2.1', sport: 40000, dport: 80, id: 1 }
const udp: TestPacket = { ...tcp, protocol: 'udp', dport: 53, id: 2 }
const walk = (packet: TestPacket, ...points: string[]) =>
  ['raw:PREROUTING:policy:2', ...points].map((point) => trace(point, packet))
const accepted = walk(tcp, 'filter:INPUT:rule:1', 'filter:web:rule:1')
const dropped = walk(udp, 'filter:INPUT:rule:2')

const fates = (lines: string[], rules: string[]) =>
  explainLog(dmesg(lines), worldOf(rulesOf(...rules))).journeys.map(
    ({ outcome, culprit, findings }): [Outcome, number | undefined, string[]] => [
      outcome,
      culprit?.ruleNumber,
      findings.map(({ code }) => code).filter((code) => code === 'ruleset-mismatch' || code === 'retransmission'),
    ],
  )
const MISMATCH = ['undetermined', undefined, ['ruleset-mismatch']]

describe('rules that moved by one', () => {
  it('are the right ones first', () => {
    expect(fates([...accepted, ...dropped], RULES)).toEqual([
      ['delivered', undefined, []],
      ['dropped', 2, []],
    ])
  })

  it('name one that the packet does not match', () => {
    const found = fates(dropped, ['INPUT -s 203.0.113.9/32 -j ACCEPT', ...RULES])
    // rule 2 asks for TCP, and a UDP packet is said to have matched it
    expect(found).toEqual([MISMATCH])
  })

  it('are told with the rule that stands there', () => {
    const { journeys } = explainLog(dmesg(dropped), worldOf(rulesOf('INPUT -s 203.0.113.9/32 -j ACCEPT', ...RULES)))
    const { message } = journeys[0]!.findings.find(({ code }) => code === 'ruleset-mismatch')!
    expect(message).toContain('rule 2 of INPUT')
    expect(message).toContain('-A INPUT -p tcp -m tcp --dport 80 -j web')
  })

  it('end a packet that goes on, which is not sent again', () => {
    const lines = walk(tcp, 'filter:INPUT:rule:1', 'filter:INPUT:rule:2', 'filter:web:rule:1')
    const found = fates(lines, ['INPUT -s 203.0.113.9/32 -j DROP', ...RULES])
    expect(found[0]).toEqual(MISMATCH)
    expect(found.flat(2)).not.toContain('retransmission')
  })

  it('are not believed where nothing speaks for them, once one was contradicted', () => {
    const rules = ['INPUT -p udp -j DROP', 'INPUT -m limit --limit 1/hour -j DROP', ...RULES.slice(2)]
    const limited = walk({ ...tcp, id: 3, seq: 8 }, 'filter:INPUT:rule:2')
    // TCP is said to have matched `-p udp`
    expect(fates([...accepted, ...limited], rules).at(-1)).toEqual(MISMATCH)
    expect(fates(limited, rules)).toEqual([['dropped', 2, []]])
  })

  it('are believed where the packet matches them', () => {
    const rules = ['INPUT -p icmp -j web', ...RULES.slice(1)]
    expect(fates([...accepted, ...dropped], rules).at(-1)).toEqual(['dropped', 2, []])
  })

  it('lead to a chain only from where the packet is not', () => {
    const out = { ...tcp, in: undefined, out: 'eth0' } as unknown as TestPacket
    const lines = dmesg([trace('raw:OUTPUT:policy:1', out), trace('filter:web:rule:1', out)])
    const { journeys } = explainLog(lines, worldOf(rulesOf(...RULES)))
    const { outcome, findings } = journeys.at(-1)!
    expect([outcome, findings[0]!.code]).toEqual(['undetermined', 'ruleset-mismatch'])
  })

  it('may be a bare verdict, which the kernel prints as a policy', () => {
    expect(fates(dropped, ['INPUT -p tcp -j ACCEPT', 'INPUT -j DROP'])).toEqual([MISMATCH])
    expect(fates(walk(udp, 'filter:INPUT:policy:2'), ['INPUT -p tcp -j ACCEPT', 'INPUT -j DROP'])).toEqual([
      ['dropped', 2, []],
    ])
    expect(fates(dropped, ['INPUT -p tcp -j ACCEPT', 'INPUT -m comment --comment all -j DROP'])).toEqual([
      ['dropped', 2, []],
    ])
  })
})

it('what another time may have answered otherwise is no contradiction: sets, addresses', () => {
  const rules = ['INPUT -p tcp -j web', 'INPUT -m set --match-set bad src -m addrtype --dst-type LOCAL -j DROP']
  const world = worldOf(
    rulesOf(...rules),
    'create bad hash:ip family inet hashsize 1024 maxelem 65536\nadd bad 203.0.113.9\n',
    '2: eth0: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP group default qlen 1000\n    inet 198.51.100.1/24 scope global eth0\n',
  )
  const { journeys } = explainLog(dmesg(dropped), world)
  expect(journeys[0]!.outcome).toBe('dropped')
})

it("the port of a bridge, which nft's trace does not show, is no contradiction", () => {
  const bridged = walk({ ...tcp, in: 'br0' }, 'filter:INPUT:rule:1')
  expect(fates(bridged, ['INPUT -m physdev --physdev-in veth1 -j ACCEPT'])).toEqual([['delivered', undefined, []]])
})

describe('a trace that shows verdicts', () => {
  const LISTED = `table bridge fw {
	chain out { # handle 1
		type filter hook output priority filter; policy accept;
		meta nftrace set 1 # handle 2
		ether saddr 02:00:00:00:00:b0 ip saddr 192.0.2.0/24 counter packets 0 bytes 0 drop # handle 3
	}
}
`
  const HEAD =
    'oif "v1" ether saddr 02:00:00:00:00:b0 ether daddr 02:00:00:00:00:09 ip saddr 192.0.2.7 ip daddr 192.0.2.9'
  const tracedBy = (
    rule: string,
    verdict: string,
  ) => `trace id 1 bridge fw out packet: ${HEAD} ip ttl 63 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn
trace id 1 bridge fw out rule meta nftrace set 1 (verdict continue)
trace id 1 bridge fw out rule ${rule} # handle 3 (verdict ${verdict})
`
  const RULE = 'ether saddr 02:00:00:00:00:b0 ip saddr 192.0.2.0/24 counter packets 0 bytes 0 drop'
  const fate = (trace: string, rules = LISTED) => {
    const [journey] = explainFile(trace, worldOf(rules)).journeys
    return {
      outcome: journey!.outcome,
      by: journey!.culprit && [journey!.culprit.handle, journey!.culprit.rule],
      codes: journey!.findings.map(({ code }) => code),
    }
  }

  it('is believed of a frame that this host writes itself, in the output of a bridge', () => {
    const { outcome, by, codes } = fate(tracedBy(RULE, 'drop'))
    expect([outcome, by?.[0]]).toEqual(['dropped', 3])
    expect(codes).not.toContain('ruleset-mismatch')
  })

  it('has dropped the packet whatever the ruleset says, and quotes its own rule', () => {
    const { outcome, by, codes } = fate(tracedBy(RULE, 'drop'), LISTED.replace('192.0.2.0/24', '203.0.113.0/24'))
    expect([outcome, by]).toEqual(['dropped', [3, RULE]])
    expect(codes).toContain('ruleset-mismatch')
  })

  it('has dropped it by a policy that the ruleset does not have', () => {
    const dropped = `${tracedBy(RULE, 'drop').split('\n').slice(0, 2).join('\n')}\ntrace id 1 bridge fw out policy drop\n`
    const { outcome, by, codes } = fate(dropped)
    expect([outcome, by?.[1]]).toEqual(['dropped', 'policy drop'])
    expect(codes).toContain('ruleset-mismatch')
  })

  it('leaves open what an accepted packet meets, where another rule stands in the ruleset', () => {
    const accepted = tracedBy(RULE.replace('drop', 'accept'), 'accept')
    expect(fate(accepted, LISTED.replace('192.0.2.0/24', '203.0.113.0/24')).outcome).toBe('undetermined')
  })
})

describe("nft's trace shows no fragment offset and no flags", () => {
  const rules = `table netdev hardening {
	chain ingress {
		type filter hook ingress device "eth0" priority -500; policy accept;
		meta nftrace set 1
		ip frag-off & 0x3fff != 0 drop
	}
}
`
  const first = (line: string) =>
    `trace id f030a561 netdev hardening ingress packet: iif "eth0" ether saddr 02:00:00:00:00:0a ether daddr 02:00:00:00:00:01 ip saddr 192.0.2.10 ip daddr 192.0.2.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 58904 ip protocol icmp ip length 1500 icmp type echo-request icmp code net-unreachable icmp id 7322 icmp sequence 1 @th,64,96 0xecce076b00000000d0a40700
trace id f030a561 netdev hardening ingress rule ${line} (verdict drop)
`
  const told = (line: string) => {
    const [journey] = explainFile(Buffer.from(first(line)), worldOf(rules)).journeys
    return [journey!.outcome, journey!.findings.map(({ code }) => code).includes('ruleset-mismatch')]
  }

  it('so a rule for fragments that dropped the first one does not contradict it', () => {
    expect(told('ip frag-off & 16383 != 0 drop')).toEqual(['dropped', false])
  })
})

it('does not take a rule whose interfaces are not shown for another one where the trace shows that it has none', async () => {
  const listing = (last: string) => `Chain INPUT (policy ACCEPT)
target     prot opt source               destination
DOCKER-USER  all  --  0.0.0.0/0            0.0.0.0/0

Chain DOCKER-USER (1 references)
target     prot opt source               destination
${last}
`
  const point = (where: string) => trace(where, tcp)
  const text = dmesg([
    point('filter:INPUT:rule:1'),
    point('filter:DOCKER-USER:return:1'),
    point('filter:INPUT:policy:2'),
  ])
  const codesOf = async (last: string) => {
    const analysis = await open([
      { name: 'dmesg', text },
      { name: 'rules', text: listing(last) },
    ])
    const { groups } = await analysis.groups()
    return groups.flatMap(({ journey }) => journey.findings.map(({ code }) => code))
  }
  expect(await codesOf('RETURN     all  --  0.0.0.0/0            0.0.0.0/0')).not.toContain('ruleset-mismatch')
  expect(await codesOf('RETURN     tcp  --  0.0.0.0/0            0.0.0.0/0')).toContain('ruleset-mismatch')
})
