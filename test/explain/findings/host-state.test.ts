/** Findings that only listings of interfaces, entries and routing rules give. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { astray } from '../../../src/explain/host/routes.ts'
import type { Host, Link } from '../../../src/index.ts'
import { entryOpened } from '../../../src/rules/conntrack/entries.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { explainLog } from '../../journey/journeys.ts'
import { dmesg, type TestPacket, trace } from '../../journey/kernel-lines.ts'
import { entry, makeWorld, ROUTER } from '../../simulate/world.ts'
import { findingsOf, type Rules, saved } from './played.ts'

function journey(rules: Rules, lines: readonly string[], host: Host) {
  const world = makeWorld(saved(rules), { ...ROUTER, ...host })
  return explainLog(dmesg(lines), world, [], { engine: modelEngine }).journeys[0]!
}
const messages = (one: ReturnType<typeof journey>, code: string) =>
  findingsOf(one, code).map(({ severity, message }) => `${severity}: ${message}`)

/** What the lines' frames are for. */
const TO_HERE = '02:00:00:00:00:01'

const port = (name: string, more: Partial<Link> = {}): Link => ({ name, kind: 'veth', master: 'br0', ...more })
const BRIDGE: Link = {
  ...{ name: 'br0', kind: 'bridge', mac: '02:00:00:00:00:ff' },
  addresses: [{ family: 'ip', address: '10.0.3.1', prefixLength: 24, scope: 'global', broadcast: '10.0.3.255' }],
}
const bridged = (ports: readonly Link[], calls: string): Host => ({
  links: [...ROUTER.links!, BRIDGE, ...ports],
  routes: [
    ...ROUTER.routes!,
    { family: 'ip', type: 'broadcast', destination: '10.0.3.255/32', table: 'local', device: 'br0' },
    { family: 'ip', type: 'unicast', destination: '10.0.3.0/24', table: 'main', device: 'br0' },
  ],
  sysctls: new Map([...ROUTER.sysctls!, ['net.bridge.bridge-nf-call-iptables', calls]]),
})

describe('the broadcast address of a network', () => {
  const host = bridged([port('veth1')], '0')
  const to = (protocol: 'tcp' | 'udp'): TestPacket => ({ in: 'eth0', src: '10.0.1.2', dst: '10.0.1.1', protocol })
  const rewritten = (protocol: 'tcp' | 'udp', address: string) =>
    journey(
      { nat: [`-A PREROUTING -p ${protocol} -j DNAT --to-destination ${address}`], filter: [] },
      [trace('nat:PREROUTING:rule:1', to(protocol)), trace('filter:INPUT:policy:1', { ...to(protocol), dst: address })],
      host,
    )

  it('is told where nat sends a packet of any protocol there', () => {
    const start = 'error: nat PREROUTING rule 1 rewrites its destination to 10.0.3.255, the broadcast address of br0'
    const what = 'The kernel delivers it to this host and forwards it to nobody'
    expect(messages(rewritten('tcp', '10.0.3.255'), 'wrong-way-out')).toEqual([
      `${start} (10.0.3.1/24). ${what}; TCP ignores broadcasts.`,
    ])
    // a program here may take it
    expect(messages(rewritten('udp', '10.0.3.255'), 'wrong-way-out')).toEqual([
      `${start.replace('error', 'warning')} (10.0.3.1/24). ${what}.`,
    ])
  })

  it('is told of TCP alone where nothing rewrote it: UDP broadcasts are meant so', () => {
    const asked = (protocol: 'tcp' | 'udp') =>
      journey({ filter: [] }, [trace('filter:INPUT:policy:1', { ...to(protocol), dst: '10.0.3.255' })], host)
    expect(messages(asked('tcp'), 'wrong-way-out')).toHaveLength(1)
    expect(messages(asked('udp'), 'wrong-way-out')).toEqual([])
  })

  it('is not told of another address, nor where this host forwards broadcasts', () => {
    expect(messages(rewritten('tcp', '10.0.1.1'), 'wrong-way-out')).toEqual([])
    const forwarding = ['all', 'eth0'].map((one) => [`net.ipv4.conf.${one}.bc_forwarding`, '1'] as const)
    const allows = { ...host, sysctls: new Map([...host.sysctls!, ...forwarding]) }
    const lines = [trace('filter:INPUT:policy:1', { ...to('tcp'), dst: '10.0.3.255' })]
    expect(messages(journey({ filter: [] }, lines, allows), 'wrong-way-out')).toEqual([])
  })
})

