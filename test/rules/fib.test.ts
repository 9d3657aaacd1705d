/** Kinds of addresses and ways back as Linux 6.18 tells them; test/kernel/conditions.test.ts asks it itself, at random. */
import { describe, expect, it } from 'vitest'
import type { Host, Link } from '../../src/model/host.ts'
import type { Packet } from '../../src/model/packet.ts'
import { ipRouteText } from '../../src/read/host/ip-route-text.ts'
import { addressType, isLocal, knowsAddresses, reverseWay } from '../../src/rules/fib.ts'
import { isUnknown } from '../../src/rules/truth.ts'

const ROUTES = ipRouteText.read(
  `local 10.0.0.1 dev eth0 table local proto kernel scope host src 10.0.0.1
local 10.1.0.1 dev eth1 table local proto kernel scope host src 10.1.0.1
local 10.9.0.0/16 dev lo table local scope host
broadcast 10.0.0.255 dev eth0 table local proto kernel scope link src 10.0.0.1
local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1
anycast 10.0.0.33 dev eth0 table local scope link
blackhole 10.0.0.64/28 table local
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1
10.1.0.0/24 dev eth1 proto kernel scope link src 10.1.0.1
192.0.2.0/24
	nexthop via 10.0.0.7 dev eth0 weight 1
	nexthop via 10.1.0.7 dev eth1 weight 1
unreachable 198.51.100.0/24
local ::1 dev lo table local proto kernel metric 0 pref medium
local 2001:db8:a::1 dev eth0 table local proto kernel metric 0 pref medium
anycast 2001:db8:a:: dev eth0 table local proto kernel metric 0 pref medium
multicast ff00::/8 dev eth0 table local proto kernel metric 256 pref medium
2001:db8:a::/64 dev eth0 proto kernel metric 256 pref medium
2001:db8:b::/64 dev eth1 proto kernel metric 256 pref medium
fe80::/64 dev eth0 proto kernel metric 256 pref medium
fe80::/64 dev eth1 proto kernel metric 256 pref medium
unreachable 2001:db8:dead::/48 dev lo metric 1024 error -113 pref medium
`,
  () => {},
).host!.routes!
const link = (name: string, ...addresses: string[]): Link => ({
  index: 2,
  name,
  kind: 'veth',
  addresses: addresses.map((address) => ({ family: 'ip6', address, prefixLength: 64 })),
})
const HOST: Host = { routes: ROUTES, links: [link('eth0', '2001:db8:a::1', 'fe80::1'), link('eth1', '2001:db8:b::1')] }

describe('kinds of addresses', () => {
  it.each([
    ['10.0.0.1', undefined, 'local'],
    ['127.9.9.9', undefined, 'local'],
    ['10.9.7.7', undefined, 'local'],
    ['10.0.0.255', undefined, 'broadcast'],
    ['255.255.255.255', undefined, 'broadcast'],
    ['0.0.0.0', undefined, 'broadcast'],
    ['0.0.0.1', undefined, 'unicast'],
    ['224.0.0.1', undefined, 'multicast'],
    ['10.0.0.33', undefined, 'anycast'],
    // only the local table counts, and an error in it is none
    ['10.0.0.64', undefined, 'unicast'],
    ['198.51.100.1', undefined, 'unicast'],
    ['203.0.113.1', undefined, 'unicast'],
    // on an interface, what is another's is unicast
    ['10.0.0.1', 'eth0', 'local'],
    ['10.0.0.1', 'eth1', 'unicast'],
    ['10.0.0.255', 'eth1', 'unicast'],
    ['224.0.0.1', 'eth1', 'multicast'],
    ['::1', undefined, 'local'],
    ['2001:db8:a::1', undefined, 'local'],
    ['2001:db8:a::7', undefined, 'unicast'],
    ['2001:db8:a::', undefined, 'anycast'],
    // the first address of a network on a link is anycast even where the host is no router
    ['2001:db8:b::', undefined, 'anycast'],
    ['2001:db8:dead::1', undefined, 'unreachable'],
    ['2001:dead::1', undefined, 'unreachable'],
    ['ff02::1', undefined, 'multicast'],
    ['2001:db8:a::1', 'eth0', 'local'],
    ['2001:db8:a::1', 'eth1', 'unreachable'],
    ['2001:db8:b::7', 'eth1', 'unicast'],
    ['2001:db8:b::7', 'eth0', 'unreachable'],
    ['fe80::1', 'eth0', 'local'],
  ])('%s on %s: %s', (address, device, expected) => {
    expect(addressType(address, HOST, device)).toBe(expected)
  })

  it.each([
    [undefined, HOST, undefined],
    ['nonsense', HOST, undefined],
    ['10.0.0.1', {}, undefined],
    ['127.0.0.1', {}, true],
    ['::1', {}, true],
    ['ff02::1', {}, false],
    ['10.0.0.1', HOST, true],
    ['10.0.0.2', HOST, false],
  ] as [string | undefined, Host, boolean | undefined][])('is %s local? %#', (address, host, expected) => {
    expect(isLocal(address, host)).toBe(expected)
  })

  it('in a VRF they are not known', () => {
    const links = [
      { index: 2, name: 'eth0', master: 'red' },
      { index: 3, name: 'red', kind: 'vrf' },
    ]
    expect(isUnknown(addressType('10.0.0.1', { ...HOST, links }, 'eth0'))).toBe(true)
    expect(addressType('10.0.0.1', { ...HOST, links })).toBe('local')
  })
})

