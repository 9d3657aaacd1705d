/** The reverse path filter on an interface without an address, and with a route that gives requests another interface's. */

import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Host, Route } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const filtering = (own: string, all = '0') =>
  new Map([
    ['net.ipv4.ip_forward', '1'],
    ['net.ipv4.conf.all.rp_filter', all],
    ['net.ipv4.conf.eth0.rp_filter', '0'],
    ['net.ipv4.conf.tun0.rp_filter', own],
  ])

describe('vanished-rp-filter on a tunnel', () => {
  const tunnel = (sysctls: Host['sysctls'], addresses: NonNullable<Host['links']>[0]['addresses'] = []): Case => ({
    rules: { raw: [], filter: [] },
    // a neighbour of eth0, and what it sends comes by the tunnel
    packet: { ...SYN, in: 'tun0', dst: '10.0.1.1' },
    host: { ...ROUTER, links: [...ROUTER.links!, { index: 9, name: 'tun0', mtu: 1500, addresses }], sysctls: sysctls! },
  })
  const GIVEN = 'ip address add 10.0.1.1/32 dev tun0'

  it('gives a tunnel without an address one, as loose alone would be as strict', () => {
    expect(told(tunnel(filtering('0', '1')), 'vanished-rp-filter')?.fix).toBe(
      `${GIVEN} && sysctl -w net.ipv4.conf.tun0.rp_filter=2 → delivered`,
    )
  })

  it('lends it the address of where the route back leads, where the packet was for another host or for many', () => {
    const loose = `${GIVEN} && sysctl -w net.ipv4.conf.tun0.rp_filter=2`
    const { packet, ...case_ } = tunnel(filtering('1'))
    const commands = (dst: string) =>
      findingsOf(played({ ...case_, packet: { ...packet!, dst } }), 'vanished-rp-filter').flatMap(({ fix }) =>
        fix.flatMap((one) => (one.edits ? [String(fixCommands(one).command)] : [])),
      )
    expect(commands('10.0.2.2')).toEqual([loose])
    expect(commands('255.255.255.255').filter((one) => one.includes('address add 255'))).toEqual([])
  })

  it('is told where the filter of a tunnel without an address is loose', () => {
    const found = told(tunnel(filtering('2')), 'vanished-rp-filter')
    expect(found?.message).toContain(
      'leaves by eth0 (rp_filter=2, which is as strict as 1 here: tun0 has no IPv4 address).',
    )
    expect(found?.fix).toBe(`${GIVEN} → delivered`)
    const note = (all: string) =>
      findingsOf(played(tunnel(filtering('2', all))), 'vanished-rp-filter').flatMap(({ fix }) => fix[0]?.note ?? [])[0]
    expect(note('0')).toMatch(/or set rp_filter to 0 for tun0$/)
    expect(note('1')).toMatch(/or set rp_filter to 0, both for tun0 and for all$/)
  })

  it('does not name the lack of an address where no route leads back anyway', () => {
    const { packet, ...case_ } = tunnel(filtering('2'))
    const routes = ROUTER.routes!.filter(({ destination }) => destination !== '0.0.0.0/0')
    const foreign = { ...case_, packet: { ...packet!, src: '203.0.113.9' }, host: { ...case_.host, routes } }
    expect(told(foreign, 'vanished-rp-filter')?.message).toContain('no route back to 203.0.113.9 (rp_filter=2).')
  })

  it('is not told of a loose one where the tunnel has an address, or where addresses are unknown', () => {
    const address = { family: 'ip', address: '10.9.9.1', prefixLength: 32, scope: 'global' } as const
    // whatever is neither 0 nor 1 is loose
    for (const loose of ['2', '3']) expect(played(tunnel(filtering(loose), [address])).outcome).toBe('delivered')
    expect(told(tunnel(filtering('2'), [address]), 'vanished-rp-filter')).toBeUndefined()
    const { host, ...case_ } = tunnel(filtering('2'))
    const unlisted = {
      links: host!.links!.map(({ addresses: _, ...one }) => one),
      routes: ROUTER.routes!.filter(({ type }) => type !== 'local'),
    }
    expect(told({ ...case_, host: { ...host, ...unlisted } }, 'vanished-rp-filter')).toBeUndefined()
    expect(told(tunnel(filtering('0', '1'), [address]), 'vanished-rp-filter')?.fix).toBe(
      'sysctl -w net.ipv4.conf.tun0.rp_filter=2 → delivered',
    )
  })
})

