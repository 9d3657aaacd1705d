/** Packets that were stopped on the way out of one interface, where a mark would have led them out of another one. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain, tryFixesOf } from '../../../src/explain/explain.ts'
import { noteTrials } from '../../../src/explain/verify-fixes/verify.ts'
import type { ConntrackEntry, Host, Packet, Route, RoutingRule } from '../../../src/index.ts'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, SYN, told } from './played.ts'

const rule = (priority: number, table: string, more: Partial<RoutingRule> = {}): RoutingRule => ({
  family: 'ip',
  priority,
  action: { table },
  ...more,
})
const VPN: Route = { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', device: 'wg0', table: '7' }
/** With a tunnel, to which a mark leads. */
const HOST: Host = {
  links: [
    ...ROUTER.links!,
    {
      ...{ index: 9, name: 'wg0', mtu: 1420, kind: 'wireguard' },
      addresses: [{ family: 'ip', address: '10.7.0.2', prefixLength: 24, scope: 'global' }],
    },
  ],
  routes: [
    ...ROUTER.routes!,
    { family: 'ip', type: 'local', destination: '10.7.0.2/32', device: 'wg0', table: 'local' },
    { family: 'ip', type: 'unicast', destination: '10.7.0.0/24', device: 'wg0', table: 'main' },
    VPN,
  ],
  routingRules: [rule(0, 'local'), rule(100, '7', { mark: 0x7, markMask: 0xff }), rule(32766, 'main')],
}
const PACKET = { ...SYN, dst: '198.51.100.9' }
const FILTER = ['-P FORWARD DROP', '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']
const ACCEPTS = '-A FORWARD -i eth0 -o wg0 -j ACCEPT'
const MARKS = '-A PREROUTING -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x7/0xff'
const one = (mangle: readonly string[], filter: readonly string[] = [...FILTER, ACCEPTS]): Case => ({
  rules: { mangle, filter, nat: ['-A POSTROUTING -o wg0 -j MASQUERADE'] },
  packet: PACKET,
  host: HOST,
})
const TARGETS: NamedSet = { name: 'targets', type: 'hash:net', elements: [{ parts: ['203.0.113.0/24'] }] }

/** What nft's rules do with it on the model: the warning, and what came of its first fix. */
function byNft(
  rules: string,
  packet: Packet = PACKET,
): { message?: string; fix?: string; notes: (string | undefined)[] } {
  const world = worldOf(rules)
  Object.assign(world.host, { ...ROUTER, ...HOST })
  const { evidence, ended } = modelEngine.play(world, packet)
  const journey = explain(evidence, world, { ended })
  noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
  const [found] = findingsOf(journey, 'mark-missing')
  const [fix] = found?.fix ?? []
  const notes = journey.findings
    .filter(({ code }) => code !== 'mark-missing')
    .flatMap((other) => other.fix.filter(({ edits }) => edits))
    .map(({ note }) => note)
  return {
    ...(found ? { message: found.message } : {}),
    ...(fix ? { fix: `${fixCommands(fix).command} → ${fix.after}` } : {}),
    notes,
  }
}

