/** Look-ups as `ip route get fibmatch` answers them; test/kernel/routes.test.ts asks the kernel itself, at random. */
import { describe, expect, it } from 'vitest'
import type { Host, Link } from '../../src/model/host.ts'
import { ipRouteText } from '../../src/read/host/ip-route-text.ts'
import { ipRuleText } from '../../src/read/host/ip-rule-text.ts'
import { lookup, lookupRoute, questionOf, type RouteQuestion, routeDevices } from '../../src/rules/route.ts'
import { isUnknown } from '../../src/rules/truth.ts'

const lines = (text: string) =>
  `${text
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .join('\n')}\n`
const routes = (text: string) => ipRouteText.read(lines(text), () => {}).host!.routes!
const rules = (text: string) => ipRuleText.read(lines(text).replaceAll(': ', ':\t'), () => {}).host!.routingRules!

const ROUTES = routes(`
  local 10.0.0.1 dev eth0 table local proto kernel scope host src 10.0.0.1
  broadcast 10.0.0.255 dev eth0 table local proto kernel scope link src 10.0.0.1
  local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1
  default via 10.0.0.254 dev eth0
  10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1
  10.1.0.0/16 via 10.0.0.7 dev eth0 metric 20
  10.1.0.0/16 via 10.0.0.8 dev eth1 metric 10
  10.2.0.0/16 via 10.0.0.7 dev eth0
  10.2.0.0/16 tos 0x10 via 10.0.0.8 dev eth1
  10.3.0.0/16 dev eth1 linkdown
  10.4.0.0/16 dev eth1 dead linkdown
  unreachable 10.5.0.0/16
  throw 10.6.0.0/16
  10.7.0.0/16 via 10.0.0.9 dev eth1 table 100
  default via 10.0.0.77 dev eth1 table 100
  127.1.0.0/16 dev eth1
`)
const UNRULED: Host = { kernel: '6.18.0', routes: ROUTES }
const HOST: Host = {
  ...UNRULED,
  routingRules: rules('0: from all lookup local\n32766: from all lookup main\n32767: from all lookup default'),
}

/** `eth0`, `unreachable`; `-`: no way; `?`: not known. */
function way(question: RouteQuestion, host: Host): string {
  const found = lookup({ src: '192.0.2.1', mark: 0, tos: 0, protocol: '6', sport: 1, dport: 2, ...question }, host)
  if (isUnknown(found)) return '?'
  if (!found) return '-'
  return found.route.type === 'unicast' ? (found.route.gateway ?? found.route.device ?? '') : found.route.type
}

