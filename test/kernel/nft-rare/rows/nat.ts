/** NAT by maps and prefixes, what it picks, and what comes behind it. */
import { chain, nat, OWN, type Row, SYN, SYN6, UDP, UDP6 } from '../row.ts'

const from = (last: number, port = 4000) => `in in0 udp 10.0.1.${last}:${port} > 10.0.2.2:53`
const to = (address: string, port = 80) => `in in0 tcp 10.0.1.2:4000 > ${address}:${port} syn`
const to6 = (address: string) => `in in0 tcp [2001:db8:1::2]:4000 > [${address}]:80 syn`
const m = 'counter drop comment "m"'

export const NAT: Readonly<Record<string, Row>> = {
  'dnat to a prefix': { rules: nat('prerouting', 'dnat ip prefix to 10.0.2.0/24'), send: [to('10.0.7.9')] },
  'dnat to prefixes by a map': {
    rules: nat(
      'prerouting',
      'dnat ip prefix to ip daddr map { 10.0.7.0/24 : 10.0.2.0/24, 10.0.8.0/24 : 203.0.113.0/24 }',
    ),
    send: [to('10.0.7.9'), to('10.0.8.9'), to('10.0.2.5')],
  },
  'snat to prefixes by a map': {
    rules: nat('postrouting', 'snat ip prefix to ip saddr map { 10.0.1.0/24 : 198.18.0.0/24 }'),
    send: [SYN, UDP],
  },
  'snat to prefixes by a named map': {
    rules: nat(
      'postrouting',
      'snat prefix to ip saddr map @v',
      'map v { type ipv4_addr : interval ipv4_addr; flags interval; elements = { 10.0.1.0/24 : 198.18.0.0/24 } }',
      'ip',
    ),
    send: [SYN],
  },
  'dnat to prefixes of IPv6': {
    rules: nat('prerouting', 'dnat ip6 prefix to ip6 daddr map { 2001:db8:7::/64 : 2001:db8:2::/64 }'),
    send: [to6('2001:db8:7::9')],
  },
  'snat to a prefix of IPv6': { rules: nat('postrouting', 'snat ip6 prefix to 2001:db8:77::/64'), send: [SYN6] },
  'snat to any address of a network of IPv6': {
    rules: nat('postrouting', 'snat ip6 to 2001:db8:77:1::-2001:db8:77:1:ffff:ffff:ffff:ffff'),
    send: [2, 9, 0x77].map((last) => `in in0 tcp [fd00:9::${last}]:4000 > [2001:db8:2::5]:80 syn`),
  },
  'dnat to a range of IPv6 addresses': {
    rules: nat('prerouting', 'dnat ip6 to 2001:db8:51::10-2001:db8:51:3::ffff'),
    send: [2, 9, 0x77].map((last) => `in in0 tcp [fd00:9::${last}]:4000 > [fd00:7::5]:80 syn`),
  },
  'dnat to some addresses of a network of IPv6': {
    rules: nat('prerouting', 'dnat ip6 to 2001:db8:2::10-2001:db8:2::ffff:ffff persistent'),
    send: [2, 9].map((last) => `in in0 tcp [fd00:9::${last}]:4000 > [fd00:7::5]:80 syn`),
  },
  'snat to a prefix that is not one': {
    rules: nat('postrouting', 'snat ip to 198.18.0.0/30'),
    send: [SYN],
  },
  'dnat by a map of ranges': {
    rules: nat('prerouting', 'dnat ip to ip saddr map { 10.0.1.0/28 : 10.0.2.8, 10.0.1.16/28 : 10.0.2.9 }'),
    send: [from(2), from(17), from(33)],
  },
  'dnat by a map with all others': {
    rules: nat('prerouting', 'dnat ip to tcp dport map { 80 : 10.0.2.8, * : 10.0.2.9 }'),
    send: [SYN, to('10.0.2.2', 81), UDP],
  },
  'dnat by a map of address and port': {
    rules: nat('prerouting', 'dnat ip to tcp dport map { 80 : 10.0.2.8 . 8080 }'),
    send: [SYN],
  },
  'dnat by a named map of address and port': {
    rules: nat(
      'prerouting',
      'dnat ip to ip daddr . tcp dport map @v',
      'map v { type ipv4_addr . inet_service : ipv4_addr . inet_service; elements = { 10.0.2.2 . 80 : 10.0.2.8 . 8080 } }',
    ),
    send: [SYN, UDP],
  },
  'dnat of IPv6 by a map': {
    rules: nat('prerouting', 'dnat ip6 to tcp dport map { 80 : 2001:db8:2::8 }'),
    send: [SYN6, SYN],
  },
  'dnat, port by a map': {
    rules: nat('prerouting', 'meta l4proto tcp dnat ip to 10.0.2.8:tcp dport map { 80 : 8080, 81 : 8081 }'),
    send: [SYN, to('10.0.2.2', 82)],
  },
  'redirect by a map': {
    rules: nat('prerouting', 'meta l4proto tcp redirect to :tcp dport map { 80 : 8080 }'),
    send: [SYN, SYN6, UDP],
  },
  'snat by a map of interfaces': {
    rules: nat('postrouting', 'snat ip to oifname map { "in1" : 10.0.2.77, "in0" : 10.0.1.77 }'),
    send: [SYN],
  },
  'snat by a mark': { rules: nat('postrouting', 'snat ip to meta mark map { 0 : 10.0.2.77 }'), send: [SYN] },
  'the source port is kept': { rules: nat('postrouting', 'snat ip to 10.0.2.77'), send: [from(2)] },
  'the source port is taken': {
    rules: nat('postrouting', 'snat ip to 10.0.2.77'),
    send: [from(2), from(3)],
  },
  'the source port is taken, and asked for': {
    rules: `${nat('postrouting', 'snat ip to 10.0.2.77')}${chain('postrouting', 'udp sport 1024 counter drop comment "m"', { priority: '200' })}`,
    send: [from(2), from(3)],
    open: /sport|port/,
  },
  'the source port is drawn': {
    rules: nat('postrouting', 'meta l4proto udp snat ip to 10.0.2.77:5000-6000 random'),
    send: [from(2)],
  },
  'the source port is taken, of IPv6': {
    rules: nat('postrouting', 'masquerade'),
    send: [
      'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:2::2]:53',
      'in in0 udp [2001:db8:1::3]:4000 > [2001:db8:2::2]:53',
    ],
  },
  'one port of a range': { rules: nat('postrouting', 'meta l4proto udp snat ip to 10.0.2.77:5000'), send: [from(2)] },
  'one port of a range, taken': {
    rules: nat('postrouting', 'udp dport 53 snat ip to 10.0.2.77:5000'),
    send: [from(2), from(3)],
  },
  'one address of a range': {
    rules: nat('postrouting', 'snat ip to 10.0.2.70-10.0.2.79'),
    send: [from(2)],
  },
  'dnat to one port of a range': {
    rules: nat('prerouting', 'meta l4proto tcp dnat ip to 10.0.2.9:5000-5005'),
    send: [SYN],
  },
  'dnat to a port': { rules: nat('prerouting', 'meta l4proto tcp redirect to :8080'), send: [SYN] },
  'dnat and what forward sees': {
    rules: nat('prerouting', 'dnat ip to 10.0.2.9') + chain('forward', `ip daddr 10.0.2.9 ct status dnat ${m}`),
    send: [SYN],
  },
  'dnat and what the connection says': {
    rules:
      nat('prerouting', 'dnat ip to 10.0.2.9') +
      chain('forward', `ct original ip daddr 10.0.2.2 ct reply ip saddr 10.0.2.9 ${m}`),
    send: [SYN],
  },
  'dnat in output': { rules: nat('output', 'udp dport 53 dnat ip to 10.0.1.9'), send: [OWN] },
  masquerade: { rules: nat('postrouting', 'oifname "in1" masquerade'), send: [SYN, SYN6] },
  'masquerade to ports': { rules: nat('postrouting', 'meta l4proto udp masquerade to :7000'), send: [UDP, UDP6] },
  'snat in input': {
    rules: nat('input', 'snat ip to 10.0.1.99') + chain('input', `ip saddr 10.0.1.99 ${m}`, { priority: '150' }),
    send: ['in in0 udp 10.0.1.2:4000 > 10.0.1.1:53'],
  },
  'two nat chains, the first decides': {
    rules: `table ip n { chain a { type nat hook prerouting priority -101; dnat to 10.0.2.8; }\nchain b { type nat hook prerouting priority -99; dnat to 10.0.2.9; }\n}`,
    send: [SYN],
  },
  'two nat chains of one priority': {
    rules:
      'table ip n { chain a { type nat hook prerouting priority -100; dnat to 10.0.2.8; }\n}\ntable ip o { chain b { type nat hook prerouting priority -100; dnat to 10.0.2.9; }\n}',
    send: [SYN],
    open: /order/,
  },
  'a payload write behind tracking, and NAT': {
    rules: `table ip w { chain c { type filter hook prerouting priority -150; ip daddr set 10.0.2.7; }\n}${nat('prerouting', 'ip daddr 10.0.2.7 dnat ip to 10.0.2.9')}`,
    send: [SYN],
  },
  'ipv4 in a table of both': { rules: nat('prerouting', 'tcp dport 80 dnat ip to 10.0.2.9'), send: [SYN, SYN6] },
  'replies are rewritten back': {
    rules: nat('postrouting', 'snat ip to 10.0.2.77'),
    send: [from(2), 'in in1 udp 10.0.2.2:53 > 10.0.2.77:4000'],
  },
}
