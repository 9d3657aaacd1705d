/** Headers that are read as bytes, compared with each other, written, and read again. */
import { chain, forward, LOCAL, nat, OWN, type Row, SYN, SYN6, UDP, UDP6 } from '../row.ts'

const m = 'counter drop comment "m"'
const early = (rules: string, later: string, priority = '-400') =>
  `table inet w { chain c { type filter hook prerouting priority ${priority}; ${rules}; }\n}${forward(later)}`

/** With these options. */
const optioned = (tcpOptions: string): [string, { tcpOptions: string }] => [SYN, { tcpOptions }]

export const PAYLOAD: Readonly<Record<string, Row>> = {
  'an option is taken out': {
    rules: forward(`reset tcp option sack-perm\ntcp option sack-perm exists ${m}\n@th,208,16 0x0101 ${m}`),
    send: [
      optioned('020405B404020101'),
      optioned('020405B401010402'),
      optioned('020405B401030300'),
      // they are longer than the header
      optioned('020405B404FF0101'),
      optioned('020405B404050101'),
      // to its end
      optioned('020405B404040101'),
      // of no length
      optioned('020405B404000101'),
      // of what begins with the last byte nothing is seen
      optioned('020405B401010104'),
      // another is longer, in front of it
      optioned('03FF05B404020101'),
    ],
  },
  'raw source port': { rules: forward(`@th,0,16 4000 ${m}`), send: [SYN, UDP, SYN6, UDP6] },
  'raw destination port': { rules: forward(`@th,16,16 0x50 ${m}`), send: [SYN, UDP] },
  'raw port differs': { rules: forward(`@th,16,16 != 0x50 ${m}`), send: [SYN, UDP] },
  'raw port set': { rules: forward(`@th,16,16 { 53, 22 } ${m}`), send: [SYN, UDP] },
  'raw TCP flags': {
    rules: forward(`@th,104,8 & 2 == 2 ${m}`),
    send: [SYN, 'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 ack'],
  },
  'raw address': { rules: forward(`@nh,96,32 0x0a000102 ${m}`), send: [SYN, 'in in0 tcp 10.0.1.3:4000 > 10.0.2.2:80'] },
  'raw TTL': { rules: forward(`@nh,64,8 63 ${m}`), send: [SYN, `${SYN} ttl 9`] },
  'raw protocol': { rules: forward(`@nh,72,8 17 ${m}`), send: [SYN, UDP] },
  'raw version': { rules: forward(`@nh,0,4 6 ${m}`), send: [SYN, SYN6] },
  'raw hop limit': { rules: forward(`meta nfproto ipv6 @nh,56,8 63 ${m}`), send: [SYN6, SYN] },
  'raw frame type': { rules: chain('prerouting', `@ll,96,16 0x0800 ${m}`), send: [SYN, SYN6] },
  'raw frame source': { rules: chain('prerouting', `@ll,48,48 0x020000000099 ${m}`), send: [SYN] },
  'raw frame of what this host sends': { rules: chain('output', `@ll,96,16 0x0800 ${m}`), send: [OWN] },
  'raw bytes behind the end': { rules: forward(`@th,800,16 1 ${m}`), send: [SYN, UDP] },
  'raw bytes behind the end differ': { rules: forward(`@th,800,16 != 1 ${m}`), send: [SYN, UDP] },
  'raw payload': {
    rules: forward(`udp dport 53 @th,64,16 0x4142 ${m}`),
    send: [
      [UDP, { payload: '4142' }],
      [UDP, { payload: '4143' }],
    ],
    open: /@th/,
  },
  'raw inner header': { rules: forward(`@ih,0,16 0x4142 ${m}`), send: [[UDP, { payload: '4142' }]], open: /@ih/ },
  'raw in a concatenation': { rules: forward(`@th,0,16 . @th,16,16 { 4000 . 80 } ${m}`), send: [SYN, UDP] },
  'raw in a map': { rules: forward('@th,16,16 vmap { 80 : drop, 53 : accept }'), send: [SYN, UDP] },
  'dscp in a concatenation': {
    rules: forward(`ip saddr . ip dscp { 10.0.1.2 . cs1, 10.0.1.2 . ef } ${m}`),
    send: [`${SYN} tos 0x20`, `${SYN} tos 0xb8`, `${SYN} tos 0xb9`, SYN],
  },
  'dscp in a concatenation, named': {
    rules: forward(
      `ip dscp . tcp dport @s ${m}`,
      'set s { typeof ip dscp . tcp dport; elements = { ef . 80, 8 . 81 } }',
    ),
    send: [`${SYN} tos 0xb8`, SYN],
  },
  'dscp of IPv6 in a concatenation': {
    rules: forward(`ip6 dscp . th dport { ef . 80 } ${m}`),
    send: [`${SYN6} tos 0xb8`, SYN6],
    open: /does not understand what .* compares/,
  },
  'dscp in a map': { rules: forward('ip dscp vmap { ef : drop, cs0 : accept }'), send: [`${SYN} tos 0xb8`, SYN] },
  'ecn in a concatenation': { rules: forward(`ip ecn . tcp dport { ce . 80 } ${m}`), send: [`${SYN} tos 3`, SYN] },
  'TCP flags in a concatenation': {
    rules: forward(`tcp flags . tcp dport { syn . 80 } ${m}`),
    send: [SYN, 'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 ack'],
  },
  'header length': { rules: forward(`ip hdrlength 5 ${m}`), send: [SYN], open: /hdrlength/ },
  'UDP length': { rules: forward(`udp length 8 ${m}`), send: [UDP, [UDP, { payload: '4142' }]] },
  'UDP length, written before': {
    rules: early('udp dport 53 udp length set 9', `udp length 9 ${m}`),
    send: [UDP, [UDP, { payload: '4142' }], SYN],
  },
  'UDP length of IPv6': { rules: forward(`udp length > 9 ${m}`), send: [UDP6, [UDP6, { payload: '4142' }]] },
  'data offset': { rules: forward(`tcp doff 6 ${m}`), send: [SYN, 'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 ack'] },
  'source and destination are compared': { rules: forward(`ip saddr == ip daddr drop`), send: [SYN] },
  'ports are compared': {
    rules: forward(`tcp sport == tcp dport drop`),
    send: [SYN, 'in in0 tcp 10.0.1.2:80 > 10.0.2.2:80 syn'],
  },
  'marks are compared': { rules: forward(`meta mark set 5 ct mark set 5 meta mark == ct mark ${m}`), send: [SYN] },
  'a destination is set and forwarded': {
    rules: early('tcp dport 80 ip daddr set 10.0.2.7', `ip daddr 10.0.2.7 ${m}`),
    send: [SYN, UDP],
  },
  'a destination is set and leaves': { rules: early('ip daddr set 10.0.2.7', 'accept'), send: [SYN] },
  'a destination of IPv6 is set and leaves': {
    rules: early('ip6 daddr set 2001:db8:2::7', 'accept'),
    send: [SYN6, SYN],
  },
  'a destination becomes this host': { rules: early('tcp dport 80 ip daddr set 10.0.1.1', 'drop'), send: [SYN] },
  'a destination is set and tracked': {
    rules: early('ip daddr set 10.0.2.7', `ct original ip daddr 10.0.2.7 ${m}`),
    send: [SYN],
  },
  'a destination is set behind tracking': {
    rules: early('ip daddr set 10.0.2.7', `ct original ip daddr 10.0.2.2 ${m}`, '-150'),
    send: [SYN],
  },
  'a source is set and leaves': { rules: early('ip saddr set 10.0.1.77', 'accept'), send: [SYN] },
  'a source is set where it is forwarded': { rules: forward('ip saddr set 10.0.1.77'), send: [SYN] },
  'a source is set, and read in its rule': {
    rules: forward(`ip saddr set 10.0.1.77 ip saddr 10.0.1.77 ${m}`),
    send: [SYN],
  },
  'a port is set and leaves': { rules: forward('tcp dport set 8080'), send: [SYN, SYN6, UDP] },
  'a port is set and read': { rules: forward(`tcp dport set 8080\ntcp dport 8080 ${m}`), send: [SYN, UDP] },
  'a port is set and read in its rule': { rules: forward(`tcp dport set 8080 tcp dport 80 ${m}`), send: [SYN] },
  'a port is set and tracked': {
    rules: early('tcp dport set 8080', `meta l4proto tcp ct original proto-dst 8080 ${m}`),
    send: [SYN],
  },
  'a port is set, and NAT comes behind': {
    rules: `${early('tcp dport set 8080', 'accept')}${nat('prerouting', 'tcp dport 8080 dnat ip to 10.0.2.9:90')}`,
    send: [SYN],
  },
  'a UDP port is set and leaves': { rules: forward('udp sport set 999'), send: [UDP, UDP6] },
  'th dport is set': { rules: forward('th dport set 81'), send: [SYN, UDP] },
  'a port is set where this host sends': {
    rules: chain('output', 'udp dport set 54', { priority: '-400' }),
    send: [OWN],
  },
  'a raw port is set and leaves': { rules: forward('@th,16,16 set 8080'), send: [SYN, UDP] },
  'a raw port is set and read': { rules: forward(`@th,16,16 set 8080\ntcp dport 8080 ${m}`), send: [SYN] },
  'a raw address is set and leaves': { rules: forward('@nh,96,32 set 0x0a000163'), send: [SYN] },
  'a raw TTL is set and read': { rules: forward(`@nh,64,8 set 9\nip ttl 9 ${m}`), send: [SYN] },
  'a TTL is set and leaves': { rules: forward('ip ttl set 7'), send: [SYN, SYN6] },
  'a hop limit is set and read': { rules: forward(`ip6 hoplimit set 7\nip6 hoplimit 7 ${m}`), send: [SYN6] },
  'a TTL of 1 is forwarded no further': { rules: early('ip ttl set 1', 'accept'), send: [SYN] },
  'a dscp is set and leaves': { rules: forward('ip dscp set ef'), send: [`${SYN} tos 3`, SYN] },
  'a dscp of IPv6 is set and read': { rules: forward(`ip6 dscp set ef\nip6 dscp ef ${m}`), send: [`${SYN6} tos 3`] },
  'an ecn is set and leaves': { rules: forward('ip ecn set ce'), send: [`${SYN} tos 0xb8`] },
  'an id is set and read': { rules: forward(`ip id set 77\nip id 77 ${m}`), send: [SYN] },
  'TCP flags are set and read': { rules: forward(`tcp flags set ack\ntcp flags ack ${m}`), send: [SYN] },
  'a sequence number is set and read': { rules: forward(`tcp sequence set 9\ntcp sequence 9 ${m}`), send: [SYN] },
  'a window is set and read': { rules: forward(`tcp window set 9\ntcp window 9 ${m}`), send: [SYN] },
  'an address by a map': {
    rules: forward('ip daddr set ip saddr map { 10.0.1.2 : 10.0.2.44 }'),
    send: [SYN, 'in in0 tcp 10.0.1.3:4000 > 10.0.2.2:80 syn'],
  },
  'a port by a map': {
    rules: forward('tcp dport set tcp dport map { 80 : 8080 }'),
    send: [SYN, 'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:81 syn'],
  },
  'a destination that a rule may have set': {
    rules: early('meta cpu 999 ip daddr set 10.0.2.7', 'accept'),
    send: [SYN],
    open: /the destination address/,
  },
  'the frame is rewritten': {
    rules: chain(
      'prerouting',
      'ether saddr set 02:00:00:00:00:55\nether saddr 02:00:00:00:00:55 counter drop comment "m"',
      { priority: '-400' },
    ),
    send: [SYN],
  },
  'a TCP header cut behind its ports': {
    rules: chain('prerouting', `tcp dport 80 ${m}`),
    send: [
      [SYN, { cut: 28 }],
      [SYN, { cut: 24 }],
      [SYN, { cut: 22 }],
      [SYN, { cut: 20 }],
    ],
  },
  'a TCP header cut before its flags': {
    rules: chain('prerouting', `tcp flags syn ${m}`),
    send: [
      [SYN, { cut: 28 }],
      [SYN, { cut: 34 }],
      [SYN, { cut: 33 }],
    ],
  },
  'what is cut off differs': { rules: chain('prerouting', `tcp flags != ack ${m}`), send: [[SYN, { cut: 28 }], SYN] },
  'a cut TCP header is invalid': {
    rules: chain('prerouting', `ct state invalid ${m}`),
    send: [
      [SYN, { cut: 28 }],
      [SYN6, { cut: 48 }],
    ],
  },
  'a cut UDP header': {
    rules: chain('prerouting', `udp dport 53 ${m}`),
    send: [
      [UDP, { cut: 24 }],
      [UDP, { cut: 22 }],
    ],
  },
  'a cut UDP header is invalid': { rules: chain('prerouting', `ct state invalid ${m}`), send: [[UDP, { cut: 24 }]] },
  'a cut header of IPv6': {
    rules: chain('prerouting', `tcp dport 80 ${m}`),
    send: [
      [SYN6, { cut: 48 }],
      [SYN6, { cut: 42 }],
    ],
  },
  'a cut header is forwarded': { rules: chain('prerouting', 'accept'), send: [[SYN, { cut: 28 }]] },
  'a cut header and its option': {
    rules: chain('prerouting', `tcp option maxseg exists ${m}`),
    send: [[SYN, { cut: 36 }], SYN],
  },
  'a local packet whose port is set': {
    rules:
      chain('prerouting', 'udp dport set 5353', { priority: '-400' }) +
      `\ntable inet j { chain i { type filter hook input priority 0; udp dport 5353 ${m}; }\n}`,
    send: [LOCAL],
  },
}