describe('ports of a bridge that are isolated', () => {
  const isolated = { isolated: true }
  const lost = (ports: readonly Link[], calls = '1') =>
    journey(
      { raw: [] },
      [trace('raw:PREROUTING:policy:1', { in: 'br0', physIn: 'veth1', src: '10.0.3.2', dst: '10.0.3.3' })],
      bridged(ports, calls),
    )

  it('lose what goes from one to the other', () => {
    const one = lost([port('veth1', isolated), port('veth2', isolated)])
    expect(messages(one, 'vanished-at-port')).toEqual([
      'error: Bridge br0 dropped it: all its ports are isolated (veth1, veth2), and it forwards no frame from one isolated port to another.',
    ])
    expect(one.outcome).toBe('vanished')
    // both ends have to be isolated: of others nothing is opened
    const [fix] = findingsOf(one, 'vanished-at-port')[0]!.fix
    expect(fix?.edits).toEqual([{ kind: 'bridge-port', device: 'veth1', setting: 'isolated', on: false }])
    expect(fix?.undo).toEqual([{ kind: 'bridge-port', device: 'veth1', setting: 'isolated', on: true }])
  })

  it('are no reason where one of them is not, or nobody knows', () => {
    expect(messages(lost([port('veth1', isolated), port('veth2', { isolated: false })]), 'vanished-at-port')).toEqual(
      [],
    )
    expect(messages(lost([port('veth1', isolated), port('veth2')]), 'vanished-at-port')).toEqual([])
    expect(messages(lost([port('veth1', isolated), port('veth2', isolated)], '0'), 'vanished-at-port')).toEqual([])
  })
})

describe('the only port of a bridge', () => {
  const lost = (calls: Host, filter: string[] = []) =>
    findingsOf(
      journey(
        {
          nat: ['-A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.3.20'],
          filter,
        },
        [trace('nat:PREROUTING:rule:1', { in: 'br0', src: '10.0.3.2', dst: '192.0.2.1', dport: 80 })],
        calls,
      ),
      'vanished-at-port',
    )[0]!

  it('may have a switch behind it: routing what nat rewrote goes before hairpin mode', () => {
    const { fix } = lost(bridged([port('lan1', { hairpin: false })], '1'))
    expect(fix.map((one) => `${fixCommands(one).command}`)).toEqual([
      'sysctl -w net.bridge.bridge-nf-call-iptables=0',
      'bridge link set dev lan1 hairpin on',
    ])
    expect(fix[1]?.note).toContain('only if no switch is behind the port')
    // the server replies past this host
    expect(fix[0]?.note).toContain('without masquerading, 10.0.3.20 replies directly to 10.0.3.2')
  })

  it('is not routed by where rules for ports would then filter no more', () => {
    const guests = '-A FORWARD -m physdev --physdev-in lan1 --physdev-is-bridged -p tcp --dport 25 -j DROP'
    const { fix } = lost(bridged([port('lan1', { hairpin: false })], '1'), [guests])
    expect(fix.map((one) => `${fixCommands(one).command}`)).toEqual(['bridge link set dev lan1 hairpin on'])
  })

  it('is all that can be changed where the bridge itself calls the chains', () => {
    const host = bridged([port('lan1', { hairpin: false })], '0')
    const links = host.links!.map((one) => (one.name === 'br0' ? { ...one, callsTables: ['ip' as const] } : one))
    expect(lost({ ...host, links }).fix).toHaveLength(1)
  })
})

