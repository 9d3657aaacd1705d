/** What random rulesets found first (nft-random): one row for each class of mistakes. */
import { chain, forward, LOCAL, nat, type Row, SYN, SYN6, UDP, UDP6 } from '../row.ts'

const m = 'counter drop comment "m"'
const pre = (rules: string, priority = '0') => chain('prerouting', rules, { priority })
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
}