describe('vanished-rp-filter of a reply to the source that a route gives', () => {
  const original = { src: '10.0.1.1', dst: '10.9.0.5', sport: 40_000, dport: 80 }
  const answer = { src: '10.9.0.5', dst: '10.0.1.1', sport: 80, dport: 40_000 }
  const asked = (source?: string): Case => {
    const route: Route = {
      ...{ family: 'ip', type: 'unicast', destination: '10.9.0.0/24', gateway: '10.0.2.254', table: 'main' },
      ...{ device: 'eth1', ...(source === undefined ? {} : { source }) },
    }
    return {
      rules: { raw: [], filter: [] },
      packet: { ...SYN, ...answer, in: 'eth0', tcpFlags: ['syn', 'ack'] },
      host: {
        routes: [route, ...ROUTER.routes!.filter(({ destination }) => destination !== '10.9.0.0/16')],
        conntrack: [entry({ original, reply: answer, status: [], state: 'SYN_SENT' })],
        sysctls: filtering('0', '1'),
        neighbours: [
          { family: 'ip', address: '10.0.1.8', device: 'eth0', mac: '02:00:00:00:00:02', state: ['REACHABLE'] },
        ],
      },
    }
  }
  const commands = (case_: Case) =>
    findingsOf(played(case_), 'vanished-rp-filter').flatMap(({ fix }) =>
      fix.flatMap((one) => (one.edits ? [String(fixCommands(one).command)] : [])),
    )

  it('names the route, and gives it an address of its own interface', () => {
    expect(told(asked('10.0.1.1'), 'vanished-rp-filter')?.message).toMatch(
      / The route to 10\.9\.0\.0\/24 gives requests the source 10\.0\.1\.1, an address of eth0, although they leave by eth1: so replies come in on eth0\.$/,
    )
    expect(commands(asked('10.0.1.1'))).toEqual([
      'ip route replace 10.9.0.0/24 via 10.0.2.254 dev eth1 src 10.0.2.1',
      'sysctl -w net.ipv4.conf.eth0.rp_filter=2',
    ])
  })

  it('says nothing of it where the other end has opened the connection', () => {
    const { packet, ...case_ } = asked('10.0.1.1')
    const later: Case = { ...case_, packet: { ...packet!, sport: 40_000, dport: 22, tcpFlags: ['ack'] } }
    expect(told(later, 'vanished-rp-filter')?.message).not.toContain('gives requests the source')
  })

  it('says nothing of it where requests with its mark leave by the interface that it came in by', () => {
    const { host, ...case_ } = asked('10.0.1.1')
    const rules = { mangle: ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x7/0xffffffff'], filter: [] }
    const routes: Route[] = [
      ...host!.routes!,
      { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.1.254', device: 'eth0', table: '7' },
    ]
    const routingRules = [
      { family: 'ip', priority: 0, action: { table: 'local' } },
      { family: 'ip', priority: 7, mark: 7, action: { table: '7' } },
      { family: 'ip', priority: 32_766, action: { table: 'main' } },
    ] as NonNullable<Host['routingRules']>
    const sysctls = new Map([...host!.sysctls!, ['net.ipv4.conf.all.src_valid_mark', '0'] as const])
    const marked: Case = { ...case_, rules, host: { ...host, routes, routingRules, sysctls } }
    expect(told(marked, 'vanished-rp-filter')?.message).toContain(
      'With its mark 0x7, the route back would leave by eth0',
    )
    expect(told(marked, 'vanished-rp-filter')?.message).not.toContain('gives requests the source')
    expect(commands(marked)[0]).toBe('sysctl -w net.ipv4.conf.all.src_valid_mark=1')
  })

  it('says nothing of a route that gives its own interface’s address, or none', () => {
    for (const source of ['10.0.2.1', undefined])
      expect(told(asked(source), 'vanished-rp-filter')?.message).not.toContain('gives requests the source')
  })
})
