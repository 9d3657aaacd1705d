/** A simulated reply that leaves by another interface than its request came in by: whether it arrives, nobody shows. */
import { expect, it } from 'vitest'
import { PlayedGroups } from '../../src/analysis/play-groups.ts'
import { playPackets } from '../../src/analysis/simulate.ts'
import type { Host, Packet } from '../../src/index.ts'
import { makeWorld, ROUTER } from '../simulate/world.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'

function told(packet: Packet, host: Host = {}) {
  const groups = new PlayedGroups()
  const asked: Packet = { protocol: 'tcp', sport: 40_000, dport: 80, tcpFlags: ['syn'], ...packet }
  for (const one of playPackets(makeWorld(RULES, { ...ROUTER, ...host }), [asked], [])) groups.take(one)
  groups.tellExchanges()
  const { status, findings } = groups.groups[0]!.exchanges!.worst
  const elsewhere = findings.find(({ code }) => code === 'reply-by-other-uplink')
  return [status, elsewhere?.severity, elsewhere?.message.split('. ')[0]]
}

const CLOSED: Host = { listening: ['tcp', 'udp'], sockets: [] }
const ASTRAY = 'The request of 10.0.8.5 came in on eth0, but its simulated reply leaves by eth1'

it('does not say that a reset arrives which goes out by another interface', () => {
  expect(told({ in: 'eth0', src: '10.0.8.5', dst: '10.0.2.1' }, CLOSED)).toEqual(['undetermined', 'warning', ASTRAY])
  expect(told({ in: 'eth1', src: '10.0.8.5', dst: '10.0.2.1' }, CLOSED)).toEqual(['refused', undefined, undefined])
})

it('does not say that what is forwarded is answered where the reply goes elsewhere', () => {
  const asked = { src: '10.0.8.5', dst: '10.0.1.9' }
  expect(told({ in: 'eth2', ...asked })).toEqual(['undetermined', 'warning', ASTRAY.replace('eth0', 'eth2')])
  expect(told({ in: 'eth1', ...asked })).toEqual(['answered', undefined, undefined])
})
