/** A rule that accepts a protocol without ports, as ICMP, and a packet that has ports. */
import { expect, it } from 'vitest'
import { findingsOf, played, SYN } from './played.ts'

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
