/** Marks, labels and what a connection carries, written and read again. */
import { chain, forward, LOCAL, OWN, type Row, SYN, SYN6, UDP, UDP6 } from '../row.ts'

const m = 'counter drop comment "m"'
const BACK = 'in in1 udp 10.0.2.2:53 > 10.0.1.2:4000'
const BACK6 = 'in in1 udp [2001:db8:2::2]:53 > [2001:db8:1::2]:4000'
const EXPECTATION = 'ct expectation e { protocol udp; dport 9876; timeout 1m; size 12; l3proto ip; }'
const early = (rules: string, later: string) =>
  `${chain('prerouting', rules).replace('table inet t', 'table inet w')}${forward(later)}`

export const CONNECTIONS: Readonly<Record<string, Row>> = {
  'a mark is set and read': { rules: early('meta mark set 7', `meta mark 7 ${m}`), send: [SYN, SYN6] },
  'a mark is set and read in its rule': { rules: forward(`meta mark set 7 meta mark 7 ${m}`), send: [SYN] },
  'a mark takes bits of another': {
    rules: forward(`meta mark set 0x12 meta mark set meta mark and 0xf0 or 0x5 meta mark 0x15 ${m}`),
    send: [SYN],
  },
  'a mark under a mask': { rules: forward(`meta mark set 0x12\nmeta mark & 0xf0 == 0x10 ${m}`), send: [SYN] },
  'a mark is or-ed where it is compared': { rules: forward(`meta mark set 0\nmeta mark or 3 == 3 ${m}`), send: [SYN] },
  'a mark is or-ed and differs': { rules: forward(`meta mark or 3 != 1 ${m}`), send: [SYN] },
  'a mark is shifted where it is compared': {
    rules: forward(`meta mark set 0x100\nmeta mark >> 8 == 0x1 ${m}`),
    send: [SYN],
  },
  'a mark is shifted left where it is compared': {
    rules: forward(`meta mark set 0x1\nmeta mark << 4 == 0x10 ${m}`),
    send: [SYN],
  },
  'a mark is xor-ed where it is compared': {
    rules: forward(`meta mark set 0x1\nmeta mark xor 0x3 == 0x2 ${m}`),
    send: [SYN],
  },
  'a mark by a map': {
    rules: early('meta mark set tcp dport map { 80 : 5, 81 : 6 }', `meta mark 5 ${m}`),
    send: [SYN, UDP],
  },
  'a mark by a map of ranges': {
    rules: early('meta mark set tcp dport map { 1-99 : 5, 100-200 : 6 }', `meta mark 5 ${m}`),
    send: [SYN],
  },
  'a mark from a port': {
    rules: early('meta mark set tcp dport map { 0-65535 : 80 }', `meta mark 80 ${m}`),
    send: [SYN],
  },
  'a mark from the length': { rules: early('meta mark set meta length', `meta mark 44 ${m}`), send: [SYN, UDP] },
  'a mark from the dscp': {
    rules: early('meta mark set ip dscp', `meta mark 46 ${m}`),
    send: [`${SYN} tos 0xb8`, SYN],
  },
  'a mark from the TTL': { rules: early('meta mark set ip ttl', `meta mark 64 ${m}`), send: [SYN] },
  'a mark chooses the route': {
    rules: chain('prerouting', 'meta mark set 0x13', { priority: '-150' }),
    send: ['in in0 udp 10.0.1.2:4000 > 10.0.9.2:53', 'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:9::2]:53'],
  },
  'a mark in output chooses the route': {
    rules: 'table inet t { chain c { type route hook output priority -150; meta mark set 0x13; }\n}',
    send: ['udp 10.0.2.1:4000 > 10.0.9.2:53'],
  },
  'a ct mark is set and read': { rules: early('ct mark set 9', `ct mark 9 ${m}`), send: [SYN, SYN6] },
  'a ct mark is set and read in its rule': { rules: forward(`ct mark set 9 ct mark 9 ${m}`), send: [SYN] },
  'a ct mark lasts': {
    rules: forward(`udp dport 53 ct mark set 9\nudp sport 53 ct mark 9 ${m}`),
    send: [UDP, BACK, UDP6, BACK6],
  },
  'a ct mark from the mark': { rules: forward(`meta mark set 4 ct mark set meta mark\nct mark 4 ${m}`), send: [SYN] },
  'a mark from the ct mark': { rules: forward(`ct mark set 4 meta mark set ct mark\nmeta mark 4 ${m}`), send: [SYN] },
  'a ct mark under a mask': { rules: forward(`ct mark set 0x13\nct mark and 0x3 == 0x3 ${m}`), send: [SYN] },
  'a ct mark is or-ed': {
    rules: forward(`ct mark set 0x10 ct mark set ct mark or 0x3\nct mark 0x13 ${m}`),
    send: [SYN],
  },
  'a ct mark by a map': { rules: forward(`ct mark set udp dport map { 53 : 5 }\nct mark 5 ${m}`), send: [UDP] },
  'a ct mark in a map': { rules: forward('ct mark set 5\nct mark vmap { 5 : drop, 0 : accept }'), send: [UDP] },
  'a ct mark of what is not tracked': {
    rules: `table inet r { chain c { type filter hook prerouting priority -300; notrack; }\n}${forward(`ct mark set 5 counter comment "n"\nct mark 5 ${m}`)}`,
    send: [UDP],
  },
  'a label is set and read': { rules: forward(`ct label set 5\nct label 5 ${m}`), send: [SYN] },
  'a label is set and read in its rule': { rules: forward(`ct label set 5 ct label 5 ${m}`), send: [SYN] },
  'a label that is not set': { rules: forward(`ct label set 5\nct label 6 ${m}`), send: [SYN] },
  'a label lasts': { rules: forward(`udp dport 53 ct label set 3\nudp sport 53 ct label 3 ${m}`), send: [UDP, BACK] },
  'two labels add up': { rules: forward(`ct label set 1\nct label set 2\nct label 1 ct label 2 ${m}`), send: [SYN] },
  'no label': { rules: forward(`ct label 1 ${m}`), send: [SYN] },
  'state in a map': { rules: forward('ct state vmap { new : accept, established : drop }'), send: [UDP, BACK, UDP] },
  'status in a set': { rules: forward(`ct status & seen-reply == seen-reply ${m}`), send: [UDP, BACK, UDP] },
  direction: { rules: forward(`ct direction reply ${m}`), send: [UDP, BACK] },
  'addresses of the connection': {
    rules: forward(`ct original ip saddr 10.0.1.2 ct direction reply ${m}`),
    send: [UDP, BACK],
  },
  'addresses of the connection, IPv6': {
    rules: forward(`ct original ip6 saddr 2001:db8:1::2 ct direction reply ${m}`),
    send: [UDP6, BACK6],
  },
  'protocol of the connection': { rules: forward(`ct original protocol udp ${m}`), send: [UDP, SYN] },
  'family of the connection': { rules: forward(`ct original l3proto ipv4 ${m}`), send: [UDP, UDP6] },
  l3proto: { rules: forward(`ct l3proto ipv4 ${m}`), send: [UDP, UDP6] },
  zone: {
    rules: `table inet r { chain c { type filter hook prerouting priority -300; ct zone set 5; }\n}${forward(`ct zone 5 ${m}`)}`,
    send: [UDP],
  },
  'zone of one direction': { rules: forward(`ct original zone 0 ${m}`), send: [UDP] },
  'an expectation of a connection that begins': {
    rules: forward('udp dport 53 ct expectation set "e"\naccept', EXPECTATION),
    send: [SYN, UDP],
    open: /expectation/,
  },
  'an expectation of connections that are there': {
    rules: forward(
      `ct state established ct expectation set "e" ${m}\nip ttl 9 ct expectation set "e" ${m}`,
      EXPECTATION,
    ),
    send: [UDP, `${UDP} ttl 10`, BACK, UDP],
  },
  'an expectation without a connection': {
    rules:
      chain('prerouting', 'notrack', { priority: '-300' }).replace('inet t', 'inet w') +
      forward(`ct expectation set "e" ${m}`, EXPECTATION),
    send: [UDP, SYN],
  },
  helper: { rules: forward(`ct helper "ftp" ${m}`), send: [SYN] },
  'expiration of one that begins': { rules: forward(`ct expiration > 1s ${m}`), send: [UDP], open: /ct expiration/ },
  'packets of a connection': {
    rules: forward(`ct packets > 1 ${m}`),
    send: [UDP, UDP, UDP],
    setUp: 'sysctl -qw net.netfilter.nf_conntrack_acct=1',
  },
  'original packets of a connection': {
    rules: forward(`ct original packets 2 ${m}`),
    send: [UDP, BACK, UDP],
    setUp: 'sysctl -qw net.netfilter.nf_conntrack_acct=1',
  },
  'reply packets of a connection': {
    rules: forward(`ct reply packets 1 ${m}`),
    send: [UDP, BACK, UDP],
    setUp: 'sysctl -qw net.netfilter.nf_conntrack_acct=1',
  },
  'bytes of a connection': {
    rules: forward(`ct bytes > 60 ${m}`),
    send: [UDP, UDP, UDP],
    setUp: 'sysctl -qw net.netfilter.nf_conntrack_acct=1',
  },
  'reply bytes of a connection': {
    rules: forward(`ct reply bytes >= 28 ${m}`),
    send: [UDP, BACK, UDP],
    setUp: 'sysctl -qw net.netfilter.nf_conntrack_acct=1',
  },
  'average packet of a connection': {
    rules: forward(`ct avgpkt > 20 ${m}`),
    send: [UDP, UDP],
    setUp: 'sysctl -qw net.netfilter.nf_conntrack_acct=1',
  },
  'packets of a connection that are not counted': {
    rules: forward(`ct packets < 9 ${m}`),
    send: [UDP],
    setUp: 'sysctl -qw net.netfilter.nf_conntrack_acct=0',
  },
  'the id of a connection': { rules: forward(`ct id 5 ${m}`), send: [UDP], open: /ct id/ },
  'connections are counted': {
    rules: forward(`ct state new ct count over 1 ${m}`),
    send: [UDP, 'in in0 udp 10.0.1.2:4001 > 10.0.2.2:53', 'in in0 udp 10.0.1.2:4002 > 10.0.2.2:53'],
  },
  'connections are counted up to a number': {
    rules: forward(`ct count 1 counter accept comment "c"\n${m}`),
    send: [UDP, 'in in0 udp 10.0.1.2:4001 > 10.0.2.2:53', UDP],
    open: /still counts/,
  },
  'connections are counted by source': {
    rules: forward(`add @s { ip saddr ct count over 1 } ${m}`, 'set s { type ipv4_addr; flags dynamic; size 16; }'),
    send: [UDP, 'in in0 udp 10.0.1.3:4001 > 10.0.2.2:53', 'in in0 udp 10.0.1.2:4001 > 10.0.2.2:53'],
  },
  'connections of this host are counted': {
    rules: chain('output', `ct count over 1 ${m}`),
    send: [OWN, 'udp 10.0.2.1:4001 > 10.0.2.2:53'],
  },
  priority: { rules: forward(`meta priority set 1:2\nmeta priority 1:2 ${m}`), send: [SYN] },
  'pkttype is set and read': {
    rules: chain('prerouting', `meta pkttype set broadcast meta pkttype broadcast ${m}`),
    send: [SYN],
  },
  'pkttype is set and forwarded': { rules: chain('prerouting', 'meta pkttype set broadcast'), send: [SYN, SYN6] },
  'pkttype in a map': {
    rules: chain('prerouting', 'meta pkttype vmap { unicast : drop, broadcast : accept }'),
    send: [SYN],
  },
  'a mark is set where it is delivered': {
    rules:
      chain('prerouting', 'meta mark set 3') +
      `\ntable inet j { chain i { type filter hook input priority 0; meta mark 3 ${m}; }\n}`,
    send: [LOCAL],
  },
  'mark and ct mark in a concatenation': {
    rules: forward(`meta mark set 1 ct mark set 2\nmeta mark . ct mark { 1 . 2 } ${m}`),
    send: [SYN],
  },
  'a mark is set by what may match': {
    rules: forward(`meta cpu 999 meta mark set 1\nmeta mark 1 ${m}`),
    send: [SYN],
    open: /mark/,
  },
}
