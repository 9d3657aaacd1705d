/** A redirect may have led packets to a router that is not the routing table's. */
import { expect, it } from 'vitest'
import { redirected } from '../../src/analysis/exchanges/status/icmp-redirect.ts'
import type { Host, Neighbour } from '../../src/index.ts'
import { printCommand } from '../../src/model/command.ts'
import { ROUTER } from '../simulate/world.ts'

const neighbour = (address: string, state: string, device = 'eth1'): Neighbour => ({
  ...{ family: 'ip', address, device, state: [state] },
  ...(state === 'FAILED' ? {} : { mac: '02:00:00:00:00:01' }),
})
const GATEWAY = neighbour('10.0.2.254', 'REACHABLE')
const OTHER = neighbour('10.0.2.240', 'FAILED')
const ACCEPTS = { 'net.ipv4.conf.all.accept_redirects': '1' }

const told = (
  neighbours: Neighbour[],
  sysctls: Record<string, string> = ACCEPTS,
  dst = '203.0.113.9',
  more: Host = {},
) =>
  redirected({ src: '10.0.2.1', dst, out: 'eth1' }, 'eth1', {
    ...ROUTER,
    neighbours,
    sysctls: new Map(Object.entries(sysctls)),
    ...more,
  })

it('names the neighbour that does not reply, and shows how to see which route is in use', () => {
  const { words, fix } = told([GATEWAY, OTHER])!
  expect(words).toBe(
    ' By the routing table its next hop is 10.0.2.254, which has replied to ARP; 10.0.2.240 on eth1 does not reply. This host accepts ICMP redirects: a router may have told it to send packets for 203.0.113.9 to 10.0.2.240.',
  )
  expect(printCommand(fix[0]!.look!)).toBe('ip route get 203.0.113.9')
  expect(told([GATEWAY, OTHER, neighbour('10.0.2.241', 'FAILED')])!.words).toContain('to one of them.')
})

it.each<[string, Parameters<typeof told>]>([
  ['this host accepts no redirects', [[GATEWAY, OTHER], {}]],
  [
    'it forwards, and only the setting for all accepts them',
    [[GATEWAY, OTHER], { ...ACCEPTS, 'net.ipv4.ip_forward': '1' }],
  ],
  ["the routing table's own next hop has not replied", [[neighbour('10.0.2.254', 'FAILED'), OTHER]]],
  ['it was heard long ago alone', [[neighbour('10.0.2.254', 'STALE'), OTHER]]],
  ['every neighbour of that link replies', [[GATEWAY, neighbour('10.0.2.240', 'FAILED', 'eth0')]]],
  ['the destination itself is the neighbour', [[GATEWAY, neighbour('10.0.2.9', 'FAILED')], ACCEPTS, '10.0.2.9']],
])('says nothing where %s', (_name, given) => {
  expect(told(...given)).toBeUndefined()
})