describe('tables', () => {
  it.each([
    ['10.0.0.1', {}, 'local'],
    ['10.0.0.255', {}, 'broadcast'],
    ['10.0.0.9', {}, 'eth0'],
    ['192.0.2.9', {}, '10.0.0.254'],
    ['10.1.2.3', {}, '10.0.0.8'],
    ['10.1.2.3', { out: 'eth0' }, '10.0.0.7'],
    ['10.2.2.3', {}, '10.0.0.7'],
    ['10.2.2.3', { tos: 0x10 }, '10.0.0.8'],
    // the upper bits are not looked at
    ['10.2.2.3', { tos: 0xb0 }, '10.0.0.8'],
    // such links count, unless a sysctl says otherwise
    ['10.3.2.3', {}, 'eth1'],
    ['10.4.2.3', {}, '10.0.0.254'],
    ['10.5.2.3', {}, 'unreachable'],
    ['10.6.2.3', {}, '-'],
    ['10.7.2.3', {}, '10.0.0.254'],
    // without rules of its own, a host has one table of two
    ['127.1.2.3', {}, 'eth1'],
    ['127.2.2.3', {}, 'local'],
  ] as const)('%s %j: %s', (dst, more, expected) => {
    expect(way({ dst, ...more }, HOST)).toBe(expected)
  })

  it('pass over links without a carrier where the host is told so', () => {
    const sysctls = new Map([['net.ipv4.conf.all.ignore_routes_with_linkdown', '1']])
    expect(way({ dst: '10.3.2.3' }, { ...HOST, sysctls })).toBe('10.0.0.254')
  })

  it('say what they do not know', () => {
    expect(lookup({ dst: '10.2.2.3' }, HOST)).toEqual({ unknown: "the packet's type of service is not known" })
    expect(way({ dst: '10.9.0.1' }, {})).toBe('?')
    expect(way({ dst: '2001:db8::1' }, HOST)).toBe('?')
    expect(way({ dst: 'nowhere' }, HOST)).toBe('?')
    expect(lookupRoute({ dst: '10.9.0.1' }, {})).toBeUndefined()
  })

  it('tell nothing of the family that was not listed, even where the other was listed whole', () => {
    const six = routes('local ::1 dev lo table local proto kernel\nfe80::/64 dev eth0 proto kernel')
    expect(way({ dst: '2001:db8::1', src: '2001:db8::2' }, { routes: [...ROUTES, ...six] })).toBe('-')
    expect(way({ dst: '10.9.0.1' }, { routes: six })).toBe('?')
    const one = routes('local ::1 dev lo table local proto kernel\nlocal 2001:db8::2 dev eth0 table local proto kernel')
    expect(way({ dst: '2001:db8::1', src: '2001:db8::2' }, { routes: [...ROUTES, ...one] })).toBe('?')
  })

  it('may be passed by for another one, as long as the routing rules are not known', () => {
    const why = 'is unknown (no `ip rule` given)'
    const asked = { dst: '10.0.0.9', src: '192.0.2.1' }
    expect(lookup({ ...asked, mark: 1 }, UNRULED)).toEqual({
      unknown: `whether a routing rule leads mark 0x1 to table 100 ${why}`,
    })
    expect(lookup(asked, UNRULED)).toEqual({ unknown: `whether a routing rule leads the packet to table 100 ${why}` })
    expect(way({ dst: '10.0.0.9', mark: 1 }, HOST)).toBe('eth0')
    const others = ROUTES.filter(({ table }) => table !== '100')
    expect(way({ dst: '10.0.0.9', mark: 1 }, { routes: others })).toBe('eth0')
    // what another table has no way for, or the same, and what is this host's own
    const more = routes('10.7.0.0/16 via 10.0.0.9 dev eth1 table 100\n10.0.0.0/24 dev eth0 table 101')
    expect(way({ dst: '10.0.0.9', mark: 1 }, { routes: [...others, ...more] })).toBe('eth0')
    expect(way({ dst: '10.7.0.9' }, { routes: [...others, ...more] })).toBe('?')
    expect(way({ dst: '10.0.0.1', mark: 1 }, UNRULED)).toBe('local')
  })
})

describe('the local table', () => {
  const main = routes('10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\ndefault via 10.0.0.254 dev eth0')
  const link = (more: Partial<Link> = {}): Link[] => [
    {
      index: 2,
      name: 'eth0',
      addresses: [{ family: 'ip', address: '10.0.0.9', prefixLength: 24, broadcast: '10.0.0.255' }],
      ...more,
    },
  ]
  it.each([
    // by the sources of its routes, for want of better
    ['10.0.0.1', { routes: main }, 'local'],
    ['127.0.0.9', { routes: main }, 'local'],
    ['10.0.0.9', { routes: main }, 'eth0'],
    ['192.0.2.1', { routes: main }, '10.0.0.254'],
    ['10.0.0.9', { routes: main, links: link() }, 'local'],
    ['10.0.0.255', { routes: main, links: link() }, 'broadcast'],
    ['10.0.0.9', { routes: main, links: link({ up: false }) }, 'eth0'],
    // a listing without addresses says nothing
    ['10.0.0.1', { routes: main, links: [{ index: 2, name: 'eth0' }] }, 'local'],
  ] as [string, Host, string][])('%s of %j: %s', (dst, host, expected) => {
    expect(way({ dst }, host)).toBe(expected)
  })
})

