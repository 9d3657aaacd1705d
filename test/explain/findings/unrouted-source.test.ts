/** Packets that were stopped on the way out of one interface, where a routing rule leads others of their network out of another one. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Host, Route, RoutingRule } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, played, SYN, told } from './played.ts'

const rule = (priority: number, table: string, more: Partial<RoutingRule> = {}): RoutingRule => ({
  family: 'ip',
  priority,
  action: { table },
  ...more,
})
const VPN: Route = { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', device: 'wg0', table: '7' }

/** With a tunnel, to which a routing rule leads packets from some hosts. */
const host = (more: Partial<RoutingRule>): Host => ({
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
  routingRules: [rule(0, 'local'), rule(100, '7', more), rule(32766, 'main')],
})
const HALF = host({ from: '10.0.1.128/25' })
const ESTABLISHED = '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const ACCEPTS = '-A FORWARD -i eth0 -o wg0 -j ACCEPT'
const KILL_SWITCH = ['-P FORWARD DROP', ESTABLISHED, ACCEPTS, '-A FORWARD -o eth1 -j kill', '-A kill -j REJECT']
const one = (filter: readonly string[] = KILL_SWITCH, of: Host = HALF): Case => ({
  rules: { filter, nat: ['-A POSTROUTING -j MASQUERADE'] },
  packet: { ...SYN, dst: '198.51.100.9' },
  host: of,
})

describe('a source that a routing rule leaves out', () => {
  it('is told where the other interface is the one that the rules accept', () => {
    const found = told(one(), 'wrong-way-out')
    expect(found?.message).toBe(
      'It was to leave by eth1, where it was stopped. Routing rule 100 sends packets from 10.0.1.128/25 out of wg0 instead (table 7), where filter FORWARD rule 2 accepts them; 10.0.1.2 is not in 10.0.1.128/25.',
    )
    expect(found?.fix).toMatch(/^ip rule add from 10.0.1.2\/32 priority 100 table 7 → forwarded/)
  })

  it('is told where a policy stops it, and where the rule asks for the interface, too', () => {
    const filter = ['-P FORWARD DROP', ESTABLISHED, ACCEPTS]
    expect(told(one(filter, host({ from: '10.0.1.128/25', in: 'eth0' })), 'wrong-way-out')?.fix).toMatch(
      /^ip rule add from 10.0.1.2\/32 iif eth0 priority 100 table 7 → forwarded/,
    )
  })

  it('is said to go past the tunnel by what accepts it where it is', () => {
    const { findings } = played(one())
    const accepts = findings
      .flatMap(({ fix }) => fix)
      .filter((fix) => `${fixCommands(fix).command}`.startsWith('iptables'))
    expect(accepts[0]?.note).toBe('the packet then leaves by eth1, not by wg0; opens only this source and service')
  })

  it.each([
    [
      'what stopped it asks for the service',
      one(['-P FORWARD ACCEPT', '-A FORWARD -o eth1 -p tcp --dport 80 -j DROP']),
    ],
    [
      'what led it there asks for the destination',
      one([...KILL_SWITCH.slice(0, 3), '-A FORWARD -d 198.51.100.0/24 -j kill', '-A kill -j REJECT']),
    ],
    ['no rule accepts it there either', one(['-P FORWARD DROP', ESTABLISHED])],
    ['the rule is for another network', one(KILL_SWITCH, host({ from: '10.0.5.0/24' }))],
    [
      'the rule is for the whole network, and another destination',
      one(KILL_SWITCH, host({ from: '10.0.1.0/24', to: '10.3.0.0/16' })),
    ],
    [
      'what led it there is for sources such as this one',
      one([...KILL_SWITCH.slice(0, 3), '-A FORWARD -s 10.0.1.0/25 -j kill', '-A kill -j DROP']),
    ],
    [
      'what led it there is for its network card',
      {
        ...one([
          ...KILL_SWITCH.slice(0, 3),
          '-A FORWARD -m mac --mac-source 02:00:00:00:00:42 -j kill',
          '-A kill -j DROP',
        ]),
        packet: { ...SYN, dst: '198.51.100.9', srcMac: '02:00:00:00:00:42' },
      },
    ],
    [
      'another rule leads it elsewhere first',
      one(KILL_SWITCH, {
        ...HALF,
        routingRules: [rule(90, 'main', { from: '10.0.1.2/32' }), ...HALF.routingRules!].sort(
          (a, b) => a.priority - b.priority,
        ),
      }),
    ],
    ['the rule asks for a mark as well', one(KILL_SWITCH, host({ from: '10.0.1.128/25', mark: 7 }))],
  ])('is not told where %s', (_why, case_) => {
    expect(told(case_, 'wrong-way-out')).toBeUndefined()
  })
})
