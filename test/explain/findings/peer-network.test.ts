/** A rule accepts what comes from one network of this host, and the packet comes from another one. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Host, Link } from '../../../src/index.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN } from './played.ts'

const link = (index: number, name: string, addresses: readonly [string, number][], kind?: string): Link => ({
  ...{ index, name, mtu: 1500, ...(kind === undefined ? {} : { kind }) },
  addresses: addresses.map(([address, prefixLength]) => ({
    ...{ family: address.includes(':') ? ('ip6' as const) : ('ip' as const), scope: 'global' },
    ...{ address, prefixLength },
  })),
})
const NETWORKS: Link[] = [
  ...ROUTER.links!,
  link(
    4,
    'docker0',
    [
      ['172.17.0.1', 16],
      ['2001:db8:17::1', 64],
    ],
    'bridge',
  ),
  link(
    5,
    'br-591ca8bdf81a',
    [
      ['172.18.0.1', 16],
      ['2001:db8:18::1', 64],
    ],
    'bridge',
  ),
]
const HOST: Host = {
  ...{ ...ROUTER, links: NETWORKS },
  routes: [
    ...ROUTER.routes!,
    { family: 'ip', type: 'unicast', destination: '172.17.0.0/16', table: 'main', device: 'docker0' },
    { family: 'ip', type: 'unicast', destination: '172.18.0.0/16', table: 'main', device: 'br-591ca8bdf81a' },
  ],
}
const PACKET = { ...SYN, in: 'br-591ca8bdf81a', src: '172.18.0.2' }
const ESTABLISHED = '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'

const forward = (rule: string, more: Partial<Case> = {}): Case => ({
  ...{ rules: { filter: ['-P FORWARD DROP', ESTABLISHED, rule] }, packet: PACKET, host: HOST },
  ...more,
})
const near = (one: Case) => findingsOf(played(one), 'near-miss').map(({ message }) => message)
const DOCKER0 = '[7:420] -A FORWARD -i docker0 -j ACCEPT'

describe('a rule for another network of this host', () => {
  it('is named, though others use it and it matches nothing but the interface', () => {
    expect(near(forward(DOCKER0))).toEqual([
      'filter FORWARD rule 2 would have accepted it, but only matches -i docker0; the packet came in on br-591ca8bdf81a.',
    ])
  })

  it('is proposed for the network as well, behind a rule for such packets alone', () => {
    const [policy] = findingsOf(played(forward(DOCKER0)), 'dropped-by-policy')
    const commands = policy!.fix.map((fix) => [String(fixCommands(fix).command), fix.note, fix.after])
    expect(commands).toEqual([
      [
        'iptables -A FORWARD -s 172.18.0.2 -d 10.0.2.2 -i br-591ca8bdf81a -o eth1 -p tcp --dport 80 -j ACCEPT',
        'opens only this source and service',
        'forwarded',
      ],
      [
        'iptables -I FORWARD 2 -i br-591ca8bdf81a -j ACCEPT',
        'opens from br-591ca8bdf81a whatever filter FORWARD rule 2 accepts from docker0',
        'forwarded',
      ],
      ['iptables -P FORWARD ACCEPT', 'opens everything that no rule matches; for diagnosis only', 'forwarded'],
    ])
    expect(String(fixCommands(policy!.fix[1]!).undo)).toBe('iptables -D FORWARD -i br-591ca8bdf81a -j ACCEPT')
  })

  it('is so beside a last rule that drops what is left', () => {
    const rules = { filter: [ESTABLISHED, DOCKER0, '-A FORWARD -j DROP'] }
    const [dropped] = findingsOf(played({ rules, packet: PACKET, host: HOST }), 'dropped-by-rule')
    expect(dropped!.fix.map((fix) => String(fixCommands(fix).command))).toContain(
      'iptables -I FORWARD 2 -i br-591ca8bdf81a -j ACCEPT',
    )
  })

  it('is one of the network that it goes to', () => {
    const packet = { ...SYN, dst: '172.18.0.2' }
    expect(near(forward('[7:420] -A FORWARD -o docker0 -j ACCEPT', { packet }))).toEqual([
      'filter FORWARD rule 2 would have accepted it, but only matches -o docker0; the packet leaves by br-591ca8bdf81a.',
    ])
  })

  it.each([
    ['for the uplink', '[7:420] -A FORWARD -i eth1 -j ACCEPT', PACKET],
    ['for this host itself', '[7:420] -A FORWARD -i lo -j ACCEPT', PACKET],
    ['and the packet comes from the uplink', DOCKER0, { ...SYN, in: 'eth1', src: '192.0.2.7', dst: '10.0.1.9' }],
    ['and the source is of no network there', DOCKER0, { ...PACKET, src: '192.0.2.7' }],
    ['that drops', '[7:420] -A FORWARD -i docker0 -j DROP', PACKET],
  ])('is not one %s', (_name, rule, packet) => {
    expect(near(forward(rule, { packet }))).toEqual([])
  })

  it('needs to know which network has the uplink, unless both are bridges', () => {
    const routes = HOST.routes!.filter(({ destination }) => destination !== '0.0.0.0/0')
    const host = { ...HOST, routes }
    expect(near(forward(DOCKER0, { host }))).toHaveLength(1)
    expect(near(forward('[7:420] -A FORWARD -i eth0 -j ACCEPT', { host }))).toEqual([])
    expect(near(forward('[7:420] -A FORWARD -i eth0 -j ACCEPT'))).toHaveLength(1)
  })

  it.each([
    ['ip', 'ip saddr 172.18.0.2 ip daddr 10.0.2.2', 'ip ttl 64 ip id 7 ip protocol tcp ip length 60'],
    ['ip6', 'ip6 saddr 2001:db8:18::2 ip6 daddr 2001:db8:1::9', 'ip6 hoplimit 64 ip6 nexthdr tcp ip6 length 40'],
  ])('is named in words of nft, for %s', (_family, ends, header) => {
    const world = worldOf(
      'table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n' +
        '\t\tiifname "docker0" counter packets 1 bytes 80 accept # handle 9\n\t}\n}\n',
    )
    Object.assign(world.host, HOST)
    const trace =
      `trace id 0a0b0c0d inet filter forward packet: iif "br-591ca8bdf81a" oif "eth1" ${ends} ${header} ` +
      'tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240 \n' +
      'trace id 0a0b0c0d inet filter forward policy drop \n'
    const { findings } = explainFile(trace, world).journeys[0]!
    expect(findings.filter(({ code }) => code === 'near-miss').map(({ message }) => message)).toEqual([
      'inet filter forward handle 9 would have accepted it, but only matches iifname "docker0"; the packet came in on br-591ca8bdf81a.',
    ])
    const fixes = findings.flatMap(({ fix }) => fix).map((fix) => String(fixCommands(fix).command))
    expect(fixes.find((one) => one.includes('alike'))).toMatch(
      /^nft insert rule inet filter forward handle 9 iifname '"br-591ca8bdf81a"' counter accept comment /,
    )
  })
})