const DEFAULTS = `
  32766: from all lookup main
  32767: from all lookup default
`
const ruled = (text: string): Host => ({
  ...HOST,
  routingRules: rules(`0: from all lookup local\n${text}\n${DEFAULTS}`),
})

describe('rules', () => {
  it.each([
    ['100: from all lookup 100', {}, '10.0.0.77'],
    ['100: from 192.0.2.0/24 lookup 100', {}, '10.0.0.77'],
    ['100: from 192.0.3.0/24 lookup 100', {}, '10.0.0.254'],
    ['100: not from 192.0.3.0/24 lookup 100', {}, '10.0.0.77'],
    ['100: from all to 198.51.100.0/24 lookup 100', {}, '10.0.0.77'],
    ['100: from all fwmark 0x1 lookup 100', { mark: 1 }, '10.0.0.77'],
    ['100: from all fwmark 0x1 lookup 100', { mark: 3 }, '10.0.0.254'],
    ['100: from all fwmark 0x1/0x1 lookup 100', { mark: 3 }, '10.0.0.77'],
    ['100: from all fwmark 0x10/0x1 lookup 100', { mark: 2 }, '10.0.0.77'],
    ['100: from all iif eth0 lookup 100', { in: 'eth0' }, '10.0.0.77'],
    ['100: from all iif eth0 lookup 100', {}, '10.0.0.254'],
    ['100: from all iif lo lookup 100', {}, '10.0.0.77'],
    ['100: from all oif eth1 lookup 100', { out: 'eth1' }, '10.0.0.77'],
    ['100: from all oif eth1 lookup 100', {}, '10.0.0.254'],
    ['100: from all tos 0x10 lookup 100', { tos: 0x10 }, '10.0.0.77'],
    ['100: from all ipproto tcp lookup 100', {}, '10.0.0.77'],
    ['100: from all ipproto udp lookup 100', {}, '10.0.0.254'],
    ['100: from all sport 0-1 dport 2 lookup 100', {}, '10.0.0.77'],
    ['100: from all dport 3-9 lookup 100', {}, '10.0.0.254'],
    ['100: from all uidrange 0-999 lookup 100', { uid: 5 }, '10.0.0.77'],
    ['100: from all uidrange 1-999 lookup 100', { in: 'eth0' }, '10.0.0.254'],
    ['100: from all blackhole', {}, 'blackhole'],
    ['100: from all prohibit', {}, 'prohibit'],
    ['100: from all nop', {}, '10.0.0.254'],
    ['100: from all goto 200\n150: from all unreachable\n200: from all lookup 100', {}, '10.0.0.77'],
    ['100: from all goto 300\n150: from all unreachable', {}, 'unreachable'],
    ['100: from all lookup 100 suppress_prefixlength 0', {}, '10.0.0.254'],
    ['100: from all lookup 100 suppress_prefixlength 0', { dst: '10.7.0.1' }, '10.0.0.9'],
    ['100: from all lookup 100 suppress_prefixlength 16', { dst: '10.7.0.1' }, '10.0.0.254'],
    // an error is not suppressed, a throw goes on
    ['100: from all lookup main suppress_prefixlength 16\n200: from all prohibit', { dst: '10.5.0.1' }, 'unreachable'],
    ['100: from all lookup main\n200: from all prohibit', { dst: '10.6.0.1' }, 'prohibit'],
    // a table of which nothing is listed, where all are, is empty
    ['100: from all lookup 999', {}, '10.0.0.254'],
    // with rules of its own, the tables are asked one after the other
    ['100: from all lookup 999', { dst: '127.1.2.3' }, 'local'],
  ] as [string, Partial<RouteQuestion>, string][])('%s, %j: %s', (text, more, expected) => {
    expect(way({ dst: '198.51.100.9', ...more }, ruled(text))).toBe(expected)
  })

  it.each([
    ['100: from all fwmark 0x1 lookup 100', { mark: undefined }, '?'],
    ['100: not from all fwmark 0x1 lookup 100', { mark: undefined }, '?'],
    ['100: from all fwmark 0x1 dport 99 lookup 100', { mark: undefined }, '10.0.0.254'],
    // whether it applies or not, it gives nothing
    ['100: from all fwmark 0x1 lookup 999', { mark: undefined }, '10.0.0.254'],
    ['100: from all from-the-future 7 lookup 100', {}, '?'],
    ['100: from all uidrange 0-999 lookup 100', {}, '?'],
  ] as [string, Partial<RouteQuestion>, string][])(
    '%s, where it is not known whether it applies',
    (text, more, expected) => {
      expect(way({ dst: '198.51.100.9', ...more } as RouteQuestion, ruled(text))).toBe(expected)
    },
  )

  it('suppress by the group of the interface', () => {
    const host = ruled('100: from all lookup 100 suppress_ifgroup 7')
    const links = (group: string | undefined): Link[] => [{ index: 3, name: 'eth1', ...(group ? { group } : {}) }]
    const at = (group: string | undefined) => way({ dst: '198.51.100.9' }, { ...host, links: links(group) })
    expect([at('7'), at('default'), at('wan'), at(undefined)]).toEqual(['10.0.0.254', '10.0.0.77', '?', '?'])
  })

  it('a table that was not listed may hold anything', () => {
    const main = routes('default via 10.0.0.254 dev eth0\n10.0.0.0/24 dev eth0 scope link src 10.0.0.1')
    const host = { routes: main, routingRules: ruled('100: from all lookup 52').routingRules! }
    expect(lookup({ dst: '198.51.100.9' }, host)).toEqual({
      unknown: 'the routes of table 52 are not known (no `ip route show table all` given)',
    })
  })

  it('a listing of all tables in which main has no route', () => {
    const local = 'local 10.0.0.1 dev eth0 table local proto kernel scope host src 10.0.0.1\n'
    const listed = ipRouteText.read(local, () => {}).host!
    expect(lookup({ dst: '198.51.100.9' }, listed)).toBeNull()
    // `ip route show table local` does not name the table
    const one = ipRouteText.read(local.replace(' table local', ''), () => {}).host!
    expect(lookup({ dst: '198.51.100.9' }, one)).toMatchObject({ unknown: expect.stringContaining('table main') })
  })

  it('its own address is reached whatever table main has, where that was not listed', () => {
    const links: Link[] = [
      { index: 2, name: 'eth0', up: true, addresses: [{ family: 'ip', address: '10.0.0.1', prefixLength: 24 }] },
    ]
    expect(way({ dst: '10.0.0.1' }, { links })).toBe('local')
    // a route of main may be longer than what the local table has for all of 127.0.0.0/8
    const lo: Link[] = [{ index: 1, name: 'lo', addresses: [{ family: 'ip', address: '127.0.0.1', prefixLength: 8 }] }]
    expect(way({ dst: '127.1.2.3' }, { links: lo })).toBe('?')
    expect(way({ dst: '10.0.0.2' }, { links })).toBe('?')
  })

  it.each([
    ['eth0 of no VRF', [{ index: 2, name: 'eth0', kind: 'veth' }], '10.0.0.254'],
    [
      'eth0 in a bridge',
      [
        { index: 2, name: 'eth0', master: 'br0' },
        { index: 3, name: 'br0', kind: 'bridge' },
      ],
      '10.0.0.254',
    ],
    [
      'eth0 in a VRF',
      [
        { index: 2, name: 'eth0', master: 'red' },
        { index: 3, name: 'red', kind: 'vrf' },
      ],
      '?',
    ],
    ['eth0 in something', [{ index: 2, name: 'eth0', master: 'red' }], '?'],
    ['nothing known', [], '?'],
  ] as [string, Link[], string][])('of VRFs: %s', (_, links, expected) => {
    const host = { ...ruled('1000: from all lookup [l3mdev-table]'), links }
    expect(way({ dst: '198.51.100.9', in: 'eth0' }, host)).toBe(expected)
    // what no interface is named for has none
    expect(way({ dst: '198.51.100.9' }, host)).toBe('10.0.0.254')
  })
})

