/** What random rulesets found first (nft-random): one row for each class of mistakes. */

import { chain, forward, LOCAL, LOCAL6, nat, OWN, type Row, SYN, SYN6, UDP, UDP6 } from '../row.ts'
import { RANDOM_ORDERS } from './random-orders.ts'
import { RANDOM_WRITES } from './random-writes.ts'

const m = 'counter drop comment "m"'
const pre = (rules: string, priority = '0') => chain('prerouting', rules, { priority })
const set = (type: string, more = '') => `set s { type ${type}; flags dynamic; size 9; ${more} }`
const RST = 'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 rst'
const inner = { src: '10.0.2.2', dst: '10.0.1.2', protocol: 'udp', sport: 53, dport: 4000, length: 28 }
const ANSWER: Row['send'][number] = ['in in1 tcp 10.0.2.2:80 > 10.0.1.2:4000 syn,ack', { tcpAck: 2 }]
const ECHO = 'in in0 icmp 10.0.1.2 > 10.0.2.2 echo-request'

export const RANDOM: Readonly<Record<string, Row>> = {
  'a mark of a connection that is not there is copied': {
    rules: pre(`meta mark set ct mark ${m}`, '-400'),
    send: [UDP],
  },
  'a mark of a connection that is not there gets bits': {
    rules: pre(`ct mark set ct mark or 4 ${m}`, '-400'),
    send: [UDP],
  },
  'NAT of one family ends no chain of the other': {
    rules: nat(
      'prerouting',
      'meta mark set 5 counter dnat ip to 10.0.2.3 comment "k"\nmeta mark 5 counter comment "l"',
    ),
    send: [SYN, SYN6],
  },
  'NAT of one family, and the other is not tracked': {
    rules: nat('prerouting', 'counter dnat ip to 10.0.2.3 comment "k"\ncounter comment "l"'),
    send: [SYN, SYN6],
  },
  'a range of marks is listed as a prefix': {
    rules: forward(`meta mark != @s ${m}`, 'set s { type mark; flags interval; elements = { 0-1 } }'),
    send: [UDP],
  },
  'no zone was given': { rules: forward(`ct zone 0 ${m}`), send: [UDP, UDP6] },
  'a label that is another': {
    rules: forward('ct label set 1\nct label != 1 counter comment "k"\nct label != 2 counter comment "l"'),
    send: [UDP],
  },
  'frame types in a set, at ingress': {
    rules: `table netdev t { set s { type ether_type; elements = { ip, arp } }
chain c { type filter hook ingress device "in0" priority 0; ether type @s ${m}; }\n}`,
    send: [SYN, SYN6],
  },
  'the type of an IPv6 address elsewhere': {
    rules: pre(`fib daddr . iif type unicast ${m}`),
    send: [
      SYN6,
      'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:2::1]:53',
      'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:1::1]:53',
    ],
  },
  'the type of an IPv6 address by mark': { rules: pre(`fib daddr . mark type unicast ${m}`), send: [SYN6] },
  'no way back to what a route refuses': {
    rules: pre(`fib saddr . iif oif missing ${m}`),
    send: ['in in0 udp 192.0.2.17:4000 > 10.0.2.2:53', 'in in0 udp [2001:db8:ffff::1]:4000 > [2001:db8:2::2]:53'],
  },
  'the type of an ICMP message in place of a port': { rules: pre(`th sport 2048 ${m}`), send: [ECHO, UDP] },
  'the length behind IP has the frame header': {
    rules: `table netdev t { chain c { type filter hook egress device "in1" priority 0; meta length 42 counter comment "k"\nquota over 60 bytes ${m}; }\n}`,
    send: [UDP, UDP],
  },
  'a meter of what the packet has not': {
    rules: pre('meter x { ct mark counter } counter comment "k"', '-400'),
    send: [UDP],
  },
  'a port is written by its place, and the checksum is wrong': {
    rules: pre('@th,16,16 set 54', '-250').replace('table inet t', 'table inet w') + forward(`ct state invalid ${m}`),
    send: [UDP],
  },
  'reject where the checksum is wrong': { rules: pre('@th,16,16 set 54 reject', '-250'), send: [UDP] },
  'the frame of the loopback is not written': {
    rules: chain('input', 'ether saddr set 02:00:00:00:00:98 counter comment "k"'),
    send: ['udp 10.0.2.1:4000 > 10.0.1.1:53', LOCAL],
  },
  'what this host sends has no way back': {
    rules: chain('output', 'counter reject comment "r"'),
    send: ['udp 192.0.2.33:80 > 10.0.2.77:4000', OWN, 'udp 172.31.0.1:80 > 10.0.2.77:4000'],
  },
  'what is deleted from a set is not in the packet': {
    rules: forward('delete @s { ct mark . ip saddr } counter comment "k"', set('mark . ipv4_addr')),
    send: [RST, SYN],
  },
  'what a map is filled with is not in the packet': {
    rules: forward(
      'add @v { ip saddr : ct mark } counter comment "k"',
      'map v { type ipv4_addr : mark; flags dynamic; size 9; }',
    ),
    send: [RST, SYN],
  },
  'an element has its limit for whoever asks for it': {
    rules: forward(
      'add @s { ip saddr limit rate over 1/hour burst 2 packets } counter comment "k"\nip saddr @s counter comment "l"',
      set('ipv4_addr'),
    ),
    send: [UDP],
  },
  'an element has its quota for a rule that adds it': {
    rules: forward(
      'add @s { ip saddr quota until 60 bytes } counter comment "k"\nadd @s { ip saddr } counter comment "l"\nip saddr != @s counter comment "m"',
      set('ipv4_addr'),
    ),
    send: [UDP, UDP, 'in in0 udp 10.0.1.3:4000 > 10.0.2.2:53'],
  },
  'the set says what its elements allow': {
    rules: forward('add @s { ip saddr } counter comment "k"', set('ipv4_addr', 'quota over 60 bytes;')),
    send: [UDP, UDP, UDP, SYN],
  },
  'what is in front of the rule asks for an element that counts': {
    rules: forward(
      `ip saddr @s udp dport 53 ${m}`,
      set('ipv4_addr', 'quota over 100 bytes; elements = { 10.0.1.2 }').replace('dynamic', 'timeout'),
    ),
    send: [SYN, SYN, UDP, UDP],
  },
  'a meter is for both families, and for networks': {
    rules: forward(
      'meter x size 64 { meta mark quota over 60 bytes } counter comment "k"\nmeter y size 64 { ip saddr & 255.255.255.0 quota over 60 bytes } counter comment "l"',
    ),
    send: [UDP, SYN6, 'in in0 udp 10.0.1.3:4000 > 10.0.2.2:53', UDP],
  },
  'a zone is set, and no connection is there yet': {
    rules: pre('ct original zone set 5\nct original ip daddr != 10.0.2.3 counter comment "k"', '-400'),
    send: [UDP, SYN6],
  },
  'what comes back over lo is routed already': {
    rules: pre('ip daddr set 10.0.2.2 counter comment "k"', '300'),
    send: ['tcp 10.0.2.1:4001 > 10.0.1.1:4000 syn', LOCAL],
  },
  'the type of an ICMP message is written as a port': {
    rules: pre('th sport set 53 counter comment "k"\nicmp code 53 counter comment "l"', '-400'),
    send: [ECHO, UDP],
  },
  'the checksum of an ICMP message is written as a port': {
    rules: pre('th dport set 53 counter reject comment "k"'),
    send: [ECHO, 'icmp 10.0.2.1 > 10.0.1.1 echo-request'],
  },
  'a reset where a port was written by its place': {
    rules: forward(
      'ct state new th dport set 4000 counter comment "k"\nmeta l4proto tcp reject with tcp reset\nreject',
    ),
    send: [SYN, SYN6, UDP],
  },
  'a checksum is written': {
    rules: `${pre('udp checksum set 1 counter comment "k"', '-400').replace('inet t', 'inet w')}${forward(`ct state invalid ${m}`)}`,
    send: [UDP, UDP6, SYN],
  },
  "UDP's checksum is taken away, and a port is written": {
    rules: `${pre('udp checksum set 0 udp sport set 53 counter comment "k"', '-400').replace('inet t', 'inet w')}${forward(`ct state invalid ${m}`)}`,
    send: [UDP, UDP6],
  },
  "UDP's checksum is taken away, and the same port is written": {
    rules: `${pre('udp checksum set 0 udp dport set 53 counter comment "k"', '-400').replace('inet t', 'inet w')}${forward(`ct state invalid ${m}`)}`,
    send: [UDP, UDP6],
  },
  "UDP's checksum is taken away, and a port is written by its place": {
    rules: `${pre('udp checksum set 0\nth sport set 53 counter comment "k"', '-400').replace('inet t', 'inet w')}${forward(`ct state invalid ${m}`)}`,
    send: [UDP, UDP6],
  },
  'the IP header is written by its place': {
    rules: `${pre('@nh,32,16 set 6 counter comment "k"', '-400').replace('inet t', 'inet w')}${forward(`ct state invalid ${m}`)}`,
    send: [UDP, SYN],
  },
  'the IP header is written by its place, at ingress': {
    rules:
      'table netdev t { chain c { type filter hook ingress device "in0" priority 0; @nh,32,16 set 6 counter comment "k"; }\n}',
    send: [UDP, SYN],
  },
  'the IP header is written by its place, and it comes back over lo': {
    rules: chain('postrouting', '@nh,8,8 set 184 counter comment "k"'),
    send: ['udp 10.0.2.1:4000 > 10.0.1.1:53', 'udp 10.0.2.1:4000 > 10.0.2.2:53'],
  },
  'an address of a range is chosen by a hash': {
    rules: nat('prerouting', 'dnat ip to 10.0.1.70-10.0.2.79'),
    send: [UDP, SYN, 'in in0 udp 10.0.1.9:4000 > 10.0.2.77:53', 'in in0 udp 10.0.1.3:4000 > 203.0.113.5:4001'],
  },
  'an address of a range is chosen by a hash, IPv6': {
    rules: nat('postrouting', 'snat ip6 to 2001:db8:2::70-2001:db8:2:1::90 persistent'),
    send: [UDP6, SYN6, 'in in0 udp [2001:db8:1::9]:4000 > [2001:db8:2::77]:53'],
  },
  'addresses and type of a frame are listed as one number': {
    rules: pre('ether saddr 02:00:00:00:00:99 counter reject with icmp type host-unreachable comment "k"'),
    send: [UDP, UDP6],
  },
  'a named map is asked for a part of a byte': {
    rules: forward('ip dscp vmap @v', 'map v { type dscp : verdict; elements = { ef : drop } }'),
    send: [UDP, [UDP, { tos: 0xb8 }], [UDP6, { tos: 0xb8 }]],
  },
  'reject at a device': {
    rules:
      'table netdev t { chain c { type filter hook ingress device "in0" priority 0; counter reject comment "k"; }\n}',
    send: [
      RST,
      'in in0 udp 192.0.2.17:80 > 10.0.2.77:4000',
      'in in0 udp 0.0.0.0:80 > 10.0.2.77:4000',
      [UDP, { dstMac: 'ff:ff:ff:ff:ff:ff' }],
      ['in in0 icmp 10.0.1.2 > 10.0.2.2', { icmpType: 3, icmpCode: 3, inner }],
      ['in in0 icmp 10.0.1.2 > 10.0.2.2', { icmpType: 12, icmpCode: 0, inner }],
    ],
  },
  'reject of what is for all': {
    rules: chain('input', 'meta l4proto tcp counter reject with tcp reset comment "k"\ncounter reject comment "l"'),
    send: ['in in0 tcp 10.0.1.2:4000 > 10.0.1.255:80 syn', 'in in0 udp 10.0.1.2:4000 > 10.0.1.255:80'],
  },
  'reject of what is for all, before it is routed': {
    rules: pre('counter reject comment "k"'),
    send: [
      'in in0 udp 10.0.1.2:4000 > 224.0.0.1:80',
      'in in0 udp 10.0.1.2:4000 > 255.255.255.255:80',
      'in in0 udp [2001:db8:1::2]:53 > [ff02::1]:53',
    ],
  },
  'reject of what a rule says is for all': {
    rules: pre('meta pkttype set broadcast counter reject comment "k"'),
    send: [UDP, SYN6],
  },
  'what is sent again is not counted': {
    rules: forward(
      'ct original packets 1 counter comment "k"\nct original packets 2 counter comment "l"\nct reply packets 1 counter comment "m"',
    ),
    send: [SYN, SYN, ANSWER, ANSWER, ['in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 ack', { tcpSeq: 2, tcpAck: 2 }]],
  },
  'a zone is set, and nothing of an entry can be asked yet': {
    rules: pre(
      'ct zone set 1\nct mark 0 counter comment "k"\nct direction original counter comment "l"\nct state new counter comment "m"\nct zone 0 counter comment "n"',
      '-400',
    ),
    send: [UDP, SYN],
  },
  'a proxy takes all that has either flag of a handshake': {
    rules: forward('counter synproxy mss 1460 wscale 7 comment "k"'),
    send: [
      SYN,
      RST,
      'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 syn,ack',
      'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 fin,ack',
    ],
  },
  'an option is taken out': {
    rules: forward(
      'reset tcp option maxseg counter comment "k"\ntcp option maxseg exists counter comment "l"\ntcp option nop exists counter comment "m"\ntcp option sack-perm exists counter comment "n"',
    ),
    send: [
      SYN,
      UDP,
      ['in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 syn', { tcpOptions: '020405B40402080A000000010000000001030307' }],
    ],
  },
  'a connection that has ended may still count': {
    rules: forward('ct count over 2 counter comment "k"'),
    send: [
      'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 ack',
      'in in1 tcp 10.0.2.2:80 > 10.0.1.2:4000 rst,ack',
      'in in0 tcp 10.0.1.3:4000 > 10.0.2.2:80 syn',
      'in in0 tcp 10.0.1.4:4000 > 10.0.2.2:80 syn',
    ],
    open: /still counts/,
  },
  'ports that are exchanged leave the checksum right': {
    rules: `${pre('th sport set 1 th dport set 2 counter comment "k"', '-300')}
table inet f { chain c { type filter hook forward priority 0; counter reject comment "l"
}
}`,
    send: [
      'in in0 udp 10.0.1.2:2 > 10.0.2.2:1',
      'in in0 udp 10.0.1.2:1 > 10.0.2.2:2',
      'in in0 udp 10.0.1.2:1 > 10.0.2.2:3',
    ],
  },
  ...Object.fromEntries(
    Object.entries({
      'ct helper': 'type "ftp" protocol tcp;',
      'ct timeout': 'protocol tcp; policy = { established: 100 }',
      'ct expectation': 'protocol tcp; dport 9876; timeout 1m; size 8;',
      synproxy: 'mss 1460; wscale 7;',
      set: 'type ipv4_addr; flags dynamic; ct count 3;',
    }).map(([kind, body]): [string, Row] => [
      `${kind} that no rule names makes connection tracking look`,
      { rules: nat('postrouting', 'counter comment "k"', `${kind} o { ${body}\n}`, 'ip'), send: [SYN, SYN6, UDP] },
    ]),
  ),
  'a zone for what is left alone': {
    rules: pre(
      'notrack ct zone set 1 counter comment "k"\nct state new counter comment "l"\nct state untracked counter comment "m"',
      '-300',
    ),
    send: [UDP, SYN],
  },
  'the way back of what came over lo': {
    rules: chain(
      'input',
      'fib daddr oif lo counter comment "k"\nfib daddr . iif oif exists counter comment "l"\nfib daddr . mark oif missing counter comment "n"',
    ),
    send: ['udp 10.0.1.1:4000 > 10.0.2.1:22', 'udp [2001:db8:1::1]:4000 > [2001:db8:2::1]:22', LOCAL],
  },
  'what is invalid counts with the connection of its addresses, not with one that it would answer': {
    rules: forward('ct count over 1 counter comment "k"\nct state invalid counter comment "l"'),
    send: [
      SYN,
      'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 fin,ack',
      'in in1 tcp 10.0.2.2:80 > 10.0.1.2:4000 fin,ack',
      UDP,
    ],
  },
  'two that differ may be compared at once': {
    rules: forward('tcp sport != 4000 tcp dport != 22 counter comment "k"'),
    send: [SYN, 'in in0 tcp 10.0.1.2:4000 > 10.0.2.2:22 syn', 'in in0 tcp 10.0.1.2:4001 > 10.0.2.2:80 syn'],
    open: /before 1\.1\.0/,
  },
  'an option is set that is not there': {
    rules: forward(
      'tcp option maxseg size set 1000 counter comment "k"\ntcp option maxseg missing counter comment "l"\ntcp option maxseg size 1000 counter comment "n"',
    ),
    send: [
      ['in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 ack', { tcpSeq: 2 }],
      ['in in0 tcp 10.0.1.2:4000 > 10.0.2.2:80 syn', { tcpOptions: '020405B40402080A000000010000000001030307' }],
    ],
  },
  ...Object.fromEntries(
    ['meta l4proto tcp synproxy mss 1460 wscale 7', 'jhash ct mark . ip saddr mod 2 0'].map((rule): [string, Row] => [
      `connection tracking looks where a rule says: ${rule}`,
      {
        rules: `${forward(rule)}\n${nat('postrouting', 'counter comment "k"', '', 'ip')}`,
        send: [UDP, UDP6],
      },
    ]),
  ),
  'a proxy waits for whole packets': {
    rules: pre('tcp dport 81 tproxy to :5000'),
    send: [['in in0 udp 10.0.1.2:4000 > 10.0.2.3:4001', { moreFragments: true, dontFragment: false, length: 60 }]],
    open: /waits for the whole packet/,
  },
  'a label that a chain of the same priority may have set before': {
    rules: `${chain('forward', 'ct label set 1 counter comment "k"')}
table ip u { chain c { type filter hook forward priority 0; ct label != 1 counter drop comment "l"
}
}`,
    send: [UDP],
    open: /order in which they were registered/,
  },
  'an address of IPv6 that is asked for by its place': {
    rules: forward(
      'meta nfproto { ipv4, ipv6 } ip6 daddr 2001:db8:2::2 counter comment "k"\nmeta nfproto { ipv4, ipv6 } ip6 daddr @s counter comment "l"\nmeta nfproto { ipv4, ipv6 } ip6 daddr { 2001:db8:2::2, 2001:db8:2::3 } counter comment "n"\nmeta nfproto { ipv4, ipv6 } ip6 daddr . ether type vmap { 2001:db8:2::2 . ip6 : drop }',
      'set s { type ipv6_addr; flags interval; elements = { 2001:db8:2::/64 } }',
    ),
    send: [UDP6, 'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:2::3]:53', UDP],
  },
  'the next hop of the route that was taken, not of what a rule wrote': {
    rules: forward(
      'ip6 daddr set 2001:db8:2::2 rt ip6 nexthop 2001:db8:2::2 counter comment "k"\nrt ip6 nexthop 2001:db8:2::9 counter comment "l"\nip daddr set 10.0.1.2 rt ip nexthop 10.0.2.9 counter comment "n"\nrt ip nexthop 10.0.1.2 counter comment "o"',
    ),
    send: [
      'in in0 udp [2001:db8:1::2]:4000 > [2001:db8:51::7]:53',
      'in in0 udp 10.0.1.2:4000 > 198.51.100.7:53',
      UDP,
      UDP6,
    ],
  },
  'what is rejected to an address that a rule wrote': {
    rules: chain('input', 'ip daddr set 10.0.1.2 counter comment "k"\ncounter reject comment "l"'),
    send: [LOCAL, LOCAL6, 'in in0 tcp 10.0.1.2:4000 > 10.0.1.1:80 syn'],
  },
  'what comes to a count of connections twice may count twice': {
    rules: forward('jump u\njump u', 'chain u { ct count over 1 counter comment "k"\n}'),
    send: [UDP],
    open: /whether a packet that traverses the rule twice counts twice/,
  },
  'a port that may have been written by its place, and a checksum that is looked at then': {
    rules: `${pre('limit rate over 1 bytes/day burst 90 bytes th sport set 4000 counter comment "k"', '-300')}
table inet f { chain c { type filter hook forward priority 0; counter reject comment "l"
}
}`,
    send: [UDP, UDP, UDP, UDP],
    open: /more are allowed|depends on how/,
  },
  'lo has no kind': {
    rules: pre(`meta iifkind != "tun" ${m}\nmeta iifkind "tun" counter comment "k"`),
    send: ['udp 10.0.1.1:53 > 10.0.2.1:4000', UDP],
  },
  ...RANDOM_ORDERS,
  ...RANDOM_WRITES,
}
