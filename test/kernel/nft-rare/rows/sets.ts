/** Sets and maps: what is in them for all, what rules fill, and what happens when they are full. */
import { chain, forward, type Row, SYN, SYN6, UDP, UDP6 } from '../row.ts'

const m = 'counter drop comment "m"'
const from = (last: number, more = 'udp', port = 53) => `in in0 ${more} 10.0.1.${last}:4000 > 10.0.2.2:${port}`
const dynamic = (size: number, more = '') => `set s { type ipv4_addr; flags dynamic; size ${size}; ${more} }`

export const SETS: Readonly<Record<string, Row>> = {
  'all others in a verdict map': {
    rules: forward('tcp dport vmap { 80 : accept, * : drop }'),
    send: [SYN, from(2, 'tcp', 81), UDP],
  },
  'all others in a named verdict map': {
    rules: forward(
      'ip saddr vmap @v',
      'map v { type ipv4_addr : verdict; flags interval; elements = { 10.0.1.0/30 : accept, * : drop } }',
    ),
    send: [from(2), from(9), SYN6],
  },
  'all others in a set': {
    rules: forward(`ip saddr @s ${m}`, 'set s { type ipv4_addr; flags interval; elements = { 10.9.0.0/24, * } }'),
    send: [UDP, UDP6],
  },
  'all others in a set, inverted': {
    rules: forward(`ip saddr != @s ${m}`, 'set s { type ipv4_addr; flags interval; elements = { 10.9.0.0/24, * } }'),
    send: [UDP],
  },
  'all others in a map of marks': {
    rules: forward(`meta mark set tcp dport map { 80 : 1, * : 2 }\nmeta mark 2 ${m}`),
    send: [SYN, from(2, 'tcp', 81)],
  },
  'all others in a concatenation': {
    rules: forward('ip saddr . tcp dport vmap { 10.0.1.2 . 80 : accept, * : drop }'),
    send: [SYN, from(3, 'tcp', 80), UDP],
  },
  'intervals in a concatenation': {
    rules: forward(`ip saddr . tcp dport { 10.0.1.0/24 . 1-100, 10.0.1.3 . 200 } ${m}`),
    send: [SYN, from(3, 'tcp', 200), from(3, 'tcp', 101)],
  },
  'a rule adds, another asks': {
    rules: forward(`udp dport 53 add @s { ip saddr }\ntcp dport 80 ip saddr @s ${m}`, dynamic(9)),
    send: [SYN, UDP, SYN],
  },
  'a rule updates, another asks': {
    rules: forward(
      `udp dport 53 update @s { ip saddr timeout 1m }\ntcp dport 80 ip saddr @s ${m}`,
      dynamic(9, 'timeout 1m;'),
    ),
    send: [SYN, UDP, SYN],
  },
  'a rule adds and asks': { rules: forward(`add @s { ip saddr } ip saddr @s ${m}`, dynamic(9)), send: [SYN] },
  'a rule adds, another asks whether it is not there': {
    rules: forward(`ip saddr != @s ${m}\nadd @s { ip saddr }`, dynamic(9)),
    send: [UDP, UDP],
  },
  'a rule deletes': {
    rules: forward(
      `tcp dport 80 ip saddr @s ${m}\nudp dport 53 delete @s { ip saddr }`,
      dynamic(9, 'elements = { 10.0.1.2 }'),
    ),
    send: [SYN, UDP, SYN],
  },
  'what a deleted element has used up is forgotten with it': {
    rules: forward(
      `udp dport 53 update @s { ip saddr quota until 60 bytes } ${m}\nudp dport 53 delete @s { ip saddr } counter comment "k"`,
      dynamic(9),
    ),
    send: [['in in0 udp 10.0.1.2:4000 > 10.0.2.2:53', { payload: '2e'.repeat(60) }], UDP, UDP],
  },
  'a rule deletes what is not there': { rules: forward(`delete @s { ip saddr } ${m}`, dynamic(9)), send: [UDP] },
  'IPv6 is added': {
    rules: forward(
      `udp dport 53 add @s { ip6 saddr }\ntcp dport 80 ip6 saddr @s ${m}`,
      'set s { type ipv6_addr; flags dynamic; size 9; }',
    ),
    send: [SYN6, UDP6, SYN6],
  },
  'a pair is added': {
    rules: forward(
      `udp dport 53 add @s { ip saddr . ip daddr }\ntcp dport 80 ip saddr . ip daddr @s ${m}`,
      'set s { type ipv4_addr . ipv4_addr; flags dynamic; size 9; }',
    ),
    send: [SYN, UDP, SYN],
  },
  'a network is added': {
    rules: forward(
      `udp dport 53 add @s { ip saddr & 255.255.255.0 }\ntcp dport 80 ip saddr & 255.255.255.0 @s ${m}`,
      dynamic(9),
    ),
    send: [SYN, UDP, from(9, 'tcp', 80)],
  },
  'a port is added': {
    rules: forward(
      `udp dport 53 add @s { udp sport }\ntcp sport @s ${m}`,
      'set s { type inet_service; flags dynamic; size 9; }',
    ),
    send: [SYN, UDP, SYN],
  },
  'a mark is added': {
    rules: forward(
      `meta mark set 5\nudp dport 53 add @s { meta mark }\ntcp dport 80 meta mark @s ${m}`,
      'set s { type mark; flags dynamic; size 9; }',
    ),
    send: [SYN, UDP, SYN],
  },
  'an interface is added': {
    rules: forward(
      `udp dport 53 add @s { iifname }\ntcp dport 80 iifname @s ${m}`,
      'set s { type ifname; flags dynamic; size 9; }',
    ),
    send: [SYN, UDP, SYN],
  },
  'a dynamic set is full': {
    rules: forward(`add @s { ip saddr } ${m}`, dynamic(1)),
    send: [from(2), from(2), from(3)],
  },
  'a dynamic set is full from the beginning': {
    rules: forward(`add @s { ip saddr } ${m}`, dynamic(1, 'elements = { 10.0.9.9 }')),
    send: [from(2)],
  },
  'a dynamic set with timeouts is full': {
    rules: forward(`update @s { ip saddr timeout 1m } ${m}`, dynamic(2, 'timeout 1m;')),
    send: [from(2), from(3), from(4), from(2)],
    open: /expired|still has room/,
  },
  'a full set, and what stands behind': {
    rules: forward(`add @s { ip saddr } meta mark set 1\nmeta mark 1 ${m}`, dynamic(1)),
    send: [from(2), from(3)],
  },
  'a full set takes again what was deleted': {
    rules: forward(`tcp dport 80 delete @s { ip saddr }\nudp dport 53 add @s { ip saddr } ${m}`, dynamic(1)),
    send: [from(2), from(3), from(2, 'tcp', 80), from(3)],
    open: /freed/,
  },
  'a full set with a limit': {
    rules: forward(`add @s { ip saddr limit rate over 1/hour burst 1 packets } ${m}`, dynamic(1)),
    send: [from(2), from(3), from(3)],
  },
  'a limit for each source': {
    rules: forward(
      `add @s { ip saddr limit rate 1/hour burst 1 packets } counter accept comment "a"\n${m}`,
      dynamic(9),
    ),
    send: [from(2), from(3)],
  },
  'a quota for each source': {
    rules: forward(`add @s { ip saddr quota over 40 bytes } ${m}`, dynamic(9)),
    send: [from(2), from(3), from(2), from(3)],
  },
  'a packet that has no such field': { rules: forward(`add @s { ip saddr } ${m}`, dynamic(9)), send: [UDP6, UDP] },
  'a map is filled': {
    rules: forward(
      `udp dport 53 add @v { ip saddr : udp sport }\ntcp dport 80 meta mark set ip saddr map @v meta mark 4000 ${m}`,
      'map v { type ipv4_addr : mark; flags dynamic; size 9; }',
    ).replace('udp sport }', '0xfa0 }'),
    send: [SYN, UDP, SYN],
  },
  'a map is filled with ports': {
    rules: `table ip n { map v { type ipv4_addr : inet_service; flags dynamic; size 9; }\nchain f { type filter hook prerouting priority -150; udp dport 53 add @v { ip saddr : udp sport }; }\nchain c { type nat hook prerouting priority -100; tcp dport 80 dnat to 10.0.2.9:ip saddr map @v; }\n}`,
    send: [SYN, UDP, 'in in0 tcp 10.0.1.2:4001 > 10.0.2.2:80 syn'],
  },
  'a map is updated': {
    rules: forward(
      `udp dport 53 update @v { ip saddr : 0x5 }\ntcp dport 80 ip saddr map @v == 5 ${m}`,
      'map v { type ipv4_addr : mark; flags dynamic; size 9; }',
    ).replace('ip saddr map @v == 5', 'meta mark set ip saddr map @v meta mark 5'),
    send: [SYN, UDP, SYN],
  },
  'a map keeps what it has': {
    rules: forward(
      'tcp dport 80 meta mark set ip saddr map @v\nudp dport 53 update @v { ip saddr : 0x5 }\nmeta mark 7 counter drop comment "m"',
      'map v { type ipv4_addr : mark; flags dynamic; size 9; elements = { 10.0.1.2 : 7 } }',
    ),
    send: [SYN, UDP, SYN],
  },
  'a meter with a limit': {
    rules: forward(`meter x { ip saddr limit rate 1/hour burst 1 packets } counter accept comment "a"\n${m}`),
    send: [from(2), from(3)],
  },
  'a meter with a count': {
    rules: forward(`meter x { ip saddr ct count over 1 } ${m}`),
    send: [from(2), from(3), 'in in0 udp 10.0.1.2:4001 > 10.0.2.2:53'],
  },
  'elements with a limit': {
    rules: forward(
      `ip saddr @s ${m}`,
      'set s { type ipv4_addr; limit rate over 1/hour burst 1 packets; elements = { 10.0.1.2 } }',
    ),
    send: [from(3), from(2)],
  },
  'elements with a counter': {
    rules: forward(`ip saddr @s ${m}`, 'set s { type ipv4_addr; counter; elements = { 10.0.1.2 } }'),
    send: [from(3), from(2)],
  },
  'a set that a rule of another chain fills': {
    rules: `table inet t { ${dynamic(9)}
chain p { type filter hook prerouting priority 0; udp dport 53 add @s { ip saddr }; }
chain c { type filter hook forward priority 0; ip saddr @s ${m}; }\n}`,
    send: [SYN, UDP, SYN],
  },
  'a set of marks': { rules: forward(`meta mark set 3\nmeta mark { 1-2, 3 } ${m}`), send: [SYN] },
  'a map to jump by': {
    rules: `table inet t { chain u { counter drop comment "m"; }\nchain c { type filter hook forward priority 0; ip saddr . tcp dport vmap { 10.0.1.2 . 80 : jump u, 10.0.1.3 . 80 : accept }; }\n}`,
    send: [SYN, from(3, 'tcp', 80)],
  },
  'a set with constants': { rules: forward(`ip saddr . 5 { 10.0.1.2 . 5 } ${m}`), send: [SYN] },
  'what a rule adds where it may match': {
    rules: forward(`meta cpu 999 add @s { ip saddr }\nip saddr @s ${m}`, dynamic(9)),
    send: [UDP],
    open: /set|cpu/,
  },
  'a set is filled in output': {
    rules: chain('output', `udp dport 53 add @s { ip daddr }\nudp dport 54 ip daddr @s ${m}`, { more: dynamic(9) }),
    send: ['udp 10.0.2.1:4000 > 10.0.2.2:54', 'udp 10.0.2.1:4000 > 10.0.2.2:53', 'udp 10.0.2.1:4000 > 10.0.2.2:54'],
  },
}
