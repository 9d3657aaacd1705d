/** IPv6 is off where a packet's network might be. */
import { expect, it } from 'vitest'
import { ipv6Off } from '../../../src/explain/host/ipv6-off.ts'
import type { Link } from '../../../src/index.ts'

const link = (name: string, more: Partial<Link> = {}): Link => ({
  name,
  addresses: [{ family: 'ip', address: '10.0.0.1', prefixLength: 24 }],
  ...more,
})
const off = (...names: string[]) => new Map(names.map((name) => [`net.ipv6.conf.${name}.disable_ipv6`, '1']))

it('names the interface and its setting', () => {
  const found = ipv6Off({ links: [link('eth0'), link('podman1')], sysctls: off('podman1') })
  expect(found?.told).toBe(
    ' IPv6 is off on podman1 (net.ipv6.conf.podman1.disable_ipv6 = 1), so this host has no IPv6 routes on that interface.',
  )
  expect(found?.fix.description).toContain('sysctl -w net.ipv6.conf.podman1.disable_ipv6=0')
})

it('names an interface whose MTU is too small for IPv6', () => {
  const found = ipv6Off({ links: [link('eth0', { mtu: 1500 }), link('wg0', { mtu: 1200 })] })
  expect(found?.told).toContain('IPv6 is off on wg0: an MTU of 1200 is below 1280')
  expect(found?.fix.description).toContain('ip link set wg0 mtu 1280')
  const six = { family: 'ip6' as const, address: 'fd00::1', prefixLength: 64 }
  expect(ipv6Off({ links: [link('wg0', { mtu: 1280 }), link('wg1', { mtu: 1200, addresses: [six] })] })).toBeUndefined()
})

it('is silent where it is on, and of ports and devices that are down', () => {
  const links = [link('veth0', { master: 'podman1' }), link('eth1', { up: false }), link('eth2', { addresses: [] })]
  expect(ipv6Off({ links, sysctls: off('veth0', 'eth1', 'eth2') })).toBeUndefined()
  expect(ipv6Off({ links: [link('eth0')], sysctls: new Map() })).toBeUndefined()
})
