/** It left with a private source, where its destination has replied to another private network behind this host. */
import { expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { entry } from '../../simulate/world.ts'
import { findingsOf, played, SYN, told } from './played.ts'

const ABROAD: Packet = { ...SYN, dst: '198.51.100.7' }

it('says that it may get none, and masquerades it: the next router may have a route to that network alone', () => {
  const src = '10.0.9.7'
  const [original, reply] = [
    { src, dst: '198.51.100.7', sport: 40_001, dport: 443 },
    { src: '198.51.100.7', dst: src, sport: 443, dport: 40_001 },
  ]
  const one = {
    rules: { nat: ['-A POSTROUTING -s 10.0.3.0/24 -o eth1 -j MASQUERADE'], filter: [] },
    packet: ABROAD,
    host: { conntrack: [entry({ original, reply, status: [] })] },
  }
  expect(findingsOf(played(one), 'not-masqueraded')).toMatchObject([{ severity: 'note' }])
  expect(told(one, 'not-masqueraded')).toMatchObject({
    message:
      'It left for 198.51.100.7 with the private source 10.0.1.2. A reply comes back only if a later router rewrites that source or has a route to it, as it does for 10.0.9.7.',
    fix: 'iptables -t nat -A POSTROUTING -s 10.0.1.2 -o eth1 -j MASQUERADE → forwarded',
  })
})
