/** Rules that give a new source to TCP and UDP alone, and a ping that leaves with its own. */
import { expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { findingsOf, played, SYN, told } from './played.ts'

const PING: Packet = {
  ...{ in: 'eth0', protocol: 'icmp', src: '10.0.1.2', dst: '198.51.100.7', icmpType: 8, icmpCode: 0, ipId: 1 },
}
const rules = (...nat: string[]) => ({ nat, filter: [] })
const BOTH = rules(
  '[9:540] -A POSTROUTING -o eth1 -p tcp -j SNAT --to-source 10.0.2.1:1024-2047',
  '[9:540] -A POSTROUTING -o eth1 -p udp -j SNAT --to-source 10.0.2.1:1024-2047',
)

it('names them, and adds the same for ICMP', () => {
  const found = told({ rules: BOTH, packet: PING }, 'near-miss')
  expect(found?.message).toBe(
    'nat POSTROUTING rule 2 would have rewritten its source, but only matches -p udp; the packet is icmp.',
  )
  expect(found?.fix).toBe(
    'iptables -t nat -I POSTROUTING 2 -o eth1 -p icmp -j SNAT --to-source 10.0.2.1:1024-2047 → forwarded',
  )
  const severities = findingsOf(played({ rules: BOTH, packet: PING }), 'near-miss').map(({ severity }) => severity)
  expect(severities).toEqual(['warning', 'warning'])
})

it.each([
  ['of one service', '[9:540] -A POSTROUTING -o eth1 -p tcp -m tcp --dport 80 -j MASQUERADE', PING],
  ['for another network', '[9:540] -A POSTROUTING -s 10.0.7.0/24 -o eth1 -p tcp -j MASQUERADE', PING],
  ['that leads elsewhere', '[9:540] -A POSTROUTING -p tcp -j OWN', PING],
  ['of UDP’s, for TCP', '[9:540] -A POSTROUTING -o eth1 -p udp -j MASQUERADE', { ...SYN, dst: '198.51.100.7' }],
])('does not warn of a rule %s', (_, rule, packet) => {
  const all = played({ rules: rules(rule, '-A OWN -o eth1 -j MASQUERADE'), packet })
  expect(findingsOf(all, 'near-miss').filter(({ severity }) => severity === 'warning')).toEqual([])
})