describe('the way back', () => {
  const from = (src: string, device: string, dst = src.includes(':') ? '2001:db8:a::1' : '10.0.0.1'): Packet => {
    return { src, dst, in: device, tos: 0, mark: 0, protocol: 'tcp' }
  }
  /** Strict, then loose. */
  it.each([
    [from('10.0.0.7', 'eth0'), 'eth0', 'eth0'],
    [from('10.0.0.7', 'eth1'), '', 'eth0'],
    [from('203.0.113.1', 'eth0'), '', ''],
    [from('198.51.100.1', 'eth0'), '', ''],
    // either of its next hops
    [from('192.0.2.1', 'eth0'), 'eth0', 'eth0'],
    [from('192.0.2.1', 'eth1'), 'eth1', 'eth0'],
    [from('203.0.113.1', 'lo'), 'lo', 'lo'],
    [from('10.0.0.255', 'eth0'), '', ''],
    // who has no address yet
    [from('0.0.0.0', 'eth1', '255.255.255.255'), 'eth1', 'eth1'],
    [from('0.0.0.0', 'eth1', '224.0.0.1'), 'eth1', 'eth1'],
    [from('0.0.0.0', 'eth1', '10.0.0.1'), '', ''],
    [from('2001:db8:a::7', 'eth0'), 'eth0', 'eth0'],
    [from('2001:db8:a::7', 'eth1'), '', 'eth0'],
    [from('2001:db8:dead::7', 'eth1'), '', ''],
    [from('::', 'eth1'), 'eth1', 'eth1'],
    // what is for one link only has to be on that
    [from('fe80::7', 'eth1'), 'eth1', 'eth1'],
    [from('fe80::7', 'eth2'), '', ''],
    [from('2001:db8:a::', 'eth0'), '', ''],
  ])('%j: %j, %j', (packet, strict, loose) => {
    const device = (options: { mark: boolean; strict: boolean }) => {
      const back = reverseWay(packet, HOST, options)
      return isUnknown(back) ? '?' : back.device
    }
    expect(device({ mark: false, strict: true })).toBe(strict)
    expect(device({ mark: false, strict: false })).toBe(loose)
  })

  it.each([
    ['10.0.0.1', 'eth0', 'local'],
    ['10.0.0.1', 'eth1', 'unreachable'],
    // IPv6 does not ask which interface it is on
    ['2001:db8:a::1', 'eth1', 'local'],
  ])('of the host itself, %s on %s: %s', (src, device, type) => {
    expect(reverseWay(from(src, device), HOST, { mark: false, strict: true })).toEqual({ device: '', type })
  })

  it('counts the mark only where it is asked to', () => {
    const routes = [
      ...ROUTES,
      { family: 'ip' as const, type: 'unicast' as const, destination: '0.0.0.0/0', table: '100', device: 'eth1' },
    ]
    const routingRules = [
      { family: 'ip' as const, priority: 0, action: { table: 'local' } },
      { family: 'ip' as const, priority: 100, mark: 1, action: { table: '100' } },
      { family: 'ip' as const, priority: 200, action: { table: 'main' } },
    ]
    const marked = { ...from('10.0.0.7', 'eth1'), mark: 1 }
    const back = (mark: boolean) => reverseWay(marked, { ...HOST, routes, routingRules }, { mark, strict: true })
    expect(back(true)).toEqual({ device: 'eth1', type: 'unicast' })
    expect(back(false)).toMatchObject({ device: '' })
    const { mark: _, ...unmarked } = marked
    expect(isUnknown(reverseWay(unmarked, { ...HOST, routes, routingRules }, { mark: true, strict: true }))).toBe(true)
  })

  it('is not known without routes, addresses or interface', () => {
    const options = { mark: false, strict: true }
    expect(isUnknown(reverseWay(from('10.0.0.7', 'eth0'), {}, options))).toBe(true)
    expect(isUnknown(reverseWay({ src: '10.0.0.7', dst: '10.0.0.1' }, HOST, options))).toBe(true)
    expect(isUnknown(reverseWay({ dst: '10.0.0.1', in: 'eth0' }, HOST, options))).toBe(true)
  })
})