/** As a policy router has it: chains that set marks, reached by goto from rules that ask sets. */
const nft = (marks: string, filter: string) => `table inet fw {
	set targets {
		type ipv4_addr
		flags interval
		elements = { 203.0.113.0/24 }
	}

	chain prerouting { # handle 1
		type filter hook prerouting priority mangle; policy accept;
${marks
  .split('\n')
  .map((one, i) => `\t\t${one} # handle ${10 + i}`)
  .join('\n')}
	}

	chain mark_7 { # handle 2
		meta mark set meta mark & 0xffffff07 | 0x00000007 # handle 30
		return # handle 31
	}

	chain forward { # handle 3
		type filter hook forward priority filter; policy accept;
		ct state established,related accept # handle 40
${filter}
	}

	chain stop { # handle 4
		meta l4proto tcp reject with tcp reset # handle 50
	}
}
`

describe('a packet that lacks the mark which leads out of another interface', () => {
  it('misses the rule that sets it, as a set of ipset lacks its destination', () => {
    const marks = '-A PREROUTING -i eth0 -m set --match-set targets dst -j MARK --set-xmark 0x7/0xff'
    expect(told({ ...one([marks]), sets: [TARGETS] }, 'mark-missing')).toEqual({
      message:
        'Routing rule 100 requires mark 0x7/0xff, which the packet does not have: mangle PREROUTING rule 1, which sets this mark, does not match: 198.51.100.9 is not in set targets. With the mark it would leave by wg0, where filter FORWARD rule 2 accepts it.',
      rules: ['mangle PREROUTING rule 1', 'filter FORWARD rule 2'],
      fix: 'ipset add targets 198.51.100.9 → forwarded',
    })
  })

  it('misses it behind jumps and gotos of nft, and is not first to be accepted where it is', () => {
    const filter = '\t\toifname "wg0" accept # handle 41\n\t\tjump stop # handle 42'
    const { message, fix, notes } = byNft(nft('iifname "eth0" ip daddr @targets goto mark_7', filter))
    expect(message).toBe(
      'Routing rule 100 requires mark 0x7/0xff, which the packet does not have: inet fw prerouting handle 10, which jumps to the rule that sets this mark, does not match: 198.51.100.9 is not in set targets. With the mark it would leave by wg0, where inet fw forward handle 41 accepts it.',
    )
    expect(fix).toBe('nft add element inet fw targets { 198.51.100.9 } → forwarded')
    expect(notes[0]).toMatch(/^the packet then leaves by eth1, not by wg0; /)
  })

  it('misses it where a rule stops what leaves by the other interface, whatever else the chain accepts', () => {
    const { message, fix } = byNft(nft('ip daddr @targets goto mark_7', '\t\toifname "eth1" jump stop # handle 41'))
    expect(message).toContain('With the mark it would leave by wg0, where inet fw forward accepts it.')
    expect(fix).toBe('nft add element inet fw targets { 198.51.100.9 } → forwarded')
  })

  it('misses the rule that marks its connection, whose mark is restored', () => {
    const marks = 'ct state new ip daddr @targets ct mark set 0x7\nmeta mark set ct mark'
    const { message, fix } = byNft(nft(marks, '\t\toifname "wg0" accept # handle 41\n\t\tdrop # handle 42'))
    expect(message).toContain(
      'inet fw prerouting handle 10, which sets this mark of the connection for a later rule to restore, does not match',
    )
    expect(fix).toBe('nft add element inet fw targets { 198.51.100.9 } → forwarded')
  })

  it('is not told where OUTPUT stopped it, which sees the interface that was chosen first', () => {
    const packet = { ...PACKET, in: undefined, src: '10.0.2.1', out: 'eth1' } as unknown as Packet
    const case_ = one([MARKS.replace('PREROUTING', 'OUTPUT -d 203.0.113.0/24')])
    const rules = { ...case_.rules, filter: ['-P OUTPUT DROP', '-A OUTPUT -o wg0 -j ACCEPT'] }
    expect(told({ ...case_, rules, packet }, 'mark-missing')).toBeUndefined()
  })

  it.each([
    [
      'a source that others have',
      `[9:540] ${MARKS.replace('-p tcp', '-s 10.0.1.0/31 -p tcp')}`,
      'iptables -t mangle -I PREROUTING 1 -s 10.0.1.2/31 -p tcp --dport 80 -j MARK --set-xmark 0x7/0xff → forwarded',
    ],
    [
      'a source, in a rule that nobody uses',
      `[0:0] ${MARKS.replace('-p tcp', '-s 10.0.1.0/31 -p tcp')}`,
      'iptables -t mangle -R PREROUTING 1 -s 10.0.1.2/31 -p tcp --dport 80 -j MARK --set-xmark 0x7/0xff → forwarded',
    ],
    [
      'an interface',
      `[0:0] ${MARKS.replace('-p tcp', '-i eth7 -p tcp')}`,
      'iptables -t mangle -R PREROUTING 1 -i eth0 -p tcp --dport 80 -j MARK --set-xmark 0x7/0xff → forwarded',
    ],
    [
      'a port',
      `[0:0] ${MARKS.replace('--dport 80', '--dport 81')}`,
      'iptables -t mangle -R PREROUTING 1 -p tcp --dport 80 -j MARK --set-xmark 0x7/0xff → forwarded',
    ],
    [
      'a rule that takes its mark away',
      `${MARKS}\n-A PREROUTING -j MARK --set-xmark 0x0/0xff`,
      'iptables -t mangle -D PREROUTING 2 → forwarded',
    ],
    [
      'a rule that leads past the one that sets it',
      `-A PREROUTING -p tcp -j ACCEPT\n${MARKS}`,
      'iptables -t mangle -D PREROUTING 1 → forwarded',
    ],
  ])('misses it in %s', (_name, marks, fix) => {
    expect(told(one(marks.split('\n')), 'mark-missing')?.fix).toBe(fix)
  })

  it.each([
    ['the rule is for another host', one([MARKS.replace('-p tcp', '-s 192.0.2.77/32 -p tcp')])],
    ['the rule spares its destination', one([MARKS.replace('-p tcp', '! -d 198.51.100.9/32 -p tcp')])],
    ['no rule sets the mark', one([])],
    ['it would be stopped there as well', one([MARKS.replace('eth0', 'eth7')], FILTER)],
    ['it has the mark', one([MARKS], FILTER)],
    [
      'it was stopped for its port',
      one(
        ['-A PREROUTING -p udp -j MARK --set-xmark 0x7/0xff'],
        ['-A FORWARD -o eth1 -p tcp -m tcp --dport 80 -j DROP'],
      ),
    ],
  ] satisfies [string, Case][])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'mark-missing')).toBeUndefined()
  })
})

/** For a private destination that only the default route is left for; conntrack lists no reply. */
describe('a packet that rules mark for networks beside its own', () => {
  const dst = '10.244.2.9'
  const SENT = { ...SYN, dst }
  const ways = (to: string): Route[] => [
    { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.2.254', device: 'eth1', table: 'main' },
    { ...VPN, destination: to },
  ]
  const entry = (status: string[]): ConntrackEntry => ({
    ...{ family: 'ip', protocol: 'tcp', status, state: 'SYN_SENT' },
    original: { src: SENT.src!, dst, sport: SENT.sport!, dport: SENT.dport! },
    reply: { src: dst, dst: SENT.src!, sport: SENT.dport!, dport: SENT.sport! },
  })
  const marked = (match: string, more: Partial<Case> = {}): Case => ({
    rules: { mangle: [`-A PREROUTING ${match} -j MARK --set-xmark 0x7/0xff`], filter: ['-P FORWARD ACCEPT'] },
    packet: SENT,
    host: { ...HOST, routes: [...HOST.routes!.filter((one) => one !== VPN), ...ways('0.0.0.0/0')] },
    listed: [entry(['unreplied'])],
    ...more,
  })
  const PEERS: NamedSet = { name: 'peers', type: 'hash:net', elements: [{ parts: ['10.244.1.0/24'] }] }
  const ASKS = '-m set --match-set peers dst'

  it('is told, and joins them', () => {
    const found = told(marked(ASKS, { sets: [PEERS] }), 'mark-missing')
    expect(found?.message).toMatch(
      /^It left by eth1, through the default route, and no reply was seen\. Routing rule 100 leads packets with a mark out of wg0\. mangle PREROUTING rule 1, which sets that mark, does not match: 10\.244\.2\.9 is not in set peers/,
    )
    expect(found?.fix).toMatch(/^ipset add peers 10\.244\.2\.9.* → forwarded$/)
  })

  it.each([
    ['the networks are elsewhere', marked(ASKS, { sets: [{ ...PEERS, elements: [{ parts: ['10.99.1.0/24'] }] }] })],
    [
      'it is numbered like what is in front of this host',
      marked(ASKS, {
        packet: { ...SENT, dst: '10.0.3.1' },
        sets: [{ ...PEERS, elements: [{ parts: ['10.0.77.0/24'] }] }],
        listed: [{ ...entry(['unreplied']), original: { ...entry([]).original, dst: '10.0.3.1' } }],
      }),
    ],
    ['a reply was listed', marked(ASKS, { sets: [PEERS], listed: [entry([])] })],
    ['nothing is listed', marked(ASKS, { sets: [PEERS], listed: [] })],
    ['the rule is for a port', marked('-p tcp -m tcp --dport 81')],
    [
      'the set is of what is spared',
      marked(ASKS.replace('--', '! --'), { sets: [PEERS], packet: { ...SENT, dst: '10.244.1.9' } }),
    ],
  ] satisfies [string, Case][])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'mark-missing')).toBeUndefined()
  })
})
