/** A host that forwards, and so takes no router advertisements. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { routerIgnored } from '../../../src/explain/host/router-ignored.ts'
import type { Host, Neighbour } from '../../../src/index.ts'

const router = (address: string, device = 'eth0', more: Partial<Neighbour> = {}): Neighbour => ({
  ...{ family: 'ip6', address, device, state: ['STALE'], router: true },
  ...more,
})
const host = (more: Partial<Host> = {}, accepts = '1', forwards = '1'): Host => ({
  neighbours: [router('2001:db8:1::ff'), router('fe80::ff')],
  sysctls: new Map(
    ['eth0', 'eth1'].flatMap((one) => [
      [`net.ipv6.conf.${one}.accept_ra`, accepts],
      [`net.ipv6.conf.${one}.forwarding`, forwards],
    ]),
  ),
  ...more,
})

it('names the router, the setting, and both ways to a default route', () => {
  const found = routerIgnored(host())!
  expect(found.told).toBe(
    ' fe80::ff on eth0 is a router, but this host ignores router advertisements there: it forwards IPv6, and net.ipv6.conf.eth0.accept_ra is 1.',
  )
  expect(found.fix[0]?.description).toContain('sysctl -w net.ipv6.conf.eth0.accept_ra=2')
  expect(String(fixCommands(found.fix[1]!).command)).toBe('ip -6 route add default via fe80::ff dev eth0')
})

it.each([
  ['it accepts them all the same', host({}, '2')],
  ['it accepts none', host({}, '0')],
  ['it does not forward', host({}, '1', '0')],
  ['no neighbour is a router', host({ neighbours: [router('fe80::ff', 'eth0', { router: false })] })],
  ['several links have one', host({ neighbours: [router('fe80::ff'), router('fe80::fe', 'eth1')] })],
  [
    'it has a default route',
    host({ routes: [{ family: 'ip6', type: 'unicast', destination: '::/0', table: 'main', gateway: 'fe80::1' }] }),
  ],
])('is silent where %s', (_name, one) => {
  expect(routerIgnored(one)).toBeUndefined()
})