describe('a port without hairpin mode', () => {
  const back = (nat: string) =>
    journey(
      { nat: [`-A PREROUTING ${nat} -j DNAT --to-destination 10.0.3.2`], filter: [] },
      [trace('nat:PREROUTING:rule:1', { in: 'br0', physIn: 'veth1', src: '10.0.3.2', dst: '10.9.9.9', dport: 80 })],
      bridged([port('veth1', { hairpin: false })], '1'),
    )
  const lost =
    'error: Bridge br0 dropped it: 10.0.3.2 is the sender itself, behind port veth1, and a port without hairpin mode does not send a frame back to its sender.'

  it('is not to blame where nat rewrote what was for another host', () => {
    const one = back('-p tcp -m tcp --dport 80')
    expect(messages(one, 'vanished-at-port')).toEqual([
      `${lost} nat PREROUTING rule 1 rewrote its destination. The packet was for 10.9.9.9, another host.`,
    ])
    const [found] = findingsOf(one, 'vanished-at-port')
    expect(found!.rules.map(({ chain, ruleNumber }) => [chain, ruleNumber])).toEqual([['PREROUTING', 1]])
    expect(found!.fix.map((fix) => `${fixCommands(fix).command}`)).toEqual([
      expect.stringMatching(/^iptables\S* -t nat -I PREROUTING 1 .*-j ACCEPT$/),
    ])
  })

  it('is where the rule names the address that was asked', () => {
    const one = back('-d 10.9.9.9/32 -p tcp -m tcp --dport 80')
    expect(messages(one, 'vanished-at-port')).toEqual([lost])
    expect(findingsOf(one, 'vanished-at-port')[0]!.fix[0]?.edits?.[0]).toMatchObject({ setting: 'hairpin', on: true })
  })
})

describe('a frame of another machine that a bridge passes on', () => {
  // in no network of this host, which forwards nothing
  const asked: TestPacket = { in: 'br0', physIn: 'veth1', src: '10.99.0.2', dst: '10.99.0.3' }
  const host = bridged([port('veth1'), port('veth2')], '1')
  const sysctls = new Map([...host.sysctls!, ['net.ipv4.ip_forward', '0']])
  const connected = host.routes!.filter(({ destination }) => !destination.endsWith('/0'))
  const passed = (links: readonly Link[], rules: Rules = { raw: [] }) =>
    journey(rules, [trace('raw:PREROUTING:policy:1', asked)], {
      ...host,
      sysctls,
      links: [...links],
      routes: connected,
    })
  const ownOf = (name: string) => host.links!.map((one) => (one.name === name ? { ...one, mac: TO_HERE } : one))

  it('is not routed: no route is missing', () => {
    const one = passed(host.links!)
    expect(one.findings.map(({ code }) => code)).toEqual(['not-netfilter'])
    expect(messages(one, 'not-netfilter')).toEqual([
      `note: No rule stopped it. Bridge br0 forwards it by MAC address. Check the bridge's table: if it lists ${TO_HERE} at another port, the frame goes there.`,
    ])
  })

  it('is routed where it was sent to the bridge, or to any other address of this host', () => {
    expect(passed(ownOf('br0')).outcome).toBe('vanished')
    expect(messages(passed(ownOf('br0')), 'vanished-no-route')).toHaveLength(1)
    expect(messages(passed(ownOf('veth1')), 'vanished-no-route')).toHaveLength(1)
  })

  it('is routed where a rule of nat sends it elsewhere', () => {
    const rules = { nat: ['-A PREROUTING -j DNAT --to-destination 10.98.0.3'] }
    const lines = [trace('nat:PREROUTING:rule:1', asked)]
    const one = journey(rules, lines, { ...host, sysctls, routes: connected })
    expect(messages(one, 'vanished-no-route')).toHaveLength(1)
  })
})

