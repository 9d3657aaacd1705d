/** What the sender says of a packet, and what follows of it, as Linux 6.18 did with such packets. */
import { expect, it } from 'vitest'
import type { Packet } from '../../src/index.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { makeWorld, ROUTER } from './world.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate NEW
-A FORWARD -m conntrack --ctstate ESTABLISHED
-A FORWARD -m conntrack --ctstate INVALID
-A FORWARD -m conntrack --ctstate RELATED
-A FORWARD -m conntrack --ctdir REPLY
-A FORWARD -m conntrack --ctstate DNAT
-A FORWARD -m connmark --mark 0x5
-A FORWARD -p tcp --syn
COMMIT
`
const CLIENT = { in: 'eth0', src: '10.0.1.7', dst: '10.0.2.7', sport: 40_000, dport: 80 }

function matched(packet: Packet): string {
  const { evidence } = new Simulator(makeWorld(RULES, ROUTER)).send({ protocol: 'tcp', ...CLIENT, ...packet })
  return evidence.journey.steps
    .flatMap(({ kind, rule }) => (kind === 'rule' ? (/\S+$/.exec(rule!)?.[0] ?? []) : []))
    .join(' ')
}

it.each<[string, Packet, string]>([
  ['a SYN too short for any option', { length: 40 }, 'NEW --syn'],
  ['one with room for the size of segments', { length: 44 }, 'NEW --syn'],
  ['one that is shorter than its options', { length: 40, tcpOptions: '020405B4' }, 'INVALID --syn'],
  ['a packet of a connection', { ctState: 'established' }, 'ESTABLISHED'],
  ['a reply', { ctDir: 'reply' }, 'ESTABLISHED REPLY'],
  ['a reply of a connection', { ctState: 'established', ctDir: 'reply' }, 'ESTABLISHED REPLY'],
  ['a packet whose connection has a mark', { ctMark: 5 }, 'ESTABLISHED 0x5'],
  ['a SYN whose connection has a mark', { ctMark: 5, tcpFlags: ['syn'] }, 'NEW 0x5 --syn'],
  ['a new connection that has a mark', { ctMark: 5, ctState: 'new' }, 'NEW 0x5 --syn'],
  ['a datagram whose connection has a mark', { ctMark: 5, protocol: 'udp' }, 'ESTABLISHED 0x5'],
  ['a packet whose connection was sent elsewhere', { ctStatus: ['dnat'] }, 'ESTABLISHED DNAT'],
  ['an ICMP error about a connection', { protocol: 'icmp', icmpType: 3, icmpCode: 3, ctState: 'related' }, 'RELATED'],
  ['an ICMP error about none', { protocol: 'icmp', icmpType: 3, icmpCode: 3 }, 'INVALID'],
])('%s', (_, packet, rules) => {
  expect(matched(packet)).toBe(rules)
})
