/** A rule that accepts another protocol than the packet's. */
import { expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { findingsOf, played, SYN, TO_ROUTER, told } from './played.ts'

const near = (rule: string, packet = SYN) =>
  findingsOf(played({ rules: { filter: ['-P FORWARD DROP', `[0:0] ${rule}`] }, packet }), 'near-miss').map(
    ({ message }) => message,
  )

it.each([
  '-A FORWARD -p icmp -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT',
  '-A FORWARD -i eth0 -o eth1 -p icmp -j ACCEPT',
  '-A FORWARD -p icmp -m limit --limit 5/sec -j ACCEPT',
])('is no near miss where it asks for nothing else that chooses a packet: %s', (rule) => {
  expect(near(rule)).toEqual([])
})

it('is one where it names the packet’s host', () => {
  expect(near('-A FORWARD -d 10.0.2.2/32 -p icmp -j ACCEPT')).toEqual([
    'filter FORWARD rule 1 would have accepted it, but only matches -p icmp; the packet is tcp.',
  ])
})

it('is one where its protocol is UDP', () => {
  expect(near('-A FORWARD -i eth0 -p udp -m udp --dport 80 -j ACCEPT')).toHaveLength(1)
})

it('is none where no packet of that protocol is one with ports', () => {
  expect(near('-A FORWARD -d 10.0.2.2/32 -p esp -j ACCEPT')).toEqual([])
  expect(near('-A FORWARD -d 10.0.2.2/32 -p sctp -j ACCEPT')).toHaveLength(1)
})

it('leaves the rule to the program that listens there by its protocol', () => {
  const rules = { filter: ['-P INPUT DROP', '-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT'] }
  const packet: Packet = { ...TO_ROUTER, protocol: 'udp', dport: 443 }
  delete packet.tcpFlags
  const fix = (protocol: string) =>
    told({ rules, packet, host: { sockets: [{ protocol, state: 'LISTEN', family: 'ip', port: 443 }] } }, 'near-miss')
      ?.fix
  expect(fix('tcp')).toBeUndefined()
  // nobody listens by TCP, or that is not known
  const open = { protocol: 'tcp', state: 'LISTEN' as const, family: 'ip' as const, port: 22 }
  expect(told({ rules, packet, host: { sockets: [open], listening: ['tcp', 'udp'] } }, 'near-miss')?.fix).toMatch(
    /^iptables -R INPUT 1 -p udp /,
  )
  expect(fix('sctp')).toMatch(/^iptables -I INPUT 1 -p udp --dport 443 -j ACCEPT /)
})