/** As Linux 6.18 told in a namespace: two links in one network, and what each engine says of the way back. */
describe('the way back of IPv6, which both links lead to', () => {
  const shown = (routes: string): Host => ({
    ...HOST,
    routes: ipRouteText.read(routes, () => {}).host!.routes!,
  })
  const equal = shown(`2001:db8:1::/64 dev eth0 proto kernel metric 256 pref medium
2001:db8:1::/64 dev eth1 proto kernel metric 256 pref medium
`)
  const preferred = shown(`2001:db8:1::/64 dev eth1 metric 100 pref medium
2001:db8:1::/64 dev eth0 proto kernel metric 256 pref medium
`)
  const hops = shown(`2001:db8:1::/64 metric 1024 pref medium
	nexthop via fe80::1 dev eth0 weight 1
	nexthop via fe80::1 dev eth1 weight 1
`)
  const back = (host: Host, device: string, options: { strict: boolean; best?: boolean }) => {
    const packet = { src: '2001:db8:1::9', dst: '2001:db8:1::5', in: device, tos: 0, mark: 0, protocol: 'tcp' }
    const way = reverseWay(packet, host, { mark: false, ...options })
    return isUnknown(way) ? way.unknown : way.device
  }
  const each = (host: Host, options: { strict: boolean; best?: boolean }) =>
    ['eth0', 'eth1', 'eth2'].map((device) => back(host, device, options))

  it('ip6tables asks for one over the interface', () => {
    for (const host of [equal, preferred]) expect(each(host, { strict: true })).toEqual(['eth0', 'eth1', ''])
  })

  it('nft takes the best of all, and then compares', () => {
    expect(each(equal, { strict: true, best: true })).toEqual(['eth0', '', ''])
    expect(each(preferred, { strict: true, best: true })).toEqual(['', 'eth1', ''])
    expect(each(equal, { strict: false, best: true })).toEqual(['eth0', 'eth0', 'eth0'])
    const either = 'the route has several next hops'
    expect(each(hops, { strict: true, best: true })).toEqual([either, either, ''])
  })

  it('nft lets only ICMPv6 to the link ask without an address', () => {
    const from = (protocol: string, dst: string) => {
      const packet = { src: '::', dst, in: 'eth0', tos: 0, mark: 0, protocol }
      const way = reverseWay(packet, HOST, { mark: false, strict: true, best: true })
      return isUnknown(way) ? way.unknown : way.device
    }
    expect(from('icmpv6', 'ff02::1')).toBe('eth0')
    expect(from('icmpv6', '2001:db8:a::1')).toBe('')
    expect(from('udp', 'ff02::1')).toBe('')
  })
})

describe('knowsAddresses', () => {
  it('table local tells all of an interface, but nothing of one whose name nobody knows', () => {
    expect(knowsAddresses({ routes: ROUTES }, 'eth0', '10.0.0.1')).toBe(true)
    expect(knowsAddresses({ routes: ROUTES }, '#2', '10.0.0.1')).toBe(false)
  })
})