describe('what a bridge passes on after nat has sent it back there', () => {
  const asked: TestPacket = { in: 'br0', physIn: 'veth1', src: '10.0.3.2', dst: '10.0.3.3' }
  const stopped = (dst: string) =>
    messages(
      journey(
        { nat: ['-A PREROUTING -j DNAT --to-destination 10.0.3.3'], filter: ['-A FORWARD -i br0 -o br0 -j DROP'] },
        [
          trace('nat:PREROUTING:rule:1', { ...asked, dst }),
          trace('filter:FORWARD:rule:1', { ...asked, out: 'br0', physOut: 'veth2' }),
        ],
        { ...bridged([port('veth1'), port('veth2')], '1'), links: links(dst) },
      ),
      'bridge-nf-call',
    )
  it('are kept out by the setting of the bridge itself, where that alone hands them over', () => {
    const fixWith = (calls: string) => {
      const { links: all, ...host } = bridged([port('veth1'), port('veth2')], calls)
      const own = all!.map((one) => (one.name === 'br0' ? { ...one, callsTables: ['ip' as const] } : one))
      const lines = [trace('filter:FORWARD:rule:1', { ...asked, out: 'br0', physOut: 'veth2' })]
      const one = journey({ filter: ['-A FORWARD -i br0 -o br0 -j DROP'] }, lines, { ...host, links: own })
      return findingsOf(one, 'bridge-nf-call')[0]!.fix.map(({ description, edits }) => [description, edits])
    }
    expect(fixWith('0')).toEqual([
      [expect.stringMatching(/: ip link set dev br0 type bridge nf_call_iptables 0$/), undefined],
    ])
    expect(fixWith('1')).toEqual([])
  })

  // the frame of what is for this host has its link address
  const links = (dst: string) => {
    const all = bridged([port('veth1'), port('veth2')], '1').links!
    return dst === '10.0.1.1' ? all.map((one) => (one.name === 'br0' ? { ...one, mac: TO_HERE } : one)) : all
  }

  it('passes the chains of IP whatever the setting is, where it was sent to this host', () => {
    expect(stopped('10.0.1.1')).toEqual([])
  })

  it('passes them only by the setting, where it was sent to another machine', () => {
    expect(stopped('10.0.3.9')).toEqual([
      'warning: Bridge br0 forwards it from veth1 to veth2 and does not route it. filter FORWARD rule 1 sees it only because net.bridge.bridge-nf-call-iptables is 1.',
    ])
  })
})

describe('nat of what is only bridged', () => {
  const host = bridged([port('veth1'), port('veth2')], '1')
  const asked: TestPacket = { in: 'br0', physIn: 'veth1', src: '10.0.3.2', dst: '10.0.3.3' }
  const lines = [
    trace('filter:FORWARD:policy:1', { ...asked, out: 'br0', physOut: 'veth2' }),
    trace('nat:POSTROUTING:rule:1', { ...asked, in: '', out: 'br0', physOut: 'veth2' }),
  ]
  const nat = '-A POSTROUTING -j MASQUERADE'

  it('is told with the setting that hands it to IP', () => {
    const one = journey({ filter: [], nat: [nat] }, lines, host)
    expect(messages(one, 'bridge-nf-call')).toEqual([
      'warning: Bridge br0 forwards it and does not route it. nat POSTROUTING rule 1 rewrites its source only because net.bridge.bridge-nf-call-iptables is 1: 10.0.3.3 sees an address of this host, not 10.0.3.2.',
    ])
  })

  it("is told with the bridge's own setting, which counts beside that for all", () => {
    const links = host.links!.map((link) => (link.name === 'br0' ? { ...link, callsTables: ['ip' as const] } : link))
    const sysctls = new Map([...host.sysctls!, ['net.bridge.bridge-nf-call-iptables', '0']])
    const [message] = messages(
      journey({ filter: [], nat: [nat] }, lines, { ...host, links, sysctls }),
      'bridge-nf-call',
    )
    expect(message).toContain('only because nf_call_iptables of br0 is 1: ')
  })

  it('is meant so where nat has chosen the destination as well', () => {
    const first = trace('nat:PREROUTING:rule:1', { ...asked, dst: '10.96.0.1' })
    const rules = { filter: [], nat: ['-A PREROUTING -d 10.96.0.1 -j DNAT --to-destination 10.0.3.3', nat] }
    expect(messages(journey(rules, [first, ...lines], host), 'bridge-nf-call')).toEqual([])
  })
})

