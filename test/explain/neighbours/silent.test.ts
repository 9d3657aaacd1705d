/** A next hop that does not reply as the route names none, or as its link has no carrier. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import type { Host, Neighbour, Route } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'

const RULES =
  'table inet own {\n\tchain output {\n\t\ttype filter hook output priority filter; policy accept;\n\t\tcounter # handle 2\n\t}\n}\n'
/** The last part of an address, in either family. */
const at = { ip: (n: number) => `10.0.0.${n}`, ip6: (n: number) => `2001:db8::${n}` }
const FAR = { ip: '192.0.2.80', ip6: '2001:db8:9::80' }

function found(family: 'ip' | 'ip6', route: Partial<Route>, ...others: Partial<Route>[]) {
  const length = family === 'ip' ? 24 : 64
  const own = { family, type: 'unicast', table: 'main', device: 'eth0' } as const
  const network = family === 'ip' ? '10.0.0.0/24' : '2001:db8::/64'
  const silent = route.gateway ?? FAR[family]
  const neighbours: Neighbour[] = [
    { family, address: silent, device: 'eth0', state: ['FAILED'] },
    { family, address: at[family](254), device: 'eth0', mac: '02:00:00:00:00:fe', state: ['REACHABLE'] },
  ]
  const world = worldOf(RULES)
  Object.assign(world.host, {
    links: [
      {
        index: 2,
        name: 'eth0',
        mac: '02:00:00:00:00:01',
        addresses: [{ family, address: at[family](1), prefixLength: length }],
      },
      { index: 3, name: 'eth1', mac: '02:00:00:00:00:02', addresses: [] },
    ],
    routes: [
      { ...own, type: 'local', table: 'local', destination: `${at[family](1)}/${family === 'ip' ? 32 : 128}` },
      { ...own, destination: network },
      { ...own, destination: family === 'ip' ? '0.0.0.0/0' : '::/0', ...route },
      ...others.map((one) => ({ ...own, destination: network, ...one })),
    ],
    neighbours,
    sysctls: new Map([[`net.${family === 'ip' ? 'ipv4' : 'ipv6'}.conf.eth0.ignore_routes_with_linkdown`, '0']]),
  } satisfies Host)
  const { evidence, ended } = modelEngine.play(world, {
    ...{ protocol: 'tcp', src: at[family](1), dst: FAR[family], sport: 4000, dport: 80, tcpFlags: ['syn'] },
  })
  const one = explain(evidence, world, { ended }).findings.find(({ code }) => code === 'neighbour-failed')
  return {
    message: one?.message,
    severity: one?.severity,
    fixes: one?.fix.flatMap((fix) => String(fixCommands(fix).command ?? [])),
  }
}

it('names a route of Ethernet without a next hop, and the only neighbour there that replies', () => {
  expect(found('ip', {})).toEqual({
    message:
      'The default route leads out of eth0 without a next hop. So this host sends ARP requests for 192.0.2.80 directly, although this address is outside the network of eth0 (10.0.0.0/24). Nothing replied.',
    severity: 'warning',
    fixes: ['ip route replace default via 10.0.0.254 dev eth0', ''],
  })
  const six = found('ip6', {})
  expect(six.message).toContain('sends neighbour solicitations for 2001:db8:9::80 directly')
  expect(six.fixes?.[0]).toBe('ip -6 route replace default via 2001:db8::254 dev eth0')
})

it('takes the next hop that another route out of the interface has', () => {
  const { fixes } = found('ip', { destination: '192.0.2.0/24' }, { destination: '10.9.0.0/16', gateway: '10.0.0.9' })
  expect(fixes?.[0]).toBe('ip route replace 192.0.2.0/24 via 10.0.0.9 dev eth0')
})

it.each([
  ['it is for this one host', { destination: '192.0.2.80/32' }],
  ['it names one', { gateway: '10.0.0.7' }],
])('does not say so of a route where %s', (_name, route) => {
  expect(found('ip', route).message).toContain(' has not replied to ARP')
})

it('names a link without carrier, and the setting only where another route leads on', () => {
  expect(found('ip', { gateway: '10.0.0.7', flags: ['linkdown'] })).toEqual({
    message: 'eth0 has no carrier, and the kernel still uses its default route: 10.0.0.7 cannot be reached.',
    severity: 'error',
    fixes: [''],
  })
  const other = { destination: '0.0.0.0/0', gateway: '10.1.0.1', device: 'eth1', metric: 100 }
  const { message, fixes } = found('ip', { gateway: '10.0.0.7', flags: ['linkdown'] }, other)
  expect(message).toContain(', although another route leads out of eth1: ')
  expect(fixes?.[0]).toBe('sysctl -w net.ipv4.conf.eth0.ignore_routes_with_linkdown=1')
})

it('tells of the router beside it where the network of the link is so wide that it may contain another one', () => {
  const told = (length: number, gateway?: string) => {
    const own = { family: 'ip', type: 'unicast', table: 'main', device: 'eth0' } as const
    const world = worldOf(RULES)
    Object.assign(world.host, {
      links: [
        {
          ...{ index: 2, name: 'eth0', mac: '02:00:00:00:00:01' },
          addresses: [{ family: 'ip', address: '192.168.0.2', prefixLength: length }],
        },
      ],
      routes: [
        { ...own, type: 'local', table: 'local', destination: '192.168.0.2/32' },
        { ...own, destination: `192.168.0.0/${length}` },
        ...(gateway === undefined ? [] : [{ ...own, destination: '0.0.0.0/0', gateway }]),
      ],
      neighbours: [{ family: 'ip', address: '192.168.0.9', device: 'eth0', state: ['FAILED'] }],
    } satisfies Host)
    const { evidence, ended } = modelEngine.play(world, {
      ...{ protocol: 'tcp', src: '192.168.0.2', dst: '192.168.0.9', sport: 4000, dport: 80, tcpFlags: ['syn'] },
    })
    const one = explain(evidence, world, { ended }).findings.find(({ code }) => code === 'neighbour-failed')
    return one?.fix.map(({ description }) => description).join()
  }
  const check = 'check that 192.168.0.9 is up and connected to eth0; ip neigh then lists it'
  expect(told(16, '192.168.0.1')).toBe(
    `${check}. If it is behind a router, because 192.168.0.0/16 overlaps another network, add a route: ip route add 192.168.0.9 via 192.168.0.1 dev eth0`,
  )
  expect(told(24, '192.168.0.1')).toBe(check)
  expect(told(16)).toBe(check)
})
