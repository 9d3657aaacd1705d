/** nat leads to a chain for the sources of packets, and nobody has filled it. */
import { describe, expect, it } from 'vitest'
import type { ConntrackEntry, Host, Route } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { type Case, played, SYN, told } from './played.ts'

const severity = (one: Case) =>
  played(one)
    .findings.filter(({ code }) => code === 'not-masqueraded')
    .map((found) => found.severity)

const EMPTY = { nat: ['-A POSTROUTING -j outgoing', '-N outgoing'], filter: [] }

describe('an empty chain for sources', () => {
  it('brings a note where nat leads to a chain for it that is empty, with the rule for that chain', () => {
    const near: Case = { rules: { nat: ['-A POSTROUTING -j outgoing', '-N outgoing'], filter: [] }, packet: SYN }
    expect(severity(near)).toEqual(['note'])
    expect(told(near, 'not-masqueraded')).toEqual({
      message:
        'It left for 10.0.2.2 with the private source 10.0.1.2. Chain nat outgoing has no rules: nothing rewrites sources. Unless 10.0.2.2 has a route to 10.0.1.2 through this host, no reply comes back.',
      rules: ['nat outgoing rule 1'],
      fix: 'iptables -t nat -A outgoing -s 10.0.1.2 -o eth1 -j MASQUERADE → forwarded',
    })
    const filled = { nat: ['-A POSTROUTING -j outgoing', '-A outgoing -s 10.0.9.0/24 -j MASQUERADE'], filter: [] }
    const others: Case[] = [
      { rules: filled },
      { rules: { nat: [], filter: [] } },
      { ...near, packet: { ...SYN, src: '198.51.100.7' } },
    ]
    for (const other of others) expect(JSON.stringify(played(other).findings)).not.toContain('nothing rewrites sources')
  })

  it('is none of the matter where the destination has sent to that source before, itself or in reply', () => {
    const between = (src: string, dst: string, status: ConntrackEntry['status'] = ['assured']) =>
      entry({
        original: { src, dst, sport: 40_001, dport: 443 },
        reply: { src: dst, dst: src, sport: 443, dport: 40_001 },
        status,
      })
    const having = (...conntrack: ConntrackEntry[]) => severity({ rules: EMPTY, packet: SYN, host: { conntrack } })
    expect(having(between('10.0.2.2', '10.0.1.2'))).toEqual([])
    expect(having(between('10.0.2.2', '10.0.1.7'))).toEqual([])
    expect(having(between('10.0.1.2', '10.0.2.2'))).toEqual([])
    // what was asked in vain, of another host, and by another network's
    expect(having(between('10.0.2.2', '10.0.1.7', ['unreplied']))).toEqual(['note'])
    expect(having(between('10.0.1.2', '10.0.2.2', ['unreplied']))).toEqual(['note'])
    expect(having(between('10.0.2.3', '10.0.1.2'))).toEqual(['note'])
    expect(having(between('10.0.2.2', '10.0.9.2'))).toEqual(['note'])
  })

  it('is none of the matter where each end is alone on a link of its own', () => {
    const way = (destination: string, device: string, more: Partial<Route> = {}): Route => ({
      ...{ family: 'ip', type: 'unicast', destination, device, table: 'main', ...more },
    })
    const bare = ROUTER.links!.map(({ addresses: _, ...link }) => ({ ...link, addresses: [] }))
    const led = (...routes: Route[]): Host => ({ links: bare, routes })
    const of = (host: Host) => severity({ rules: EMPTY, packet: SYN, host })
    expect(of(led(way('10.0.1.2/32', 'eth0'), way('10.0.2.2/32', 'eth1')))).toEqual([])
    expect(of(led(way('10.0.1.2/32', 'eth0'), way('10.0.2.0/24', 'eth1')))).toEqual(['note'])
    expect(of(led(way('10.0.1.2/32', 'eth0'), way('10.0.2.2/32', 'eth1', { gateway: '10.0.3.3' })))).toEqual(['note'])
    // one of several peers of a tunnel, and the gateway of an uplink, have other ways
    const both = [way('10.0.1.2/32', 'eth0'), way('10.0.2.2/32', 'eth1')]
    expect(of(led(...both, way('10.0.2.3/32', 'eth1')))).toEqual(['note'])
    expect(of(led(...both, way('0.0.0.0/0', 'eth1', { gateway: '10.0.2.2' })))).toEqual(['note'])
  })
})