describe('a reply that looks like one of another zone', () => {
  const asked: TestPacket = { in: 'eth0', src: '10.0.1.2', dst: '10.0.2.2', protocol: 'udp', sport: 500, dport: 53 }
  const lines = [
    trace('raw:PREROUTING:rule:1', asked),
    trace('raw:PREROUTING:policy:2', asked),
    trace('filter:FORWARD:policy:1', { ...asked, out: 'eth1' }),
  ]
  const original = { src: '10.0.1.2', dst: '10.0.2.2', sport: 500, dport: 53 }
  const reply = { src: '10.0.2.2', dst: '10.0.1.2', sport: 53, dport: 500 }
  const other = entry({ protocol: 'udp', original, reply, originalZone: 1 })
  const found = (option: string, nat: Rules = {}) =>
    messages(
      journey({ raw: [`-A PREROUTING -i eth0 -j CT ${option} 2`], filter: [], ...nat }, lines, { conntrack: [other] }),
      'snat-port-taken',
    )

  it('is told where rules tell the requests apart alone', () => {
    expect(found('--zone-orig')).toEqual([
      'error: raw PREROUTING rule 1 puts it into zone 2, but its replies into zone 0. In zone 0, the same reply already belongs to the connection of 10.0.1.2:500 to 10.0.2.2:53, whose requests are in zone 1. The kernel drops the packet when it confirms its conntrack entry: it could not distinguish the replies.',
    ])
  })

  it('is not where replies have the zone as well, or nat gives the later one another port', () => {
    expect(found('--zone')).toEqual([])
    expect(found('--zone-orig', { nat: [] })).toEqual([])
  })
})

describe('entries of several zones with one tuple', () => {
  const original = { src: '10.0.1.2', dst: '10.0.2.2', sport: 500, dport: 53 }
  const reply = { src: '10.0.2.2', dst: '10.0.1.2', sport: 53, dport: 500 }
  const packet = { protocol: 'udp', ...original }
  const of = (...zones: number[]) => ({
    host: { conntrack: zones.map((zone) => entry({ protocol: 'udp', original, reply, originalZone: zone })) },
  })

  it('are none of a packet whose zone is not known', () => {
    expect(entryOpened(packet, of(1))).toMatchObject({ originalZone: 1 })
    expect(entryOpened(packet, of(1, 2))).toBeUndefined()
  })

  it('are not those that are listed twice', () => {
    expect(entryOpened(packet, of(1, 1))).toMatchObject({ originalZone: 1 })
  })
})

describe('a routing rule before table local', () => {
  const rule = (priority: number, table: string, more = {}) => ({
    family: 'ip' as const,
    priority,
    action: { table },
    ...more,
  })
  const host = (...rules: ReturnType<typeof rule>[]): Host => ({
    ...ROUTER,
    routes: [
      ...ROUTER.routes!,
      { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: '101', device: 'eth1' },
    ],
    routingRules: rules,
  })
  const packet = { in: 'eth2', out: 'eth1', src: '10.0.3.2', dst: '10.0.1.1' }

  it('leads what is for this host away, and table local in front of it mends that', () => {
    const found = astray(packet, host(rule(10, '101', { in: 'eth2' }), rule(20, 'local'), rule(32_766, 'main')))
    expect(found?.why).toBe(
      "10.0.1.1 is this host's own address (eth0), but routing rule 10 comes before table local, and the default route of table 101 leads out of eth1",
    )
    const { command, undo } = fixCommands({ ...found!.fix![0]!, edits: found!.fix![0]!.edits! })
    expect([command, undo].map(String)).toEqual([
      'ip rule add iif eth2 priority 9 table local',
      'ip rule del iif eth2 priority 9 table local',
    ])
  })

  it('is meant where its table has a route of its own to the network of another host with that address', () => {
    const rules = [rule(10, '101', { in: 'eth2' }), rule(20, 'local'), rule(32_766, 'main')]
    const overlapping = (device: string, destination = '10.0.1.0/24'): Host => ({
      ...ROUTER,
      routes: [
        ...ROUTER.routes!,
        { family: 'ip', type: 'unicast', destination, table: '101', device, gateway: '10.9.0.2' },
      ],
      routingRules: rules,
    })
    expect(astray(packet, overlapping('eth1'))).toBeUndefined()
    expect(astray({ ...packet, out: 'eth0' }, overlapping('eth0'))?.why).toContain('comes before table local')
    // a route for more leads all of a VPN there
    expect(astray(packet, overlapping('eth1', '10.0.0.0/8'))?.why).toContain('comes before table local')
  })

  it('does nothing behind table local', () => {
    expect(
      astray(packet, host(rule(0, 'local'), rule(10, '101', { in: 'eth2' }), rule(32_766, 'main'))),
    ).toBeUndefined()
  })
})