describe('IPv6', () => {
  const host: Host = {
    routes: routes(`
      local ::1 dev lo table local proto kernel metric 0 pref medium
      local 2001:db8::1 dev eth0 table local proto kernel metric 0 pref medium
      2001:db8::/64 dev eth0 proto kernel metric 256 pref medium
      2001:db8:1::/64 dev eth0 metric 20 pref medium
      2001:db8:1::/64 dev eth1 metric 10 pref medium
      2001:db8:2::/48 from 2001:db8:aaaa::/48 via 2001:db8::7 dev eth0 metric 1024 pref medium
      2001:db8:2::/48 via 2001:db8::8 dev eth0 metric 1024 pref medium
      fe80::/64 dev eth0 proto kernel metric 256 pref medium
      fe80::/64 dev eth1 proto kernel metric 256 pref medium
      default from 2001:db8:aaaa::/48 via 2001:db8::77 dev eth0 metric 1024 pref medium
      default via 2001:db8::9 dev eth0 metric 1024 pref medium
      unreachable 2001:db8:dead::/48 dev lo metric 1024 error -113 pref medium
    `),
  }
  it.each([
    ['::1', {}, 'local'],
    ['2001:db8::1', {}, 'local'],
    ['2001:db8:1::5', {}, 'eth1'],
    ['2001:db8:1::5', { out: 'eth0', src: '::' }, 'eth0'],
    ['fe80::5', { in: 'eth1' }, 'eth1'],
    ['fe80::5', { in: 'eth2' }, '-'],
    ['2001:db8:2::5', { src: '2001:db8:aaaa::1' }, '2001:db8::7'],
    // beside one for certain sources, one for all is not found
    ['2001:db8:2::5', { src: '2001:db8::1' }, '2001:db8::9'],
    ['2001:dead::5', { src: '2001:db8:aaaa::1' }, '2001:db8::77'],
    ['2001:dead::5', { src: '2001:db8::1' }, '2001:db8::9'],
    ['2001:dead::5', { src: undefined }, '?'],
    ['2001:db8:dead::5', {}, 'unreachable'],
  ] as [string, Partial<RouteQuestion>, string][])('%s %j: %s', (dst, more, expected) => {
    expect(way({ dst, src: '2001:db8::1', ...more } as RouteQuestion, host)).toBe(expected)
  })
})

it('a route with several next hops leads over those that live', () => {
  const [route] = routes(
    '10.9.0.0/16\n\tnexthop via 10.0.0.7 dev eth0 weight 1\n\tnexthop via 10.0.0.8 dev eth1 weight 1 dead linkdown',
  )
  expect(routeDevices({ ...route!, nexthops: [{ device: 'eth0' }, { device: 'eth1', flags: ['dead'] }] })).toEqual([
    'eth0',
  ])
  expect(routeDevices({ ...route!, device: 'eth0', flags: ['dead'] })).toEqual([])
})

it('a packet asks with all that is known of it', () => {
  const packet = {
    src: '10.0.0.7',
    dst: '10.0.0.1',
    in: 'eth0',
    mark: 1,
    tos: 0,
    protocol: 'tcp',
    sport: 1,
    dport: 2,
    ttl: 64,
  }
  const { ttl: _, ...question } = packet
  expect(questionOf(packet)).toEqual(question)
  expect(questionOf({ ...packet, in: '' })).not.toHaveProperty('in')
  expect(questionOf({ src: '10.0.0.7' })).toBeUndefined()
})
