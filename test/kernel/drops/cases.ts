/** Packets that a router drops, each in its own way, and what the kernel says of them (Linux 6.18). */
import type { Outcome, Packet } from '../../../src/index.ts'
import { FAR, FAR6, HOST, HOST6, ROUTER, ROUTER6, type Sent } from './network.ts'

const [TCP, UDP] = [6, 17]
const ICMP6 = 58

export const from = (dst: string, id: number, more: Partial<Sent> = {}): Sent => ({
  src: dst.includes(':') ? HOST6 : HOST,
  dst,
  protocol: UDP,
  sport: 5000,
  // IPv6 has no id
  dport: 20_000 + id,
  id,
  ...more,
})

export interface Case {
  what: string
  sent: Sent
  reason: string
  /** How its journey ends, and the finding that has the reason. */
  outcome: Outcome
  code: string
  /** Where only the rules are known. */
  codeAlone?: string
  location?: RegExp
  /** Where it was then. */
  at?: { in?: string; out?: string }
}

let id = 0
const drop = (
  what: string,
  dst: string,
  [reason, outcome, code]: readonly [string, Outcome, string],
  sent: Partial<Sent> = {},
  more: Partial<Case> = {},
): Case => ({
  what,
  sent: from(dst, ++id, sent),
  ...{ reason, outcome, code, at: { in: 'ra' } },
  ...more,
})

const closed = ['NO_SOCKET', 'delivered', 'closed-port'] as const
const noRoute = ['IP_INNOROUTES', 'vanished', 'vanished-no-route'] as const
const ttl = ['IP_INHDR', 'vanished', 'vanished-ttl'] as const
const tooLong = ['PKT_TOO_BIG', 'vanished', 'vanished-mtu'] as const
const inserted = (reason: string) => [reason, 'vanished', 'vanished-martian'] as const
const refused = (reason: string) => [reason, 'delivered', 'kernel-drop'] as const

export const CASES: readonly Case[] = [
  drop('the reverse path filter', FAR, ['IP_RPFILTER', 'vanished', 'vanished-rp-filter'], { src: '203.0.113.77' }),
  drop('no route', '192.0.2.9', noRoute),
  drop(
    'a route that refuses',
    '192.0.2.66',
    ['NOT_SPECIFIED', 'vanished', 'vanished-no-route'],
    {},
    {
      location: /^ip_error\+/,
    },
  ),
  drop('a closed port of UDP', ROUTER, closed),
  drop('a closed port of TCP', ROUTER, closed, { protocol: TCP }),
  drop('time to live', FAR, ttl, { ttl: 1 }, { location: /^ip_forward\+/ }),
  drop('a checksum of UDP', ROUTER, refused('UDP_CSUM'), { wrong: 1 }),
  drop('a checksum of TCP', ROUTER, refused('TCP_CSUM'), { protocol: TCP, wrong: 1 }),
  drop('too long, and not to be cut', FAR, tooLong, { df: true, data: 1400 }),
  drop(
    'a rule of nft',
    FAR,
    ['NETFILTER_DROP', 'dropped', 'dropped-by-rule'],
    { dport: 666 },
    {
      location: /^nft_do_chain\+/,
    },
  ),
  drop('a source of loopback', ROUTER, inserted('IP_LOCALNET'), { src: '127.0.0.1' }),
  drop('its own source', ROUTER, inserted('IP_LOCAL_SOURCE'), { src: ROUTER }),
  drop(
    'a group that nobody joined',
    '239.1.2.3',
    ['NOT_SPECIFIED', 'vanished', 'vanished-no-group'],
    {},
    {
      location: /^ip_rcv_finish_core/,
      codeAlone: 'kernel-drop',
    },
  ),
  drop('a protocol that nobody speaks', ROUTER, refused('IP_NOPROTO'), { protocol: 253 }),
  drop(
    'nobody at that address',
    '203.0.113.99',
    ['NEIGH_FAILED', 'forwarded', 'kernel-drop'],
    {},
    {
      at: { in: '#2', out: 'rb' },
    },
  ),
  drop('a closed port of UDP over IPv6', ROUTER6, closed),
  drop('a closed port of TCP over IPv6', ROUTER6, closed, { protocol: TCP }),
  drop('no route of IPv6', '2001:db8:9::9', noRoute),
  drop('hop limit', FAR6, ttl, { ttl: 1 }),
  drop('too long for IPv6', FAR6, tooLong, { data: 1400 }, { at: { in: '#2', out: 'rb' } }),
  drop('a checksum of ICMPv6', ROUTER6, refused('ICMP_CSUM'), { protocol: ICMP6, wrong: 1 }),
]

/** The same behind nat: what the kernel drops has other addresses than what came in. */
export const NAT = `
  table ip nat {
    chain to { type nat hook prerouting priority -100; udp dport 777 dnat to ${ROUTER}:778; udp dport 888 dnat to 192.0.2.9; }
    chain as { type nat hook postrouting priority 100; ip daddr 203.0.113.98 masquerade; }
  }`

export const NAT_CASES: readonly Case[] = [
  drop('a closed port behind DNAT', FAR, closed, { dport: 777 }),
  drop('no route behind DNAT', FAR, noRoute, { dport: 888 }),
  drop('nobody there, with a masqueraded source', '203.0.113.98', ['NEIGH_FAILED', 'forwarded', 'kernel-drop']),
]

/** Does a packet of a capture or a drop come from it? */
export const isOf = ({ sent }: Case, packet: Packet): boolean =>
  sent.dst.includes(':')
    ? packet.dst === sent.dst && (packet.dport === sent.dport || (sent.protocol === ICMP6 && packet.icmpId === sent.id))
    : packet.ipId === sent.id && (packet.src === sent.src || packet.dst === sent.dst)
